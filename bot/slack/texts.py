"""Everything the Slack app says that is not an answer, in one place and in Slack's markup."""

from collections.abc import Sequence

from bot.render import slack_blocks as kit
from bot.render.slack_blocks import Message

ABOUT = (
    "Ask me about your customers in your own words.\n"
    "• `/chewy what is our MRR?` anywhere: only you see the answer\n"
    "• a direct message to me: we talk in private, and I remember what we talked about\n"
    "• mention me in a channel: I answer in the thread, for everybody there"
)
NOT_CONNECTED = (
    "This workspace is not connected to a Chewbotta account yet. Whoever set me up can connect it."
)
SHARED_CHANNEL = (
    "This channel is shared with another company, so I keep your figures out of it. "
    "Ask me with `/chewy` or in a direct message."
)
IN_YOUR_MESSAGES = "The answer is long: the rest of it is in our direct messages."
NO_LONGER = "I do not know that button any more. Please ask again in words."


def refused(reason: str) -> str:
    """Why this person gets no answer. `reason` is one of access.Refusal's values."""
    return (
        f"I answer members of this workspace only, and {reason}. A member of the workspace can ask for you."
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


def say(*paragraphs: str) -> Message:
    """A message of our own words."""
    return Message(text=kit.literal(paragraphs[0]), blocks=[kit.section(words) for words in paragraphs])


def help_message(topics: str) -> Message:
    """How to ask, and what can be asked."""
    lines: Sequence[str] = [kit.literal(line) or "\u00a0" for line in topics.strip().splitlines()]
    return Message(
        text="How to ask me",
        blocks=[
            kit.header("How to ask me"),
            kit.section(ABOUT),
            *kit.lines([line for line in lines if line]),
        ],
    )
