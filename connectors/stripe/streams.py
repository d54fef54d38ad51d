"""Stripe's streams and feeds: declarations of how each list is asked for and read."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from connectors.base import Feed, Stream, Vanishing
from connectors.stripe import agreements, bills, wire, wire_bills
from connectors.stripe.values import References
from storage import records
from storage.records import Record


class Inner(Struct, frozen=True, kw_only=True):
    """A list inside an object, of which Stripe shows the first rows: where the others are.

    `path` and `filter` take the object's id; `expand` is for the rows there.
    """

    field: str
    rows: type[Struct]
    path: str
    filter: str = ""
    expand: tuple[str, ...] = ()


class Reading(Struct, frozen=True, kw_only=True):
    """How a stream is read: the rows' type, what makes a record of one, what is asked for beside the rows."""

    stream: Stream
    rows: type[Struct]
    build: Callable[[Any, References], Record]
    query: tuple[tuple[str, str], ...] = ()
    expand: tuple[str, ...] = ()
    inner: Inner | None = None


# What may vanish: customers and draft invoices. Subscriptions end, and charges, refunds and disputes stay,
# all of them listed for ever, also those of a customer that was deleted. Products and prices can be deleted
# only while nothing uses them, and the list of prices leaves out inline and perhaps archived ones, which
# bills still name: for them the events of deletion must do.
READINGS = (
    Reading(
        stream=Stream(name="products", record=records.Product, path="/v1/products", windows=True),
        rows=wire.Product,
        build=agreements.product,
    ),
    Reading(
        stream=Stream(name="prices", record=records.Price, path="/v1/prices", windows=True),
        rows=wire.Price,
        build=agreements.price,
        expand=("tiers",),
    ),
    Reading(
        stream=Stream(
            name="customers",
            record=records.Customer,
            path="/v1/customers",
            windows=True,
            vanishing=Vanishing(),
        ),
        rows=wire.Customer,
        build=agreements.customer,
        expand=("discount.source.coupon",),
    ),
    Reading(
        stream=Stream(
            name="subscriptions", record=records.Subscription, path="/v1/subscriptions", windows=True
        ),
        rows=wire.Subscription,
        build=agreements.subscription,
        query=(("status", "all"),),
        expand=("discounts.source.coupon", "items.data.discounts"),
        inner=Inner(
            field="items",
            rows=wire.Item,
            path="/v1/subscription_items",
            filter="subscription",
            expand=("discounts.source.coupon",),
        ),
    ),
    Reading(
        stream=Stream(
            name="invoices",
            record=records.Invoice,
            path="/v1/invoices",
            windows=True,
            vanishing=Vanishing(while_status=("draft",)),  # a finalized one can only be voided
        ),
        rows=wire_bills.Invoice,
        build=bills.invoice,
        expand=("discounts.source.coupon", "lines.data.discounts", "payments"),
        inner=Inner(
            field="lines",
            rows=wire_bills.Line,
            path="/v1/invoices/{id}/lines",
            expand=("discounts.source.coupon",),
        ),
    ),
    Reading(
        stream=Stream(name="charges", record=records.Payment, path="/v1/charges", windows=True),
        rows=wire_bills.Charge,
        build=bills.payment,
    ),
    Reading(
        stream=Stream(name="refunds", record=records.Refund, path="/v1/refunds", windows=True),
        rows=wire_bills.Refund,
        build=bills.refund,
    ),
    Reading(
        stream=Stream(name="disputes", record=records.Dispute, path="/v1/disputes", windows=True),
        rows=wire_bills.Dispute,
        build=bills.dispute,
    ),
)


class Topic(Struct, frozen=True, kw_only=True):
    """Events that tell of one stream's objects. `by` is the field of the event's object that names them.

    `deleted` is the event that an object is gone for good.
    """

    stream: str
    prefix: str
    events: tuple[str, ...]
    by: str = "id"
    deleted: str = ""


_CRUD = ("created", "updated", "deleted")

TOPICS: dict[str, tuple[Topic, ...]] = {
    "catalog": (
        Topic(stream="products", prefix="product.", events=_CRUD, deleted="product.deleted"),
        Topic(stream="prices", prefix="price.", events=_CRUD, deleted="price.deleted"),
    ),
    "customers": (
        Topic(stream="customers", prefix="customer.", events=_CRUD, deleted="customer.deleted"),
        Topic(stream="customers", prefix="customer.discount.", events=_CRUD, by="customer"),
        Topic(stream="subscriptions", prefix="customer.discount.", events=_CRUD, by="subscription"),
        Topic(
            stream="subscriptions",
            prefix="customer.subscription.",
            events=(*_CRUD, "paused", "resumed", "pending_update_applied"),
        ),
    ),
    "invoices": (
        Topic(
            stream="invoices",
            prefix="invoice.",
            events=(
                "created",
                "updated",
                "finalized",
                "finalization_failed",
                "sent",
                "paid",
                "payment_failed",
                "payment_succeeded",
                "overpaid",
                "voided",
                "marked_uncollectible",
                "deleted",
            ),
            deleted="invoice.deleted",
        ),
        Topic(stream="invoices", prefix="invoice_payment.", events=("paid",), by="invoice"),
        Topic(stream="invoices", prefix="credit_note.", events=("created", "voided"), by="invoice"),
    ),
    "payments": (
        Topic(
            stream="charges",
            prefix="charge.",
            events=("succeeded", "failed", "pending", "captured", "expired", "updated"),
        ),
        Topic(stream="refunds", prefix="refund.", events=("created", "updated", "failed")),
        Topic(stream="refunds", prefix="charge.refund.", events=("updated",)),
        Topic(
            stream="disputes",
            prefix="charge.dispute.",
            events=("created", "updated", "closed", "funds_withdrawn", "funds_reinstated"),
        ),
    ),
}


def _streams(topics: tuple[Topic, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(topic.stream for topic in topics))


FEEDS = tuple(Feed(name=name, streams=_streams(topics), deletions=True) for name, topics in TOPICS.items())

PERMISSIONS = (
    "Products: read",
    "Prices: read",
    "Coupons: read",
    "Customers: read",
    "Subscriptions: read",
    "Invoices: read",
    "Charges and refunds: read",
    "Disputes: read",
    "Events: read",
)


def event_types(feed: str) -> tuple[str, ...]:
    """The names to filter `/v1/events` by: Stripe takes up to 20."""
    named = (topic.prefix + event for topic in TOPICS[feed] for event in topic.events)
    return tuple(dict.fromkeys(named))
