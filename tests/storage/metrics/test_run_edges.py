"""Figures at the edges: nothing there, moments of change, amounts beyond measure, a slow database."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import event, insert, update
from sqlalchemy.exc import DBAPIError

from bot.cache import AccountCache, CacheUnreachable
from storage import models
from storage.metrics import catalog, periods, run
from storage.metrics.catalog import Span, Unit
from storage.metrics.figures import Number
from storage.metrics.grains import Grain
from storage.metrics.plan import Plan
from storage.metrics.scope import Asking, Unanswerable
from storage.records import Customer, Item, SubscriptionStatus
from tests.storage.metrics.company import day
from tests.storage.metrics.plans import (
    END_OF_OCTOBER,
    NOVEMBER,
    OCTOBER,
    amount,
    both,
    counting,
    during,
    is_,
    listing,
    more,
    no,
    over,
    points,
)
from tests.world import NOW, World, customer, gone, payment, price, product, subscription

YEAR = over(periods.unit(Grain.YEAR))


def _plans(metric):
    """A metric in each of its shapes, with and without filters."""
    period = YEAR if metric.span is Span.FLOW else None
    for filters in (None, both(is_("country", "US"), no(is_("plan", "Growth")), more("mrr", 5))):
        yield counting(metric.name, filters, period)
        for dimension in metric.dimensions:
            yield counting(metric.name, filters, period, by=(dimension,))
        if not metric.only_now:
            yield counting(metric.name, filters, YEAR, grain=Grain.MONTH)


async def test_nothing_at_all(world: World):
    """An account without data has zeros, empty groups and lists, and months of zero; no question fails."""
    for metric in catalog.METRICS.values():
        zero = 0 if metric.unit is Unit.COUNT else {}
        for plan in _plans(metric):
            found = await world.ask(plan)
            if isinstance(found, Number):
                assert amount(found) == zero, plan
            elif plan.grain is not None:
                assert points(found) == [zero] * 11, plan
            else:
                assert found.groups == (), plan
    for entity in catalog.ENTITIES:
        table = await world.ask(listing(entity))
        assert (table.rows, table.total_rows, table.left_out) == ((), 0, 0)


async def test_a_plan_costs_a_fixed_number_of_statements(world: World):
    """A year by the day is one statement, as is one number: no query in a loop."""
    statements = []
    engine = world.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))

    async def cost(plan):
        statements.clear()
        await world.ask(plan)
        return sum("FROM" in statement for statement in statements)

    assert await cost(counting("mrr")) == 1
    assert await cost(counting("mrr", None, YEAR, grain=Grain.DAY)) == 1
    assert await cost(counting("revenue", None, YEAR, grain=Grain.DAY)) == 2
    await world.sync(product("Growth"), *map(customer, "ABCDEFGH"), *map(subscription, "ABCDEFGH"))
    assert await cost(listing("customer", limit=2)) == await cost(listing("customer", limit=1)) == 5
    assert await cost(listing("customer", is_("plan", "Growth"))) == 4


async def test_ten_rows_unless_the_plan_says_otherwise(world: World):
    """No limit means ten rows of all that there are; 1,000 is the most that a plan may ask for."""
    await world.sync(customer("Acme"), *(payment(number, "Acme") for number in range(12)))
    table = await world.ask(Plan(entity="payment"))
    assert (len(table.rows), table.total_rows) == (10, 12)
    assert len((await world.ask(Plan(entity="payment", limit=1000))).rows) == 12
    with pytest.raises(ValueError, match="1000"):
        Plan(entity="payment", limit=1001)


async def test_a_trial_that_converts(world: World):
    """It is on trial until it pays; then it is a new customer of that day, with its trial in the past."""
    trial = subscription(
        "Acme",
        status=SubscriptionStatus.TRIALING,
        created_at=day(10, 10),
        started_at=day(10, 10),
        trial_start=day(10, 10),
        trial_end=day(11, 10),
    )
    await world.sync(product("Growth"), customer("Acme"), trial, at=day(10, 12))
    assert amount(await world.ask(counting("trialing_customers"), now=day(10, 20))) == 1
    assert amount(await world.ask(counting("mrr"), now=day(10, 20))) == {}
    paying = msgspec.structs.replace(trial, status=SubscriptionStatus.ACTIVE)
    await world.sync(paying, at=day(11, 10, 1))
    assert amount(await world.ask(counting("trialing_customers"))) == 0
    assert amount(await world.ask(counting("trialing_customers", None, END_OF_OCTOBER))) == 1
    assert amount(await world.ask(counting("mrr"))) == {"usd": 10_000}
    assert amount(await world.ask(counting("customers", None, END_OF_OCTOBER))) == 0
    assert amount(await world.ask(counting("new_customers", None, OCTOBER))) == 0
    assert amount(await world.ask(counting("new_customers", None, NOVEMBER))) == 1
    assert amount(await world.ask(counting("new_customers", is_("plan", "Growth"), NOVEMBER))) == 1


async def test_a_change_that_was_seen_divides_before_and_after(world: World):
    """An upgrade counts from the moment it was seen; the past keeps what was paid then."""
    await world.sync(product("Growth"), product("Scale"), customer("Acme"), subscription("Acme"),
                     at=day(9, 1))  # fmt: skip
    await world.sync(subscription("Acme", of_price=price("Scale", 25_000)), at=day(10, 15, 8))
    by_plan = counting("mrr", None, OCTOBER, by=("plan",))
    assert {key: amount(n) for key, n in (await world.ask(by_plan)).groups} == {("Scale",): {"usd": 25_000}}
    daily = counting("mrr", None, over(periods.between("2026-10-14", "2026-10-16")), grain=Grain.DAY)
    assert points(await world.ask(daily)) == [{"usd": 10_000}, {"usd": 25_000}, {"usd": 25_000}]
    assert amount(await world.ask(counting("new_customers", None, OCTOBER))) == 0


@pytest.mark.parametrize(
    ("starts", "october", "november"),
    [
        (day(11, 1) - timedelta(microseconds=1), 1, 0),
        (day(11, 1), 0, 1),
    ],
)
async def test_midnight_belongs_to_the_day_that_begins(world: World, starts, october, november):
    """A subscription that starts exactly at midnight of the first is of the new month, in every figure."""
    await world.sync(
        product("Growth"),
        customer("Acme", created_at=starts),
        subscription("Acme", started_at=starts, created_at=starts),
        payment(1, "Acme", created_at=starts),
    )
    for metric, zero, one in (
        ("new_customers", 0, 1),
        ("signups", 0, 1),
        ("revenue", {}, {"usd": 10_000}),
    ):
        figures = [amount(await world.ask(counting(metric, None, p))) for p in (OCTOBER, NOVEMBER)]
        assert figures == [one if october else zero, one if november else zero]
    for period in (OCTOBER, END_OF_OCTOBER):
        assert amount(await world.ask(counting("customers", None, period))) == october


async def test_an_end_at_midnight_is_of_the_day_that_begins(world: World):
    """Ended exactly at midnight of 1 November: paying in October, lost in November."""
    ended = subscription("Acme", status=SubscriptionStatus.CANCELED, ended_at=day(11, 1))
    await world.sync(product("Growth"), customer("Acme"), ended)
    assert amount(await world.ask(counting("customers", None, OCTOBER))) == 1
    assert amount(await world.ask(counting("churned_customers", None, OCTOBER))) == 0
    assert amount(await world.ask(counting("churned_customers", None, NOVEMBER))) == 1


async def test_who_left_and_came_back_is_not_lost(world: World):
    """A churn with a reactivation in the same month is no lost customer of that month."""
    await world.sync(
        product("Growth"),
        customer("Acme"),
        subscription("Acme", status=SubscriptionStatus.CANCELED, ended_at=day(10, 10)),
        subscription("Acme", id="sub_2", started_at=day(10, 20)),
    )
    assert amount(await world.ask(counting("churned_customers", None, OCTOBER))) == 0
    until_the_15th = over(periods.between("2026-10-01", "2026-10-15"))
    assert amount(await world.ask(counting("churned_customers", None, until_the_15th))) == 1
    assert amount(await world.ask(counting("new_customers", None, OCTOBER))) == 0


async def test_one_customer_in_two_currencies(world: World):
    """It is one customer; each currency has its own total, and an amount is compared in its own."""
    euros = price("Growth", 7_000, currency="eur")
    await world.sync(
        product("Growth"), customer("Acme"), subscription("Acme"),
        subscription("Acme", id="sub_2", of_price=euros),
    )  # fmt: skip
    assert amount(await world.ask(counting("customers"))) == 1
    assert amount(await world.ask(counting("arpa"))) == {"usd": 10_000, "eur": 7_000}
    compared = await world.ask(counting("customers", both(more("mrr", 6_000, "eur"), more("mrr", 9_000))))
    assert (compared.value, compared.left_out) == (1, 0)
    assert (await world.ask(counting("customers", more("mrr", 8_000, "eur")))).value == 0


async def test_a_free_subscription_is_neither_customer_nor_trial(world: World):
    """A price of nothing, or one that is wholly discounted, pays nothing and tries nothing."""
    await world.sync(
        product("Growth"), customer("Acme"), subscription("Acme", of_price=price(amount=0)),
    )  # fmt: skip
    for metric in ("customers", "trialing_customers"):
        assert amount(await world.ask(counting(metric))) == 0
    assert (await world.ask(listing("customer"))).total_rows == 0
    assert (await world.ask(listing("subscription"))).total_rows == 1


class TestDeletedCustomer:
    """What a customer deleted at the source leaves."""

    @pytest.fixture
    async def world(self, world: World) -> World:
        await world.sync(
            product("Growth"),
            customer("Acme", created_at=day(9, 1)),
            customer("Beta", created_at=day(9, 1)),
            subscription("Acme", started_at=day(9, 1)),
            subscription("Beta", started_at=day(9, 1)),
            payment(1, "Acme", created_at=day(10, 5)),
            at=day(10, 1),
        )
        await world.sync(gone(Customer, "cus_Acme", at=day(11, 10)))
        return world

    async def test_past_figures_stay(self, world: World):
        """MRR, new and lost customers and revenue of the past are as they were."""
        september = over(periods.month(9))
        wanted = {
            ("mrr", None): {"usd": 10_000},
            ("mrr", END_OF_OCTOBER): {"usd": 20_000},
            ("customers", END_OF_OCTOBER): 2,
            ("new_customers", september): 2,
            ("churned_customers", NOVEMBER): 1,
            ("revenue", OCTOBER): {"usd": 10_000},
        }
        found = {
            (metric, period): amount(await world.ask(counting(metric, None, period)))
            for metric, period in wanted
        }
        assert found == wanted

    async def test_it_is_in_no_list(self, world: World):
        """No list of any time shows a row of it, not even one without a name."""
        for plan in (
            listing("customer", None, END_OF_OCTOBER),
            listing("customer", no(is_("country", "DE")), END_OF_OCTOBER),
            listing("subscription", None, END_OF_OCTOBER),
        ):
            assert (await world.ask(plan)).total_rows == 1
        for plan in (
            listing("payment"),
            listing("customer", during("churned", NOVEMBER), NOVEMBER),
            listing("customer", is_("status", "churned")),
            listing("subscription", is_("status", "canceled")),
        ):
            assert (await world.ask(plan)).total_rows == 0


class TestBeyondMeasure:
    """Amounts at the end of 64 bits."""

    LARGEST = 2**63 - 1

    async def test_the_largest_amount(self, world: World):
        """The largest amount that can be stored is told exactly, and so is 12 times such MRR."""
        whole = price(amount=1)
        bought = subscription("Acme", of_price=whole, items=(Item(id="si", price=whole, quantity=2**62),))
        await world.sync(product("Growth"), customer("Acme"), bought, payment(1, "Acme", amount=self.LARGEST))
        assert amount(await world.ask(counting("revenue", None, YEAR))) == {"usd": self.LARGEST}
        assert amount(await world.ask(counting("arr"))) == {"usd": 12 * 2**62}
        assert (await world.ask(counting("customers", more("mrr", 2**64)))).value == 0

    async def test_a_sum_never_wraps(self, world: World):
        """The sum of two is right, or the question is turned down; it is never another number."""
        await world.sync(*(payment(number, None, amount=self.LARGEST) for number in (1, 2)))
        try:
            total = amount(await world.ask(counting("revenue", None, YEAR)))
        except Unanswerable as refused:
            total = str(refused)
        exact, turned_down = {"usd": 2 * self.LARGEST}, "These amounts are too large to add up."
        assert total == (exact if world.db.is_postgres else turned_down)


class TestSlowDatabase:
    """A question that takes longer than its session allows."""

    FILTER = is_("interval", "month")  # no summary knows it: the rows are read
    PLAN = counting("customers", FILTER, YEAR, grain=Grain.DAY)

    @pytest.fixture
    async def world(self, world: World) -> World:
        """Enough spans that a year by the day takes a while."""
        rows = [
            {
                "account_id": world.account_id,
                "source_id": world.source_id,
                "subscription_id": number.to_bytes(16, "big"),
                "starts_at": day(1, 1),
                "ends_at": None,
                "customer_id": number.to_bytes(16, "big"),
                "profile_id": number.to_bytes(16, "big"),
                "product_id": None,
                "interval": "month",
                "currency": "usd",
                "mrr": 100,
                "trial": False,
            }
            for number in range(20_000)
        ]
        async with world.db.tenant(world.account_id) as session:
            await session.execute(insert(models.MrrSpan), rows)
            await session.execute(update(models.Source).values(synced_at=NOW))
        return world

    async def test_is_ended_by_the_database(self, world: World):
        """The caller gets the driver's error soon, and the next session works."""
        asking = Asking(world.account_id, "usd", "UTC", NOW)

        async def ask_quickly():
            async with world.db.tenant(world.account_id, read_only=True, timeout=0.02) as session:
                await run.run(session, self.PLAN, asking)

        with pytest.raises(DBAPIError, match=r"interrupt|statement timeout"):
            await ask_quickly()
        assert amount(await world.ask(counting("customers", self.FILTER))) == 20_000

    async def test_is_told_as_a_cache_out_of_reach(self, world: World, monkeypatch):
        """The bot's cache makes it an error that people may read, with nothing of the statement in it."""
        monkeypatch.setattr("bot.cache.SLOWEST", 0.02)
        cache = AccountCache(world.db, world.vault)
        with pytest.raises(CacheUnreachable) as unreachable:
            await cache.run(world.account_id, self.PLAN, NOW)
        assert "SELECT" not in str(unreachable.value)


async def test_half_a_minor_unit_goes_to_the_even_one(world: World):
    """MRR of 33.335 is 33.34, and the average of 33.34 and 100.01 is 66.68."""
    thirds = price(amount=1, unit_amount=Decimal("3333.5"))
    await world.sync(
        product("Growth"),
        *map(customer, "AB"),
        subscription("A", of_price=thirds),
        subscription("B", of_price=price(amount=10_001)),
    )
    assert amount(await world.ask(counting("mrr"))) == {"usd": 3_334 + 10_001}
    assert amount(await world.ask(counting("arpa"))) == {"usd": 6_668}  # 13,335 / 2 = 6,667.5
