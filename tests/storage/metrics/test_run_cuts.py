"""The company's figures split by groups and over time; see `company.py`."""

import pytest

from storage.metrics import periods
from storage.metrics.grains import Grain
from storage.metrics.plan import Plan
from tests.storage.metrics.plans import (
    MONTHLY,
    NOVEMBER,
    OCTOBER,
    both,
    counting,
    during,
    groups,
    is_,
    more,
    no,
    of,
    over,
    points,
)
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

NONE = {}


def cut(measure, *by, filters=None, period=None):
    return Plan(measure=measure, by=by, filters=filters, period=period)


@pytest.mark.parametrize(
    ("plan", "wanted"),
    [
        (
            cut("mrr", "plan"),
            {
                "Scale": {"usd": 50_000, "jpy": 30_000},
                "Growth": {"usd": 29_900, "eur": 9_000},
                "Starter": {"usd": 4_500},
            },
        ),
        (
            cut("arr", "interval"),
            {
                "year": {"usd": 12 * 52_000},
                "month": {"usd": 12 * 32_400, "eur": 12 * 9_000, "jpy": 12 * 30_000},
            },
        ),
        (
            cut("mrr", "country"),
            {
                "DE": {"usd": 50_000, "eur": 9_000},
                "US": {"usd": 31_900},
                "FR": {"usd": 2_500},
                "JP": {"jpy": 30_000},
            },
        ),
        (cut("mrr", "currency"), {"usd": {"usd": 84_400}, "eur": {"eur": 9_000}, "jpy": {"jpy": 30_000}}),
        (
            cut("mrr", "plan", "interval", filters=is_("currency", "usd")),
            {
                ("Scale", "year"): {"usd": 50_000},
                ("Growth", "month"): {"usd": 29_900},
                ("Starter", "month"): {"usd": 2_500},
                ("Starter", "year"): {"usd": 2_000},
            },
        ),
        (cut("arpa", "plan", filters=is_("currency", "usd")),
         {"Scale": {"usd": 50_000}, "Growth": {"usd": 9_967}, "Starter": {"usd": 2_250}}),
        (cut("customers", "plan"), {"Growth": 4, "Scale": 2, "Starter": 2}),
        (cut("customers", "interval", filters=is_("plan", "Starter")), {"month": 1, "year": 1}),
        (cut("customers", "plan", filters=no(is_("plan", "Growth"))), {"Scale": 2, "Starter": 1}),
        (cut("customers", "country", filters=more("mrr", 9_900)), {"US": 2, "DE": 1}),
        (cut("customers", "country", period=OCTOBER), {"DE": 2, "US": 2, "JP": 1, None: 1}),
        (cut("trialing_customers", "plan"), {"Growth": 1}),
        (cut("trialing_customers", "country"), {"US": 1}),
        (cut("new_customers", "plan", period=NOVEMBER), {"Growth": 1, "Starter": 1}),
        (cut("new_customers", "country", period=NOVEMBER), {"US": 1, "FR": 1}),
        (cut("new_customers", "currency", period=OCTOBER), {"eur": 1}),
        (cut("churned_customers", "plan", period=OCTOBER), {"Starter": 1}),
        (cut("churned_customers", "country", period=OCTOBER), {"GB": 1}),
        (cut("churned_customers", "country", period=NOVEMBER), {None: 1}),
        (cut("signups", "country", period=NOVEMBER), {"US": 3, "FR": 1}),
        (
            cut("revenue", "country", period=OCTOBER),
            {"US": {"usd": 10_000}, None: {"usd": 7_000}, "GB": {"usd": 2_000}, "DE": {"eur": 7_500}},
        ),
        (cut("revenue", "currency", period=OCTOBER), {"usd": {"usd": 19_000}, "eur": {"eur": 7_500}}),
        (cut("refunds", "country", period=NOVEMBER), {"US": {"usd": 3_000}}),
        (cut("failed_payments", "country", period=NOVEMBER), {"FR": 2}),
        (cut("failed_payments", "currency", period=OCTOBER), {"usd": 1}),
        (
            cut("outstanding", "country"),
            {
                "US": {"usd": 16_000},
                "FR": {"usd": 2_500},
                None: {"usd": 2_000},
                "DE": {"eur": 9_000},
            },
        ),
        (cut("overdue", "currency"), {"usd": {"usd": 8_500}}),
    ],
)  # fmt: skip
async def test_breakdowns(company: World, plan: Plan, wanted):
    """Groups have their figures, the largest in the account's currency first; None is "not known"."""
    found = groups(await company.ask(plan))
    assert found == wanted
    own = [figure.get("usd", 0) if isinstance(figure, dict) else figure for figure in found.values()]
    assert own == sorted(own, reverse=True)


@pytest.mark.parametrize(
    ("measure", "filters", "wanted"),
    [
        # August, September, October, November until now.
        (
            "mrr",
            None,
            [
                {"usd": 26_000, "jpy": 30_000},
                {"usd": 76_000, "jpy": 30_000},
                {"usd": 74_000, "eur": 9_000, "jpy": 30_000},
                {"usd": 84_400, "eur": 9_000, "jpy": 30_000},
            ],
        ),
        ("arr", is_("currency", "eur"), [NONE, NONE, {"eur": 108_000}, {"eur": 108_000}]),
        (
            "arpa",
            is_("plan", "Starter"),
            [{"usd": 2_000}, {"usd": 2_000}, {"usd": 2_000}, {"usd": 2_250}],
        ),
        ("customers", None, [5, 6, 6, 7]),
        ("customers", is_("plan", "Starter"), [3, 3, 2, 2]),
        ("customers", no(is_("plan", "Growth")), [3, 4, 3, 3]),
        ("customers", is_("country", "DE"), [0, 1, 2, 2]),
        ("customers", more("mrr", 10_000), [1, 2, 2, 2]),
        ("customers", both(more("mrr", 10_000), is_("plan", "Growth")), [1, 1, 1, 1]),
        ("customers", is_("status", "active"), [5, 6, 6, 7]),
        ("trialing_customers", None, [0, 0, 0, 1]),
        ("trialing_customers", is_("plan", "Growth"), [0, 0, 0, 1]),
        ("new_customers", None, [0, 1, 1, 2]),
        ("new_customers", is_("plan", "Growth"), [0, 0, 1, 1]),
        ("new_customers", more("mrr", 9_000), [0, 1, 0, 1]),
        ("churned_customers", None, [0, 0, 1, 1]),
        ("churned_customers", is_("plan", "Starter"), [0, 0, 1, 1]),
        ("churned_customers", is_("country", "GB"), [0, 0, 1, 0]),
        ("churned_customers", more("mrr", 1_000), [0, 0, 1, 1]),
        ("signups", None, [0, 1, 1, 4]),
        ("signups", is_("status", "trialing"), [0, 0, 0, 1]),
        ("revenue", None, [NONE, {"usd": 12_000}, {"usd": 19_000, "eur": 7_500}, {"usd": 7_000}]),
        ("revenue", is_("plan", "Growth"), [NONE, {"usd": 12_000}, {"usd": 10_000, "eur": 7_500},
                                           {"usd": 7_000}]),
        ("refunds", is_("country", "US"), [NONE, NONE, NONE, {"usd": 3_000}]),
        ("failed_payments", is_("failure", "card_declined"), [0, 0, 1, 1]),
    ],
)  # fmt: skip
async def test_series(company: World, measure, filters, wanted):
    """Every month has its own figure, with filters as they were at its end; an empty month is there too."""
    series = await company.ask(Plan(measure=measure, filters=filters, **MONTHLY))
    assert [key for key, _ in series.points] == ["2026-08", "2026-09", "2026-10", "2026-11"]
    assert points(series) == wanted


@pytest.mark.parametrize(
    ("grain", "form", "keys", "wanted"),
    [
        (Grain.QUARTER, periods.year(2026), ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"], [2, 2, 1, 3]),
        (Grain.YEAR, periods.since(periods.year(2025)), ["2025", "2026"], [1, 8]),
        (Grain.WEEK, periods.last(2, Grain.WEEK), ["2026-W46", "2026-W47"], [1, 0]),
        (Grain.DAY, periods.between("2026-11-09", "2026-11-11"),
         ["2026-11-09", "2026-11-10", "2026-11-11"], [0, 1, 0]),
    ],
)  # fmt: skip
async def test_grains(company: World, grain, form, keys, wanted):
    """New customers by quarter, year, week and day."""
    series = await company.ask(Plan(measure="new_customers", grain=grain, period=over(form)))
    assert ([key for key, _ in series.points], points(series)) == (keys, wanted)


async def test_a_series_of_one_customer(company: World):
    """Fox alone, month by month."""
    plan = Plan(measure="mrr", customer=await of(company, "Fox"), **MONTHLY)
    assert points(await company.ask(plan)) == [{"usd": 12_000}] * 4


async def test_months_add_up_to_the_whole(company: World):
    """Flows of the months of this year are, summed, the flow of the year."""
    year = over(periods.unit(Grain.YEAR))
    for measure in ("new_customers", "churned_customers", "signups", "failed_payments"):
        whole = await company.ask(counting(measure, None, year))
        parts = await company.ask(Plan(measure=measure, grain=Grain.MONTH, period=year))
        assert sum(points(parts)) == whole.value > 0


async def test_a_filter_on_dates_narrows_a_figure(company: World):
    """MRR of those who signed up in November: Golf and Kilo; Delta and Juliet pay nothing."""
    plan = counting("mrr", during("signed_up", NOVEMBER))
    assert dict((await company.ask(plan)).values) == {"usd": 12_400}
