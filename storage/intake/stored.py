"""The parts of records that are kept whole inside a row: ids are keyed hashes here, as everywhere at rest."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from storage.records import DiscountDuration, Interval, Tier, Usage


class StoredPrice(Struct, frozen=True, gc=False, omit_defaults=True):
    """`records.Price` with keyed ids; field meanings are documented there."""

    id: bytes
    product_id: bytes
    currency: str
    interval: Interval | None = None
    interval_count: int = 1
    usage: Usage = Usage.LICENSED
    unit_amount: Decimal | None = None
    tiers_mode: str | None = None
    tiers: tuple[Tier, ...] = ()
    divide_by: int = 1
    round_up: bool = False


class StoredDiscount(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """`records.Discount` with keyed ids."""

    duration: DiscountDuration
    percent_off: Decimal | None = None
    amount_off: int | None = None
    currency: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    product_ids: tuple[bytes, ...] = ()


class StoredItem(Struct, frozen=True, gc=False, omit_defaults=True):
    """`records.Item` with keyed ids."""

    id: bytes
    price: StoredPrice
    quantity: int | None = 1
    discounts: tuple[StoredDiscount, ...] = ()


class StoredLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """A recurring, non-proration line of an invoice. `amount` before discounts, minor units, tax excluded."""

    subscription_id: bytes
    price_id: bytes | None
    product_id: bytes | None
    quantity: int | None
    amount: int
    period_start: datetime
    period_end: datetime
    recurring_discount: int = 0
