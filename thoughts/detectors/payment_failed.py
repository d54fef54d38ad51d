"""A payment failed; later, in the same thread, the next attempts and that it came after all."""

from collections.abc import Iterator

from storage.intake.news import Change
from thoughts.base import (
    Count,
    Customer,
    Fact,
    Kind,
    Moment,
    Money,
    OnChange,
    Sentence,
    Stage,
    Term,
    Thought,
    Words,
    matter,
)
from thoughts.detectors.common import who
from thoughts.facts import About, Bill

FAILED = Kind(
    name="payment_failed",
    words=("failed payments", "failed payment", "payment failures", "declined payments"),
    meaning="A payment failed: how much, which attempt, when the next one is.",
    step="Write to the customer before the next attempt, or mend the payment method with them.",
)
RECOVERED = Kind(
    name="payment_recovered",
    words=("recovered payments", "recovered payment"),
    meaning="A bill whose payment had failed was paid after all; told under the failure.",
    step="Nothing to do.",
)


def _concerns(change: Change) -> bool:
    if change.kind == "payment":
        return change.became("status", "failed", "succeeded")
    return change.became("status", "paid") or (
        change.new.get("status") == "open" and change.old is not None and _retry_moved(change)
    )


def _retry_moved(change: Change) -> bool:
    retry = change.new.get("next_attempt_at")
    return retry is not None and bool(retry != change.before("next_attempt_at"))


def _detect(change: Change, about: About) -> Iterator[Thought]:
    bill = _bill_of(change, about)
    if bill is None or not about.is_news(change.at):
        return
    if change.new.get("status") in ("succeeded", "paid"):
        if bill.failures:
            yield _thought(RECOVERED, change, about, bill, "paid", Stage.CLOSES)
    elif change.kind == "payment":
        attempt = _number_of(change.id, bill)
        stage = Stage.OPENS if attempt == 1 else Stage.CONTINUES
        yield _thought(FAILED, change, about, bill, f"attempt:{change.id.hex()}", stage)
    elif bill.failures:
        retry = change.new["next_attempt_at"].isoformat()
        yield _thought(FAILED, change, about, bill, f"retry:{retry}", Stage.AMENDS)


def _bill_of(change: Change, about: About) -> Bill | None:
    """The bill that a payment tries to collect, or that an invoice is."""
    if change.kind == "invoice":
        return about.bills.get((change.source_id, change.id))
    key = change.source_id, change.new.get("attempt_of") or change.id
    return about.bills.get(key) or Bill(key=key)


def _number_of(payment_id: bytes, bill: Bill) -> int:
    """Which failed attempt of the bill a payment is, from 1 on."""
    failed = [attempt.id for attempt in bill.attempts if attempt.status == "failed"]
    return failed.index(payment_id) + 1 if payment_id in failed else max(1, len(failed))


def _thought(kind: Kind, change: Change, about: About, bill: Bill, occurrence: str, stage: Stage) -> Thought:
    customer = about.customer(change)
    field = "amount" if change.kind == "payment" else "amount_due"
    amount = Money(change.new[field], change.new["currency"])
    facts: dict[str, Fact] = {"amount": amount}
    facts["attempt"] = Count(_number_of(change.id, bill) if change.kind == "payment" else bill.failures)
    next_attempt = change.new.get("next_attempt_at") or bill.next_attempt_at
    if kind is FAILED and next_attempt is not None and next_attempt > change.at:
        facts["next_attempt"] = Moment(next_attempt)
    if kind is FAILED and change.new.get("failure"):
        facts["failure"] = Term(change.new["failure"])
    if customer is not None:
        facts["customer"] = Customer(customer.profile_id)
        if customer.largest_mrr is not None:
            facts["mrr"] = customer.largest_mrr
    return Thought(
        kind=kind.name,
        matter=matter("bill", *bill.key),
        occurrence=occurrence,
        at=change.at,
        facts=facts,
        customer=customer.profile_id if customer else None,
        source_id=change.source_id,
        worth=amount,
        stage=stage,
    )


def _say(thought: Thought) -> Words:
    facts = thought.facts
    if thought.kind == RECOVERED.name:
        return Words((who(thought), " paid ", facts["amount"], " after all."))
    news: Sentence = ("A payment of ", facts["amount"], " by ", facts.get("customer", "somebody"), " failed")
    if "failure" in facts:
        news = (*news, " (", facts["failure"], ")")
    why: Sentence = ("Attempt ", facts["attempt"], "; ")
    if "next_attempt" in facts:
        why = (*why, "the next one is ", facts["next_attempt"], ".")
    else:
        why = (*why, "no other is planned.")
    if "mrr" in facts:
        why = (*why, " Their MRR is ", facts["mrr"], ".")
    return Words((*news, "."), why)


DETECTOR = OnChange(
    kinds=(FAILED, RECOVERED),
    watches=frozenset({"payment", "invoice"}),
    concerns=_concerns,
    detect=_detect,
    say=_say,
)
