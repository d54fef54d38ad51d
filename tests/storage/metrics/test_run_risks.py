"""Who may leave soon, and why."""

from datetime import timedelta

import pytest
import pytest_asyncio

from storage.metrics import periods
from storage.metrics.grains import Grain
from storage.metrics.scope import Unanswerable
from storage.records import PaymentStatus, SubscriptionStatus
from tests.storage.metrics.company import day
from tests.storage.metrics.movers import PLANS, buys
from tests.storage.metrics.plans import (
    OCTOBER,
    amount,
    both,
    counting,
    during,
    groups,
    is_,
    listing,
    no,
    over,
)
from tests.world import NOW, World, customer, payment, product

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLED = ("Ann", "Ben", "Cal", "Dee", "Eve", "Fay", "Gus")
RISK, CANCELING = is_("at_risk", True), is_("canceling", True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(shared_world: World) -> World:
    """Ann's card fails and Ann is set to cancel; Ben cancels on 1 December; Cal pays less since 10 November;
    Dee does for longer; Eve's card failed, but Eve has left; Fay only pays; Gus tries and is set to cancel.
    """
    await shared_world.sync(
        *map(product, PLANS), *map(customer, CALLED),
        buys("Ann", "Growth", 10_000, day(1, 1), cancel_at_period_end=True, current_period_end=day(12, 3)),
        payment(1, "Ann", status=PaymentStatus.FAILED),
        buys("Ben", "Scale", 30_000, day(1, 1), cancel_at=day(12, 1)),
        *(
            buy
            for name, until in (("Cal", day(11, 10)), ("Dee", NOW - timedelta(days=31)))
            for buy in (
                buys(name, "Growth", 10_000, day(1, 1)),
                buys(name, "Starter", 2_000, day(1, 1), until, count="2"),
            )
        ),
        buys("Eve", "Growth", 10_000, day(1, 1), day(11, 1)),
        payment(2, "Eve", status=PaymentStatus.FAILED),
        buys("Fay", "Growth", 10_000, day(1, 1)),
        buys("Gus", "Growth", 10_000, day(11, 15), status=SubscriptionStatus.TRIALING,
             trial_start=day(11, 15), trial_end=day(11, 29), cancel_at_period_end=True),
    )  # fmt: skip
    return shared_world


@pytest.mark.parametrize(
    ("measure", "filters", "wanted"),
    [
        ("customers_at_risk", None, 3),
        ("customers_at_risk", is_("plan", "Growth"), 2),
        ("customers_at_risk", CANCELING, 2),
        ("customers_at_risk", no(CANCELING), 1),
        ("upcoming_cancellations", None, 2),
        ("upcoming_cancellations", is_("plan", "Scale"), 1),
        ("customers", RISK, 3),
        ("customers", no(RISK), 2),
        ("customers", is_("at_risk", False), 2),
        ("customers", is_("downgraded", True), 1),
        ("mrr", RISK, {"usd": 50_000}),
        ("failing_customers", None, 2),
    ],
)
async def test_figures(world: World, measure, filters, wanted):
    """Only who pays can be at risk; a downgrade counts for 30 days."""
    assert amount(await world.ask(counting(measure, filters))) == wanted


async def test_they_are_split_by_plan(world: World):
    """At risk by plan."""
    assert groups(await world.ask(counting("customers_at_risk", by=("plan",)))) == {"Growth": 2, "Scale": 1}


async def test_a_list_says_why(world: World):
    """All reasons of each are in a column of their own, which other lists do not have."""
    called = {await world.id_of("customer", f"cus_{name}"): name for name in CALLED}
    table = await world.ask(listing("customer", RISK))
    assert table.columns[-1] == "risks"
    assert {called[row[0].profile_id]: row[-1] for row in table.rows} == {
        "Ann": "failed payment, cancellation scheduled",
        "Ben": "cancellation scheduled",
        "Cal": "downgraded",
    }
    assert "risks" not in (await world.ask(listing("customer"))).columns


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (CANCELING, 2),
        (during("cancels", over(periods.upcoming(9, Grain.DAY))), 1),
        (during("cancels", over(periods.unit(Grain.MONTH, 1))), 2),
        (both(RISK, during("cancels", over(periods.unit(Grain.MONTH, 1)))), 2),
    ],
)
async def test_who_is_set_to_cancel_is_listed(world: World, filters, wanted):
    """By the day on which they will."""
    assert (await world.ask(listing("customer", filters))).total_rows == wanted


async def test_subscriptions_say_when_they_end(world: World):
    """A list of subscriptions shows and filters the end that is scheduled, trials' ends too."""
    table = await world.ask(listing("subscription"))
    ends = [row[table.columns.index("cancels")] for row in table.rows]
    assert sorted(end for end in ends if end)[:2] == [day(12, 1), day(12, 3)]
    assert (await world.ask(listing("subscription", CANCELING))).total_rows == 2


@pytest.mark.parametrize("field", ["at_risk", "canceling", "downgraded"])
async def test_customers_of_the_past_have_no_risks(world: World, field):
    """Nor are customers of an earlier time told apart by them."""
    for plan in (
        counting("customers", is_(field, True), OCTOBER),
        listing("customer", is_(field, True), OCTOBER),
    ):
        with pytest.raises(Unanswerable, match="known for now only"):
            await world.ask(plan)


@pytest.mark.parametrize("measure", ["customers_at_risk", "upcoming_cancellations", "failing_customers"])
async def test_risks_of_the_past_are_not_known(world: World, measure):
    """They are asked for without a period, and not over time."""
    for parts in ({"period": OCTOBER}, {"period": over(periods.year(2026)), "grain": Grain.MONTH}):
        with pytest.raises(Unanswerable, match="known for now only"):
            await world.ask(counting(measure, **parts))
