"""A trial became a paid subscription, or came to nothing."""

from collections.abc import Iterator

from storage.intake.news import Change
from thoughts.base import Kind, OnChange, Product, Sentence, Stage, Thought, Words
from thoughts.detectors.common import facts_of, who
from thoughts.detectors.trial_ending import start_of
from thoughts.facts import About

CONVERTED = Kind(
    name="trial_converted",
    words=("trials converted", "converted trials", "trial conversions"),
    meaning="A trial became a paid subscription: on which plan, for how much.",
    step="Welcome them.",
)
EXPIRED = Kind(
    name="trial_expired",
    words=("trials expired", "expired trials", "lost trials"),
    meaning="A trial ended without a subscription.",
    step="Ask what was missing while they still remember.",
)
_COUNTS = ("active", "past_due")
_ENDED = ("canceled", "paused", "unpaid", "incomplete_expired")


def _concerns(change: Change) -> bool:
    return change.before("status") == "trialing" and change.new.get("status") in (*_COUNTS, *_ENDED)


def _detect(change: Change, about: About) -> Iterator[Thought]:
    customer = about.customer(change)
    if customer is None or change.customer_id is None or not about.is_news(change.at):
        return
    kind = CONVERTED if change.new["status"] in _COUNTS else EXPIRED
    facts = facts_of(customer, about, "tickets")
    worth = about.subscriptions.get((change.source_id, change.id))
    if worth is not None and worth.mrr is not None and worth.mrr.amount:
        facts["mrr"] = worth.mrr
    if worth is not None and worth.product_id is not None:
        facts["plan"] = Product(change.source_id, worth.product_id)
    yield Thought(
        kind=kind.name,
        matter=start_of(change.source_id, change.customer_id),
        occurrence=change.id.hex(),
        at=change.at,
        facts=facts,
        customer=customer.profile_id,
        source_id=change.source_id,
        worth=worth.mrr if worth else None,
        stage=Stage.CLOSES,
    )


def _say(thought: Thought) -> Words:
    plan: Sentence = (thought.facts["plan"],) if "plan" in thought.facts else ("a paid plan",)
    if thought.kind == EXPIRED.name:
        why: Sentence = ("It would have brought ", thought.facts["mrr"], " a month.")
        return Words((who(thought), "'s trial ended without a subscription."), why * ("mrr" in thought.facts))
    news: Sentence = (who(thought), " went from trial to ", *plan)
    if "mrr" in thought.facts:
        news = (*news, " for ", thought.facts["mrr"], " a month")
    return Words((*news, "."))


DETECTOR = OnChange(
    kinds=(CONVERTED, EXPIRED),
    watches=frozenset({"subscription"}),
    concerns=_concerns,
    detect=_detect,
    say=_say,
)
