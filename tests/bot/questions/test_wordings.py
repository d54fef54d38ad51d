"""Everyday wordings asked of the invented account of the bank, and what must not be answered."""

from pathlib import Path

import pytest

from bot.questions.grammar import interpret
from bot.questions.outcome import Understood
from bot.scoring import scorecard, world

WORLD = world.read(Path(__file__).parents[2] / "questions" / "world.json")

UNDERSTOOD = {
    # Where a figure stands, these days
    "where does our MRR sit right now": "mrr",
    "what's MRR clocking in at": "mrr",
    "what is our MRR sitting at for Team": "mrr [plan=Team]",
    "how many customers do we have these days": "customers",
    "what's our monthly run rate these days": "mrr",
    "how big is our customer base": "customers",
    # The month of monthly recurring revenue
    "recurring revenue a month right now": "mrr",
    "what's the recurring revenue per month as of today": "mrr",
    "ARR per year right now": "arr",
    "MRR per month today": "mrr",
    "MRR per month": "mrr per month @series",
    "customers per week now": "customers per week @series",
    # The end of a unit: the last one, or the next where one looks ahead
    "MRR at month end": "mrr @end:last_month",
    "ARR at quarter-end": "arr @end:last_quarter",
    "customers at year-end 2025": "customers @end:in:2025",
    "MRR at last year's end": "mrr @end:last_year",
    "MRR EOY": "mrr @end:last_year",
    "MRR at year end vs last year end": "mrr @end:last_year vs end:unit:year:-2",
    "customers at last quarter end": "customers @end:last_quarter",
    "trials ending before month end": (
        "list subscription [status=trialing, trial_ends] @window order +trial_ends"
    ),
    "deals closing by quarter end": "list deal [closes 2027-02-17..2027-04-01, status=open] order +closes",
    # Existing customers, and how far net MRR moved
    "how many existing customers upgraded last month": "upgraded_customers @last_month",
    "expansion from existing customers in Q4": "expansion_mrr @in:2026-Q4",
    "existing customers by plan": "customers by plan",
    "how many existing customers churned in Q4": "churned_customers @in:2026-Q4",
    "existing accounts that downgraded this quarter": "list customer [downsized] @this_quarter",
    "net MRR moved by how much in Q4": "net_new_mrr @in:2026-Q4",
    "how did MRR move last month": "mrr @end:last_month vs end:unit:month:-2",
    # Lifetime value
    "lifetime value of our customers in Germany": "ltv [country=DE]",
    "what's the average lifetime value of customers on Team": "ltv [plan=Team]",
    "lifetime value by country": "ltv by country",
    "lifetime revenue of Oscorp": "revenue of Oscorp @since:in:2000-01-01",
    # One customer's bills
    "unpaid invoices of Oscorp": "list invoice of Oscorp [status=open] order -remaining",
    "Oscorp's overdue invoices": "list invoice of Oscorp [overdue=true] order -remaining",
    "open invoices for Gringotts": "list invoice of Gringotts [status=open] order -remaining",
    "how many open invoices does Oscorp have": "open_invoices of Oscorp",
    "how much does Oscorp owe us": "outstanding of Oscorp",
    # All but some
    "everyone except those in Germany": "list customer [not(country=DE)]",
    "all accounts but not those on Enterprise": "list customer [not(plan=Enterprise)]",
    "MRR without those on Basic": "mrr [not(plan=Basic)]",
    "all customers but those on Team": "list customer [not(plan=Team)]",
    "customers in Germany, but those on Basic": "list customer [country=DE, not(plan=Basic)]",
    "customers, save for the ones paying annually": "list customer [not(interval=year)]",
    "customers excluding those in the US and those on Basic": (
        "list customer [not(country=US), not(plan=Basic)]"
    ),
    "open deals except those owned by Priya": "open_deals [not(owner=Priya Nair)]",
    # Rows with a clause of their own
    "charges which bounced last week": "list payment [status=failed] @last_week",
    "refunds that were issued last week": "list refund @last_week",
    "payments that were declined this week": "list payment [status=failed] @this_week",
    "disputes that were lost": "list dispute [status=lost]",
    "invoices that were paid last month": "list invoice [status=paid] @last_month",
    "the payment that failed yesterday": "list payment [status=failed] @yesterday",
    "how many payments that failed yesterday were there": "failed_payments @yesterday",
    # Where customers are
    "where do our customers live": "customers by country",
    "where in the world are our customers": "customers by country",
    "where are the Enterprise customers based": "customers [plan=Enterprise] by country",
    "where do most of our users reside": "customers by country order -value",
    "where are our churned customers based": "churned_customers by country @to_date:month",
    "where are trials located": "trialing_customers by country",
    "where do we stand with customers": "customers",
    # Two times, the later against the earlier
    "compare revenue this month to last month": "revenue @this_month vs last_month",
    "compare signups last week to this week": "signups @this_week vs last_week",
    "compare churn this year to last year": "churned_customers @this_year vs last_year",
    "compare September to August revenue": "revenue @in:2026-09 vs in:2026-08",
    "compare last year to this year revenue": "revenue @this_year vs last_year",
    # Asking for a card
    "open Oscorp": "profile of Oscorp",
    "bring up Oscorp": "profile of Oscorp",
    "open up Silver Lake": "clarify: Silver Lake Partners; Silver Lake Studios",
    "open the Gringotts account": "profile of Gringotts",
    "open Oscorp's invoices": "list invoice of Oscorp [status=open] order -remaining",
}

NOT_ANSWERED = (
    "MRR at the end of the year", "MRR by year end", "MRR at each month end",
    "revenue from existing customers last month", "new MRR from existing customers",
    "how many customers moved to Team", "value of our customers", "what is a customer worth to us",
    "what's the lifetime of a customer",
    "customers moving to annual", "revenue at month end", "how many customers have we ever had",
    "revenue this month to last month",
    "customers excluding those who cancelled", "where do customers sit", "where are invoices located",
    "where are our customers in Germany located", "not now, MRR please", "top twenty five customers",
    "20", "show me 20", "make it 20", "all customers but those paying over $500", "all customers but Oscorp",
)  # fmt: skip

FOLLOWED = (
    ("top 5 customers", "make it 10", "list customer order -mrr top 10"),
    ("top 5 customers", "make it twenty please", "list customer order -mrr top 20"),
    ("top 5 customers in Germany", "make that 3", "list customer [country=DE] order -mrr top 3"),
    ("list customers", "just 15", "list customer top 15"),
    ("biggest customers", "show 20 instead", "list customer order -mrr top 20"),
    ("top 10 customers", "20 please", "list customer order -mrr top 20"),
    ("top 10 customers", "show me 20", "list customer order -mrr top 20"),
    ("customers over $200", "500", "refuse"),
    ("MRR by plan", "make it last month", "mrr by plan @end:last_month"),
    ("MRR in Germany", "make it France", "mrr [country=FR]"),
    ("MRR", "make that a chart", "mrr per month @series"),
    ("show customers", "except those on Basic", "list customer [not(plan=Basic)]"),
    ("MRR", "make it 20", "refuse"),
    ("customers over $200", "make it 500", "refuse"),
    ("trials ending in the next 7 days", "make it 14", "refuse"),
    ("top 5 customers", "make it 5000", "refuse"),
)


def _said(question, context=None):
    return interpret(question, context, WORLD.vocabulary, WORLD.now)


@pytest.mark.parametrize(("question", "meaning"), UNDERSTOOD.items())
def test_wording(question, meaning):
    """Each wording gives the plan that it means."""
    assert scorecard.written(_said(question), WORLD) == meaning


@pytest.mark.parametrize("question", NOT_ANSWERED)
def test_not_answered(question):
    """What is understood only in part, or is still to come, gives no figure."""
    assert not isinstance(_said(question), Understood)


@pytest.mark.parametrize(("first", "then", "meaning"), FOLLOWED)
def test_follow_up(first, then, meaning):
    """A word on the question before changes what it names, and nothing where that cannot be told."""
    before = _said(first)
    assert isinstance(before, Understood)
    assert scorecard.written(_said(then, before.plan), WORLD) == meaning
