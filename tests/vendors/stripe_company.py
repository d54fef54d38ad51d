"""The demo company as Stripe would tell it: a world of any size for the test server, grown from a seed."""

from datetime import UTC, datetime
from typing import Any

from connectors.demo_company import company as grow
from connectors.demo_company import founded_before
from storage import records
from tests.vendors import stripe_objects as make
from tests.vendors.stripe_data import World

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
Object = dict[str, Any]


def company(*, customers: int, seed: int = 7, now: datetime = NOW) -> World:
    """A world of the first `customers` customers of the demo company and all that is theirs."""
    grown = grow(seed=seed, founded=founded_before(now), now=now).records
    known = {record.id for record in grown[records.Customer][:customers]}
    world = World()
    payments: set[str] = set()
    coupons: dict[str, Object] = {}
    for kind, resource, render in (
        (records.Product, "products", _product),
        (records.Price, "prices", _price),
        (records.Customer, "customers", _customer),
        (records.Subscription, "subscriptions", lambda s: _subscription(s, coupons)),
        (records.Invoice, "invoices", lambda i: _invoice(i, coupons)),
        (records.Payment, "charges", _charge),
        (records.Refund, "refunds", _refund),
        (records.Dispute, "disputes", _dispute),
    ):
        objects = []
        for record in grown.get(kind, ()):
            owner = record.id if kind is records.Customer else getattr(record, "customer_id", None)
            of_payment = getattr(record, "payment_id", None)
            if (owner and owner not in known) or (of_payment and of_payment not in payments):
                continue
            if kind is records.Payment:
                payments.add(record.id)
            objects.append(render(record))
        world.tables[resource].load(objects[::-1])
    world.tables["coupons"].load(list(coupons.values()))
    return world


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def _product(record: records.Product) -> Object:
    return make.product(
        record.id, name=record.name, active=record.active, created=_seconds(record.created_at)
    )


def _price(record: records.Price) -> Object:
    recurring = None
    if record.interval:
        recurring = {
            "interval": record.interval.value,
            "interval_count": record.interval_count,
            "meter": None,
            "usage_type": record.usage.value,
        }
    amount = int(record.unit_amount) if record.unit_amount is not None else None
    return make.price(
        record.id,
        amount,
        currency=record.currency,
        product=record.product_id,
        recurring=recurring,
        type="recurring" if recurring else "one_time",
        active=record.active,
    )


def _customer(record: records.Customer) -> Object:
    return make.customer(
        record.id,
        name=record.name,
        email=record.email,
        phone=record.phone,
        currency=record.currency,
        created=_seconds(record.created_at),
        address={"country": record.country, "city": None, "line1": None},
    )


def _discount(discount: records.Discount, of: str, coupons: dict[str, Object]) -> Object:
    months = None
    if discount.ends_at and discount.starts_at:
        months = round((discount.ends_at - discount.starts_at).days / 30.4)
    percent = float(discount.percent_off) if discount.percent_off is not None else None
    coupon_id = f"C{percent}-{discount.amount_off}-{discount.duration}-{months}"
    coupons[coupon_id] = make.coupon(
        coupon_id,
        percent,
        discount.duration.value,
        amount_off=discount.amount_off,
        currency=discount.currency,
        duration_in_months=months,
    )
    return make.discount(f"di_{of}", coupon_id, _seconds(discount.ends_at)) | {
        "start": _seconds(discount.starts_at) or make.T0
    }


def _subscription(record: records.Subscription, coupons: dict[str, Object]) -> Object:
    return make.subscription(
        record.id,
        [
            make.item(
                item.id,
                _price(item.price),
                item.quantity,
                subscription=record.id,
                current_period_start=_seconds(record.current_period_start),
                current_period_end=_seconds(record.current_period_end),
            )
            for item in record.items
        ],
        created=_seconds(record.created_at),
        currency=record.currency,
        customer=record.customer_id,
        status=record.status.value,
        start_date=_seconds(record.started_at),
        trial_start=_seconds(record.trial_start),
        trial_end=_seconds(record.trial_end),
        cancel_at=_seconds(record.cancel_at),
        cancel_at_period_end=record.cancel_at_period_end,
        canceled_at=_seconds(record.canceled_at),
        ended_at=_seconds(record.ended_at),
        discounts=[_discount(discount, record.id, coupons) for discount in record.discounts],
    )


def _line(record: records.InvoiceLine, number: int, of: records.Invoice) -> Object:
    return make.line(
        f"il_{of.id}_{number}",
        record.amount,
        currency=of.currency,
        quantity=record.quantity,
        period={"start": _seconds(record.period_start), "end": _seconds(record.period_end)},
        pricing={
            "type": "price_details",
            "price_details": {"price": record.price_id, "product": record.product_id},
        },
        discount_amounts=[{"amount": record.recurring_discount, "discount": f"di_{of.subscription_id}"}]
        if record.recurring_discount
        else [],
        discounts=[f"di_{of.subscription_id}"] if record.recurring_discount else [],
        parent={
            "type": "subscription_item_details" if record.item_id else "invoice_item_details",
            "subscription_item_details": {
                "proration": record.proration,
                "subscription": record.subscription_id,
                "subscription_item": record.item_id,
            }
            if record.item_id
            else None,
            "invoice_item_details": None
            if record.item_id
            else {"proration": record.proration, "subscription": record.subscription_id},
        },
    )


def _invoice(record: records.Invoice, coupons: dict[str, Object]) -> Object:
    forever = next((c for c in coupons.values() if c["duration"] != "once"), None)
    discounts = []
    if forever and any(line.recurring_discount for line in record.lines):
        discounts = [make.discount(f"di_{record.subscription_id}", forever["id"])]
    return make.invoice(
        record.id,
        [_line(line, number, record) for number, line in enumerate(record.lines)],
        amount_due=record.amount_due,
        amount_paid=record.amount_paid,
        amount_remaining=record.amount_remaining,
        attempt_count=record.attempt_count,
        created=_seconds(record.created_at),
        currency=record.currency,
        customer=record.customer_id,
        discounts=discounts,
        due_date=_seconds(record.due_at),
        next_payment_attempt=_seconds(record.next_attempt_at),
        parent={
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": record.subscription_id},
        },
        payments=make.payments(f"pi_{record.id}"),
        status=record.status.value,
        status_transitions={
            "finalized_at": _seconds(record.finalized_at),
            "marked_uncollectible_at": None,
            "paid_at": _seconds(record.paid_at),
            "voided_at": _seconds(record.voided_at),
        },
        total=record.total,
    )


def _charge(record: records.Payment) -> Object:
    return make.charge(
        record.id,
        amount=record.amount,
        amount_captured=record.amount if record.status is records.PaymentStatus.SUCCEEDED else 0,
        captured=record.status is records.PaymentStatus.SUCCEEDED,
        created=_seconds(record.created_at),
        currency=record.currency,
        customer=record.customer_id,
        failure_code=record.failure,
        payment_intent=f"pi_{record.invoice_id}" if record.invoice_id else None,
        status=record.status.value,
    )


def _refund(record: records.Refund) -> Object:
    return {
        "id": record.id,
        "object": "refund",
        "amount": record.amount,
        "charge": record.payment_id,
        "created": _seconds(record.created_at),
        "currency": record.currency,
        "status": record.status,
    }


def _dispute(record: records.Dispute) -> Object:
    return {
        "id": record.id,
        "object": "dispute",
        "amount": record.amount,
        "charge": record.payment_id,
        "created": _seconds(record.created_at),
        "currency": record.currency,
        "status": record.status,
    }
