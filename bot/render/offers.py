"""What an answer offers beside itself: each a button with a value that only its maker can read."""

from dataclasses import dataclass

from bot.answer import Answer, Kind

WAY, CSV, WHY, SEE, VOTE, SHARE = "way", "csv", "why", "see", "vote", "share"
"""What a button does, and how its action id begins: `way:0`, `csv`, ..."""

GOOD, BAD = "+", "-"
"""How the value of a thumb begins."""


@dataclass(frozen=True, slots=True)
class Offers:
    """`ways` are (label, value). `picture` is the id of an uploaded chart, for what Slack does not draw;
    `notes` are small print of the place where it is shown."""

    ways: tuple[tuple[str, str], ...] = ()
    csv: str | None = None
    why: str | None = None
    vote: str | None = None
    share: str | None = None
    picture: str | None = None
    notes: tuple[str, ...] = ()


NO_OFFERS = Offers()

_WITH_ROWS = frozenset({Kind.TABLE, Kind.SERIES, Kind.BREAKDOWN})


def has_csv(answer: Answer) -> bool:
    """Whether there are rows worth a file."""
    return answer.kind in _WITH_ROWS and bool(answer.rows) and answer.plan is not None


def has_receipt(answer: Answer) -> bool:
    """Whether there is a figure to account for."""
    return answer.receipt is not None and answer.plan is not None


def may_be_voted_on(answer: Answer) -> bool:
    """Help and questions back are no answers."""
    return answer.kind is not Kind.CLARIFY
