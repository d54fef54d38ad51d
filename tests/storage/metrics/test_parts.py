"""MRR by product: what each product brings of a subscription, item by item."""

from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from storage import models
from storage.metrics.parts import apportion, parts_at
from storage.records import Discount, DiscountDuration, Interval, Item
from tests.storage.metrics.terms import amount_off, item, percent, price
from tests.world import World, customer, gone, product, subscription
from tests.world import price as sold

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLAN, SEATS = price("10000"), price("1500", product=b"seat")


def test_items_of_one_product_need_no_parts() -> None:
    """A subscription of its plan alone is its plan's, whole."""
    assert parts_at((item(PLAN), item(PLAN, 2)), (), NOW, total=30_000, main=b"plan") == ()


def test_each_product_brings_what_its_items_cost() -> None:
    """A plan of 100.00 with four seats of 15.00 is 100.00 of the plan and 60.00 of seats."""
    found = parts_at((item(PLAN), item(SEATS, 4)), (), NOW, total=16_000, main=b"plan")
    assert found == ((b"plan", 10_000), (b"seat", 6_000))


def test_a_discount_on_the_whole_comes_off_every_part() -> None:
    """16.00 off 160.00 is a tenth of each product; half off the seats alone is theirs."""
    items = (item(PLAN), item(SEATS, 4))
    assert parts_at(items, (amount_off(1_600),), NOW, total=14_400, main=b"plan") == (
        (b"plan", 9_000),
        (b"seat", 5_400),
    )
    items = (item(PLAN), item(SEATS, 4, percent("50")))
    assert parts_at(items, (), NOW, total=13_000, main=b"plan") == ((b"plan", 10_000), (b"seat", 3_000))


def test_a_free_plan_with_paid_seats_is_all_seats() -> None:
    """What brings nothing has no part."""
    assert parts_at((item(price("0")), item(SEATS)), (), NOW, total=1_500, main=b"plan") == (
        (b"seat", 1_500),
    )


worths = st.fractions(0, 10**6, max_denominator=10**4)


@given(st.dictionaries(st.sampled_from([b"a", b"b", b"c", b"d"]), worths, min_size=1))
def test_parts_add_up_to_the_whole(by_product: dict[bytes | None, Fraction]) -> None:
    """Whatever is rounded, the parts are the total, and none is more than a unit off its worth."""
    total = round(sum(by_product.values()))
    found = dict(apportion(by_product, total, b"a")) or {b"a": total}
    assert sum(found.values()) == total
    assert all(abs(found.get(product, 0) - worth) <= 1 for product, worth in by_product.items() if product)


async def test_parts_are_written_with_their_span_and_go_with_it(world: World) -> None:
    """Only subscriptions of several products have parts; and keep them when the customer is deleted."""
    growth, seat = sold("Growth", 10_000), sold("Extra seat", 18_000, interval=Interval.YEAR)
    both = (Item(id="si_1", price=growth), Item(id="si_2", price=seat, quantity=2))
    half = (Discount(duration=DiscountDuration.FOREVER, percent_off=50),)
    batch = (
        *map(product, ("Growth", "Extra seat")),
        *map(customer, ("Ada", "Ben")),
        subscription("Ada", items=both, discounts=half),
        subscription("Ben"),
    )
    await world.sync(*batch)
    wanted = [
        (await world.id_of("product", "prod_Growth"), 5_000),
        (await world.id_of("product", "prod_Extra seat"), 1_500),
    ]
    for _ in range(2):
        found = [(part.product_id, part.mrr) for part in await world.rows(models.MrrPart)]
        assert sorted(found) == sorted(wanted)
        await world.sync(customer("Ada", country="DE"))
    await world.sync(gone(type(batch[2]), "cus_Ada"))
    assert {part.mrr for part in await world.rows(models.MrrPart)} == {5_000, 1_500}
