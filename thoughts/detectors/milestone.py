"""MRR reaches a round number for the first time; a day that was the best of a year."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from storage.metrics.amounts import exponent
from thoughts.base import Count, Day, Every, Fact, Kind, Money, OnSchedule, Thought, Words
from thoughts.figures import Figures

MILESTONE = Kind(
    name="mrr_milestone",
    words=("milestones", "mrr milestones", "milestone"),
    meaning="MRR ended a day above a round number for the first time.",
    step="Tell the team.",
)
RECORD = Kind(
    name="record_day",
    words=("record days", "record day", "records"),
    meaning="A day brought more new customers, or more MRR, than any other of a year.",
    step="See where they came from.",
)
_STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5)
_LEAST = 1_000
"""The first milestone, in major units."""
_LEAST_NEW = 5
"""Fewer new customers on a day are no record worth telling."""

Days = Sequence[tuple[date, int]]


def _detect(figures: Figures) -> Iterator[Thought]:
    for name, days in figures.daily.items():
        currency = name.removeprefix("mrr:")
        if currency != name:
            yield from _milestones(days, currency, figures)
            moves = [(day, after - before) for (_, before), (day, after) in pairwise(days)]
            best = _record(moves, figures)
            if best is not None and moves[-1][1] >= days[-2][1] * figures.thresholds.critical_share:
                yield _record_thought(name, best[0], Money(best[1], currency), figures)
        elif name == "new_customers":
            best = _record(days, figures)
            if best is not None and best[1] >= _LEAST_NEW:
                amount = Count(best[1], "new customer", "new customers")
                yield _record_thought(name, best[0], amount, figures)


def _milestones(days: Days, currency: str, figures: Figures) -> Iterator[Thought]:
    """The highest round number that yesterday's MRR passed and no day before did."""
    if len(days) < 2:  # noqa: PLR2004 - there must be a day before
        return
    *earlier, (day, now) = days
    top = max(value for _, value in earlier)
    reached = milestone_below(now, currency)
    if reached > top > 0:
        yield Thought(
            kind=MILESTONE.name,
            matter=f"milestone:{currency}:{reached}",
            occurrence="reached",
            at=figures.now,
            facts={"milestone": Money(reached, currency), "mrr": Money(now, currency), "day": Day(day)},
        )


def milestone_below(amount: int, currency: str) -> int:
    """The highest milestone that is not above an amount, in minor units; 0 below the first."""
    unit: int = 10 ** exponent(currency)
    major = amount // unit
    if major < _LEAST:
        return 0
    power: int = 10 ** (len(str(major)) - 1)
    highest: int = max(int(step * power) for step in _STEPS if step * power <= major)
    return highest * unit


def _record(days: Days, figures: Figures) -> tuple[date, int] | None:
    """The last day, if it is above all others and there are enough of them."""
    if len(days) * 2 < figures.thresholds.record_days:
        return None
    *earlier, last = days
    return last if last[1] > max(0, *(value for _, value in earlier)) else None


def _record_thought(name: str, day: date, amount: Fact, figures: Figures) -> Thought:
    return Thought(
        kind=RECORD.name,
        matter=f"record:{name}",
        occurrence=day.isoformat(),
        at=figures.now,
        facts={"amount": amount, "day": Day(day)},
    )


def _say(thought: Thought) -> Words:
    facts = thought.facts
    if thought.kind == MILESTONE.name:
        return Words(
            (
                "MRR passed ",
                facts["milestone"],
                ": it was ",
                facts["mrr"],
                " at the end of ",
                facts["day"],
                ".",
            )
        )
    if isinstance(facts["amount"], Money):
        return Words((facts["day"], " was a record day: MRR grew by ", facts["amount"], "."))
    return Words((facts["day"], " was a record day: ", facts["amount"], "."))


DETECTOR = OnSchedule(kinds=(MILESTONE, RECORD), every=Every.DAY, detect=_detect, say=_say)
