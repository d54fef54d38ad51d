"""A payer's bank claims a payment back; later, how it ended."""

from collections.abc import Iterator

from storage.intake.news import Change
from thoughts.base import Kind, Money, OnChange, Stage, Thought, Words, matter
from thoughts.detectors.common import facts_of, history, who
from thoughts.facts import About, customer_behind

OPENED = Kind(
    name="dispute",
    words=("disputes", "dispute", "chargebacks", "chargeback"),
    meaning="A payment was disputed; it costs a fee and has a deadline.",
    step="Answer it at the payment provider before its deadline.",
)
SETTLED = Kind(
    name="dispute_settled",
    words=("settled disputes", "dispute results"),
    meaning="A dispute was won or lost; told under it.",
    step="Nothing to do.",
)
_OVER = {"won": "won", "lost": "lost", "warning_closed": "withdrawn", "prevented": "prevented"}


def _concerns(change: Change) -> bool:
    return change.old is None or change.became("status", *_OVER)


def _detect(change: Change, about: About) -> Iterator[Thought]:
    if not about.is_news(change.at):
        return
    customer = customer_behind(change, change.new.get("payment_id"), about)
    amount = Money(change.new["amount"], change.new["currency"])
    over = _OVER.get(change.new.get("status", ""))
    facts = facts_of(customer, about, "mrr", "since", "collected", "tickets")
    facts["amount"] = amount
    yield Thought(
        kind=(SETTLED if over else OPENED).name,
        matter=matter("dispute", change.source_id, change.id),
        occurrence=over or "opened",
        at=change.at,
        facts=facts,
        customer=customer.profile_id if customer else None,
        source_id=change.source_id,
        worth=amount,
        critical=over is None,
        stage=Stage.CLOSES if over else Stage.OPENS,
    )


def _say(thought: Thought) -> Words:
    amount = thought.facts["amount"]
    if thought.kind == SETTLED.name:
        return Words(("The dispute over ", amount, f" was {thought.occurrence}."))
    return Words((who(thought), " disputed a payment of ", amount, "."), history(thought))


DETECTOR = OnChange(
    kinds=(OPENED, SETTLED), watches=frozenset({"dispute"}), concerns=_concerns, detect=_detect, say=_say
)
