"""Bills of the demo company and how they are paid: at once, after retries, late, or never.

What will become of a bill is decided when it is made; `records` then shows as much of it as has happened.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.records import (
    Dispute,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    Payment,
    PaymentStatus,
    Record,
    Refund,
)

_DAY = timedelta(days=1)
_FIRST_TRY_FAILS = 0.055
_NEXT_TRY_WORKS = 0.42
_TRIES_AFTER_DAYS = (0, 3, 8, 15)
_FAILURES = ("card_declined", "insufficient_funds", "expired_card")
_DAYS_TO_PAY_AN_INVOICE = (2, 70, 26)  # least, most, most often; due after 30
_DUE_AFTER = 30 * _DAY
_REFUNDED, _DISPUTED = 0.02, 0.002
_DISPUTE_DECIDED_AFTER = 21 * _DAY


@dataclass(frozen=True, slots=True)
class Bill:
    """What is asked of a customer at one moment. `total` is after discounts, minor units."""

    id: str
    customer_id: str
    subscription_id: str
    currency: str
    total: int
    made_at: datetime
    lines: tuple[InvoiceLine, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to collect; `failure` None means that the money came."""

    at: datetime
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """What becomes of a bill, the future included. `due_at` is set where customers pay by bank transfer."""

    attempts: tuple[Attempt, ...]
    due_at: datetime | None = None
    refund: tuple[datetime, int] | None = None
    disputed_at: datetime | None = None
    dispute_won: bool = False

    @property
    def given_up_at(self) -> datetime | None:
        """When collecting it failed for good."""
        last = self.attempts[-1]
        return last.at if last.failure else None

    def paid_at(self, now: datetime) -> datetime | None:
        """When the money came, if it has by `now`."""
        last = self.attempts[-1]
        return last.at if last.failure is None and last.at <= now else None

    def is_late(self, now: datetime) -> bool:
        """Unpaid after a failed attempt or the due date, and not given up yet."""
        if self.paid_at(now) or (self.given_up_at and self.given_up_at <= now):
            return False
        return self.due_at < now if self.due_at else self.attempts[0].at <= now


def course(bill: Bill, *, by_invoice: bool, safe: bool) -> Course:
    """Draw a bill's fate from its id's own random stream. A `safe` bill is never given up."""
    draw = random.Random(bill.id)  # noqa: S311 - a story, not a secret
    if by_invoice:
        least, most, often = _DAYS_TO_PAY_AN_INVOICE
        paid_at = bill.made_at + round(draw.triangular(least, most, often) * 86_400) * timedelta(seconds=1)
        return Course((Attempt(paid_at),), due_at=bill.made_at + _DUE_AFTER)
    attempts = tuple(_attempts(draw, bill.made_at, safe=safe))
    if attempts[-1].failure:
        return Course(attempts)
    refund = disputed_at = None
    if draw.random() < _REFUNDED:
        amount = bill.total if draw.random() < 0.6 else bill.total // 2  # noqa: PLR2004 - most want it all
        refund = (attempts[-1].at + draw.randint(1, 12) * _DAY, amount)
    elif draw.random() < _DISPUTED:
        disputed_at = attempts[-1].at + draw.randint(3, 30) * _DAY
    return Course(attempts, None, refund, disputed_at, dispute_won=draw.random() < 0.5)  # noqa: PLR2004 - a coin


def _attempts(draw: random.Random, made_at: datetime, *, safe: bool) -> Iterator[Attempt]:
    fails = draw.random() < _FIRST_TRY_FAILS
    why = draw.choice(_FAILURES)
    for days in _TRIES_AFTER_DAYS:
        last_chance = safe and days == _TRIES_AFTER_DAYS[-1]
        if last_chance or not fails:
            yield Attempt(made_at + days * _DAY)
            return
        yield Attempt(made_at + days * _DAY, why)
        fails = draw.random() >= _NEXT_TRY_WORKS


def records(bill: Bill, fate: Course, now: datetime) -> Iterator[Record]:
    """The invoice, its payments, refund and dispute, as they stand at `now`."""
    tried = [attempt for attempt in fate.attempts if attempt.at <= now]
    yield _invoice(bill, fate, len(tried), now)
    for number, attempt in enumerate(tried):
        yield Payment(
            id=f"pay_{bill.id}_{number}",
            customer_id=bill.customer_id,
            invoice_id=bill.id,
            status=PaymentStatus.FAILED if attempt.failure else PaymentStatus.SUCCEEDED,
            currency=bill.currency,
            amount=bill.total,
            created_at=attempt.at,
            failure=attempt.failure,
        )
    yield from _taken_back(bill, fate, f"pay_{bill.id}_{len(fate.attempts) - 1}", now)


def _invoice(bill: Bill, fate: Course, tried: int, now: datetime) -> Invoice:
    paid_at = fate.paid_at(now)
    lost = fate.given_up_at is not None and fate.given_up_at <= now
    waiting = paid_at is None and not lost and fate.due_at is None
    return Invoice(
        id=bill.id,
        customer_id=bill.customer_id,
        subscription_id=bill.subscription_id,
        status=InvoiceStatus.PAID if paid_at else InvoiceStatus.UNCOLLECTIBLE if lost else InvoiceStatus.OPEN,
        currency=bill.currency,
        total=bill.total,
        amount_due=bill.total,
        amount_paid=bill.total if paid_at else 0,
        amount_remaining=0 if paid_at else bill.total,
        created_at=bill.made_at,
        due_at=fate.due_at,
        finalized_at=bill.made_at,
        paid_at=paid_at,
        attempt_count=tried,
        next_attempt_at=fate.attempts[tried].at if waiting else None,
        lines=bill.lines,
    )


def _taken_back(bill: Bill, fate: Course, payment_id: str, now: datetime) -> Iterator[Record]:
    if fate.refund and fate.refund[0] <= now:
        at, amount = fate.refund
        yield Refund(
            id=f"re_{bill.id}",
            payment_id=payment_id,
            status="succeeded",
            currency=bill.currency,
            amount=amount,
            created_at=at,
        )
    if fate.disputed_at and fate.disputed_at <= now:
        decided = fate.disputed_at + _DISPUTE_DECIDED_AFTER <= now
        yield Dispute(
            id=f"dp_{bill.id}",
            payment_id=payment_id,
            status=("won" if fate.dispute_won else "lost") if decided else "needs_response",
            currency=bill.currency,
            amount=bill.total,
            created_at=fate.disputed_at,
        )
