"""Records → rows: vendor ids become keyed hashes, personal fields one sealed document, the rest columns."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from storage import models, records
from storage.intake.stored import StoredDiscount, StoredItem, StoredLine, StoredPrice
from storage.keys.vault import SourceKeys
from storage.metrics.money import licensed_products
from storage.personal_document import Personal, blind_keys, seal_personal
from storage.trust.optional_fields import OPTIONAL, hash_only

Row = dict[str, Any]

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Writing:
    """What a row needs to know of its surroundings.

    `observed_at` is when the records were read; `told`, by kind and vendor's id, when the source says that
    one of them became what it is; `switched_off` are the fields that its source must not store.
    """

    account_id: int
    source_id: int
    keys: SourceKeys
    observed_at: datetime
    told: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    switched_off: frozenset[str] = frozenset()
    _ids: dict[tuple[str, str], bytes] = field(default_factory=dict, repr=False)

    def since(self, record: records.Record) -> datetime:
        """Since when the record is known to be as it is; never later than it was read."""
        return min(self.told.get((record.KIND, record.id), self.observed_at), self.observed_at)

    def record_id(self, kind: str, vendor_id: str) -> bytes:
        """As `SourceKeys.record_id`, once an id: a batch names most of its ids many times."""
        known = self._ids.get((kind, vendor_id))
        if known is None:
            known = self._ids[kind, vendor_id] = self.keys.record_id(kind, vendor_id)
        return known

    def id_of(self, kind: str, vendor_id: str | None) -> bytes | None:
        return None if vendor_id is None else self.record_id(kind, vendor_id)

    def start(self, record: records.Record) -> Row:
        """The columns that every record's row has."""
        return {
            "account_id": self.account_id,
            "source_id": self.source_id,
            "id": self.record_id(record.KIND, record.id),
            "fingerprint": self.keys.record_id("fingerprint", _encode(record).decode()),
        }


def _customer(record: records.Customer, writing: Writing) -> Row:
    keys, off = writing.keys, writing.switched_off
    if "phone" in off:
        record = msgspec.structs.replace(record, phone=None)
    row = writing.start(record)
    personal = Personal(
        record.id,
        name=None if "name" in off else record.name,
        email=None if "email" in off else record.email,
        phone=record.phone,
        links=record.links,
    )
    row["sealed"] = seal_personal(keys, row["id"], personal)
    row |= blind_keys(keys, personal)
    row |= {
        f"{name}_key": hash_only(keys, name, getattr(record, name)) for name in off if OPTIONAL[name].hashed
    }
    row["profile_id"] = row["id"]
    row["country"] = record.country
    row["currency"] = record.currency
    row["discounts"] = _stored_discounts(record.discounts, writing)
    row["created_at"] = record.created_at
    return row


def link_rows(record: records.Customer, writing: Writing) -> list[Row]:
    """One row for each id that the customer carries of another system."""
    customer_id = writing.record_id(record.KIND, record.id)
    return [
        {
            "account_id": writing.account_id,
            "source_id": writing.source_id,
            "customer_id": customer_id,
            "link_key": writing.record_id("link", f"{system}:{value}"),
        }
        for system, value in record.links
    ]


def _product(record: records.Product, writing: Writing) -> Row:
    return {
        **writing.start(record),
        "name": record.name[:250],
        "active": record.active,
        "created_at": record.created_at,
    }


def stored_price(price: records.Price, writing: Writing) -> StoredPrice:
    return StoredPrice(
        id=writing.record_id("price", price.id),
        product_id=writing.record_id("product", price.product_id),
        currency=price.currency,
        interval=price.interval,
        interval_count=price.interval_count,
        usage=price.usage,
        unit_amount=price.unit_amount,
        tiers_mode=price.tiers_mode,
        tiers=price.tiers,
        divide_by=price.divide_by,
        round_up=price.round_up,
    )


def _price(record: records.Price, writing: Writing) -> Row:
    definition = stored_price(record, writing)
    return {**writing.start(record), "product_id": definition.product_id, "definition": definition}


def _stored_discounts(
    discounts: tuple[records.Discount, ...], writing: Writing
) -> tuple[StoredDiscount, ...]:
    return tuple(
        StoredDiscount(
            duration=discount.duration,
            percent_off=discount.percent_off,
            amount_off=discount.amount_off,
            currency=discount.currency,
            starts_at=discount.starts_at,
            ends_at=discount.ends_at,
            product_ids=tuple(writing.record_id("product", product) for product in discount.product_ids),
        )
        for discount in discounts
    )


def _stored_item(item: records.Item, writing: Writing) -> StoredItem:
    return StoredItem(
        id=writing.record_id("item", item.id),
        price=stored_price(item.price, writing),
        quantity=item.quantity,
        discounts=_stored_discounts(item.discounts, writing),
    )


def _subscription(record: records.Subscription, writing: Writing) -> Row:
    items = tuple(_stored_item(item, writing) for item in record.items)
    return {
        **writing.start(record),
        "customer_id": writing.id_of("customer", record.customer_id),
        "status": record.status,
        "currency": record.currency,
        "items": items,
        "discounts": _stored_discounts(record.discounts, writing),
        "created_at": record.created_at,
        "started_at": record.started_at,
        "trial_start": record.trial_start,
        "trial_end": record.trial_end,
        "current_period_start": record.current_period_start,
        "current_period_end": record.current_period_end,
        "cancel_at": record.cancel_at,
        "cancel_at_period_end": record.cancel_at_period_end,
        "canceled_at": record.canceled_at,
        "ended_at": record.ended_at,
        "collection_paused": record.collection_paused,
        "first_seen_at": writing.since(record),
        "products": b"".join(sorted(licensed_products(items))),
    }


def _stored_lines(lines: Iterable[records.InvoiceLine], writing: Writing) -> tuple[StoredLine, ...]:
    """Only what past MRR is rebuilt from: recurring lines of a subscription that are no prorations."""
    return tuple(
        StoredLine(
            subscription_id=writing.record_id("subscription", line.subscription_id),
            price_id=writing.id_of("price", line.price_id),
            product_id=writing.id_of("product", line.product_id),
            quantity=line.quantity,
            amount=line.amount,
            period_start=line.period_start,
            period_end=line.period_end,
            recurring_discount=line.recurring_discount,
        )
        for line in lines
        if line.subscription_id is not None and line.item_id is not None and not line.proration
    )


def _invoice(record: records.Invoice, writing: Writing) -> Row:
    return {
        **writing.start(record),
        "customer_id": writing.id_of("customer", record.customer_id),
        "subscription_id": writing.id_of("subscription", record.subscription_id),
        "status": record.status,
        "currency": record.currency,
        "total": record.total,
        "amount_due": record.amount_due,
        "amount_paid": record.amount_paid,
        "amount_remaining": record.amount_remaining,
        "created_at": record.created_at,
        "due_at": record.due_at,
        "finalized_at": record.finalized_at,
        "paid_at": record.paid_at,
        "voided_at": record.voided_at,
        "attempt_count": record.attempt_count,
        "next_attempt_at": record.next_attempt_at,
        "intent_id": writing.id_of("intent", record.intent_id),
        "lines": _stored_lines(record.lines, writing),
    }


def _payment(record: records.Payment, writing: Writing) -> Row:
    return {
        **writing.start(record),
        "customer_id": writing.id_of("customer", record.customer_id),
        "attempt_of": writing.id_of("invoice", record.invoice_id)
        or writing.id_of("intent", record.intent_id),
        "status": record.status,
        "currency": record.currency,
        "amount": record.amount,
        "created_at": record.created_at,
        "failure": record.failure,
    }


def _money_back(record: records.Refund | records.Dispute, writing: Writing) -> Row:
    return {
        **writing.start(record),
        "payment_id": writing.id_of("payment", record.payment_id),
        "status": record.status[:32],
        "currency": record.currency,
        "amount": record.amount,
        "created_at": record.created_at,
    }


@dataclass(frozen=True, slots=True)
class Target:
    """Where the records of one class go. `keep`: columns that an update leaves as they are.

    `customer_column`: the column that names the customer whose derived rows a change of the row may move.
    """

    model: type[models.SourceRecord]
    to_row: Callable[[Any, Writing], Row]
    keep: frozenset[str] = frozenset()
    customer_column: str | None = None


TARGETS: dict[type[records.Record], Target] = {
    records.Product: Target(models.Product, _product),
    records.Price: Target(models.Price, _price),
    records.Customer: Target(
        models.Customer, _customer, keep=frozenset({"profile_id"}), customer_column="id"
    ),
    records.Subscription: Target(
        models.Subscription,
        _subscription,
        keep=frozenset({"first_seen_at"}),
        customer_column="customer_id",
    ),
    records.Invoice: Target(models.Invoice, _invoice, customer_column="customer_id"),
    records.Payment: Target(models.Payment, _payment, customer_column="customer_id"),
    records.Refund: Target(models.Refund, _money_back),
    records.Dispute: Target(models.Dispute, _money_back),
}
