"""Bills and money, from Stripe's objects to records: pure, one function a kind, as in `agreements`."""

import re

from connectors.stripe import wire_bills as wire
from connectors.stripe.values import References, at, coupon_of, currency, either, id_of, status, when
from connectors.stripe.wire import Discounts
from storage import records
from storage.records import DiscountDuration, PaymentStatus

_FAILURE = re.compile(r"[a-z0-9_]{1,64}")


def invoice(row: wire.Invoice, references: References) -> records.Invoice:
    moments = row.status_transitions or wire.Transitions()
    remaining = row.amount_remaining
    details = row.parent.subscription_details if row.parent else None
    own = either(row.discounts, row.discount)
    return records.Invoice(
        id=row.id,
        customer_id=id_of(row.customer),
        subscription_id=id_of(details.subscription) if details else id_of(row.subscription),
        status=row.status,
        currency=currency(row.currency),
        total=row.total,
        amount_due=row.amount_due,
        amount_paid=row.amount_paid,
        amount_remaining=remaining if remaining is not None else row.amount_due - row.amount_paid,
        created_at=at(row.created),
        due_at=when(row.due_date),
        finalized_at=when(moments.finalized_at),
        paid_at=when(moments.paid_at),
        voided_at=when(moments.voided_at),
        uncollectible_at=when(moments.marked_uncollectible_at),
        intent_id=_intent(row),
        attempt_count=row.attempt_count,
        next_attempt_at=when(row.next_payment_attempt),
        lines=tuple(_line(line, own, references) for line in row.lines.data),
    )


def _intent(row: wire.Invoice) -> str | None:
    """The payment intent that collects the invoice: the default one, whose attempts are its attempts."""
    if row.payments is None:
        return id_of(row.payment_intent)
    by_default = sorted(row.payments.data, key=lambda payment: not payment.is_default)
    return next((id_of(p.payment.payment_intent) for p in by_default if p.payment.payment_intent), None)


def _line(row: wire.Line, invoice_discounts: Discounts, references: References) -> records.InvoiceLine:
    item, one_off = None, None
    if row.parent:
        item, one_off = row.parent.subscription_item_details, row.parent.invoice_item_details
    details = item or one_off
    priced = row.pricing.price_details if row.pricing else None
    older = row.price or row.plan
    made_by = (item.subscription_item or row.id) if item else _older_item(row)
    return records.InvoiceLine(
        amount=row.amount,
        recurring_discount=_recurring_discount(row, invoice_discounts, references),
        subscription_id=id_of(details.subscription if details and details.subscription else row.subscription),
        item_id=made_by,
        price_id=id_of(priced.price) if priced else older.id if older else None,
        product_id=id_of(priced.product) if priced else id_of(older.product) if older else None,
        quantity=row.quantity,
        proration=details.proration if details else row.proration,
        period_start=at(row.period.start),
        period_end=at(row.period.end),
    )


def _older_item(row: wire.Line) -> str | None:
    """Whether a subscription made the line, in the older shape; the line's own id where no item is named."""
    return (id_of(row.subscription_item) or row.id) if row.type == "subscription" else None


def _recurring_discount(row: wire.Line, invoice_discounts: Discounts, references: References) -> int:
    """What comes off the line at every renewal. A discount whose coupon is gone counts: of all amounts that
    coupons take off, those of `once` are the few."""
    if not row.discount_amounts:
        return 0
    known = {d.id: d for d in (*(invoice_discounts or ()), *(row.discounts or ())) if not isinstance(d, str)}
    total = 0
    for taken in row.discount_amounts:
        by = known.get(taken.discount) if isinstance(taken.discount, str) else taken.discount
        coupon = coupon_of(by, references) if by else None
        if coupon is None or coupon.duration is not DiscountDuration.ONCE:
            total += taken.amount
    return total


def payment(row: wire.Charge, references: References) -> records.Payment:
    """A charge. An authorisation that nobody captured yet has collected nothing: it is pending."""
    held = row.status is PaymentStatus.SUCCEEDED and not row.captured
    captured = row.amount_captured if row.status is PaymentStatus.SUCCEEDED and row.captured else None
    failure = row.failure_code
    return records.Payment(
        id=row.id,
        customer_id=id_of(row.customer),
        invoice_id=id_of(row.invoice),
        intent_id=id_of(row.payment_intent),
        status=PaymentStatus.PENDING if held else row.status,
        currency=currency(row.currency),
        amount=row.amount if captured is None else captured,
        created_at=at(row.created),
        failure=failure if failure and _FAILURE.fullmatch(failure) else None,
    )


def refund(row: wire.Refund, references: References) -> records.Refund:
    """Refunds of before statuses existed have none, and succeeded."""
    return records.Refund(
        id=row.id,
        payment_id=id_of(row.charge),
        status=status(row.status or "succeeded"),
        currency=currency(row.currency),
        amount=row.amount,
        created_at=at(row.created),
    )


def dispute(row: wire.Dispute, references: References) -> records.Dispute:
    return records.Dispute(
        id=row.id,
        payment_id=id_of(row.charge),
        status=status(row.status),
        currency=currency(row.currency),
        amount=row.amount,
        created_at=at(row.created),
    )
