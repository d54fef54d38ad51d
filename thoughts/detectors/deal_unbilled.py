"""Sales and billing disagree: a big deal is won and nothing billed, or somebody pays who has no deal."""

from collections.abc import Iterator
from datetime import timedelta

from thoughts.base import Count, Every, Kind, Moment, OnSchedule, Sentence, Thought, Words, matter
from thoughts.detectors.common import facts_of, who
from thoughts.facts import CustomerFacts
from thoughts.figures import Figures, WonDeal

UNBILLED = Kind(
    name="deal_unbilled",
    words=("unbilled deals", "won deals not billed", "deals not billed"),
    meaning="A big deal was won a week ago and the customer's MRR has not risen.",
    step="Ask whoever owns the deal what billing is waiting for.",
)
UNKNOWN = Kind(
    name="customer_without_deal",
    words=("customers without a deal", "billed without a deal"),
    meaning="A new customer with a high MRR has no deal, where most such customers have one.",
    step="Put the deal in, or find out where they came from.",
)
_NEWS = timedelta(days=3)
_ENOUGH = 8
"""So many customers of that size tell whether they usually have deals."""


def _detect(figures: Figures) -> Iterator[Thought]:
    for deal in figures.won:
        waited = figures.now - deal.won_at
        if deal.billed or deal.amount is None or waited < timedelta(days=figures.thresholds.unbilled_days):
            continue
        if figures.scale.is_large(deal.amount, figures.thresholds.deal_amount):
            yield _unbilled(deal, figures)
    yield from _without_deal(figures)


def _unbilled(deal: WonDeal, figures: Figures) -> Thought:
    facts = facts_of(figures.customers.get(deal.profile_id), figures, "mrr")
    days = (figures.day(figures.now) - figures.day(deal.won_at)).days
    facts |= {"won": Moment(deal.won_at), "days": Count(days, "day", "days")}
    if deal.amount is not None:
        facts["amount"] = deal.amount
    return Thought(
        kind=UNBILLED.name,
        matter=matter("deal", *deal.key),
        occurrence="unbilled",
        at=figures.now,
        facts=facts,
        customer=deal.profile_id,
        source_id=deal.key[0],
        worth=deal.amount,
    )


def _without_deal(figures: Figures) -> Iterator[Thought]:
    """Only where deals are the rule: of the customers of that size who came lately, most have one."""
    large = [
        customer
        for customer in figures.started
        if customer.deals is not None
        and customer.largest_mrr is not None
        and figures.scale.is_large(customer.largest_mrr, figures.thresholds.no_deal_mrr)
    ]
    with_deal = sum(bool(customer.deals) for customer in large)
    if len(large) < _ENOUGH or with_deal * 4 < len(large) * 3:
        return
    for customer in large:
        if not customer.deals and customer.since is not None and figures.now - customer.since <= _NEWS:
            yield _unknown(customer, figures)


def _unknown(customer: CustomerFacts, figures: Figures) -> Thought:
    return Thought(
        kind=UNKNOWN.name,
        matter=f"without_deal:{customer.profile_id.hex()}",
        occurrence="started",
        at=figures.now,
        facts=facts_of(customer, figures, "mrr", "since"),
        customer=customer.profile_id,
        worth=customer.largest_mrr,
    )


def _say(thought: Thought) -> Words:
    facts = thought.facts
    if thought.kind == UNBILLED.name:
        won: Sentence = (
            "A deal of ",
            facts["amount"],
            " with ",
            who(thought),
            " was won ",
            facts["days"],
            " ago",
        )
        return Words((*won, ", and nothing new is billed."))
    since: Sentence = (" since ", facts["since"]) if "since" in facts else ()
    return Words((who(thought), " pays ", facts["mrr"], " a month", *since, " and has no deal."))


DETECTOR = OnSchedule(kinds=(UNBILLED, UNKNOWN), every=Every.DAY, detect=_detect, say=_say)
