"""Everything the Slack app says that is not an answer, in one place and in Slack's markup."""

import json
from collections.abc import Sequence

from bot.render import slack_blocks as kit
from bot.render.offers import SEE, SHARE
from bot.render.slack import CHOOSE
from bot.render.slack_blocks import Block, Message
from bot.slack.agent import Prompt
from bot.slack.people import Refusal

SHARE_ANYWAY = f"{SHARE}:anyway"
ABOUT = (
    "Ask me about your customers in your own words.\n"
    "• `/chewy what is our MRR?` anywhere: only you see the answer\n"
    "• a direct message to me: we talk in private, and I remember what we talked about in a thread\n"
    "• mention me in a channel: I answer in the thread, for everybody there"
)
NOT_CONNECTED = (
    "This workspace is not connected to a Chewbotta account yet. Whoever set me up can connect it."
)
IN_YOUR_MESSAGES = "The answer is long: the rest of it is in our direct messages."
NO_LONGER = "I do not know that button any more. Please ask again in words."
EMPTIED = (
    "An answer of mine waited for Slack, and meanwhile a customer who may be named in it was deleted, so I "
    "threw it away. Please ask again."
)


def cannot_post(channel: str, code: str) -> str:
    """Why what was meant for a channel never arrives there."""
    why = _CANNOT_POST.get(code, "Slack does not let me post there any more")
    return f"I had something for <#{channel}>, but {why}. Ask me here instead, or choose another channel."


def cannot_share(code: str) -> str:
    """Why an answer cannot be shared where it was asked for."""
    why = _CANNOT_POST.get(code, "Slack does not let me post there")
    return f"I cannot share it here: {why}. Invite me to the channel first: `/invite @chewbotta`."


_CANNOT_POST = {
    "is_archived": "it is archived",
    "channel_not_found": "I cannot find it any more, or I am not in it",
    "not_in_channel": "I am not in it any more",
    "restricted_action": "posting there is restricted",
}


_REFUSED = {
    Refusal.BOT: "you are an app",
    Refusal.GUEST: "you are a guest here",
    Refusal.OUTSIDER: "you belong to another one",
    Refusal.GONE: "your account is deactivated",
}


def refused(why: Refusal) -> str:
    """Why this person gets no answer, and who can change that."""
    if why is Refusal.NOT_ALLOWED:
        return (
            "Whoever runs Chewbotta here has not given you access to it. An administrator of your workspace "
            "can change that."
        )
    if why is Refusal.CHANNEL:
        return "I do not answer in this channel. Ask me with `/chewy`, which only you see, or directly."
    return (
        f"I answer members of this workspace only, and {_REFUSED[why]}. "
        "A member of the workspace can ask for you."
    )


def withheld(value: str, *, outsiders: bool) -> Message:
    """In place of an answer that not everybody in a channel may see. `value` is that of its button."""
    why = "there are people from outside in this channel" if outsiders else "not everybody here may see it"
    said = f"I have an answer, but {why}, so I keep it out of here."
    see = kit.button("See it privately", SEE, value)
    return Message(text=said, blocks=[kit.section(said), *kit.buttons([see])])


def shared_warning(channel: str) -> str:
    """Before something is posted where outsiders see it."""
    return (
        f"Careful: <#{channel}> has people from outside your workspace in it. What names customers or tells "
        "amounts is kept out of there."
    )


def share_anyway(warning: str, value: str) -> Message:
    """The warning with a button that shares all the same; `value` is that of the first button."""
    anyway = kit.button("Share anyway", SHARE_ANYWAY, value)
    return Message(text=warning, blocks=[kit.section(warning), *kit.buttons([anyway])])


def reasons(figure: str, lines: Sequence[str]) -> Message:
    """Why this number: its receipt."""
    said = [
        kit.section(f"*Why this number?*\n{kit.literal(figure)}"),
        *kit.lines([_point(line) for line in lines]),
    ]
    return Message(text="Why this number?", blocks=said)


def _point(line: str) -> str:
    return f"• {kit.literal(line)}"


def file_of(rows: int, total: int) -> str:
    """What goes with a CSV; nothing is left out silently."""
    if total > rows:
        return f"The first {rows:,} of {total:,} rows. A narrower question gets the rest."
    return f"{rows:,} rows." if rows != 1 else "1 row."


OUTSIDERS_SEE = "People from outside see this channel: nothing that names a customer is shown here."
WORKING = "Working it out, one moment."
THINKING = "is working it out…"
FILE_SENT = "The file is in our direct messages, where only you see it."
THANKS = "Thank you, noted. I keep how I understood the question, and no name that was in it."
SORRY = "Thank you for telling me. I keep how I understood the question, and no name that was in it."


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


def say(*paragraphs: str) -> Message:
    """A message of our own words."""
    return Message(text=kit.literal(paragraphs[0]), blocks=[kit.section(words) for words in paragraphs])


def help_message(topics: str, prompts: Sequence[Prompt] = ()) -> Message:
    """How to ask, and what can be asked."""
    lines: Sequence[str] = [kit.literal(line) or "\u00a0" for line in topics.strip().splitlines()]
    return Message(
        text="How to ask me",
        blocks=[
            kit.header("How to ask me"),
            kit.section(ABOUT),
            *kit.lines([line for line in lines if line]),
            *kit.buttons([_asks(number, prompt) for number, prompt in enumerate(prompts)]),
        ],
    )


def _asks(number: int, prompt: Prompt) -> Block:
    """A button that asks a question, as those of a question back do."""
    return kit.button(prompt.title, f"{CHOOSE}:{number}", json.dumps({"question": prompt.message}))
