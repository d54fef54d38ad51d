"""Totals of several currencies with exchange rates: exact, of the right day, open about what is missing.

One company that is billed in five currencies; plain Python adds it up another way.
"""

import random
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import rates, records
from storage.metrics import periods
from storage.metrics.amounts import exponent
from storage.metrics.explain import Recorder
from storage.metrics.figures import Comparison, Conversion, Figures, Number, Series, Table
from storage.metrics.plan import Compare, Condition, Grain, Not, Op, Order, Period, Plan
from storage.metrics.rates import Quote
from storage.metrics.run import run
from storage.metrics.scope import Asking
from tests.world import NOW, World, customer, payment, price, product, subscription

pytestmark = pytest.mark.asyncio(loop_scope="module")

ZONE = ZoneInfo("America/New_York")
OLD_DAY, FRIDAY = date(2026, 9, 30), date(2026, 11, 20)
OLD = {"usd": "2", "gbp": "1", "jpy": "100"}
NEW = {"usd": "1.0823", "gbp": "0.857", "jpy": "163.48"}
BETWEEN = {date(2026, 11, 2): "1.1", date(2026, 11, 6): "1.2"}  # dollars for a euro, before FRIDAY
RATED = ("eur", "gbp", "jpy", "usd")

BILLED = {
    "Acme": [(10_000, "usd")],
    "Beta": [(9_000, "eur")],
    "Hotel": [(30_000, "jpy")],
    "Both": [(5_000, "usd"), (5_000, "gbp")],
    "Xeno": [(1_000, "xaf")],
}
CONVERTIBLE = [part for name, parts in BILLED.items() if name != "Xeno" for part in parts]
NOVEMBER = periods.resolve(periods.unit(Grain.MONTH), NOW, ZONE)


def total(*parts: tuple[int, str], into: str = "usd", of: dict[str, str] = NEW) -> int:
    """The sum in minor units of `into`: to the euro and from it, as fractions, rounded once."""
    euros = {"eur": Fraction(1), **{code: 1 / Fraction(rate) for code, rate in of.items()}}
    minor = 10 ** exponent(into)
    in_euros = sum((Fraction(a, 10 ** exponent(c)) * euros[c] for a, c in parts), Fraction(0))
    converted_total: int = round(in_euros / euros[into] * minor)
    return converted_total


EACH = {name: total(*parts) for name, parts in BILLED.items() if name != "Xeno"}
MRR = total(*CONVERTIBLE)


def _payments() -> list[records.Payment]:
    """Two hundred of the two months before now, in three currencies, each some minutes of a day."""
    chance = random.Random(4)
    return [
        payment(
            number,
            "Acme",
            amount=chance.randrange(1, 100_000),
            currency=chance.choice(("usd", "eur", "gbp", "jpy")),
            created_at=NOW - timedelta(minutes=chance.randrange(60 * 24 * 60)),
        )
        for number in range(200)
    ]


PAYMENTS = _payments()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mixed(shared_world: World) -> AsyncIterator[World]:
    """The company with its rates; nothing of them is used before `RATED` says that they are there."""
    world = shared_world
    prices = {part: price("P", part[0], currency=part[1]) for parts in BILLED.values() for part in parts}
    await world.sync(
        product("P"),
        *map(customer, BILLED),
        *(
            subscription(name, id=f"sub_{name}{n}", of_price=prices[part])
            for name, parts in BILLED.items()
            for n, part in enumerate(parts)
        ),
        *PAYMENTS,
    )
    quotes = [
        Quote("eur", code, day, Decimal(rate))
        for day, of in ((OLD_DAY, OLD), (FRIDAY, NEW))
        for code, rate in of.items()
    ]
    quotes += [Quote("eur", "usd", day, Decimal(rate)) for day, rate in BETWEEN.items()]
    await rates.import_rates(world.db, world.account_id, quotes)
    yield world


async def ask(world: World, rated: tuple[str, ...] = RATED, **plan: Any) -> Figures:
    asking = Asking(world.account_id, "usd", ZONE.key, NOW, rated)
    async with world.db.tenant(world.account_id, read_only=True, timeout=20) as session:
        return await run(session, Plan(**plan), asking)


async def number(world: World, measure: str, rated: tuple[str, ...] = RATED, **plan: Any) -> Number:
    found = await ask(world, rated, measure=measure, **plan)
    assert isinstance(found, Number)
    return found


async def test_mrr_is_one_total_at_the_rate_of_the_day(mixed: World) -> None:
    """On a Monday without a rate that of Friday counts, and the figure says so; what has none stays apart."""
    mrr = await number(mixed, "mrr")
    assert mrr.values == {"usd": MRR, "xaf": 1_000}
    assert mrr.conversion == Conversion(
        into="usd", currencies=("eur", "gbp", "jpy"), first=FRIDAY, last=FRIDAY, missing=("xaf",)
    )
    assert (await number(mixed, "arr")).values["usd"] == 12 * MRR


async def test_without_rates_there_is_one_total_for_each_currency(mixed: World) -> None:
    """Nothing is added up before the account has rates, or for a day before the first of them."""
    apart = {"usd": 15_000, "eur": 9_000, "jpy": 30_000, "gbp": 5_000, "xaf": 1_000}
    today = await number(mixed, "mrr", rated=())
    assert (dict(today.values), today.conversion) == (apart, None)
    august = periods.resolve(periods.month(8, 2026), NOW, ZONE)
    before = await number(mixed, "mrr", period=august)
    assert dict(before.values) == apart
    assert before.conversion is not None
    assert before.conversion.missing == ("eur", "gbp", "jpy", "xaf")


async def test_a_question_about_a_currency_is_answered_in_it(mixed: World) -> None:
    """MRR in euros is what is billed in euros; MRR by currency is what is billed in each."""
    euros = await number(mixed, "mrr", filters=Condition(field="currency", value="eur"))
    assert (dict(euros.values), euros.conversion) == ({"eur": 9_000}, None)


async def test_a_breakdown_has_one_figure_a_group(mixed: World) -> None:
    """By plan there is one converted total, and beside it what has no rate."""
    cut = await ask(mixed, measure="mrr", by=("plan",))
    assert [(key, dict(one.values)) for key, one in cut.groups] == [(("P",), {"usd": MRR, "xaf": 1_000})]  # type: ignore[union-attr]  # a breakdown, as the plan asks


async def test_a_customer_of_two_currencies_is_one_account_of_the_average(mixed: World) -> None:
    """ARPA divides the converted total by customers, each once."""
    assert (await number(mixed, "arpa")).values["usd"] == round(Fraction(MRR, 4))


async def test_retention_converts_before_it_divides(mixed: World) -> None:
    """NRR is one ratio, of totals in one currency."""
    nrr = await number(mixed, "nrr", period=NOVEMBER)
    assert nrr.values == {"usd": 1.0, "xaf": 1.0}
    assert nrr.conversion is not None


async def test_a_ranking_has_all_currencies_in_one_order(mixed: World) -> None:
    """Customers by MRR come in one order, each with its converted total; who has no rate is left out."""
    table = await ask(mixed, entity="customer", order=Order(field="mrr"))
    assert isinstance(table, Table)
    assert [row[2:4] for row in table.rows] == [(a, "usd") for a in sorted(EACH.values(), reverse=True)]
    assert (table.total_rows, table.left_out) == (4, 1)
    assert table.conversion is not None


FILTERS = [
    (Op.OVER, 10_000, None),
    (Op.AT_LEAST, 10_000, None),
    (Op.OVER, EACH["Both"], None),
    (Op.AT_LEAST, EACH["Both"], None),
    (Op.IS, EACH["Both"], None),
    (Op.UNDER, EACH["Beta"], None),
    (Op.AT_MOST, EACH["Beta"], None),
    (Op.AT_LEAST, 9_000, "eur"),
    (Op.OVER, 9_000, "eur"),
]
TESTS = {
    Op.OVER: int.__gt__,
    Op.AT_LEAST: int.__ge__,
    Op.UNDER: int.__lt__,
    Op.AT_MOST: int.__le__,
    Op.IS: int.__eq__,
}


@pytest.mark.parametrize(("op", "limit", "currency"), FILTERS)
async def test_a_filter_on_mrr_compares_all_currencies(
    mixed: World, op: Op, limit: int, currency: str | None
) -> None:
    """Over $100 is asked of every customer whose currency has a rate, over €90 too; the rest is left out."""
    own = {name: total(*parts, into=currency or "usd") for name, parts in BILLED.items() if name in EACH}
    expected = sum(bool(TESTS[op](amount, limit)) for amount in own.values())
    over = Condition(field="mrr", op=op, value=limit, currency=currency)
    found = await number(mixed, "customers", filters=over)
    assert (found.value, found.left_out) == (expected, 1)
    assert (await number(mixed, "customers", filters=Not(term=over))).value == 4 - expected


async def test_payments_are_listed_and_filtered_across_currencies(mixed: World) -> None:
    """The largest payments are the largest at today's rate, each shown as it was paid."""
    table = await ask(mixed, entity="payment", order=Order(field="amount"), limit=20)
    assert isinstance(table, Table)
    worth = sorted((total((one.amount, one.currency)) for one in PAYMENTS), reverse=True)
    assert [total((row[2], row[3])) for row in table.rows] == worth[:20]  # type: ignore[arg-type]  # as listed
    limit = Condition(field="amount", op=Op.OVER, value=worth[9])
    over = await ask(mixed, entity="payment", filters=limit)
    assert isinstance(over, Table)
    assert over.total_rows == sum(amount > worth[9] for amount in worth)


async def test_a_series_takes_the_rate_of_each_moment(mixed: World) -> None:
    """MRR by month is converted at the rate of each month's last day; so is a filter on it."""
    period = periods.resolve(periods.between("2026-09", "2026-11"), NOW, ZONE)
    series = await ask(mixed, measure="mrr", period=period, grain=Grain.MONTH)
    assert isinstance(series, Series)
    old = total(*CONVERTIBLE, of=OLD)
    assert [one.values["usd"] for _, one in series.points] == [old, old, MRR]
    over = Condition(field="mrr", op=Op.OVER, value=15_000)
    counted = await ask(mixed, measure="customers", filters=over, period=period, grain=Grain.MONTH)
    assert isinstance(counted, Series)
    each = [[total(*BILLED[name], of=of) for name in EACH] for of in (OLD, OLD, NEW)]
    assert [one.value for _, one in counted.points] == [sum(a > 15_000 for a in of) for of in each]


async def test_a_comparison_converts_each_side_at_its_own_day(mixed: World) -> None:
    """What is compared with last month is last month's total at last month's rate."""
    pair = await ask(mixed, measure="mrr", period=NOVEMBER, compare=Compare.PREVIOUS_PERIOD)
    assert isinstance(pair, Comparison)
    assert (pair.now.values["usd"], pair.before.values["usd"]) == (MRR, total(*CONVERTIBLE, of=OLD))
    assert pair.before.conversion is not None
    assert pair.before.conversion.last == OLD_DAY


def _of_day(day: date) -> dict[str, str] | None:
    """The rates of a day, as somebody would look them up."""
    if day < OLD_DAY:
        return None
    of = dict(OLD if day < FRIDAY else NEW)
    for since, rate in BETWEEN.items():
        if since <= day < FRIDAY:
            of["usd"] = rate
    return of


@given(start=st.integers(0, 60 * 24), length=st.integers(1, 60 * 24))
@settings(max_examples=12)
async def test_revenue_takes_the_rate_of_each_payments_day(mixed: World, start: int, length: int) -> None:
    """Over any period revenue is the sum of payments, each at the rate of its local day, rounded once."""
    begin = NOW - timedelta(hours=start)
    end = min(begin + timedelta(hours=length), NOW)
    exact, apart = Fraction(0), dict.fromkeys(("eur", "gbp", "jpy"), 0)
    for one in PAYMENTS:
        if begin <= one.created_at < end:
            of = _of_day(one.created_at.astimezone(ZONE).date())
            if of is not None or one.currency == "usd":
                in_euros = Fraction(one.amount, 10 ** exponent(one.currency))
                in_euros /= Fraction({"eur": "1", **of}[one.currency]) if of else 1
                exact += in_euros * (Fraction(of["usd"]) if of else 1) * 100
            else:
                apart[one.currency] += one.amount
    found = await number(mixed, "revenue", period=Period(start=begin, end=end, label="then"))
    expected = {"usd": round(exact), **apart}
    assert dict(found.values) == {code: value for code, value in expected.items() if value}


async def test_a_year_of_revenue_by_month_is_the_sum_of_its_days(mixed: World) -> None:
    """The months of a series are converted day by day too: their parts are those of the whole."""
    period = periods.resolve(periods.between("2026-10", "2026-11"), NOW, ZONE)
    series = await ask(mixed, measure="revenue", period=period, grain=Grain.MONTH)
    whole = await number(mixed, "revenue", period=period)
    assert isinstance(series, Series)
    assert abs(sum(one.values["usd"] for _, one in series.points) - whole.values["usd"]) <= 1
    assert [key for key, _ in series.points] == ["2026-10", "2026-11"]


async def test_years_by_the_day_are_two_statements(mixed: World) -> None:
    """A daily series of three years is one statement for its figures and one for its rates."""
    period = periods.resolve(periods.between("2024", "2026"), NOW, ZONE)
    plan = Plan(measure="mrr", period=period, grain=Grain.DAY)
    asking = Asking(mixed.account_id, "usd", ZONE.key, NOW, RATED)
    async with mixed.db.tenant(mixed.account_id, read_only=True, timeout=20) as session:
        with Recorder(await session.connection()) as recorder:
            series = await run(session, plan, asking)
    assert isinstance(series, Series)
    assert len(series.points) == 366 + 365 + 327
    assert series.points[-1][1].values["usd"] == MRR
    assert len(recorder.sent) == 2
