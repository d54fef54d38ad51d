"""A company small enough to work out its figures by hand. It is noon on 23 November 2026, UTC.

| customer | country | pays a month | since | |
|---|---|---|---|---|
| Acme | US | Growth 100.00 | January 2025 | |
| Beta | DE | Growth 90.00 EUR | 1 October, midnight | |
| Gamma | DE | Scale 6,000.00 a year = 500.00 | 15 September | |
| Delta | US | Growth 100.00, on trial | 15 November | until 29 November |
| Echo | GB | Starter 20.00 | 10 February | left on 20 October |
| Fox | US | Growth 100.00 and Starter 240.00 a year = 20.00 | March | |
| Golf | FR | Starter 25.00 | 1 November, midnight | past due |
| Hotel | JP | Scale 30,000 JPY | June | |
| India | US | Starter 20.00 | April | deleted at Stripe on 10 November |
| Juliet | US | nothing | | signed up on 5 November |
| Kilo | US | Growth 99.00 | 10 November | |
"""

from datetime import UTC, datetime

from storage.records import Customer as CustomerRecord
from storage.records import Interval as Every
from storage.records import InvoiceStatus, Item, PaymentStatus, Refund, SubscriptionStatus
from tests.world import NOW, World, customer, gone, invoice, payment, price, product, subscription

OPEN, FAILED = InvoiceStatus.OPEN, PaymentStatus.FAILED


def day(month: int, number: int, hour: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, number, hour, tzinfo=UTC)


def _buys(of, plan, amount, since, *, count="", **fields):
    money = {name: fields.pop(name) for name in ("currency", "interval") if name in fields}
    bought = price(plan, amount, **money)
    return subscription(
        of,
        of_price=bought,
        id=f"sub_{of}{count}",
        items=(Item(id=f"si_{of}{count}", price=bought),),
        created_at=since,
        started_at=since,
        **fields,
    )


def _subscriptions():
    return (
        _buys("Acme", "Growth", 10_000, day(1, 1, year=2025)),
        _buys("Beta", "Growth", 9_000, day(10, 1), currency="eur"),
        _buys("Gamma", "Scale", 600_000, day(9, 15), interval=Every.YEAR),
        _buys(
            "Delta", "Growth", 10_000, day(11, 15), status=SubscriptionStatus.TRIALING,
            trial_start=day(11, 15), trial_end=day(11, 29), current_period_end=day(11, 29),
        ),
        _buys(
            "Echo", "Starter", 2_000, day(2, 10), status=SubscriptionStatus.CANCELED,
            canceled_at=day(10, 20, 10), ended_at=day(10, 20, 10),
        ),
        _buys("Fox", "Growth", 10_000, day(3, 1)),
        _buys("Fox", "Starter", 24_000, day(3, 1), count="2", interval=Every.YEAR),
        _buys("Golf", "Starter", 2_500, day(11, 1), status=SubscriptionStatus.PAST_DUE),
        _buys("Hotel", "Scale", 30_000, day(6, 1), currency="jpy"),
        _buys("India", "Starter", 2_000, day(4, 1)),
        _buys("Kilo", "Growth", 9_900, day(11, 10), current_period_end=day(12, 10)),
    )  # fmt: skip


def _customers():
    return (
        customer("Acme", created_at=day(1, 1, year=2025)),
        customer("Beta", country="DE", currency="eur", created_at=day(10, 1)),
        customer("Gamma", country="DE", created_at=day(9, 15)),
        customer("Delta", created_at=day(11, 15)),
        customer("Echo", country="GB", created_at=day(2, 10)),
        customer("Fox", created_at=day(3, 1)),
        customer("Golf", country="FR", created_at=day(11, 1)),
        customer("Hotel", country="JP", currency="jpy", created_at=day(6, 1)),
        customer("India", created_at=day(4, 1)),
        customer("Juliet", created_at=day(11, 5)),
        customer("Kilo", created_at=day(11, 10)),
    )


def _payments():
    just_before_october = datetime(2026, 9, 30, 23, 59, 59, 999_999, tzinfo=UTC)
    return (
        payment(1, "Acme", created_at=day(10, 5)),
        payment(2, "Acme", created_at=day(11, 5)),
        payment(3, "Beta", amount=9_000, currency="eur", created_at=day(10, 1)),
        payment(4, "Fox", amount=12_000, created_at=just_before_october),
        payment(5, "Golf", amount=2_500, status=FAILED, failure="card_declined", created_at=day(11, 1),
                invoice_id="in_1"),
        payment(6, "Golf", amount=2_500, status=FAILED, failure="expired_card", created_at=day(11, 8),
                invoice_id="in_1"),
        payment(7, None, amount=5_000, created_at=day(10, 15)),
        payment(8, "India", amount=2_000, created_at=day(10, 10)),
        payment(9, "Echo", amount=2_000, status=FAILED, failure="card_declined", created_at=day(10, 18)),
        payment(10, "Echo", amount=2_000, created_at=day(10, 19)),
    )  # fmt: skip


def _refund(number, of, at, amount, currency="usd", status="succeeded"):
    return Refund(
        id=f"re_{number}", payment_id=of, status=status, currency=currency, amount=amount, created_at=at
    )


def _refunds():
    return (
        _refund(1, "ch_1", day(11, 2), 3_000),
        _refund(2, "ch_10", day(10, 20), 1_000, status="failed"),
        _refund(3, "ch_3", day(10, 30), 1_500, "eur"),
    )


def _bill(number, of, remaining, **fields):
    return invoice(number, of, status=OPEN, amount_paid=0, amount_remaining=remaining, **fields)


def _invoices():
    return (
        _bill(1, "Golf", 2_500, total=2_500, created_at=day(11, 1)),
        _bill(2, "Acme", 4_000, total=10_000, created_at=day(11, 5), due_at=day(11, 20)),
        _bill(3, "Fox", 12_000, total=12_000, created_at=day(11, 10), due_at=day(12, 1)),
        _bill(4, "Beta", 9_000, total=9_000, created_at=day(11, 1), currency="eur"),
        _bill(5, "India", 2_000, total=2_000, created_at=day(10, 1), due_at=day(11, 1)),
        invoice(6, "Gamma", total=600_000, created_at=day(9, 15)),
        invoice(7, "Echo", total=2_000, created_at=day(10, 18), status=InvoiceStatus.VOID),
    )


async def found(world: World) -> None:
    """Writes the company, and what Stripe said later of India."""
    await world.sync(
        *map(product, ("Starter", "Growth", "Scale")),
        *_customers(),
        *_subscriptions(),
        *_payments(),
        *_refunds(),
        *_invoices(),
        at=NOW,
    )
    await world.sync(gone(CustomerRecord, "cus_India", at=day(11, 10)))
