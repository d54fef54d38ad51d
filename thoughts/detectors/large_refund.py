"""A large refund: over an amount, or several months of what the customer pays."""

from collections.abc import Iterator

from storage.intake.news import Change
from thoughts.base import Kind, Money, OnChange, Thought, Words, matter
from thoughts.detectors.common import facts_of, history
from thoughts.facts import About, CustomerFacts, customer_behind

LARGE = Kind(
    name="large_refund",
    words=("large refunds", "large refund", "refunds", "big refunds"),
    meaning="A large refund was given.",
    step="Check that it was meant, and what went wrong.",
)
_MADE = ("succeeded", "pending")


def _concerns(change: Change) -> bool:
    return change.became("status", *_MADE) and change.before("status") not in _MADE


def _detect(change: Change, about: About) -> Iterator[Thought]:
    amount = Money(change.new["amount"], change.new["currency"])
    customer = customer_behind(change, change.new.get("payment_id"), about)
    if not about.is_news(change.at) or not _is_large(amount, customer, about):
        return
    facts = facts_of(customer, about, "mrr", "since", "collected", "tickets")
    facts["amount"] = amount
    yield Thought(
        kind=LARGE.name,
        matter=matter("refund", change.source_id, change.id),
        occurrence="made",
        at=change.at,
        facts=facts,
        customer=customer.profile_id if customer else None,
        source_id=change.source_id,
        worth=amount,
    )


def _is_large(amount: Money, customer: CustomerFacts | None, about: About) -> bool:
    limits = about.thresholds
    if about.scale.is_large(amount, limits.refund_amount):
        return True
    mrr = customer.mrr.get(amount.currency, 0) if customer else 0
    months = mrr > 0 and amount.amount >= limits.refund_months * mrr
    return months and about.scale.is_large(amount, limits.refund_floor)


def _say(thought: Thought) -> Words:
    return Words(
        (thought.facts["amount"], " went back to ", thought.facts.get("customer", "somebody"), "."),
        history(thought),
    )


DETECTOR = OnChange(
    kinds=(LARGE,), watches=frozenset({"refund"}), concerns=_concerns, detect=_detect, say=_say
)
