"""Short ways to write prices, items and discounts in tests."""

from datetime import datetime
from decimal import Decimal

from storage.intake.stored import StoredDiscount, StoredItem, StoredPrice
from storage.records import DiscountDuration, Interval, Tier, Usage


def price(
    amount: str | None = "1000",
    interval: Interval | None = Interval.MONTH,
    count: int = 1,
    *,
    product: bytes = b"plan",
    currency: str = "usd",
    usage: Usage = Usage.LICENSED,
    tiers: tuple[Tier, ...] = (),
    tiers_mode: str | None = None,
    divide_by: int = 1,
    round_up: bool = False,
) -> StoredPrice:
    return StoredPrice(
        id=b"price of " + product,
        product_id=product,
        currency=currency,
        interval=interval,
        interval_count=count,
        usage=usage,
        unit_amount=None if amount is None else Decimal(amount),
        tiers_mode=tiers_mode,
        tiers=tiers,
        divide_by=divide_by,
        round_up=round_up,
    )


def item(of: StoredPrice, quantity: int | None = 1, *discounts: StoredDiscount) -> StoredItem:
    return StoredItem(b"item of " + of.id, of, quantity, discounts)


def percent(
    off: str,
    duration: DiscountDuration = DiscountDuration.FOREVER,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> StoredDiscount:
    return StoredDiscount(duration=duration, percent_off=Decimal(off), starts_at=starts_at, ends_at=ends_at)


def amount_off(off: int, currency: str | None = "usd", *products: bytes) -> StoredDiscount:
    return StoredDiscount(
        duration=DiscountDuration.FOREVER, amount_off=off, currency=currency, product_ids=products
    )


def percent_of(off: str, *products: bytes) -> StoredDiscount:
    """A percentage off these products alone, forever."""
    return StoredDiscount(duration=DiscountDuration.FOREVER, percent_off=Decimal(off), product_ids=products)
