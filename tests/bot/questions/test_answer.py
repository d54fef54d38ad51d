"""Figures to words: the text, and the fields of the contract."""

from datetime import UTC, datetime

import pytest

from bot.answer import Kind
from bot.questions.answer import Run, answer
from bot.questions.grammar import interpret
from bot.questions.profile import Identity
from storage.metrics.catalog import Unit
from storage.metrics.figures import (
    Breakdown,
    Comparison,
    MovementFigures,
    Number,
    PaymentFigures,
    ProfileFigures,
    ProfileRef,
    Series,
    SubscriptionFigures,
    Table,
)
from tests.bot.questions.company import CUSTOMERS, NOW, VOCABULARY, customer

PEOPLE = {bytes.fromhex(customer(name)): Identity(name, domain="example.com") for name in CUSTOMERS}


def say(question, figures, context=None):
    """The answer to a question whose figures are given."""
    outcome = interpret(question, context, VOCABULARY, NOW)
    return answer(
        Run(
            question=question,
            plan=outcome.plan,
            figures=figures,
            currency="usd",
            zone=VOCABULARY.zone,
            people=PEOPLE,
            assumptions=outcome.assumptions,
            as_of={"stripe": NOW},
        )
    )


def money(**values):
    return Number(unit=Unit.MONEY, values=values)


def count(value, **more):
    return Number(unit=Unit.COUNT, value=value, **more)


def ref(name):
    return ProfileRef(bytes.fromhex(customer(name)))


@pytest.mark.parametrize(
    ("question", "number", "text"),
    [
        ("mrr", money(usd=7828784, eur=286177, jpy=222767), "MRR is $78,287.84, €2,861.77 and ¥222,767."),
        ("mrr on Growth", money(usd=100), "MRR on Growth is $1.00."),
        ("mrr of Initech", money(usd=432900), "MRR of Initech is $4,329.00."),
        ("mrr last month", money(usd=5), "MRR was $0.05 at the end of October 2026."),
        ("revenue last month", money(usd=8605826), "Revenue was $86,058.26 in October 2026."),
        ("revenue in Germany this year", money(), "Revenue in Germany was $0.00 this year (2026)."),
        ("how much is overdue", money(eur=100), "Overdue is €1.00."),
        ("refunds last month", money(usd=7400), "Refunds were $74.00 in October 2026."),
        ("how many customers", count(269), "There are 269 paying customers."),
        ("how many customers on Growth", count(1), "There is 1 paying customer on Growth."),
        ("how many customers last month", count(250),
         "There were 250 paying customers at the end of October 2026."),
        ("how many customers churned last month", count(7), "7 customers churned in October 2026."),
        ("how many customers churned last month", count(0), "No customers churned in October 2026."),
        ("how many payments failed last week", count(1),
         "There was 1 failed payment in the week of 16 November 2026."),
        ("what share of MRR is on Growth", Number(unit=Unit.RATIO, values={"usd": 0.345}),
         "34.5% (USD) of MRR is on Growth."),
        ("what % of revenue came from Initech last month", Number(unit=Unit.RATIO, value=0.1),
         "10% of revenue was from Initech in October 2026."),
        ("what share of customers in Germany pay annually", Number(unit=Unit.RATIO, value=0.25),
         "25% of customers in Germany are billed yearly."),
        ("share of customers on Growth", Number(unit=Unit.RATIO),
         "There is nothing to take a share of: Customers is none."),
        ("mrr in Scandinavia", money(usd=100), "MRR in Scandinavia is $1.00."),
        ("how many trials did not convert last month", count(2),
         "There were 2 trials ended whose trial did not convert in October 2026."),
        ("new customers", count(3), "There were 3 new customers in November 2026 so far."),
        (
            "how many customers pay over $500",
            count(2, left_out=3),
            "There are 2 customers paying more than $500.00 a month. "
            "3 customers billed in other currencies are left out.",
        ),
    ],
)  # fmt: skip
def test_number(question, number, text):
    """A figure is one sentence with its filters and its period."""
    said = say(question, number)
    assert said.kind is Kind.NUMBER
    assert said.text == text


def test_number_fields():
    """One currency: value and currency. Several: values alone. None: zero in the account's own."""
    one, many, none = (say("mrr", figures) for figures in (money(eur=5), money(eur=5, usd=6), money()))
    assert (one.value, one.unit, one.currency, one.values) == (5, "money", "eur", None)
    assert (many.value, many.unit, many.currency, many.values) == (None, "money", None, {"eur": 5, "usd": 6})
    assert (none.value, none.unit, none.currency, none.values) == (0, "money", "usd", None)
    counted = say("how many customers", count(4))
    assert (counted.value, counted.unit, counted.currency) == (4, "count", None)


def test_what_every_answer_carries():
    """The question, the plan, the period in words and the freshness come with the figures."""
    said = say("mrr last month", money(usd=5))
    assert said.question == "mrr last month"
    assert said.plan["measure"] == "mrr"
    assert said.period.label == "at the end of October 2026"
    assert said.period.start == said.period.end == datetime(2026, 11, 1, tzinfo=UTC)
    assert said.as_of == {"stripe": NOW}
    assert say("mrr", money(usd=5)).period is None


def test_assumptions_are_said():
    """What was assumed or corrected stands behind the figure."""
    assert say("how many custmers", count(4)).text.endswith("I read “custmers” as “customer”.")


def test_comparison():
    """Both figures, the difference and the percentage."""
    pair = Comparison(now=count(5), before=count(4))
    said = say("failed payments last week vs the week before", pair)
    assert said.kind is Kind.COMPARISON
    assert (said.value, said.previous, said.unit) == (5, 4, "count")
    assert (
        "5 in the week of 16 November 2026, against 4 in the week of 9 November 2026: +1 (+25%)" in said.text
    )


def test_comparison_of_currencies():
    """Each currency has its own difference; one that is new is set against zero."""
    said = say("mrr vs last month", Comparison(now=money(usd=200, eur=50), before=money(usd=100)))
    assert said.values == {"usd": 200, "eur": 50}
    assert said.previous == {"usd": 100, "eur": 0}
    assert "+$1.00 (+100%)" in said.text
    assert say("mrr vs last month", Comparison(now=money(usd=2), before=money(usd=3))).previous == 3


COLUMNS = ("customer", "plan", "mrr", "currency", "status", "country", "customer_since")


def row(name, mrr):
    return (ref(name), "Growth", mrr, "usd", "active", "DE", datetime(2025, 3, 1, tzinfo=UTC))


def test_table():
    """Customers are named, times become ISO, and the text says how many there are."""
    said = say("customers in Germany", Table(columns=COLUMNS, rows=(row("Initech", 5),), total_rows=12))
    assert said.kind is Kind.TABLE
    assert said.columns == COLUMNS
    assert said.rows[0][0] == "Initech"
    assert said.rows[0][6] == "2025-03-01T00:00:00+00:00"
    assert said.total_rows == 12
    assert said.text == "12 customers in Germany. These are the first 1."


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("which trials end in the next 7 days",
         "There are no subscriptions whose trial ends in the next 7 days."),
        ("who churned in October", "There are no customers who churned in October 2026."),
        ("list failed payments yesterday", "There are no failed payments yesterday (22 November 2026)."),
        ("which invoices are overdue", "There are no overdue invoices."),
        ("customers over €500 not on Growth",
         "There are no customers not on Growth, paying more than €500.00 a month."),
        ("customers without failed payments", "There are no customers whose latest payment did not fail."),
        ("customers except Initech", "There are no customers other than Initech."),
    ],
)  # fmt: skip
def test_empty_table(question, text):
    """An empty list says what there is none of."""
    assert say(question, Table(columns=COLUMNS, rows=(), total_rows=0)).text == text


def test_ranking_says_its_order_and_who_was_left_out():
    """A ranking names its order; customers in other currencies are counted as left out."""
    table = Table(columns=COLUMNS, rows=(row("Initech", 5),), total_rows=232, left_out=37)
    said = say("who is our biggest customer", table)
    assert said.text == (
        "Initech comes first of 232 customers, by MRR. 37 customers billed in other currencies are left out."
    )


def test_nameless_customer():
    """A customer whose name cannot be opened is still a row."""
    unknown = (ProfileRef(b"\xff" * 16), *row("Initech", 5)[1:])
    said = say("customers in Germany", Table(columns=COLUMNS, rows=(unknown,), total_rows=1))
    assert said.rows[0][0] == "(no name)"


def test_series():
    """One row a period and currency, the currency after the amount."""
    points = (("2026-01", money(usd=1, eur=2)), ("2026-02", money(usd=3)))
    said = say("mrr by month this year", Series(unit=Unit.MONEY, points=points))
    assert said.kind is Kind.SERIES
    assert said.columns == ("month", "mrr", "currency")
    assert said.rows == (("2026-01", 1, "usd"), ("2026-01", 2, "eur"), ("2026-02", 3, "usd"))
    assert said.text.startswith("MRR by month this year (2026): from $0.01 and €0.02 (Jan 2026) to $0.03")


def test_series_of_counts():
    """Counts have no currency."""
    said = say("new customers per month", Series(unit=Unit.COUNT, points=(("2026-01", count(4)),)))
    assert (said.columns, said.rows) == (("month", "new_customers"), (("2026-01", 4),))


def test_breakdown():
    """Groups keep their raw values; the text says which comes first."""
    groups = ((("DE",), count(5)), (("US",), count(3)), ((None,), count(1)))
    said = say("customers by country", Breakdown(unit=Unit.COUNT, groups=groups))
    assert said.kind is Kind.BREAKDOWN
    assert said.columns == ("country", "customers")
    assert said.rows == (("DE", 5), ("US", 3), (None, 1))
    assert "Germany comes first with 5" in said.text


def test_breakdown_in_order_and_number():
    """A ranking of groups is cut where the question says."""
    groups = tuple(((plan,), money(usd=n)) for plan, n in (("Scale", 3), ("Growth", 2), ("Starter", 1)))
    said = say("bottom 2 plans by mrr", Breakdown(unit=Unit.MONEY, groups=groups))
    assert said.rows == (("Starter", 1, "usd"), ("Growth", 2, "usd"))
    assert said.total_rows == 3


def test_profile():
    """One customer: the card of the contract, and a sentence with what matters."""
    at = datetime(2026, 11, 2, tzinfo=UTC)
    figures = ProfileFigures(
        profile=ref("Acme Labs"),
        status="active",
        plan="Growth",
        mrr={"usd": 18900},
        country="DE",
        customer_since=datetime(2025, 3, 3, tzinfo=UTC),
        subscriptions=(
            SubscriptionFigures(plan="Growth", status="active", mrr=18900, currency="usd", interval="month"),
        ),
        last_payment=PaymentFigures(status="failed", amount=18900, currency="usd", at=at),
        outstanding={"usd": 18900},
        movements=(MovementFigures(type="new", amount=18900, currency="usd", at=at),),
    )
    said = say("tell me about Acme Labs", figures)
    assert said.kind is Kind.PROFILE
    assert (said.profile.name, said.profile.plan, said.profile.mrr, said.profile.currency) == (
        "Acme Labs", "Growth", 18900, "usd",
    )  # fmt: skip
    assert said.text == (
        "Acme Labs is a paying customer on Growth with $189.00 MRR since 3 Mar 2025 in Germany. "
        "The latest payment of $189.00 failed on 2 Nov 2026. $189.00 outstanding."
    )


def test_profile_in_two_currencies():
    """A customer billed in two currencies has both."""
    said = say(
        "Acme Labs", ProfileFigures(profile=ref("Acme Labs"), status="active", mrr={"usd": 1, "eur": 5})
    )
    assert said.profile.mrr_by_currency == {"usd": 1, "eur": 5}
    assert "$0.01 and €0.05 MRR" in said.text
