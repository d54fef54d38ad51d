"""Everything the Discord bot says that is not an answer, in one place and in Discord's markdown."""

from bot.render import discord_kit as kit
from bot.render.discord_kit import Body, Message

ABOUT = (
    "Ask me about your customers in your own words.\n"
    "• `/chewy ask` anywhere: only you see the answer, and can share it\n"
    "• a direct message to me: we talk in private, and I remember what we talked about\n"
    "• mention me in a channel: I answer there, for everybody who reads it\n"
    "• reply to an answer of mine to ask on: “by country?”"
)
NOT_CONNECTED = (
    "This server is not connected to a Chewbotta account yet. Whoever runs Chewbotta gets a code with "
    "`chewbotta discord connect`; whoever manages this server gives it to me with `/chewy connect`."
)
NO_ROLE = (
    "I answer people with certain roles in this server only, and you have none of them. "
    "Whoever runs Chewbotta here can change that."
)
NO_MEMBER = "I answer members of servers that I am connected to, and I do not find you in any of them."
SEVERAL_ACCOUNTS = (
    "You belong to servers of several Chewbotta accounts, so I do not know whose customers you mean. "
    "Ask me in the server."
)
ASK_THERE_FIRST = "Ask me once in your server, then I know you here too."
READ_BY_OTHERS = (
    "People who may not see your customers' data can read this channel, so I keep the answer out of it."
)
NOT_THIS_CHANNEL = (
    "Answers are not posted in this channel. Ask me with `/chewy ask`: only you see the answer."
)
NO_LONGER = "I do not know that button any more. Please ask again in words."
NOTHING_TO_SHARE_WITH = "Direct messages are private: there is nobody to share this with."
NOT_SHARED = "People who may not see this can read the channel, so I did not share it there."
NO_ROWS = "There are no rows any more."
SHARED = "Shared."
CANNOT_POST = (
    "I may not post in this channel: I need its permissions to view it, send messages and embed links."
)
BAD_CODE = (
    "That code is not good: it is over after an hour, or was used. "
    "`chewbotta discord connect` makes a new one."
)
MANAGERS_ONLY = "Only somebody who may manage this server can connect it."
NOT_EVERYONE = (
    "Choose a role that people are given: with @everyone anybody who joins could see your customers."
)
TAKEN = "This server is connected to another Chewbotta account. Remove me from it there first."
NO_ALERT = "There is no such number here: `/chewy alerts list` shows them."
ALERTS_SAY_AMOUNTS = "What I would tell says amounts, and your role here shows none."
NO_ALERTS = "Nothing is told here by itself. `/chewy alerts add` changes that."
ALERTS_READ_BY_OTHERS = (
    "People who may not see your customers' data can read this channel, and I would tell names of customers. "
    "Choose a channel that only people with the right roles read, or a direct message to me."
)
RULES_ARE_TOLD_HERE = (
    "A rule is told where you add it: say “tell us when …” in the channel that is to hear it."
)
SAVE_A_RULE = "Nothing is saved yet: the same once more with `save: True` saves it."
IN_A_SERVER = "Use this in the server that you want to connect."


def connected(role: str) -> str:
    return f"Connected. Members with the role {kit.literal(role)} can ask me now: try `/chewy ask`."


def alert_added(number: int, what: str) -> str:
    return f"I will tell here: {what}. Its number is {number}; `/chewy alerts remove` ends it."


def alert_removed(number: int) -> str:
    return f"Number {number} is no longer told here."


def hello() -> str:
    """To the channel that Discord names for such things, when the bot comes into a server."""
    return (
        "Hello, I am Chewbotta. To connect this server, whoever manages it gives me a code with "
        "`/chewy connect`; whoever runs Chewbotta gets one with `chewbotta discord connect`."
    )


def apology(reference: str) -> str:
    return (
        "Sorry, something went wrong on my side, and I have no answer for you. Asking again may help. "
        f"If it does not, whoever looks after me can find out why by this reference: `{reference}`"
    )


def too_slow(reference: str) -> str:
    return (
        "Sorry, that took me too long and I gave up. A shorter period or fewer groups may help. "
        f"Reference: `{reference}`"
    )


def say(words: str) -> Message:
    """A message of our own words: markup already, and short."""
    return Message(words)


def help_message(topics: str) -> list[Message]:
    """How to ask, and what can be asked."""
    lines = [kit.shortened(line, kit.FIELD_VALUE) for line in topics.strip().splitlines() if line.strip()]
    return kit.messages("How to ask me", Body(parts=[ABOUT, "", *kit.packed(lines, 2_000)]))


def rows_attached(count: int) -> str:
    return "1 row, as CSV:" if count == 1 else f"{count:,} rows, as CSV:"
