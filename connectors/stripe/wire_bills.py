"""Stripe's invoices, charges, refunds and disputes, as in `wire`. No card data is declared: none is read."""

from msgspec import Struct

from connectors.stripe.wire import Amount, Count, Discount, Discounts, Id, ListOf, Ref, Time
from storage.records import InvoiceStatus, PaymentStatus


class Period(Struct, gc=False):
    start: Time
    end: Time


class DiscountAmount(Struct, gc=False):
    amount: Amount
    discount: Id | Discount


class LineDetails(Struct, gc=False):
    """`subscription_item` is set for lines that a subscription made."""

    proration: bool = False
    subscription: Ref | None = None
    subscription_item: str | None = None


class LineParent(Struct, gc=False):
    subscription_item_details: LineDetails | None = None
    invoice_item_details: LineDetails | None = None


class PriceDetails(Struct, gc=False):
    price: Ref | None = None
    product: Ref | None = None


class Pricing(Struct, gc=False):
    price_details: PriceDetails | None = None


class LinePrice(Struct, gc=False):
    """Older: a line's price or plan, of which only the ids are read."""

    id: Id
    product: Ref | None = None


class Line(Struct, gc=False):
    id: Id
    amount: Amount
    period: Period
    quantity: Amount | None = None
    discounts: Discounts = None
    discount_amounts: list[DiscountAmount] | None = None
    parent: LineParent | None = None
    pricing: Pricing | None = None
    subscription: Ref | None = None
    type: str | None = None  # older, as all below
    proration: bool = False
    subscription_item: Ref | None = None
    price: LinePrice | None = None
    plan: LinePrice | None = None


class InvoiceSubscription(Struct, gc=False):
    subscription: Ref | None = None


class InvoiceParent(Struct, gc=False):
    subscription_details: InvoiceSubscription | None = None


class Transitions(Struct, gc=False):
    finalized_at: Time | None = None
    paid_at: Time | None = None
    voided_at: Time | None = None
    marked_uncollectible_at: Time | None = None


class Collection(Struct, gc=False):
    payment_intent: Ref | None = None


class InvoicePayment(Struct, gc=False):
    payment: Collection
    is_default: bool = False


class Invoice(Struct, gc=False):
    id: Id
    status: InvoiceStatus
    currency: str
    created: Time
    total: Amount
    amount_due: Amount
    lines: ListOf[Line]
    customer: Ref | None = None
    amount_paid: Amount = 0
    amount_remaining: Amount | None = None
    due_date: Time | None = None
    status_transitions: Transitions | None = None
    attempt_count: Count = 0
    next_payment_attempt: Time | None = None
    parent: InvoiceParent | None = None
    discounts: Discounts = None
    payments: ListOf[InvoicePayment] | None = None
    subscription: Ref | None = None  # older, as all below
    discount: Discount | None = None
    payment_intent: Ref | None = None


class Charge(Struct, gc=False):
    id: Id
    amount: Amount
    currency: str
    created: Time
    status: PaymentStatus
    customer: Ref | None = None
    captured: bool = True
    amount_captured: Amount | None = None
    failure_code: str | None = None
    payment_intent: Ref | None = None
    invoice: Ref | None = None  # older


class Refund(Struct, gc=False):
    id: Id
    amount: Amount
    currency: str
    created: Time
    charge: Ref | None = None
    status: str | None = None


class Dispute(Struct, gc=False):
    id: Id
    amount: Amount
    currency: str
    created: Time
    status: str
    charge: Ref | None = None
