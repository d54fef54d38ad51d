"""Follow-ups: what a fragment changes in the plan before it."""

import pytest

from bot.questions.grammar import interpret
from bot.questions.outcome import Clarify, Refuse, Understood
from tests.bot.questions.company import NOW, VOCABULARY, brief

# A first question, then (what is said, what is meant).
TALKS = {
    "what's the mrr on the Growth plan?": (
        ("and Starter?", "mrr [plan=Starter]"),
        ("only monthly", "mrr [plan=Starter, interval=month]"),
        ("and last month?", "mrr [plan=Starter, interval=month] @end:last_month"),
        ("by country", "mrr [plan=Starter, interval=month] by country @end:last_month"),
        ("what about Germany", "mrr [plan=Starter, interval=month, country=DE] by country @end:last_month"),
    ),
    "how many customers churned last month": (
        ("who are they?", "list customer [churned 2026-10-01..2026-11-01] @last_month"),
        ("and the month before?", "list customer [churned 2026-09-01..2026-10-01] @unit:month:-2"),
        ("by plan", "churned_customers by plan @unit:month:-2"),
        ("per month this year", "churned_customers per month @this_year"),
    ),
    "revenue last month": (
        ("and this month?", "revenue @this_month"),
        ("by country", "revenue by country @this_month"),
        ("as a chart", "revenue per month @series"),
        ("weekly", "revenue per week @series"),
    ),
    "mrr of Initech": (
        ("and Hooli?", "mrr of Hooli GmbH"),
        ("same for Acme Labs", "mrr of Acme Labs"),
        ("and their invoices", "list invoice of Acme Labs"),
        ("tell me more about them", "profile of Acme Labs"),
    ),
    "customers in Germany": (
        ("on annual plans", "list customer [country=DE, interval=year]"),
        ("over $500", "list customer [country=DE, interval=year, mrr>50000 usd]"),
        ("top 20", "list customer [country=DE, interval=year, mrr>50000 usd] order -mrr top 20"),
        ("how many?", "customers [country=DE, interval=year, mrr>50000 usd]"),
        ("and France?", "customers [interval=year, mrr>50000 usd, country=FR]"),
        ("their MRR", "mrr [interval=year, mrr>50000 usd, country=FR]"),
    ),
    "which trials end in the next 7 days": (
        (
            "and the next 2 weeks?",
            "list subscription [status=trialing, trial_ends 2026-11-23..2026-12-07] @next:2:week"
            " order +trial_ends",
        ),
    ),
    "how many failed payments last week": (
        ("vs the week before", "failed_payments @last_week vs unit:week:-2"),
        ("and yesterday?", "failed_payments @yesterday"),
        ("list them", "list payment [status=failed] @yesterday"),
    ),
    "tell me about Acme Labs": (
        ("and Initech", "profile of Initech"),
        ("its MRR", "mrr of Initech"),
    ),
    "mrr on Growth": (
        ("how many customers churned last month?", "churned_customers @last_month"),
        ("and arr?", "arr @end:last_month"),
    ),
}  # fmt: skip


def follow(first, *then):
    """The plan after a first question and what follows it."""
    plan = interpret(first, None, VOCABULARY, NOW).plan
    for said in then:
        outcome = interpret(said, plan, VOCABULARY, NOW)
        assert isinstance(outcome, Understood), (said, outcome)
        plan = outcome.plan
    return plan


@pytest.mark.parametrize(
    ("first", "said", "meant"),
    [
        (first, tuple(words for words, _ in turns[: i + 1]), turns[i][1])
        for first, turns in TALKS.items()
        for i in range(len(turns))
    ],
)
def test_talk(first, said, meant):
    """Each fragment changes the plan before it, and nothing else of it."""
    assert brief(follow(first, *said)) == meant


@pytest.mark.parametrize("question", ["revenue last year", "how many customers do we have?", "Initech"])
def test_new_topic_starts_afresh(question):
    """A whole question is not coloured by what was asked before."""
    before = interpret("mrr of Hooli on Growth last month", None, VOCABULARY, NOW).plan
    alone = interpret(question, None, VOCABULARY, NOW)
    assert interpret(question, before, VOCABULARY, NOW).plan == alone.plan


def test_bare_figure_after_a_card_is_asked_back():
    """ "mrr?" after a customer's card may be that customer's or everybody's: both are offered."""
    before = interpret("tell me about Initech", None, VOCABULARY, NOW).plan
    outcome = interpret("mrr?", before, VOCABULARY, NOW)
    assert isinstance(outcome, Clarify)
    mine, every = (choice.plan for choice in outcome.options)
    assert (brief(mine), brief(every)) == ("mrr of Initech", "mrr")
    assert [interpret(c.question, before, VOCABULARY, NOW).plan for c in outcome.options] == [mine, every]


@pytest.mark.parametrize(
    ("first", "then", "meant"),
    [
        ("customers in Germany", "which of them have open tickets",
         "list customer [country=DE, open_tickets>0]"),
        ("customers in Germany", "sort by revenue",
         "list customer [country=DE] @since:in:2000-01-01 order -revenue"),
        ("how many customers churned last month", "and their tickets",
         "conversations [churned 2026-10-01..2026-11-01] @last_month"),
        ("revenue by plan last month", "weekly", "revenue per week @last_month"),
    ],
)  # fmt: skip
def test_them_are_those_before(first, then, meant):
    """ "Their" and "of them" speak of exactly the customers before, and "weekly" of the figure before."""
    assert brief(follow(first, then)) == meant


@pytest.mark.parametrize(
    ("first", "then"),
    [("top 5 customers", "and their tickets"), ("list failed payments", "and their mrr"),
     ("customers in Germany", "who owns them?")],
)  # fmt: skip
def test_them_who_cannot_be_told_are_refused(first, then):
    """What cannot be said of exactly those is refused, never said of all."""
    before = interpret(first, None, VOCABULARY, NOW).plan
    assert isinstance(interpret(then, before, VOCABULARY, NOW), Refuse)


@pytest.mark.parametrize("fragment", ["and last month?", "them", "by", "only"])
def test_fragment_needs_something_before(fragment):
    """Without a question before it, a fragment is refused."""
    assert isinstance(interpret(fragment, None, VOCABULARY, NOW), Refuse)


def test_follow_up_that_cannot_be_is_refused():
    """A change that gives no valid plan is refused in words, not forced."""
    before = interpret("signups last month", None, VOCABULARY, NOW).plan
    outcome = interpret("by plan", before, VOCABULARY, NOW)
    assert isinstance(outcome, Refuse)
    assert "cannot be split by plan" in outcome.reason
