"""MRR of a subscription: prices, quantities, tiers, discounts, rounding, and which product is the plan."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.intake.stored import StoredDiscount, StoredItem
from storage.metrics.money import (
    add_ons,
    interval_name,
    interval_of,
    licensed_products,
    main_item,
    mrr,
    round_half_even,
)
from storage.records import DiscountDuration, Interval, Tier, Usage
from tests.storage.metrics.terms import amount_off, item, percent, percent_of, price

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GRADUATED = (
    Tier(up_to=5, flat_amount=Decimal(5000)),
    Tier(up_to=20, unit_amount=Decimal(900)),
    Tier(up_to=None, unit_amount=Decimal(700)),
)
VOLUME = (
    Tier(up_to=10, unit_amount=Decimal(2000)),
    Tier(up_to=50, unit_amount=Decimal(1500)),
    Tier(up_to=None, unit_amount=Decimal(1000), flat_amount=Decimal(2500)),
)


def worth(*items: StoredItem, off: tuple[StoredDiscount, ...] = (), at: datetime = NOW) -> int:
    return mrr(items, off, at)


@pytest.mark.parametrize(
    ("interval", "count", "monthly"),
    [
        (Interval.MONTH, 1, 12000),
        (Interval.MONTH, 3, 4000),
        (Interval.YEAR, 1, 1000),
        (Interval.YEAR, 2, 500),
        (Interval.WEEK, 1, 52000),
        (Interval.WEEK, 2, 26000),
        (Interval.DAY, 1, 365000),
        (Interval.DAY, 30, 12167),
    ],
)
def test_every_interval_is_brought_to_a_month(interval: Interval, count: int, monthly: int) -> None:
    """12,000 billed every so often is worth this much a month."""
    assert worth(item(price("12000", interval, count))) == monthly


def test_quantity_multiplies_and_none_is_one() -> None:
    """Seats multiply the price; an item without a quantity is one of it; none of it is worth nothing."""
    assert [worth(item(price("1500"), quantity)) for quantity in (3, None, 0)] == [4500, 1500, 0]


def test_metered_and_one_off_prices_are_worth_nothing() -> None:
    """Usage and one-off charges are no recurring revenue."""
    assert worth(item(price(usage=Usage.METERED), 500), item(price(interval=None))) == 0


def test_unit_amounts_may_be_fractions_of_a_minor_unit() -> None:
    """0.5 cents times 3,001 is 1500.5 cents, rounded to the even 1500."""
    assert worth(item(price("0.5"), 3001)) == 1500


def test_rounding_happens_once_for_the_whole_subscription() -> None:
    """Two items of 0.5 are 1, though each alone would round to 0."""
    assert worth(item(price("0.5")), item(price("0.5", product=b"seat"))) == 1
    assert worth(item(price("0.5"))) == 0


@pytest.mark.parametrize(
    ("quantity", "monthly"), [(0, 5000), (1, 5000), (5, 5000), (6, 5900), (20, 18500), (21, 19200)]
)
def test_graduated_tiers(quantity: int, monthly: int) -> None:
    """Each tier's units pay that tier's rate."""
    graduated = price(None, tiers=GRADUATED, tiers_mode="graduated")
    assert worth(item(graduated, quantity)) == monthly


@pytest.mark.parametrize(
    ("quantity", "monthly"), [(0, 0), (10, 20000), (11, 16500), (50, 75000), (51, 53500)]
)
def test_volume_tiers(quantity: int, monthly: int) -> None:
    """All units pay the rate of the tier that the quantity falls in."""
    assert worth(item(price(None, tiers=VOLUME, tiers_mode="volume"), quantity)) == monthly


@pytest.mark.parametrize(("round_up", "monthly"), [(True, 3000), (False, 2000)])
def test_packages_of_units(round_up: bool, monthly: int) -> None:
    """25 units in packages of 10 are three packages or two, as the price says."""
    assert worth(item(price("1000", divide_by=10, round_up=round_up), 25)) == monthly


def test_percent_off_forever_and_once() -> None:
    """A lasting coupon lowers MRR pro rata; one for the first bill does not."""
    assert worth(item(price("2900")), off=(percent("20"),)) == 2320
    assert worth(item(price("2900")), off=(percent("30", DiscountDuration.ONCE),)) == 2900


def test_a_repeating_discount_counts_while_it_runs() -> None:
    """It counts from its start up to, not including, its end."""
    repeating = percent("50", DiscountDuration.REPEATING, NOW - HOUR, NOW + HOUR)
    moments = (NOW - 2 * HOUR, NOW - HOUR, NOW, NOW + HOUR)
    assert [worth(item(price()), off=(repeating,), at=at) for at in moments] == [1000, 500, 500, 1000]


def test_amount_off_is_spread_by_the_billing_interval() -> None:
    """1,200 off each year is 100 off a month; it never takes MRR below 0."""
    yearly = item(price("12000", Interval.YEAR))
    assert worth(yearly, off=(amount_off(1200),)) == 900
    assert worth(yearly, off=(amount_off(99999),)) == 0


def test_amount_off_in_another_currency_takes_nothing() -> None:
    """10 euros off say nothing about a price in dollars."""
    assert worth(item(price()), off=(amount_off(500, "eur"),)) == 1000


def test_an_items_discount_touches_that_item_alone() -> None:
    """Half off the plan leaves the seats as they are; what is off the whole comes after."""
    plan, seats = item(price(), 1, percent("50")), item(price("300", product=b"seat"), 2)
    assert worth(plan, seats) == 1100
    assert worth(plan, seats, off=(percent("10"),)) == 990


SEATS = price("2000", product=b"seats")


@pytest.mark.parametrize(
    ("off", "left"),
    [
        # 10000 for the plan and 3 x 2000 for the seats are 16000 a month.
        ((percent_of("50", b"plan"),), 5000 + 6000),
        ((percent_of("50", b"seats"),), 10000 + 3000),
        ((percent_of("50", b"plan", b"seats"),), 8000),
        ((percent_of("50", b"another"),), 16000),
        ((amount_off(4000, "usd", b"seats"),), 10000 + 2000),
        ((amount_off(9000, "usd", b"seats"),), 10000),
        ((amount_off(9000, "eur", b"seats"),), 16000),
        # 9000 off the seats leave them at 0; 10% off all is then off the plan.
        ((amount_off(9000, "usd", b"seats"), percent("10")), 9000),
        # 1600 off all is 10% of each: the seats at 5400, of which half.
        ((amount_off(1600), percent_of("50", b"seats")), 9000 + 2700),
    ],
)
def test_a_discount_on_products_touches_their_items_alone(off, left):
    """A coupon for some products takes nothing off the others, and never more than these are worth."""
    assert worth(item(price("10000")), item(SEATS, 3), off=off) == left


def test_an_amount_off_a_product_is_spread_by_that_products_interval():
    """12.00 off yearly support is 1.00 a month, though the plan beside it is billed by the month."""
    support = item(price("24000", Interval.YEAR, product=b"support"))
    assert worth(item(price("10000")), support, off=(amount_off(1200, "usd", b"support"),)) == 11900


def test_no_items_are_worth_nothing() -> None:
    """A subscription without items has no MRR, whatever its discounts."""
    assert worth(off=(amount_off(5),)) == 0


@given(st.integers(0, 10**15), st.integers(1, 10**6))
def test_round_half_even_is_what_fractions_do(numerator: int, denominator: int) -> None:
    """The quick rounding equals that of exact fractions."""
    assert round_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(
    st.lists(
        st.tuples(
            st.decimals(0, 10**7, places=4, allow_nan=False),
            st.sampled_from(Interval),
            st.integers(1, 24),
            st.integers(0, 10**5),
        ),
        max_size=4,
    ),
    st.integers(0, 100),
)
def test_the_quick_way_equals_the_exact_one(rows: list[tuple[Decimal, Interval, int, int]], off: int) -> None:
    """Without a discount and with one of 0%, the two code paths agree; more off is never worth more."""
    items = [item(price(str(amount), interval, count), n) for amount, interval, count, n in rows]
    assert worth(*items) == worth(*items, off=(percent("0"),))
    assert worth(*items, off=(percent(str(off)),)) <= worth(*items)


@given(st.integers(0, 200))
def test_one_more_graduated_unit_costs_its_tiers_rate(quantity: int) -> None:
    """Graduated prices never fall with the quantity, and each unit adds one tier's rate."""
    costs = [worth(item(price(None, tiers=GRADUATED), n)) for n in (quantity, quantity + 1)]
    assert all(after - before in (0, 900, 700) for before, after in pairwise(costs))


def test_interval_names() -> None:
    """Quarters and half years are words of their own; twelve months are a year."""
    named = [(Interval.MONTH, n) for n in (1, 2, 3, 6, 12)] + [(Interval.YEAR, 1), (Interval.DAY, 7)]
    assert [interval_name(*one) for one in named] == [
        "month", "2 months", "quarter", "half_year", "year", "year", "week",
    ]  # fmt: skip


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - zone given
    st.sampled_from([(28, 31, Interval.MONTH, 1), (89, 92, Interval.MONTH, 3), (365, 366, Interval.YEAR, 1)]),
    st.data(),
)
def test_a_bills_period_tells_its_interval(
    start: datetime, of: tuple[int, int, Interval, int], data: st.DataObject
) -> None:
    """Any month, quarter or year is recognised by its days, for lines whose price is not known."""
    shortest, longest, interval, count = of
    days = data.draw(st.integers(shortest, longest))
    assert interval_of(start, start + timedelta(days=days)) == (interval, count)


def test_short_periods_and_none() -> None:
    """Weeks and days are told apart; an empty period is no interval."""
    lengths = [timedelta(days=days) for days in (0, 1, 7, 14)]
    assert [interval_of(NOW, NOW + length) for length in lengths] == [
        None, (Interval.DAY, 1), (Interval.WEEK, 1), (Interval.WEEK, 2),
    ]  # fmt: skip


def test_the_plan_is_the_largest_item_that_is_no_add_on() -> None:
    """Many seats cost more than the plan, and are still not the plan; metered items never are."""
    plan, seats = item(price("2900", product=b"starter")), item(price("1500", product=b"seat"), 30)
    usage = item(price("999999", product=b"api", usage=Usage.METERED))
    assert main_item((seats, plan, usage), frozenset((b"seat",))) is plan
    assert main_item((seats, usage), frozenset((b"seat",))) is seats
    assert main_item((usage,), frozenset()) is None


def test_what_is_never_sold_alone_is_an_add_on() -> None:
    """Seats go with every plan and never alone; metered prices are not looked at."""
    seat, api = price(product=b"seat"), price(product=b"api", usage=Usage.METERED)
    sold = [
        (item(price(product=b"growth")),),
        (item(price(product=b"growth")), item(seat)),
        (item(price(product=b"scale")), item(api)),
    ]
    assert add_ons(licensed_products(items) for items in sold) == {b"seat"}


def test_a_plan_that_is_always_sold_with_seats_is_a_plan() -> None:
    """Where nothing is ever sold alone, the product with the fewest companions is the plan."""
    sold = [frozenset((plan, b"seat")) for plan in (b"starter", b"growth")]
    assert add_ons(sold) == {b"seat"}
    assert add_ons([frozenset((b"a", b"b"))]) == frozenset()
