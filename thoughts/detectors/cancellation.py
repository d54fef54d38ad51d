"""A cancellation was scheduled; later, that it was taken back. That it took effect is told as a churn."""

from collections.abc import Iterator, Mapping

from storage.intake.news import Change, Value
from thoughts.base import (
    Kind,
    Moment,
    OnChange,
    Product,
    Sentence,
    Stage,
    Thought,
    Words,
    matter,
)
from thoughts.detectors.common import facts_of, history, who
from thoughts.facts import About

SCHEDULED = Kind(
    name="cancellation_scheduled",
    words=("scheduled cancellations", "cancellations", "cancellation scheduled"),
    meaning="A subscription is to end: when, what is lost with it, what the customer paid, what is open.",
    step="Talk to them before it ends.",
)
KEPT = Kind(
    name="cancellation_taken_back",
    words=("cancellations taken back", "saved customers"),
    meaning="A scheduled cancellation was taken back; told under it.",
    step="Ask what changed their mind.",
)
_COUNTS = ("active", "past_due")


def _concerns(change: Change) -> bool:
    return (
        change.old is not None
        and change.new.get("status") in _COUNTS
        and _is_to_end(change.new) != _is_to_end(change.old)
    )


def _is_to_end(values: Mapping[str, Value]) -> bool:
    """Whether a subscription with these values is to end."""
    return bool(values.get("cancel_at_period_end")) or values.get("cancel_at") is not None


def _detect(change: Change, about: About) -> Iterator[Thought]:
    customer = about.customer(change)
    if customer is None or not about.is_news(change.at):
        return
    kind = SCHEDULED if _is_to_end(change.new) else KEPT
    facts = facts_of(customer, about, "since", "collected", "tickets")
    subscription = about.subscriptions.get((change.source_id, change.id))
    worth = subscription.mrr if subscription else None
    if worth is not None:
        facts["mrr"] = worth
    if subscription is not None and subscription.product_id is not None:
        facts["plan"] = Product(change.source_id, subscription.product_id)
    ends = change.new.get("cancel_at") or change.new.get("current_period_end")
    if ends is not None:
        facts["ends"] = Moment(ends)
    yield Thought(
        kind=kind.name,
        matter=matter("cancellation", change.source_id, change.id),
        occurrence=about.day(change.at).isoformat(),
        at=change.at,
        facts=facts,
        customer=customer.profile_id,
        source_id=change.source_id,
        worth=worth,
        critical=kind is SCHEDULED
        and worth is not None
        and about.scale.share(worth) >= about.thresholds.critical_share,
        stage=Stage.OPENS if kind is SCHEDULED else Stage.CLOSES,
    )


def _say(thought: Thought) -> Words:
    facts = thought.facts
    plan: Sentence = (facts["plan"],) if "plan" in facts else ("their subscription",)
    if thought.kind == KEPT.name:
        return Words((who(thought), " stays after all, on ", *plan, "."))
    news: Sentence = (who(thought), " is going to cancel ", *plan)
    if "ends" in facts:
        news = (*news, ", which ends ", facts["ends"])
    if "mrr" in facts:
        news = (*news, ": ", facts["mrr"], " a month")
    return Words((*news, "."), history(thought))


DETECTOR = OnChange(
    kinds=(SCHEDULED, KEPT),
    watches=frozenset({"subscription"}),
    concerns=_concerns,
    detect=_detect,
    say=_say,
)
