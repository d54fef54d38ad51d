"""What is kept of a subscription's past since its source was connected: also of its customer's discounts."""

from datetime import timedelta
from decimal import Decimal

from storage import models
from storage.records import Customer, Discount, DiscountDuration
from tests.world import NOW, World, customer, gone, subscription

LATER = NOW + timedelta(days=1)
LATEST = NOW + timedelta(days=2)


def off(percent: int) -> tuple[Discount, ...]:
    return (Discount(duration=DiscountDuration.FOREVER, percent_off=Decimal(percent)),)


async def worth(world: World) -> list[tuple[object, int]]:
    """Since when the MRR is what it is."""
    spans = sorted(await world.rows(models.MrrSpan), key=lambda span: span.starts_at)
    return [(span.starts_at, span.mrr) for span in spans[1:]]


async def first(world: World) -> int:
    return min(await world.rows(models.MrrSpan), key=lambda span: span.starts_at).mrr


async def test_a_customers_discount_that_ends_leaves_the_past_as_it_was(world: World) -> None:
    """20% off until it was taken away, half off since it was given: each from its own moment."""
    await world.sync(customer("Ada", discounts=off(20)), subscription("Ada"))
    await world.sync(customer("Ada"), at=LATER)
    await world.sync(customer("Ada", discounts=off(50)), at=LATEST)
    assert (await first(world), await worth(world)) == (8_000, [(LATER, 10_000), (LATEST, 5_000)])


async def test_a_subscriptions_own_discount_hides_its_customers(world: World) -> None:
    """While it has one, its customer's may come and go; without it, the customer's counts again."""
    await world.sync(customer("Ada", discounts=off(20)), subscription("Ada", discounts=off(10)))
    await world.sync(customer("Ada", discounts=off(50)), at=LATER)
    assert (await first(world), await worth(world)) == (9_000, [])
    await world.sync(subscription("Ada"), at=LATEST)
    assert (await first(world), await worth(world)) == (9_000, [(LATEST, 5_000)])


async def test_a_customer_may_come_after_what_changed(world: World) -> None:
    """Streams arrive in any order: a discount that is learned of late was there from the first."""
    await world.sync(subscription("Ada"))
    await world.sync(subscription("Ada", cancel_at_period_end=True, discounts=off(10)), at=LATER)
    await world.sync(subscription("Ada"), at=LATEST)
    await world.sync(customer("Ada", discounts=off(20)), at=LATEST)
    assert (await first(world), await worth(world)) == (8_000, [(LATER, 9_000), (LATEST, 8_000)])


async def test_what_a_deleted_customer_paid_stays_discounted(world: World) -> None:
    """The discount was the customer's, who is gone; the money is what it was."""
    await world.sync(customer("Ada", discounts=off(20)), subscription("Ada"))
    await world.sync(gone(Customer, "cus_Ada", at=LATER), at=LATER)
    (span,) = await world.rows(models.MrrSpan)
    assert (span.mrr, span.ends_at) == (8_000, LATER)
