"""A day unlike what was to be expected of it: sign-ups, churn, failed payments, tickets, MRR."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from thoughts.base import (
    Count,
    Day,
    Every,
    Fact,
    Kind,
    Money,
    OnSchedule,
    Ratio,
    Sentence,
    Stage,
    Thought,
    Words,
)
from thoughts.baseline import COUNTS, SHARES, Expected, Scale, expected
from thoughts.figures import Figures

UNUSUAL = Kind(
    name="unusual_day",
    words=("unusual days", "unusual day", "anomalies"),
    meaning="A day unlike what its weekday, the trend and the day of the month let expect, with the range.",
    step="Look at who is behind it.",
)
_NOUNS = {
    "signups": ("sign-up", "sign-ups"),
    "churned_customers": ("lost customer", "lost customers"),
    "failed_payments": ("failed payment", "failed payments"),
    "conversations": ("new ticket", "new tickets"),
}
_BAD_UP = frozenset({"churned_customers", "failed_payments", "conversations"})
_LEAST_OFF = 3
_LEAST_OFF_SHARE = 0.3
"""A count must be off by so many, and by this share of what was expected, to be worth a look."""
_LEAST_MOVE = 0.01
"""MRR must have moved by this share in the day."""
_LEAST_SHARE = 0.2
"""MRR is watched in currencies that so large a part of all of it is in."""
_LOOK_BACK = 14
_GAP = 1
"""A run of unusual days may have one usual day in it."""

Days = Sequence[tuple[date, float]]


@dataclass(frozen=True, slots=True)
class Unusual:
    """An unusual day, and the day that the run it belongs to began on."""

    day: date
    value: float
    usual: Expected
    since: date


def find(days: Days, figure: str, window: int, limit: float) -> Unusual | None:
    """The last of these days, if it is unusual; `window` is how many days before it are looked at.

    Each day is judged by those before it alone, so that the run it belongs to begins on the same day
    whenever one looks.
    """
    shares = figure.startswith("mrr:")
    seen = _moves(days) if shares else list(days)
    usual = _judged(seen, len(seen) - 1, window, limit, shares=shares)
    if usual is None:
        return None
    day, value = seen[-1]
    first, missed = day, 0
    for back in range(len(seen) - 2, max(0, len(seen) - 2 - _LOOK_BACK), -1):
        before = _judged(seen, back, window, limit, shares=shares)
        alike = before is not None and (before.score > 0) == (usual.score > 0)
        missed = 0 if alike else missed + 1
        if missed > _GAP:
            break
        if alike:
            first = seen[back][0]
    return Unusual(day, value, usual, first)


def _moves(days: Days) -> list[tuple[date, float]]:
    """By which share MRR moved on each day."""
    return [
        (day, (after - before) / before if before else 0.0) for (_, before), (day, after) in pairwise(days)
    ]


def _judged(seen: Days, at: int, window: int, limit: float, *, shares: bool) -> Expected | None:
    """What was expected of a day that is unusual; None of a usual one, or where too little is known."""
    history = seen[max(0, at - window) : at]
    if at < 0 or len(history) * 3 < window:
        return None
    day, value = seen[at]
    scale: Scale = SHARES if shares else COUNTS
    usual = expected(history, day, value, scale)
    off = abs(value - usual.value)
    least = _LEAST_MOVE if shares else max(_LEAST_OFF, _LEAST_OFF_SHARE * usual.value)
    return usual if abs(usual.score) >= limit and off >= least else None


def _detect(figures: Figures) -> Iterator[Thought]:
    limits = figures.thresholds
    for name, days in figures.daily.items():
        if not _is_watched(name, days, figures):
            continue
        found = find(days, name, limits.unusual_days, limits.unusual_score)
        if found is not None:
            yield _thought(name, found, days, figures)


def _is_watched(name: str, days: Days, figures: Figures) -> bool:
    """The MRR of a currency that few pay in jumps with each of them: that is no news."""
    if not name.startswith("mrr:"):
        return name in _NOUNS
    level = Money(int(days[-1][1]), name.removeprefix("mrr:")) if days else None
    return level is not None and figures.scale.share(level) >= _LEAST_SHARE


def _thought(name: str, found: Unusual, days: Days, figures: Figures) -> Thought:
    weeks = (found.day - found.since).days // 7
    facts: dict[str, Fact] = {"day": Day(found.day)}
    if name.startswith("mrr:"):
        moved = Money(int(days[-1][1] - days[-2][1]), name.removeprefix("mrr:"))
        facts |= {"amount": moved, "share": Ratio(round(found.value, 4))}
        facts |= {"low": Ratio(round(found.usual.low, 4)), "high": Ratio(round(found.usual.high, 4))}
    else:
        nouns = _NOUNS[name]
        facts |= {"amount": Count(int(found.value), *nouns)}
        facts |= {"low": Count(round(found.usual.low)), "high": Count(round(found.usual.high))}
    if found.since < found.day:
        facts["since"] = Day(found.since)
    up = found.usual.score > 0
    return Thought(
        kind=UNUSUAL.name,
        matter=f"unusual:{name}:{'up' if up else 'down'}:{found.since}",
        occurrence=f"week:{weeks}",
        at=figures.now,
        facts=facts,
        critical=up == (name in _BAD_UP) and abs(found.usual.score) >= 2 * figures.thresholds.unusual_score,
        stage=Stage.CONTINUES if found.since <= found.day - timedelta(days=1) else Stage.OPENS,
    )


def _say(thought: Thought) -> Words:
    facts = thought.facts
    news: Sentence = (facts["amount"], " on ", facts["day"], ".")
    if "share" in facts:
        news = ("MRR moved by ", facts["amount"], " on ", facts["day"], " (", facts["share"], ").")
    why: Sentence = ("Usual would have been ", facts["low"], " to ", facts["high"])
    if "since" in facts:
        why = (*why, "; so since ", facts["since"])
    return Words(news, (*why, "."))


DETECTOR = OnSchedule(kinds=(UNUSUAL,), every=Every.DAY, detect=_detect, say=_say)
