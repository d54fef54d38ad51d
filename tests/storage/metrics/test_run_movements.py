"""How MRR moved, and the rates that follow from it: a company worked out by hand (`movers.py`)."""

import pytest
import pytest_asyncio

from storage.metrics import periods
from storage.metrics.figures import ProfileRef
from storage.metrics.plan import Compare, Order, Plan
from storage.metrics.scope import Unanswerable
from tests.storage.metrics import movers
from tests.storage.metrics.plans import (
    END_OF_SEPTEMBER,
    MONTHLY,
    NOVEMBER,
    OCTOBER,
    SEPTEMBER,
    amount,
    both,
    counting,
    during,
    groups,
    is_,
    listing,
    more,
    no,
    one_of,
    over,
    points,
)
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROWTH, SCALE, STARTER = (is_("plan", name) for name in ("Growth", "Scale", "Starter"))
GERMAN, DOLLARS = is_("country", "DE"), is_("currency", "usd")
JUNE = over(periods.month(6))
END_OF_JUNE = over(periods.end_of(periods.month(6)))
NONE = {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(shared_world: World) -> World:
    await movers.found(shared_world)
    return shared_world


def usd(whole):
    return {"usd": whole * 100}


@pytest.mark.parametrize(
    ("measure", "filters", "period", "wanted"),
    [
        ("net_new_mrr", None, OCTOBER, {"usd": -3_000, "eur": 4_000}),
        ("net_new_mrr", DOLLARS, OCTOBER, usd(-30)),
        ("net_new_mrr", None, SEPTEMBER, NONE),
        ("new_mrr", None, OCTOBER, {"usd": 6_000, "eur": 4_000}),
        ("expansion_mrr", None, OCTOBER, usd(20)),
        ("contraction_mrr", None, OCTOBER, usd(50)),
        ("churned_mrr", None, OCTOBER, usd(180)),
        ("reactivation_mrr", None, OCTOBER, usd(120)),
        ("reactivation_mrr", None, NOVEMBER, usd(80)),
        # A movement is of the largest subscription then, of a churn of the one that was left.
        ("expansion_mrr", GROWTH, OCTOBER, usd(20)),
        ("expansion_mrr", STARTER, OCTOBER, NONE),
        ("contraction_mrr", SCALE, OCTOBER, usd(50)),
        ("churned_mrr", GROWTH, OCTOBER, usd(180)),
        ("churned_mrr", GERMAN, OCTOBER, usd(80)),
        ("new_mrr", is_("interval", "year"), OCTOBER, {"eur": 4_000}),
        ("new_mrr", no(GROWTH), OCTOBER, {"eur": 4_000}),
        ("net_new_mrr", is_("movement_type", "new"), OCTOBER, {"usd": 6_000, "eur": 4_000}),
        ("net_new_mrr", one_of("movement_type", "churn", "contraction"), OCTOBER, usd(-230)),
        ("net_new_mrr", more("amount", 5_000), OCTOBER, usd(60 + 120)),
        ("upgrades", None, OCTOBER, 1),
        ("downgrades", None, OCTOBER, 1),
        ("downgrades", GERMAN, OCTOBER, 1),
        ("reactivations", None, OCTOBER, 1),
        ("reactivations", None, over(periods.year(2026)), 2),
        ("new_customers", None, OCTOBER, 2),
        ("churned_customers", None, OCTOBER, 2),
        # Of the four that paid before October, Cal and Fay do not at its end.
        ("customer_churn_rate", None, OCTOBER, 0.5),
        ("customer_churn_rate", None, SEPTEMBER, 0),
        ("customer_churn_rate", None, JUNE, 0.2),  # Eve of five
        ("customer_churn_rate", GROWTH, OCTOBER, 2 / 3),
        ("customer_churn_rate", no(GROWTH), OCTOBER, 0),  # Ben
        ("customer_churn_rate", GERMAN, OCTOBER, 0.5),
        ("customer_churn_rate", more("mrr", 9_000), OCTOBER, 1 / 3),
        ("customer_churn_rate", is_("currency", "eur"), OCTOBER, NONE),  # nobody paid euros before
        ("customer_churn_rate", None, over(periods.year(2025)), NONE),
        ("customer_retention_rate", None, OCTOBER, 0.5),
        ("customer_retention_rate", None, NOVEMBER, 1),
        ("nrr", None, OCTOBER, {"usd": (120 + 300) / 630}),
        ("nrr", None, NOVEMBER, {"usd": 1, "eur": 1}),
        ("nrr", DOLLARS, NOVEMBER, {"usd": 1}),
        ("nrr", no(DOLLARS), NOVEMBER, {"eur": 1}),
        ("nrr", GROWTH, OCTOBER, {"usd": 120 / 280}),  # Ann's 100.00 became 120.00, whatever the plan
        ("nrr", STARTER, OCTOBER, {"usd": 300 / 350}),  # Ben, all that he pays
        ("grr", None, OCTOBER, {"usd": (100 + 300) / 630}),
        ("grr", None, NOVEMBER, {"usd": 1, "eur": 1}),
        ("gross_mrr_churn_rate", None, OCTOBER, {"usd": 230 / 630}),
        ("net_mrr_churn_rate", None, OCTOBER, {"usd": 210 / 630}),
        ("quick_ratio", None, OCTOBER, {"usd": 200 / 230}),  # in euros nothing was lost
        # 680.00 of five in dollars, 40.00 of one in euros; a half of one month's customers lost in three.
        ("ltv", None, None, {"usd": 13_600 * 6, "eur": 4_000 * 6}),
        ("ltv", None, END_OF_JUNE, {"usd": 15_750 * 15}),
        ("ltv", DOLLARS, None, {"usd": 13_600 * 6}),
        ("ltv", GERMAN, None, {"usd": 19_000 * 6}),
        ("ltv", GROWTH, None, usd(405)),  # 90.00 of what they pay on Growth; two of three lost in October
        ("trials_started", None, OCTOBER, 3),
        ("trials_ended", None, OCTOBER, 3),
        ("trials_ended", None, NOVEMBER, 0),
        ("trials_converted", None, OCTOBER, 1),
        ("trial_conversion_rate", None, OCTOBER, 1 / 3),
        ("trial_conversion_rate", None, NOVEMBER, NONE),
        ("trial_conversion_rate", STARTER, OCTOBER, NONE),
        ("subscriptions", None, None, 7),
        ("subscriptions", STARTER, None, 2),
        ("subscriptions", None, END_OF_SEPTEMBER, 5),
    ],
)  # fmt: skip
async def test_figures(world: World, measure, filters, period, wanted):
    """Each figure is what the hand gives; a ratio of nothing is none."""
    found = amount(await world.ask(counting(measure, filters, period)))
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("measure", "by", "wanted"),
    [
        ("net_new_mrr", "movement_type", {
            "new": {"usd": 6_000, "eur": 4_000}, "expansion": usd(20), "reactivation": usd(120),
            "contraction": usd(-50), "churn": usd(-180),
        }),
        ("net_new_mrr", "plan", {"Growth": usd(20 + 60 + 120 - 180), "Scale": usd(-50),
                                 "Starter": {"eur": 4_000}}),
        ("churned_mrr", "country", {"US": usd(100), "DE": usd(80)}),
        ("churned_mrr", "interval", {"month": usd(180)}),
        ("churned_mrr", "source", {"stripe": usd(180)}),
        ("new_mrr", "currency", {"usd": usd(60), "eur": {"eur": 4_000}}),
        ("upgrades", "plan", {"Growth": 1}),
        ("customer_churn_rate", "plan", {"Growth": 2 / 3, "Scale": 0, "Starter": 0}),
        ("customer_churn_rate", "country", {"US": 0.5, "DE": 0.5}),
        ("customer_churn_rate", "currency", {"usd": 0.5}),
        ("customer_churn_rate", "source", {"stripe": 0.5}),
        ("nrr", "plan", {"Growth": {"usd": 120 / 280}, "Scale": {"usd": 300 / 350},
                         "Starter": {"usd": 300 / 350}}),
        ("nrr", "country", {"US": {"usd": 120 / 200}, "DE": {"usd": 300 / 430}}),
        ("grr", "currency", {"usd": {"usd": 400 / 630}}),
        ("quick_ratio", "country", {"US": {"usd": 200 / 100}, "DE": {"usd": 0}, "GB": NONE}),
        ("trial_conversion_rate", "plan", {"Growth": 1 / 3}),
        ("trials_ended", "country", {"US": 3}),
        ("subscriptions", "plan", {"Growth": 3, "Starter": 2, "Scale": 1}),
        ("ltv", "country", {"US": usd((120 + 60 + 120) // 3 * 6), "DE": usd(300 * 6)}),
        ("mrr", "mrr_band", {"100 to 500": usd(540), "50 to 100": usd(60), None: {"eur": 4_000}}),
        ("customers", "mrr_band", {"100 to 500": 3, "50 to 100": 1, None: 1}),
    ],
)  # fmt: skip
async def test_breakdowns_of_october(world: World, measure, by, wanted):
    """Each figure by a dimension; a movement belongs to one group alone, so that groups add up."""
    found = groups(await world.ask(counting(measure, None, OCTOBER, by=(by,))))
    assert {key: pytest.approx(value) for key, value in found.items()} == wanted


@pytest.mark.parametrize(
    ("measure", "wanted"),
    [
        # August, September, October, November until now.
        ("net_new_mrr", [NONE, NONE, {"usd": -3_000, "eur": 4_000}, usd(80)]),
        ("customer_churn_rate", [0, 0, 0.5, 0]),
        ("nrr", [{"usd": 1}, {"usd": 1}, {"usd": 420 / 630}, {"usd": 1, "eur": 1}]),
        ("grr", [{"usd": 1}, {"usd": 1}, {"usd": 400 / 630}, {"usd": 1, "eur": 1}]),
        ("quick_ratio", [NONE, NONE, {"usd": 200 / 230}, NONE]),
        ("trial_conversion_rate", [NONE, NONE, 1 / 3, NONE]),
        ("trials_started", [0, 0, 3, 0]),
        ("subscriptions", [5, 5, 6, 7]),
        # August looks back on June, when a fifth was lost; September on months without a loss.
        ("ltv", [{"usd": 15_750 * 15}, NONE, {"usd": 90_000, "eur": 24_000},
                 {"usd": 81_600, "eur": 24_000}]),
    ],
)  # fmt: skip
async def test_series(world: World, measure, wanted):
    """Month by month, each with the cohort that it began with, in one statement (two for lifetime value)."""
    found = points(await world.ask(Plan(measure=measure, **MONTHLY)))
    assert [pytest.approx(point) for point in found] == wanted


async def test_a_rate_beside_the_one_before(world: World):
    """Rates are compared like any figure; with the same month last year, when nobody paid, there is none."""
    plan = counting("customer_churn_rate", None, OCTOBER, compare=Compare.PREVIOUS_PERIOD)
    pair = await world.ask(plan)
    assert (pair.now.value, pair.before.value) == (0.5, 0)
    year_before = plan.model_copy(update={"compare": Compare.SAME_PERIOD_LAST_YEAR})
    assert amount((await world.ask(year_before)).before) == NONE


@pytest.mark.parametrize("period", [END_OF_SEPTEMBER, over(periods.end_of(periods.month(2)))])
async def test_no_lifetime_value_without_a_loss(world: World, period):
    """Where no customer was lost in three months, or none was there, the answer is that history is short."""
    with pytest.raises(Unanswerable, match="not enough history"):
        await world.ask(counting("ltv", None, period))


async def test_movements_are_listed(world: World):
    """Who moved, how, by how much and when, the latest first, losses below 0."""
    table = await world.ask(listing("movement", None, OCTOBER))
    called = {await world.id_of("customer", f"cus_{name}"): name for name in movers.NAMES}
    rows = [(row[4].day, called[row[0].profile_id], *row[1:4], row[5]) for row in table.rows]
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)
    assert sorted(rows) == [
        (5, "Dee", "new", 4_000, "eur", "Starter"),
        (10, "Ann", "expansion", 2_000, "usd", "Growth"),
        (12, "Ben", "contraction", -5_000, "usd", "Scale"),
        (15, "Eve", "reactivation", 12_000, "usd", "Growth"),
        (15, "Gus", "new", 6_000, "usd", "Growth"),
        (20, "Cal", "churn", -10_000, "usd", "Growth"),
        (25, "Fay", "churn", -8_000, "usd", "Growth"),
    ]


@pytest.mark.parametrize(
    ("plan", "wanted"),
    [
        (listing("movement", is_("movement_type", "churn"), OCTOBER), 2),
        (listing("movement", both(is_("movement_type", "churn"), GERMAN), OCTOBER), 1),
        (listing("movement", GROWTH, OCTOBER), 5),
        (listing("movement"), 15),
        (listing("movement", more("amount", 5_000), OCTOBER, order=Order(field="amount")), 2),
    ],
)
async def test_lists_of_movements(world: World, plan, wanted):
    """They are filtered by type, plan, country and amount; without a period all up to now are there."""
    table = await world.ask(plan)
    assert table.total_rows == wanted
    assert all(isinstance(row[0], ProfileRef) for row in table.rows)


@pytest.mark.parametrize(
    ("measure", "field", "wanted"),
    [
        ("upgraded_customers", "expanded", ["Ann"]),
        ("downgraded_customers", "downsized", ["Ben"]),
        ("reactivated_customers", "reactivated", ["Eve"]),
    ],
)
async def test_customers_that_moved_are_counted_and_listed_alike(world: World, measure, field, wanted):
    """Who moved is as many as are counted, each once."""
    called = {(await world.id_of("customer", f"cus_{name}")): name for name in movers.NAMES}
    table = await world.ask(listing("customer", during(field, OCTOBER), OCTOBER))
    assert [called[row[0].profile_id] for row in table.rows] == wanted
    assert amount(await world.ask(counting(measure, None, OCTOBER))) == len(wanted)


@pytest.mark.parametrize(
    ("field", "measure", "wanted"),
    [
        ("trial_started", "trials_started", {"Gus", "Hal", "Ida"}),
        ("trial_ended", "trials_ended", {"Gus", "Hal", "Ida"}),
        ("trial_converted", "trials_converted", {"Gus"}),
    ],
)
async def test_trials_are_counted_and_listed_alike(world: World, field, measure, wanted):
    """Trials that began, ended or were converted in a time are listed as they are counted."""
    called = {(await world.id_of("customer", f"cus_{name}")): name for name in movers.NAMES}
    table = await world.ask(listing("subscription", during(field, OCTOBER)))
    assert {called[row[0].profile_id] for row in table.rows} == wanted
    assert amount(await world.ask(counting(measure, None, OCTOBER))) == len(wanted)


async def test_trials_that_were_not_converted(world: World):
    """Ended and not converted are those that ran out."""
    called = {(await world.id_of("customer", f"cus_{name}")): name for name in movers.NAMES}
    ended, converted = during("trial_ended", OCTOBER), during("trial_converted", OCTOBER)
    table = await world.ask(listing("subscription", both(ended, no(converted))))
    assert {called[row[0].profile_id] for row in table.rows} == {"Hal", "Ida"}
