"""A trial ends soon: with what it would bring, its seats and how much help it needed."""

from collections.abc import Iterator

from thoughts.base import Count, Every, Kind, Moment, OnSchedule, Product, Sentence, Thought, Words, matter
from thoughts.detectors.common import facts_of, tickets, tidy, who
from thoughts.figures import Ending, Figures

ENDING = Kind(
    name="trial_ending",
    words=("trials ending", "ending trials", "trial ending", "expiring trials"),
    meaning="A trial ends in 7, 3 or 1 days: what it would bring, its seats, its open tickets.",
    step="Ask whether anything is missing before it ends.",
)


def start_of(source_id: int, customer_id: bytes) -> str:
    """The matter of how a customer begins: trial, conversion and first payment are news of one."""
    return matter("start", source_id, customer_id)


def _detect(figures: Figures) -> Iterator[Thought]:
    for trial in figures.trials:
        left = (figures.day(trial.at) - figures.day(figures.now)).days
        due = [days for days in figures.thresholds.trial_days if left <= days]
        if due and left >= 0:
            yield _thought(trial, min(due), left, figures)


def _thought(trial: Ending, announced: int, left: int, figures: Figures) -> Thought:
    facts = facts_of(figures.customers.get(trial.profile_id), figures, "tickets")
    facts |= {"ends": Moment(trial.at), "days": Count(left, "day", "days")}
    if trial.mrr is not None and trial.mrr.amount:
        facts["mrr"] = trial.mrr
    if trial.seats is not None and trial.seats > 1:
        facts["seats"] = Count(trial.seats, "seat", "seats")
    if trial.product_id is not None:
        facts["plan"] = Product(trial.key[0], trial.product_id)
    return Thought(
        kind=ENDING.name,
        matter=start_of(trial.key[0], trial.customer_id or trial.profile_id),
        occurrence=f"{trial.key[1].hex()}:{figures.day(trial.at)}:{announced}d",
        at=figures.now,
        facts=facts,
        customer=trial.profile_id,
        source_id=trial.key[0],
        worth=trial.mrr,
    )


def _say(thought: Thought) -> Words:
    facts = thought.facts
    days = facts["days"]
    when: Sentence = (" in ", days)
    if isinstance(days, Count) and days.value <= 1:
        when = (" tomorrow",) if days.value else (" today",)
    news: Sentence = ("The trial of ", who(thought) if "customer" in facts else "a customer", " ends", *when)
    if "plan" in facts:
        price: Sentence = (", ", facts["mrr"], " a month") if "mrr" in facts else ()
        news = (*news, " (", facts["plan"], *price, ")")
    why: Sentence = (facts["seats"], ". ") if "seats" in facts else ()
    return Words((*news, "."), tidy((*why, *tickets(thought))))


DETECTOR = OnSchedule(kinds=(ENDING,), every=Every.DAY, detect=_detect, say=_say)
