"""A customer in trouble: what no single source sees.

Many open tickets, or a bad rating, of a customer who renews soon or whose MRR is high: support knows the one,
billing the other.
"""

from collections.abc import Iterator
from datetime import timedelta

from thoughts.base import Every, Fact, Kind, Moment, OnSchedule, Sentence, Thought, Words
from thoughts.detectors.common import facts_of, tickets, tidy, who
from thoughts.facts import CustomerFacts
from thoughts.figures import Figures

TROUBLE = Kind(
    name="customer_in_trouble",
    words=("customers in trouble", "customer in trouble", "trouble"),
    meaning="Several open tickets or a bad rating of a customer who renews soon or has a high MRR.",
    step="Let somebody who knows them call.",
)


def _detect(figures: Figures) -> Iterator[Thought]:
    rated = {rating.profile_id: rating.at for rating in figures.ratings}
    for profile_id, customer in figures.customers.items():
        many = (customer.open_tickets or 0) >= figures.thresholds.trouble_tickets
        if not (many or profile_id in rated):
            continue
        renews = _renews_soon(customer, figures)
        if not renews and not _pays_much(customer, figures):
            continue
        facts = facts_of(customer, figures, "mrr", "tickets", *(("renews",) if renews else ()))
        if profile_id in rated:
            facts["rated"] = Moment(rated[profile_id])
        yield _thought(customer, facts, figures)


def _renews_soon(customer: CustomerFacts, figures: Figures) -> bool:
    within = timedelta(days=figures.thresholds.trouble_renewal_days)
    return customer.renews is not None and customer.renews - figures.now <= within


def _pays_much(customer: CustomerFacts, figures: Figures) -> bool:
    usual = figures.scale.typical
    return any(
        usual.get(currency, 0) > 0 and mrr >= figures.thresholds.trouble_times * usual[currency]
        for currency, mrr in customer.mrr.items()
    )


def _thought(customer: CustomerFacts, facts: dict[str, Fact], figures: Figures) -> Thought:
    """Once a month, however long it lasts."""
    return Thought(
        kind=TROUBLE.name,
        matter=f"trouble:{customer.profile_id.hex()}",
        occurrence=f"{figures.day(figures.now):%Y-%m}",
        at=figures.now,
        facts=facts,
        customer=customer.profile_id,
        worth=customer.largest_mrr,
    )


def _say(thought: Thought) -> Words:
    facts = thought.facts
    news: Sentence = (who(thought), " may be in trouble: ")
    news = (*news, *tidy(tickets(thought))) if "rated" not in facts else (*news, *_rated(thought))
    why: Sentence = ("Their MRR is ", facts["mrr"], ". ") if "mrr" in facts else ()
    if "renews" in facts:
        why = (*why, "They renew ", facts["renews"], ".")
    return Words(news, tidy(why))


def _rated(thought: Thought) -> Sentence:
    return tidy(("a bad rating ", thought.facts["rated"], ". ", *tickets(thought)))


DETECTOR = OnSchedule(kinds=(TROUBLE,), every=Every.HOUR, detect=_detect, say=_say)
