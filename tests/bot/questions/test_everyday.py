"""Greetings, short forms, everyday dates and amounts, and follow-ups in few words, in the bank's account."""

from pathlib import Path

import pytest

from bot.questions.grammar import interpret
from bot.questions.outcome import Understood
from bot.scoring import scorecard, world

WORLD = world.read(Path(__file__).parents[2] / "questions" / "world.json")

UNDERSTOOD = {
    # What is said around a question
    "hey team, quick one before the board call: mrr in Germany?": "mrr [country=DE]",
    "hello everyone, arr in France?": "arr [country=FR]",
    "gm team! how many customers do we have?": "customers",
    "Hi there - quick question: churn rate last month?": "customer_churn_rate @last_month",
    "one more thing: refunds yesterday": "refunds @yesterday",
    "for the board deck, nrr last quarter": "nrr @last_quarter",
    "when you get a chance, revenue last week please": "revenue @last_week",
    "out of curiosity, who are our biggest customers?": "list customer order -mrr",
    "mrr by plan, thanks so much!": "mrr by plan",
    "signups yesterday, cheers": "signups @yesterday",
    "quick question for Germany: mrr?": "mrr [country=DE]",
    "hey Team mrr": "mrr [plan=Team]",
    # Dates
    "eom mrr": "mrr @end:last_month",
    "mrr at eoq q3": "mrr @end:in:2026-Q3",
    "arr eoy 2025": "arr @end:in:2025",
    "revenue 2027/02/01": "revenue @in:2027-02-01",
    "revenue w/c 1 Feb": "revenue @in:2027-W05",
    "revenue cw5": "revenue @in:2027-W05",
    "revenue kw 5 2026": "revenue @in:2026-W05",
    "revenue in calendar week 5": "revenue @in:2027-W05",
    "revenue in week 50": "revenue @in:2026-W50",
    "revenue last 5 weeks": "revenue @last:5:week",
    "signups last fortnight": "signups @last:2:week",
    "signups since new year": "signups @since:in:2027-01-01",
    "revenue since october month on month": "revenue per month @since:in:2026-10",
    "mrr since july mom": "mrr per month @since:in:2026-07",
    "mrr week over week since january": "mrr per week @since:in:2027-01",
    "tickets this month than last?": "conversations @this_month vs last_month",
    # Amounts
    "customers paying 50-100 bucks": "list customer [mrr 5000..10000 usd]",
    "customers paying more than 50 bucks": "list customer [mrr>5000 usd]",
    "customers paying $50-$100/mo": "list customer [mrr 5000..10000 usd]",
    "customers paying 300-600 usd / month": "list customer [mrr 30000..60000 usd]",
    "customers paying 100 to 200 eur a month": "list customer [mrr 10000..20000 eur]",
    "how many customers pay more than 2.5k/mo": "customers [mrr>250000 usd]",
    "accounts over 2k/yr": "list customer [mrr>16666 usd]",
    "mrr/month": "mrr per month @series",
    "mrr/plan": "mrr by plan",
    # Several values
    "customers in Germany/France": "list customer [country=DE/FR]",
    "mrr: us + canada": "mrr [country=CA/US]",
    "customers on Team & Basic": "list customer [plan=Basic/Team]",
    "mrr + arr": "clarify: ARR; MRR",
    # Filters, then an order; who looks after them
    "customers over €500 with an open ticket": "list customer [mrr>50000 eur, open_tickets>0]",
    "customers in Germany over $500, by MRR": "list customer [country=DE, mrr>50000 usd] order -mrr",
    "revenue by account manager": "revenue by owner @to_date:month",
    "mrr per client owner": "mrr by owner",
    # A comma ends what is negated, but not a list
    "customers outside the US, that pay monthly": "list customer [interval=month, not(country=US)]",
    "customers not on Team, paying annually": "list customer [interval=year, not(plan=Team)]",
    "customers outside Germany, on Basic": "list customer [not(country=DE), plan=Basic]",
    "customers except Germany, over $100": "list customer [mrr>10000 usd, not(country=DE)]",
    "customers not in the US, Canada, or Germany": "list customer [not(country=CA/DE/US)]",
    # Slang
    "who jumped ship last quarter": "list customer [churned] @last_quarter",
    "customers who walked out last month": "list customer [churned] @last_month",
    "how much did we rake in yesterday": "revenue @yesterday",
    "deals we snagged last month": "deals_won @last_month",
    "biggest single refund last month": "list refund @last_month order -amount top 1",
    "how many trials kicked off last week": "trials_started @last_week",
}
NOT_ANSWERED = (
    "revenue week 60", "revenue w/c 3 Feb", "customers with a single subscription", "mrr week 0",
    "how much cash is in the bank",
)  # fmt: skip
FOLLOWED = (
    ("nrr last quarter", "grr?", "grr @last_quarter"),
    ("mrr last month", "arr?", "arr @end:last_month"),
    ("tell me about Oscorp", "any open tickets?", "clarify: All customers; That customer"),
    ("who churned last month", "list em", "list customer [churned] @last_month"),
    ("how many churned last month", "list em", "list customer [churned] @last_month"),
    ("who churned last month", "what mrr did they take with them", "churned_mrr @last_month"),
)


def _said(question, context=None):
    return interpret(question, context, WORLD.vocabulary, WORLD.now)


@pytest.mark.parametrize(("question", "meaning"), UNDERSTOOD.items())
def test_wording(question, meaning):
    """Each wording gives the plan that it means."""
    assert scorecard.written(_said(question), WORLD) == meaning


@pytest.mark.parametrize("question", NOT_ANSWERED)
def test_not_answered(question):
    """A week that is none, and words that change what is asked, give no figure."""
    assert not isinstance(_said(question), Understood)


@pytest.mark.parametrize(("first", "then", "meaning"), FOLLOWED)
def test_follow_up(first, then, meaning):
    """A few words after a question go on with its time, its rows or its customer."""
    before = _said(first)
    assert isinstance(before, Understood)
    assert scorecard.written(_said(then, before.plan), WORLD) == meaning
