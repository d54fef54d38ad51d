"""Records of billing sources → rows: vendor ids become keyed hashes, the rest columns."""

from collections.abc import Iterable

from storage import records
from storage.intake.stored import StoredDiscount, StoredItem, StoredLine, StoredPrice
from storage.intake.writing import Row, Writing
from storage.metrics.money import licensed_products


def product_row(record: records.Product, writing: Writing) -> Row:
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


def price_row(record: records.Price, writing: Writing) -> Row:
    definition = stored_price(record, writing)
    return {**writing.start(record), "product_id": definition.product_id, "definition": definition}


def stored_discounts(discounts: tuple[records.Discount, ...], writing: Writing) -> tuple[StoredDiscount, ...]:
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
        discounts=stored_discounts(item.discounts, writing),
    )


def subscription_row(record: records.Subscription, writing: Writing) -> Row:
    items = tuple(_stored_item(item, writing) for item in record.items)
    return {
        **writing.start(record),
        "customer_id": writing.id_of("customer", record.customer_id),
        "status": record.status,
        "currency": record.currency,
        "items": items,
        "discounts": stored_discounts(record.discounts, writing),
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


def invoice_row(record: records.Invoice, writing: Writing) -> Row:
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


def payment_row(record: records.Payment, writing: Writing) -> Row:
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


def money_back_row(record: records.Refund | records.Dispute, writing: Writing) -> Row:
    return {
        **writing.start(record),
        "payment_id": writing.id_of("payment", record.payment_id),
        "status": record.status[:32],
        "currency": record.currency,
        "amount": record.amount,
        "created_at": record.created_at,
    }
