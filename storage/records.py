"""What a connector may hand to the cache, and nothing else.

Data minimisation is by allow-list: a field that is not declared here cannot be stored, whatever a vendor
sends. Fields in `PERSONAL` are sealed by the vault before they reach a database; all others are amounts,
dates, enums and names of the account's own products.

Ids are the vendor's own, in clear, and only while a record is in memory: the cache turns each into a keyed
hash (`vault.SourceKeys.record_id`), so that records of one source find each other in any order of arrival.
Money is an integer in minor units beside a lower-case ISO 4217 code. Times are aware datetimes in UTC.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from msgspec import Struct

from storage.customer_records import OWN_SYSTEM, Customer, Discount, DiscountDuration
from storage.record_base import Deletion, Record
from storage.relation_records import (
    Contact,
    Conversation,
    ConversationState,
    Deal,
    DealState,
    Owner,
    Rating,
    Stage,
)

__all__ = [
    "OWN_SYSTEM",
    "Contact",
    "Conversation",
    "ConversationState",
    "Customer",
    "Deal",
    "DealState",
    "Deletion",
    "Discount",
    "DiscountDuration",
    "Dispute",
    "Interval",
    "Invoice",
    "InvoiceLine",
    "InvoiceStatus",
    "Item",
    "Owner",
    "Payment",
    "PaymentStatus",
    "Price",
    "Product",
    "Rating",
    "Record",
    "Refund",
    "Stage",
    "Subscription",
    "SubscriptionStatus",
    "Tier",
    "Usage",
]


class Interval(StrEnum):
    """How often a price bills; the factor to a month is in `metrics/money.py`."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Usage(StrEnum):
    LICENSED = "licensed"
    METERED = "metered"


class SubscriptionStatus(StrEnum):
    ACTIVE = "active"
    PAST_DUE = "past_due"
    TRIALING = "trialing"
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    UNCOLLECTIBLE = "uncollectible"
    VOID = "void"


class PaymentStatus(StrEnum):
    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"


class Product(Record, frozen=True, kw_only=True, gc=False):
    """What the account sells: the name behind "plan" and "product" in questions."""

    KIND: ClassVar[str] = "product"

    name: str
    active: bool = True
    created_at: datetime


class Tier(Struct, frozen=True, kw_only=True, gc=False):
    """One step of a tiered price; `up_to` None is the last. Amounts in minor units, decimals allowed."""

    up_to: int | None
    unit_amount: Decimal = Decimal(0)
    flat_amount: Decimal = Decimal(0)


class Price(Record, frozen=True, kw_only=True, gc=False):
    """A price. One-off prices have `interval` None. `unit_amount` is None where `tiers` speak.

    `divide_by` and `round_up` are Stripe's `transform_quantity`.
    """

    KIND: ClassVar[str] = "price"

    product_id: str
    currency: str
    interval: Interval | None = None
    interval_count: int = 1
    usage: Usage = Usage.LICENSED
    unit_amount: Decimal | None = None
    tiers_mode: str | None = None
    tiers: tuple[Tier, ...] = ()
    divide_by: int = 1
    round_up: bool = False
    active: bool = True


class Item(Struct, frozen=True, kw_only=True, gc=False):
    """One line of a subscription: a price and how many of it."""

    id: str
    price: Price
    quantity: int | None = 1
    discounts: tuple[Discount, ...] = ()


class Subscription(Record, frozen=True, kw_only=True, gc=False):
    """A recurring agreement. `discounts` are its own; a customer's discount applies where it has none."""

    KIND: ClassVar[str] = "subscription"

    customer_id: str
    status: SubscriptionStatus
    currency: str
    items: tuple[Item, ...]
    discounts: tuple[Discount, ...] = ()
    created_at: datetime
    started_at: datetime
    trial_start: datetime | None = None
    trial_end: datetime | None = None
    current_period_start: datetime | None = None
    current_period_end: datetime | None = None
    cancel_at: datetime | None = None
    cancel_at_period_end: bool = False
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    collection_paused: bool = False


class InvoiceLine(Struct, frozen=True, kw_only=True, gc=False):
    """A line of an invoice. `amount` is before discounts; `recurring_discount` is what coupons other than
    `once` took off it (MRR needs that part alone). Both in minor units; tax on top of prices is excluded.
    `item_id` is set for the lines that a subscription made, and for no other."""

    amount: int
    recurring_discount: int = 0
    subscription_id: str | None = None
    item_id: str | None = None
    price_id: str | None = None
    product_id: str | None = None
    quantity: int | None = None
    proration: bool = False
    period_start: datetime
    period_end: datetime


class Invoice(Record, frozen=True, kw_only=True, gc=False):
    """A bill. `intent_id` is the collection that its payments are attempts of: they carry the same."""

    KIND: ClassVar[str] = "invoice"

    customer_id: str | None
    subscription_id: str | None = None
    status: InvoiceStatus
    currency: str
    total: int
    amount_due: int
    amount_paid: int
    amount_remaining: int
    created_at: datetime
    due_at: datetime | None = None
    finalized_at: datetime | None = None
    paid_at: datetime | None = None
    voided_at: datetime | None = None
    uncollectible_at: datetime | None = None
    intent_id: str | None = None
    attempt_count: int = 0
    next_attempt_at: datetime | None = None
    lines: tuple[InvoiceLine, ...] = ()


class Payment(Record, frozen=True, kw_only=True, gc=False):
    """One attempt to collect. `failure` is the vendor's code (`card_declined`), never its free text.

    A vendor names the invoice (`invoice_id`) or only the collection that both belong to (`intent_id`).
    """

    KIND: ClassVar[str] = "payment"

    customer_id: str | None
    invoice_id: str | None = None
    intent_id: str | None = None
    status: PaymentStatus
    currency: str
    amount: int
    created_at: datetime
    failure: str | None = None


class Refund(Record, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "refund"

    payment_id: str | None
    status: str
    currency: str
    amount: int
    created_at: datetime


class Dispute(Record, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "dispute"

    payment_id: str | None
    status: str
    currency: str
    amount: int
    created_at: datetime
