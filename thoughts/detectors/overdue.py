"""An invoice was not paid in time.

Where the money is collected by charging, failed attempts are news of their own: such a bill is told of here
only once the attempts should long be over.
"""

from collections.abc import Iterator

from thoughts.base import Count, Every, Kind, Moment, OnSchedule, Stage, Thought, Words, matter
from thoughts.detectors.common import facts_of, history, who
from thoughts.figures import Figures, Overdue

OVERDUE = Kind(
    name="invoice_overdue",
    words=("overdue invoices", "overdue invoice", "unpaid invoices", "late invoices"),
    meaning="An invoice over an amount is 1, 14 or 30 days past its day.",
    step="Remind them, or ask whether something is wrong with it.",
)
_CHARGED_FROM = 14


def _detect(figures: Figures) -> Iterator[Thought]:
    for bill in figures.overdue:
        late = (figures.day(figures.now) - figures.day(bill.due)).days
        steps = [
            days
            for days in figures.thresholds.overdue_days
            if days <= late and (bill.dated or days >= _CHARGED_FROM)
        ]
        if steps and figures.scale.is_large(bill.remaining, figures.thresholds.overdue_amount):
            yield _thought(bill, late, max(steps), figures)


def _thought(bill: Overdue, late: int, step: int, figures: Figures) -> Thought:
    facts = facts_of(figures.customers.get(bill.profile_id), figures, "mrr", "since", "tickets")
    facts |= {"amount": bill.remaining, "due": Moment(bill.due), "days": Count(late, "day", "days")}
    first = min((d for d in figures.thresholds.overdue_days if bill.dated), default=0)
    return Thought(
        kind=OVERDUE.name,
        matter=matter("bill", *bill.bill),
        occurrence=f"overdue:{step}d",
        at=figures.now,
        facts=facts,
        customer=bill.profile_id,
        source_id=bill.bill[0],
        worth=bill.remaining,
        stage=Stage.OPENS if step == first else Stage.CONTINUES,
    )


def _say(thought: Thought) -> Words:
    facts = thought.facts
    news = (who(thought), " owes ", facts["amount"], ", ", facts["days"], " overdue.")
    return Words(news, history(thought))


DETECTOR = OnSchedule(kinds=(OVERDUE,), every=Every.DAY, detect=_detect, say=_say)
