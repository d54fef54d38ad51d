"""The examples that Stripe, ChartMogul and Baremetrics publish for their definitions, worked as there.

Where a definition of ours differs from one of theirs, the test says in what.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from storage.metrics import periods
from storage.metrics.figures import Breakdown, Figures, Number
from storage.metrics.grains import Grain
from storage.metrics.plan import Period, Plan
from storage.records import Discount, DiscountDuration, Interval, Item, Subscription, SubscriptionStatus
from tests.storage.metrics.plans import OCTOBER, amount, counting, groups, over
from tests.world import NOW, World, customer, price, product, subscription

TRIALING, CANCELED = SubscriptionStatus.TRIALING, SubscriptionStatus.CANCELED
BEFORE = datetime(2026, 9, 15, tzinfo=UTC)


def october(day: int) -> datetime:
    return datetime(2026, 10, day, tzinfo=UTC)


def buys(
    of: str, cents: int, since: datetime, until: datetime | None = None, *, plan: str = "Plan", **fields: Any
) -> Subscription:
    """A subscription of `cents` a month, until it ended."""
    interval, quantity = fields.pop("interval", Interval.MONTH), fields.pop("quantity", 1)
    bought = price(plan, cents, interval=interval)
    number = f"{of}_{plan}_{since:%m%d}_{interval}"
    ended = {} if until is None else {"status": CANCELED, "canceled_at": until, "ended_at": until}
    return subscription(
        of,
        of_price=bought,
        id=f"sub_{number}",
        items=(Item(id=f"si_{number}", price=bought, quantity=quantity),),
        created_at=since,
        started_at=since,
        **{**ended, **fields},
    )


async def figure(world: World, measure: str, period: Period | None = None) -> object:
    found = await world.ask(counting(measure, None, period))
    assert isinstance(found, Number)
    return amount(found)


async def test_monthly_and_yearly_subscribers_add_up(world: World):
    """100 who pay 100 a month and 50 who pay 600 a year are an MRR of 12,500.

    https://docs.stripe.com/billing/subscriptions/analytics/glossary (Monthly Recurring Revenue)
    """
    monthly = [f"M{number}" for number in range(100)]
    yearly = [f"Y{number}" for number in range(50)]
    await world.sync(
        product("Plan"),
        *map(customer, (*monthly, *yearly)),
        *(buys(name, 10_000, BEFORE) for name in monthly),
        *(buys(name, 60_000, BEFORE, interval=Interval.YEAR) for name in yearly),
    )
    assert await figure(world, "mrr") == {"usd": 1_250_000}
    assert await figure(world, "customers") == 150


async def test_a_year_a_discount_and_a_trial(world: World):
    """1,200 a year count 100 a month; half off forever halves them; a trial counts nothing.

    https://support.stripe.com/questions/billing-analytics (How do you calculate MRR?). There a coupon that
    repeats leaves MRR as it is; here it lowers it for as long as it runs.
    """
    half = Discount(duration=DiscountDuration.FOREVER, percent_off=Decimal(50))
    running = Discount(
        duration=DiscountDuration.REPEATING, percent_off=Decimal(50), starts_at=BEFORE,
        ends_at=NOW + timedelta(days=9),
    )  # fmt: skip
    await world.sync(
        product("Plan"),
        *map(customer, "ABCD"),
        buys("A", 120_000, BEFORE, interval=Interval.YEAR),
        buys("B", 120_000, BEFORE, interval=Interval.YEAR, discounts=(half,)),
        buys("C", 10_000, BEFORE, status=TRIALING, trial_start=BEFORE, trial_end=NOW + timedelta(days=9)),
        buys("D", 10_000, BEFORE, discounts=(running,)),
    )
    mrr = [
        amount(
            await world.ask(Plan(measure="mrr", customer=(await world.id_of("customer", f"cus_{c}")).hex()))
        )
        for c in "ABCD"
    ]
    assert mrr == [{"usd": 10_000}, {"usd": 5_000}, {}, {"usd": 5_000}]


async def test_the_life_of_a_customer_in_movements(world: World):
    """Four yearly Gold plans of 500, two monthly Silver of 30 more, Silver ends, Gold ends, three monthly
    Gold of 50: new 166.67, expansion 60, contraction 60, churn 166.67, reactivation 150.

    https://help.chartmogul.com/hc/en-us/articles/201244842 (Syncalytics)
    """
    gold_ends, back = datetime(2026, 10, 1, 12, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)
    start = datetime(2025, 10, 1, 12, tzinfo=UTC)
    await world.sync(
        product("Gold"), product("Silver"), customer("Syncalytics"),
        buys("Syncalytics", 50_000, start, gold_ends, plan="Gold", interval=Interval.YEAR, quantity=4),
        buys("Syncalytics", 3_000, start + timedelta(days=4), start + timedelta(days=18), plan="Silver",
             quantity=2),
        buys("Syncalytics", 5_000, back, plan="Gold", quantity=3),
    )  # fmt: skip
    ever = over(periods.since(periods.year(2025)))
    moved = await world.ask(counting("net_new_mrr", None, ever, by=("movement_type",)))
    assert isinstance(moved, Breakdown)
    assert groups(moved) == {
        "new": {"usd": 16_667}, "reactivation": {"usd": 15_000}, "expansion": {"usd": 6_000},
        "contraction": {"usd": -6_000}, "churn": {"usd": -16_667},
    }  # fmt: skip
    assert await figure(world, "mrr") == {"usd": 15_000}


async def test_rates_of_mrr_lost(world: World):
    """Of 100 at the start 10 are lost to churn and 10 to contraction, another customer pays 10 more: 20%
    gross and 10% net MRR churn.

    https://help.chartmogul.com/hc/en-us/articles/203359341 and
    https://help.chartmogul.com/hc/en-us/articles/4414075567250 (Standard formula). There a reactivation
    lowers the net rate; here it does not, as who came back was not there at the start.
    """
    await world.sync(
        product("Plan"), product("Extra"), *map(customer, "ABCDN"),
        buys("A", 1_000, BEFORE, october(10)),
        buys("B", 2_000, BEFORE), buys("B", 1_000, BEFORE, october(12), plan="Extra"),
        buys("C", 3_000, BEFORE), buys("C", 1_000, october(14), plan="Extra"),
        buys("D", 3_000, BEFORE),
        buys("N", 7_000, october(20)),
    )  # fmt: skip
    assert await figure(world, "gross_mrr_churn_rate", OCTOBER) == {"usd": pytest.approx(0.2)}
    assert await figure(world, "net_mrr_churn_rate", OCTOBER) == {"usd": pytest.approx(0.1)}
    assert await figure(world, "nrr", OCTOBER) == {"usd": pytest.approx(0.9)}
    assert await figure(world, "grr", OCTOBER) == {"usd": pytest.approx(0.8)}
    assert await figure(world, "new_mrr", OCTOBER) == {"usd": 7_000}


async def test_user_churn_of_those_that_were_there(world: World):
    """5% user churn: of the 20 customers at the start of the period 1 has cancelled; who came and went within
    it was not there.

    https://help.baremetrics.com/en/articles/5380347-user-and-revenue-churn (User Churn). Stripe adds new
    subscribers to the divisor (https://support.stripe.com/questions/calculating-churn-rate-in-billing); here,
    as at Baremetrics and ChartMogul, it is who was there.
    """
    there = [f"T{number}" for number in range(20)]
    await world.sync(
        product("Plan"), *map(customer, (*there, "Brief", "New")),
        buys("T0", 1_000, BEFORE, october(9)),
        *(buys(name, 1_000, BEFORE) for name in there[1:]),
        buys("Brief", 1_000, october(3), october(20)), buys("New", 1_000, october(5)),
    )  # fmt: skip
    assert await figure(world, "customer_churn_rate", OCTOBER) == pytest.approx(0.05)
    assert await figure(world, "churned_customers", OCTOBER) == 2  # Brief, too, was lost in October


async def test_one_of_two_subscriptions_cancelled_is_no_churn(world: World):
    """A customer with two subscriptions who cancels one is downgraded; with the second one it has churned.

    https://support.stripe.com/questions/calculating-churn-rate-in-billing (What Qualifies as Churn)
    """
    await world.sync(
        product("Plan"), product("Extra"), customer("A"),
        buys("A", 1_000, BEFORE, october(25)), buys("A", 400, BEFORE, october(10), plan="Extra"),
    )  # fmt: skip
    first_half = OCTOBER.model_copy(update={"end": october(15)})
    assert await figure(world, "churned_customers", first_half) == 0
    assert await figure(world, "contraction_mrr", first_half) == {"usd": 400}
    assert await figure(world, "churned_customers", OCTOBER) == 1
    assert await figure(world, "churned_mrr", OCTOBER) == {"usd": 1_000}


async def test_lifetime_value(world: World):
    """100 a month each and 5% of customers lost a month are a lifetime value of 2,000.

    https://help.chartmogul.com/hc/en-us/articles/203359061 (with an average of six months there) and
    https://help.baremetrics.com/know-your-metrics/lifetime-value; here the average is of three full months.
    """
    names = [f"C{number}" for number in range(21)]
    months = (datetime(2026, month, 10, tzinfo=UTC) for month in (8, 9, 10))
    await world.sync(
        product("Plan"),
        *map(customer, names),
        *(buys(name, 10_000, datetime(2026, 7, 1, tzinfo=UTC)) for name in names[1:20]),
        # Each month begins with twenty: one leaves, another comes.
        *(
            buys(name, 10_000, since, until)
            for name, since, until in zip(
                ("C0", "C20", "New"),
                (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 20, tzinfo=UTC),
                 datetime(2026, 9, 20, tzinfo=UTC)),
                months, strict=True,
            )
        ),
        customer("New"),
    )  # fmt: skip
    monthly = counting("customer_churn_rate", None, over(periods.last(3, Grain.MONTH)), grain=Grain.MONTH)
    found: Figures = await world.ask(monthly)
    assert [number.value for _, number in getattr(found, "points", ())] == [pytest.approx(0.05)] * 3
    assert await figure(world, "arpa") == {"usd": 10_000}
    assert await figure(world, "ltv") == {"usd": 200_000}


async def test_half_of_ten_trials_converted(world: World):
    """10 trials of which 5 became paying customers are a conversion rate of 50%.

    https://help.chartmogul.com/hc/en-us/articles/115000865205 counts the trials that began in the month; here
    it is those that ended in it, so that a month's rate is settled when the month is over.
    """
    names = [f"T{number}" for number in range(10)]
    trial = {"trial_start": october(1), "trial_end": october(15)}
    await world.sync(
        product("Plan"),
        *map(customer, names),
        *(buys(name, 1_000, october(1), **trial) for name in names[:5]),
        *(buys(name, 1_000, october(1), october(15), **trial) for name in names[5:]),
    )
    assert await figure(world, "trials_started", OCTOBER) == 10
    assert await figure(world, "trial_conversion_rate", OCTOBER) == 0.5
