"""A customer's MRR moved: a new customer, one who is back, an upgrade, a downgrade, a churn.

One movement is one matter of its day: what comes later that day amends what was said.
"""

from collections.abc import Iterator
from datetime import date

from storage.intake.news import Change
from thoughts.base import Day, Fact, Kind, Money, OnChange, Product, Sentence, Stage, Thought, Words, matter
from thoughts.detectors.common import facts_of, history, tidy, who
from thoughts.detectors.trial_ending import start_of
from thoughts.facts import About, CustomerFacts

NEW = Kind(
    name="new_customer",
    words=("new customers", "new customer", "new business"),
    meaning="Somebody pays for the first time: on which plan, how much a month.",
    step="Welcome them.",
)
BACK = Kind(
    name="reactivated",
    words=("reactivations", "reactivated customers", "returning customers", "win-backs"),
    meaning="Somebody who had left pays again.",
    step="Ask what brought them back.",
)
UPGRADE = Kind(
    name="upgrade",
    words=("upgrades", "upgrade", "expansions"),
    meaning="A customer's MRR rose by an amount worth knowing.",
    step="Thank them, and ask what made the difference.",
)
DOWNGRADE = Kind(
    name="downgrade",
    words=("downgrades", "downgrade", "contractions"),
    meaning="A customer's MRR fell by an amount worth knowing.",
    step="Ask what they no longer need.",
)
CHURNED = Kind(
    name="churned",
    words=("churn", "churned customers", "lost customers", "cancellations that took effect"),
    meaning="A customer pays no more: since when they did, what they paid in all, what is open.",
    step="Ask why, while they still answer.",
)
_KIND = {
    "new": NEW,
    "reactivation": BACK,
    "expansion": UPGRADE,
    "contraction": DOWNGRADE,
    "churn": CHURNED,
}


def _concerns(change: Change) -> bool:
    return change.new.get("type") in _KIND


def _detect(change: Change, about: About) -> Iterator[Thought]:
    customer = about.customer(change)
    if customer is None or not about.is_news(change.at) or change.at > about.now:
        return
    kind = _kind_of(change, customer, about)
    moved = Money(abs(change.new["amount"]), change.new["currency"])
    if kind in (UPGRADE, DOWNGRADE) and not about.scale.is_large(moved, about.thresholds.change_amount):
        return
    yield _thought(kind, moved, change, customer, about)


def _kind_of(change: Change, customer: CustomerFacts, about: About) -> Kind:
    """As the movement's type says, of the whole customer: who pays in another currency, too, is neither new
    nor gone."""
    kind = _KIND[change.new["type"]]
    others = any(amount for code, amount in customer.mrr.items() if code != change.new["currency"])
    if kind is CHURNED:
        return DOWNGRADE if others else CHURNED
    if kind is NEW:
        first = customer.since is None or about.day(customer.since) == about.day(change.at)
        return NEW if first else UPGRADE
    return UPGRADE if kind is BACK and others else kind


def _thought(kind: Kind, moved: Money, change: Change, customer: CustomerFacts, about: About) -> Thought:
    day: date = change.new["day"]
    facts: dict[str, Fact] = facts_of(customer, about, "mrr")
    facts |= {"amount": moved, "day": Day(day)}
    if kind in (CHURNED, DOWNGRADE):
        facts |= facts_of(customer, about, "since", "collected", "tickets")
    if change.new.get("product_id") is not None and change.new.get("source_id") is not None:
        facts["plan"] = Product(change.new["source_id"], change.new["product_id"])
    return Thought(
        kind=kind.name,
        matter=_matter(kind, change, day),
        occurrence=f"{day}:{moved.currency}" + (f":{change.new['amount']}" if change.old else ""),
        at=change.at,
        facts=facts,
        customer=customer.profile_id,
        source_id=change.source_id,
        worth=moved,
        critical=kind is CHURNED and about.scale.share(moved) >= about.thresholds.critical_share,
        stage=Stage.AMENDS if change.old else Stage.OPENS,
    )


def _matter(kind: Kind, change: Change, day: date) -> str:
    customer_id = change.customer_id or change.id
    if kind is NEW:
        return start_of(change.source_id, customer_id)
    return f"{matter('mrr', change.source_id, customer_id)}:{day}"


def _say(thought: Thought) -> Words:
    facts = thought.facts
    amount = facts["amount"]
    on: Sentence = (" on ", facts["plan"]) if "plan" in facts else ()
    after: Sentence = ("Their MRR is ", facts["mrr"], " now. ") if "mrr" in facts else ()
    match thought.kind:
        case NEW.name:
            return Words((who(thought), " is a new customer", *on, ": ", amount, " a month."))
        case BACK.name:
            return Words((who(thought), " is back", *on, ": ", amount, " a month."))
        case UPGRADE.name:
            return Words((who(thought), " upgraded", *on, ": ", amount, " a month more."), tidy(after))
        case DOWNGRADE.name:
            news: Sentence = (who(thought), " downgraded", *on, ": ", amount, " a month less.")
            return Words(news, tidy((*after, *history(thought))))
        case _:
            return Words((who(thought), " churned", *on, ": ", amount, " a month lost."), history(thought))


DETECTOR = OnChange(
    kinds=tuple(_KIND.values()),
    watches=frozenset({"movement"}),
    concerns=_concerns,
    detect=_detect,
    say=_say,
)
