"""What is read of Stripe's objects: only the declared fields are ever decoded, in current and older shapes.

The pinned version answers in the current shape; servers that ignore the pin answer in an older one, where
(marked "older") a price is a `plan`, and invoices, charges and discounts point to each other directly.
"""

from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Raw, Struct

from storage.records import (
    DiscountDuration,
    Interval,
    SubscriptionStatus,
    Usage,
)

T = TypeVar("T")

Id = Annotated[str, Meta(min_length=1, max_length=255)]
Time = Annotated[int, Meta(ge=0, le=253_402_300_799)]
"""Unix seconds, up to the year 9999."""
Amount = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Object(Struct, gc=False):
    """An expanded object of which only the id matters."""

    id: Id


Ref = Id | Object
"""An id, or the object itself where a server expands it."""


class ListOf(Struct, Generic[T], gc=False):
    """A list's envelope, and that of a list inside an object."""

    data: list[T]
    has_more: bool = False


class Deleted(Struct, gc=False):
    """What a retrieved object says of itself first: a deleted one says nothing else."""

    id: Id
    deleted: bool = False


class Head(Struct, gc=False):
    """An object's id and place in a list."""

    id: Id
    created: Time


class Coupon(Struct, gc=False):
    id: Id
    duration: DiscountDuration
    percent_off: Decimal | None = None
    amount_off: Amount | None = None
    currency: str | None = None
    applies_to: "AppliesTo | None" = None
    currency_options: "dict[str, CurrencyOption] | None" = None


class AppliesTo(Struct, gc=False):
    products: list[Id] = []


class CurrencyOption(Struct, gc=False):
    amount_off: Amount


class DiscountSource(Struct, gc=False):
    coupon: Id | Coupon | None = None


class Discount(Struct, gc=False):
    id: Id
    start: Time | None = None
    end: Time | None = None
    source: DiscountSource | None = None
    coupon: Id | Coupon | None = None  # older


Discounts = list[Id | Discount] | None


class Metadata(Struct, gc=False):
    """The only metadata read: the customer's ids in other systems."""

    hubspot_company_id: str | None = None
    intercom_company_id: str | None = None


class Address(Struct, gc=False):
    country: str | None = None


class Customer(Struct, gc=False):
    id: Id
    created: Time
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    currency: str | None = None
    address: Address | None = None
    metadata: Metadata | None = None
    discount: Discount | None = None


class Product(Struct, gc=False):
    id: Id
    name: str
    created: Time
    active: bool = True


class Tier(Struct, gc=False):
    """`up_to` is null for the last tier ("inf" in the form in which tiers are created)."""

    up_to: int | str | None = None
    unit_amount: Decimal | None = None
    unit_amount_decimal: Decimal | None = None
    flat_amount: Decimal | None = None
    flat_amount_decimal: Decimal | None = None


class Recurring(Struct, gc=False):
    interval: Interval
    interval_count: Annotated[int, Meta(ge=1, le=1200)] = 1
    usage_type: Usage = Usage.LICENSED


class Transform(Struct, gc=False):
    divide_by: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    round: str = "down"


class PriceOption(Struct, gc=False):
    """What a price costs in another currency than its own."""

    unit_amount: Amount | None = None
    unit_amount_decimal: Decimal | None = None
    tiers: list[Tier] | None = None


class Price(Struct, gc=False):
    id: Id
    product: Ref
    currency: str
    active: bool = True
    created: Time | None = None
    recurring: Recurring | None = None
    unit_amount: Amount | None = None
    unit_amount_decimal: Decimal | None = None
    billing_scheme: str = "per_unit"
    tiers_mode: str | None = None
    tiers: list[Tier] | None = None
    transform_quantity: Transform | None = None
    currency_options: dict[str, PriceOption] | None = None


class Plan(Struct, gc=False):
    """Older: what prices were before 2020."""

    id: Id
    currency: str
    interval: Interval
    product: Ref | None = None
    active: bool = True
    interval_count: Annotated[int, Meta(ge=1, le=1200)] = 1
    usage_type: Usage = Usage.LICENSED
    amount: Amount | None = None
    amount_decimal: Decimal | None = None
    billing_scheme: str = "per_unit"
    tiers_mode: str | None = None
    tiers: list[Tier] | None = None
    transform_usage: Transform | None = None


class Item(Struct, gc=False):
    id: Id
    price: Price | None = None
    plan: Raw = Raw()  # older: read only where there is no price
    quantity: Count | None = None
    discounts: Discounts = None
    current_period_start: Time | None = None
    current_period_end: Time | None = None


class Subscription(Struct, gc=False):
    id: Id
    customer: Ref
    status: SubscriptionStatus
    created: Time
    items: ListOf[Item]
    currency: str | None = None
    start_date: Time | None = None
    discounts: Discounts = None
    discount: Discount | None = None  # older
    trial_start: Time | None = None
    trial_end: Time | None = None
    current_period_start: Time | None = None  # older
    current_period_end: Time | None = None  # older
    cancel_at: Time | None = None
    cancel_at_period_end: bool = False
    canceled_at: Time | None = None
    ended_at: Time | None = None
    pause_collection: Raw = Raw()


class EventObject(Struct, gc=False):
    """What an event is about: never its state, which is rendered in the version of its day."""

    id: str | None = None
    customer: Ref | None = None
    subscription: Ref | None = None
    invoice: Ref | None = None


class EventData(Struct, gc=False):
    object: EventObject


class Event(Struct, gc=False):
    id: Id
    type: str
    created: Time
    data: EventData
