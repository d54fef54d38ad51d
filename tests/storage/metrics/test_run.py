"""Figures of a company worked out by hand (`company.py`): one number at a time."""

import pytest

from storage.metrics import periods
from storage.metrics.grains import Grain
from storage.metrics.plan import Compare, Plan
from tests.storage.metrics.plans import (
    END_OF_OCTOBER,
    END_OF_SEPTEMBER,
    NOVEMBER,
    OCTOBER,
    SEPTEMBER,
    amount,
    both,
    counting,
    either,
    is_,
    more,
    no,
    of,
    one_of,
    over,
    within,
)
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROWTH, STARTER, SCALE = (is_("plan", name) for name in ("Growth", "Starter", "Scale"))
YEARLY, MONTHLY = is_("interval", "year"), is_("interval", "month")
GERMAN, AMERICAN = is_("country", "DE"), is_("country", "US")
EUROS = is_("currency", "eur")

NOW_USD = 10_000 + 50_000 + 12_000 + 2_500 + 9_900  # Acme, Gamma, Fox, Golf, Kilo
FIGURES = [
    # MRR: Beta pays in euros, Hotel in yen.
    ("mrr", None, None, {"usd": NOW_USD, "eur": 9_000, "jpy": 30_000}),
    ("mrr", None, OCTOBER, {"usd": 10_000 + 50_000 + 12_000 + 2_000, "eur": 9_000, "jpy": 30_000}),
    ("mrr", None, END_OF_OCTOBER, {"usd": 74_000, "eur": 9_000, "jpy": 30_000}),
    ("mrr", None, END_OF_SEPTEMBER, {"usd": 74_000 + 2_000, "jpy": 30_000}),  # with Echo, before Beta
    ("mrr", None, NOVEMBER, {"usd": NOW_USD, "eur": 9_000, "jpy": 30_000}),
    ("mrr", None, over(periods.year(2024)), {}),
    ("mrr", GROWTH, None, {"usd": 29_900, "eur": 9_000}),
    ("mrr", no(GROWTH), None, {"usd": 54_500, "jpy": 30_000}),
    ("mrr", YEARLY, None, {"usd": 52_000}),
    ("mrr", both(GROWTH, YEARLY), None, {}),
    ("mrr", both(STARTER, YEARLY), None, {"usd": 2_000}),
    ("mrr", both(STARTER, no(YEARLY)), None, {"usd": 2_500}),
    ("mrr", GERMAN, None, {"usd": 50_000, "eur": 9_000}),
    ("mrr", both(GERMAN, EUROS), None, {"eur": 9_000}),
    ("mrr", either(SCALE, EUROS), None, {"usd": 50_000, "eur": 9_000, "jpy": 30_000}),
    ("mrr", more("mrr", 10_000), None, {"usd": 62_000}),
    ("mrr", both(more("mrr", 10_000), GROWTH), None, {"usd": 10_000}),  # Fox's, not its Starter
    ("mrr", is_("status", "past_due"), None, {"usd": 2_500}),
    ("mrr", is_("failing", True), None, {"usd": 2_500}),
    ("arr", None, None, {"usd": 12 * NOW_USD, "eur": 108_000, "jpy": 360_000}),
    ("arpa", None, None, {"usd": NOW_USD // 5, "eur": 9_000, "jpy": 30_000}),
    ("arpa", STARTER, None, {"usd": 2_250}),
    ("arpa", STARTER, END_OF_SEPTEMBER, {"usd": 2_000}),
    # Customers: seven pay now.
    ("customers", None, None, 7),
    ("customers", None, END_OF_OCTOBER, 6),  # with India, before Golf and Kilo
    ("customers", None, over(periods.year(2024)), 0),
    ("customers", GROWTH, None, 4),
    ("customers", no(GROWTH), None, 3),  # Gamma, Golf, Hotel; Fox has Growth too
    ("customers", both(GROWTH, no(YEARLY)), None, 4),
    ("customers", both(GROWTH, YEARLY), None, 0),  # Fox has both, but not in one subscription
    ("customers", both(GROWTH, both(YEARLY)), None, 0),
    ("customers", both(STARTER, YEARLY), None, 1),
    ("customers", no(both(GROWTH, YEARLY)), None, 7),
    ("customers", no(both(STARTER, YEARLY)), None, 6),
    ("customers", no(no(GROWTH)), None, 4),
    ("customers", either(SCALE, is_("country", "FR")), None, 3),
    ("customers", no(either(SCALE, is_("country", "FR"))), None, 4),
    ("customers", no(AMERICAN), None, 4),  # Beta, Gamma, Golf, Hotel
    ("customers", no(AMERICAN), END_OF_OCTOBER, 4),  # Beta, Gamma, Hotel, and India of no known country
    ("customers", no(both(GROWTH, AMERICAN)), None, 4),
    ("customers", one_of("currency", "eur", "jpy"), None, 2),
    ("customers", STARTER, END_OF_SEPTEMBER, 3),  # Echo, Fox, India
    ("customers", within("mrr", 2_500, 10_000), None, 3),  # both bounds: Golf, Acme, Kilo
    ("customers", is_("mrr", 10_000), None, 1),
    ("customers", more("mrr", 2**70), None, 0),
    ("customers", more("mrr", 9_999.5), None, 3),
    ("customers", more("mrr", 5_000, "eur"), None, 1),
    ("customers", more("mrr", 11_000), END_OF_SEPTEMBER, 2),
    ("customers", is_("source", "stripe"), None, 7),
    ("customers", no(is_("source", "stripe")), None, 0),
    ("customers", is_("source", "zendesk"), None, 0),
    ("customers", is_("status", "active"), None, 7),
    ("customers", is_("status", "past_due"), None, 1),
    ("customers", no(is_("status", "past_due")), None, 6),
    ("customers", one_of("status", "past_due", "trialing"), None, 1),
    ("customers", is_("failing", True), None, 1),
    ("customers", is_("failing", False), None, 6),
    ("customers", is_("overdue", True), None, 2),  # Acme, Golf
    ("customers", is_("overdue", False), None, 5),
    ("customers", no(is_("overdue", True)), None, 5),
    ("trialing_customers", None, None, 1),
    ("trialing_customers", None, END_OF_OCTOBER, 0),
    ("trialing_customers", GROWTH, None, 1),
    ("trialing_customers", no(GROWTH), None, 0),
    ("trialing_customers", SCALE, None, 0),
    # Who came: Beta at the first moment of October, Golf at that of November.
    ("new_customers", None, SEPTEMBER, 1),
    ("new_customers", None, OCTOBER, 1),
    ("new_customers", None, NOVEMBER, 2),
    ("new_customers", None, over(periods.month(4)), 1),  # India, whom nothing names any more
    ("new_customers", GROWTH, NOVEMBER, 1),
    ("new_customers", no(GROWTH), NOVEMBER, 1),
    ("new_customers", GERMAN, OCTOBER, 1),
    ("new_customers", more("mrr", 5_000), NOVEMBER, 1),
    ("new_customers", both(GROWTH, YEARLY), over(periods.month(3)), 0),
    # Who left: Echo on 20 October, India with its deletion.
    ("churned_customers", None, OCTOBER, 1),
    ("churned_customers", None, NOVEMBER, 1),
    ("churned_customers", None, SEPTEMBER, 0),
    ("churned_customers", STARTER, OCTOBER, 1),
    ("churned_customers", GROWTH, OCTOBER, 0),
    ("churned_customers", no(STARTER), OCTOBER, 0),
    ("churned_customers", more("mrr", 1_000), OCTOBER, 1),
    ("churned_customers", more("mrr", 2_000), OCTOBER, 0),
    ("churned_customers", is_("country", "GB"), OCTOBER, 1),
    ("signups", None, NOVEMBER, 4),  # Delta, Golf, Juliet, Kilo
    ("signups", None, over(periods.month(4)), 0),
    ("signups", AMERICAN, NOVEMBER, 3),
    ("signups", is_("failing", True), NOVEMBER, 1),
    ("signups", is_("status", "trialing"), NOVEMBER, 1),
    # Money: 100 from Acme, 50 from a guest, 20 each from Echo and India; 15 euros went back to Beta.
    ("revenue", None, OCTOBER, {"usd": 19_000, "eur": 7_500}),
    ("revenue", None, SEPTEMBER, {"usd": 12_000}),  # Fox paid in its last microsecond
    ("revenue", None, NOVEMBER, {"usd": 7_000}),
    ("revenue", AMERICAN, OCTOBER, {"usd": 10_000}),
    ("revenue", no(AMERICAN), OCTOBER, {"usd": 9_000, "eur": 7_500}),
    ("revenue", EUROS, OCTOBER, {"eur": 7_500}),
    ("revenue", GROWTH, OCTOBER, {"usd": 10_000, "eur": 7_500}),
    ("revenue", is_("source", "stripe"), OCTOBER, {"usd": 19_000, "eur": 7_500}),
    ("revenue", more("amount", 2_000), OCTOBER, {"usd": 15_000}),
    ("refunds", None, NOVEMBER, {"usd": 3_000}),
    ("refunds", None, OCTOBER, {"eur": 1_500}),  # Echo's failed
    ("refunds", AMERICAN, NOVEMBER, {"usd": 3_000}),
    ("refunds", GERMAN, NOVEMBER, {}),
    ("failed_payments", None, NOVEMBER, 2),
    ("failed_payments", None, OCTOBER, 1),
    ("failed_payments", is_("failure", "card_declined"), NOVEMBER, 1),
    ("failed_payments", no(is_("failure", "card_declined")), NOVEMBER, 1),
    ("failed_payments", is_("country", "FR"), NOVEMBER, 2),
    ("outstanding", None, None, {"usd": 2_500 + 4_000 + 12_000 + 2_000, "eur": 9_000}),
    ("outstanding", None, NOVEMBER, {"usd": 20_500, "eur": 9_000}),
    ("outstanding", AMERICAN, None, {"usd": 16_000}),
    ("outstanding", more("remaining", 4_000), None, {"usd": 12_000}),
    # Overdue: Acme and India by their due date, Golf because an attempt failed; Beta's has neither.
    ("overdue", None, None, {"usd": 2_500 + 4_000 + 2_000}),
    ("overdue", is_("country", "FR"), None, {"usd": 2_500}),
]


@pytest.mark.parametrize(("measure", "filters", "period", "wanted"), FIGURES)
async def test_figures(company: World, measure, filters, period, wanted):
    """Each figure is what the company's papers add up to."""
    assert amount(await company.ask(counting(measure, filters, period))) == wanted


@pytest.mark.parametrize(
    ("measure", "filters", "period", "left_out"),
    [
        ("customers", more("mrr", 10_000), None, 2),
        ("customers", no(more("mrr", 10_000)), None, 2),
        ("customers", more("mrr", 5_000, "eur"), None, 6),
        ("customers", both(GERMAN, more("mrr", 10_000)), None, 1),
        ("mrr", more("mrr", 10_000), None, 2),
        ("mrr", more("mrr", 10_000), END_OF_SEPTEMBER, 1),
        ("churned_customers", more("mrr", 1_000, "eur"), OCTOBER, 1),
        ("new_customers", more("mrr", 1_000), OCTOBER, 1),
        ("customers", GERMAN, None, 0),
    ],
)
async def test_how_many_could_not_be_compared(company: World, measure, filters, period, left_out):
    """A filter on MRR says how many customers that fit all else are billed in other currencies."""
    assert (await company.ask(counting(measure, filters, period))).left_out == left_out


async def test_neither_an_amount_nor_its_opposite_holds_in_another_currency(company: World):
    """Of seven customers three pay more than 99.00 USD, two do not, and two cannot be told."""
    asked = more("mrr", 9_900)
    holds, not_so = [(await company.ask(counting("customers", term))).value for term in (asked, no(asked))]
    assert (holds, not_so) == (3, 2)


@pytest.mark.parametrize(
    ("measure", "name", "period", "wanted"),
    [
        ("mrr", "Fox", None, {"usd": 12_000}),
        ("mrr", "Delta", None, {}),
        ("revenue", "Acme", OCTOBER, {"usd": 10_000}),
        ("outstanding", "Beta", None, {"eur": 9_000}),
        ("failed_payments", "Golf", NOVEMBER, 2),
        ("churned_customers", "Echo", OCTOBER, 1),
    ],
)
async def test_figures_of_one_customer(company: World, measure, name, period, wanted):
    """A plan that names a customer is the figure of that customer alone."""
    plan = counting(measure, None, period, customer=await of(company, name))
    assert amount(await company.ask(plan)) == wanted


async def test_all_but_one_customer(company: World):
    """A payment of nobody is not a payment of Acme either."""
    others = no(is_("customer", await of(company, "Acme")))
    assert amount(await company.ask(counting("revenue", others, OCTOBER))) == {"usd": 9_000, "eur": 7_500}
    assert amount(await company.ask(counting("customers", others))) == 6


@pytest.mark.parametrize(
    ("plan", "now", "before"),
    [
        (
            counting("revenue", None, OCTOBER, compare=Compare.PREVIOUS_PERIOD),
            {"usd": 19_000, "eur": 7_500},
            {"usd": 12_000},
        ),
        (
            counting("mrr", None, OCTOBER, compare=Compare.SAME_PERIOD_LAST_YEAR),
            {"usd": 74_000, "eur": 9_000, "jpy": 30_000},
            {"usd": 10_000},
        ),
        (counting("customers", GERMAN, OCTOBER, compare=Compare.PREVIOUS_PERIOD), 2, 1),
        (counting("churned_customers", None, NOVEMBER, compare=Compare.PREVIOUS_PERIOD), 1, 1),
        (counting("customers", compare=Compare.PREVIOUS_PERIOD, compare_period=END_OF_SEPTEMBER), 7, 6),
        (
            counting("signups", None, over(periods.unit(Grain.WEEK, -1)), compare=Compare.PREVIOUS_PERIOD),
            0,
            2,  # Kilo and Delta
        ),
    ],
)
async def test_comparisons(company: World, plan: Plan, now, before):
    """Both figures of a comparison are those of their own period."""
    compared = await company.ask(plan)
    assert (amount(compared.now), amount(compared.before)) == (now, before)


@pytest.mark.parametrize(("measure", "filters", "period", "wanted"), FIGURES[::7])
async def test_a_plan_read_back_from_json_gives_the_same(company: World, measure, filters, period, wanted):
    """Saved as JSON and read again, a plan is the same plan."""
    plan = counting(measure, filters, period)
    read_back = Plan.model_validate_json(plan.model_dump_json())
    assert amount(await company.ask(read_back)) == wanted
