"""Figures from the summaries are those that the rows themselves give."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete

from storage import models
from storage.metrics import period_forms, periods
from storage.metrics.figures import Figures
from storage.metrics.plan import And, Condition, Grain, Not, Op, Or, Order, Period, Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking
from storage.records import Discount, DiscountDuration, SubscriptionStatus
from tests.world import NOW, World, customer, make_world, price, product, subscription

_NOBODY = Not(term=Condition(field="customer", value="00" * 16))
"""Holds of everyone, and the summaries do not know it."""
_ANYWHERE = Or(
    terms=(Condition(field="country", value="US"), Not(term=Condition(field="country", value="US")))
)

_STOCKS = ("mrr", "arr", "arpa", "customers")
_FLOWS = (
    "new_customers",
    "churned_customers",
    "net_new_mrr",
    "new_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churned_mrr",
    "reactivation_mrr",
    "upgrades",
    "downgrades",
    "reactivations",
)


def _period(form: period_forms.Form) -> Period:
    return periods.resolve(form, NOW, UTC)


_TIMES = [
    _period(form)
    for form in (
        periods.unit(Grain.MONTH, 0),
        periods.unit(Grain.MONTH, -1),
        periods.unit(Grain.WEEK, -2),
        periods.unit(Grain.YEAR, 0),
        periods.last(30, Grain.DAY),
        periods.last(12, Grain.MONTH),
    )
]


def _plans() -> list[Plan]:
    found = [Plan(measure=name) for name in _STOCKS]
    found += [Plan(measure=name, period=time) for name in (*_STOCKS, *_FLOWS) for time in _TIMES]
    found += [
        Plan(measure=name, period=_TIMES[-1], grain=grain)
        for name in (*_STOCKS, *_FLOWS)
        for grain in (Grain.MONTH, Grain.QUARTER)
    ]
    found += [Plan(measure="mrr", period=_TIMES[0], grain=grain) for grain in (Grain.DAY, Grain.WEEK)]
    found += [Plan(measure="churned_customers", period=_TIMES[3], grain=Grain.WEEK)]
    found += [
        Plan(measure=name, by=by, period=time)
        for name in ("mrr", "arr")
        for by in (("plan",), ("interval",), ("currency",), ("source",), ("plan", "interval"))
        for time in (None, _TIMES[1])
    ]
    return found


def _lists() -> list[Plan]:
    return [
        Plan(entity="customer", order=order, limit=limit)
        for order in (None, Order(field="mrr"))
        for limit in (None, 2, 500)
    ]


async def _both(world: World, plan: Plan, neutral: Any, now: datetime, zone: str) -> tuple[Figures, Figures]:
    """From the summaries, and from the rows: with a filter that leaves nobody out."""
    asking = Asking(world.account_id, "usd", zone, now)
    async with world.db.tenant(world.account_id, read_only=True) as session:
        return (
            await run(session, plan, asking),
            await run(session, plan.model_copy(update={"filters": neutral}), asking),
        )


async def _assert_same(world: World, now: datetime = NOW, zone: str = "UTC") -> None:
    for plan in _plans():
        summed, counted = await _both(world, plan, _NOBODY, now, zone)
        assert summed == counted, plan
    await _assert_trials(world, now, zone)
    for plan in _lists():
        summed, counted = await _both(world, plan, _ANYWHERE, now, zone)
        assert summed == counted, plan


async def _assert_trials(world: World, now: datetime, zone: str) -> None:
    """The list of those whose trials end, by the summary and, narrowed down by nothing, by the rows."""
    asking = Asking(world.account_id, "usd", zone, now)
    for days, limit in ((3, None), (7, 2), (400, 100)):
        window = (now - timedelta(days=days), now + timedelta(days=days))
        ending = Condition(field="trial_ends", op=Op.WITHIN, value=window)
        plan = Plan(entity="customer", filters=ending, limit=limit)
        general = plan.model_copy(update={"filters": And(terms=(ending, _ANYWHERE))})
        async with world.db.tenant(world.account_id, read_only=True) as session:
            assert await run(session, plan, asking) == await run(session, general, asking), window


@pytest.mark.asyncio(loop_scope="module")
async def test_a_company_answers_the_same_either_way(company: World) -> None:
    """Every metric that has a summary, at every kind of time and cut, and the list of customers."""
    await _assert_same(company)


def _trial(name: str, number: int, of_price: Any) -> Any:
    return subscription(
        name,
        of_price=of_price,
        id=f"sub_{name}_trial_{number}",
        status=SubscriptionStatus.TRIALING,
        started_at=NOW - timedelta(days=10),
        trial_start=NOW - timedelta(days=10),
        trial_end=NOW + timedelta(days=2 * number),
    )


async def _busy(world: World) -> None:
    """Customers who come, grow, shrink, leave, come back and are deleted, some of it later today."""
    growth, scale, euro = price(), price("Scale", 30_000), price("Growth", 9_000, currency="eur")
    midnight = NOW.replace(hour=0)
    later = NOW + timedelta(hours=3)
    half = Discount(
        duration=DiscountDuration.REPEATING,
        percent_off=Decimal(50),
        starts_at=NOW - timedelta(days=40),
        ends_at=later,
    )
    ended = {"status": SubscriptionStatus.CANCELED}
    await world.sync(
        product("Growth"),
        product("Scale"),
        growth,
        scale,
        euro,
        *(customer(name) for name in ("Acme", "Bolt", "Cask", "Dale", "Ends", "Fern", "Gaea", "Hera")),
        *(_trial(name, number, growth) for name in ("Gaea", "Acme", "Dale") for number in (1, 2)),
        _trial("Hera", 1, growth),
        subscription("Acme", of_price=growth, discounts=(half,)),
        subscription("Acme", of_price=euro, id="sub_Acme_eur", started_at=midnight),
        subscription(
            "Bolt",
            of_price=scale,
            ended_at=midnight - timedelta(days=20),
            started_at=NOW - timedelta(days=90),
            **ended,
        ),
        subscription("Bolt", of_price=growth, id="sub_Bolt_2", started_at=midnight - timedelta(days=9)),
        subscription(
            "Cask", of_price=growth, ended_at=midnight, started_at=NOW - timedelta(days=400), **ended
        ),
        subscription("Dale", of_price=euro, started_at=NOW - timedelta(hours=1)),
        subscription("Ends", of_price=scale, ended_at=later, started_at=NOW - timedelta(days=33), **ended),
        subscription("Fern", of_price=scale, started_at=later),
    )


@pytest.mark.parametrize("hours", [0, 4, 30])
async def test_what_changes_later_today_is_as_it_is_now(db: Any, vault: Any, hours: int) -> None:
    """A discount that ends, a cancellation and a start some hours from now count only from then on."""
    world = await make_world(db, vault)
    await _busy(world)
    await _assert_same(world, NOW + timedelta(hours=hours))


@pytest.mark.asyncio(loop_scope="module")
async def test_the_summaries_are_read(company: World) -> None:
    """Where the sums say something else than the rows, the answer is that of the sums: they were read."""
    asking = Asking(company.account_id, "usd", "UTC", NOW)
    async with company.db.tenant(company.account_id) as session:
        before = [await run(session, plan, asking) for plan in _READ]
        await session.execute(delete(models.MrrDay))
        await session.execute(delete(models.CustomerDay))
        after = [await run(session, plan, asking) for plan in _READ]
        await session.rollback()
    assert all(one != other for one, other in zip(before, after, strict=True))


_READ = [
    Plan(measure="mrr"),
    Plan(measure="mrr", by=("plan",)),
    Plan(measure="mrr", period=_TIMES[-1], grain=Grain.MONTH),
    Plan(measure="customers"),
    Plan(measure="new_customers", period=_TIMES[-1], grain=Grain.MONTH),
]
