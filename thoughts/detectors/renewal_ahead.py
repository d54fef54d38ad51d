"""A yearly subscription renews soon: while there is still time to talk."""

from collections.abc import Iterator

from thoughts.base import Every, Kind, Moment, Money, OnSchedule, Product, Sentence, Thought, Words, matter
from thoughts.detectors.common import facts_of, history, who
from thoughts.figures import Ending, Figures

AHEAD = Kind(
    name="renewal_ahead",
    words=("renewals", "renewals ahead", "upcoming renewals"),
    meaning="A yearly subscription over an amount renews in 30 days.",
    step="Talk to them before the invoice does.",
)


def _detect(figures: Figures) -> Iterator[Thought]:
    for renewal in figures.renewals:
        if renewal.mrr is None:
            continue
        yearly = Money(renewal.mrr.amount * 12, renewal.mrr.currency)
        if figures.scale.is_large(yearly, figures.thresholds.renewal_amount):
            yield _thought(renewal, yearly, figures)


def _thought(renewal: Ending, yearly: Money, figures: Figures) -> Thought:
    facts = facts_of(figures.customers.get(renewal.profile_id), figures, "since", "collected", "tickets")
    facts |= {"renews": Moment(renewal.at), "amount": yearly}
    if renewal.product_id is not None:
        facts["plan"] = Product(renewal.key[0], renewal.product_id)
    return Thought(
        kind=AHEAD.name,
        matter=matter("renewal", *renewal.key),
        occurrence=figures.day(renewal.at).isoformat(),
        at=figures.now,
        facts=facts,
        customer=renewal.profile_id,
        source_id=renewal.key[0],
        worth=yearly,
    )


def _say(thought: Thought) -> Words:
    facts = thought.facts
    plan: Sentence = (" (", facts["plan"], ")") if "plan" in facts else ()
    news = (who(thought), " renews ", facts["renews"], *plan, ": ", facts["amount"], " a year.")
    return Words(news, history(thought))


DETECTOR = OnSchedule(kinds=(AHEAD,), every=Every.DAY, detect=_detect, say=_say)
