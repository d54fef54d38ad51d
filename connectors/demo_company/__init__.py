"""A company that does not exist, with customers that do not exist, as a billing system would know it.

It is founded at a moment and grows from a seed: the same seed, founding and moment of looking give the same
records, and looking later shows the same company with more history.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from connectors.demo_company.calendar import Span, add_months
from connectors.demo_company.life import Agreement, live
from connectors.demo_company.names import Identity, identity
from connectors.demo_company.prices import (
    ENTERPRISE,
    GROWTH,
    PLANS,
    SCALE,
    STARTER,
    Coupon,
    Terms,
    prices,
    products,
)
from storage.records import Customer, DiscountDuration, Interval, Record, Subscription

HISTORY_MONTHS = 18

_FIRST_SIGNUPS, _MOST_SIGNUPS = 11, 22
_TRIAL = timedelta(days=14)
_WITH_TRIAL, _TRIAL_FAILS = 0.7, 0.38
_PLAN_WEIGHTS = {STARTER.key: 46, GROWTH.key: 35, SCALE.key: 14, ENTERPRISE.key: 5}
_YEARLY = {STARTER.key: 0.12, GROWTH.key: 0.2, SCALE.key: 0.3, ENTERPRISE.key: 0.5}
_BY_INVOICE = {SCALE.key: 0.3, ENTERPRISE.key: 0.9}
_WITH_SEATS, _WITH_COUPON, _COMES_BACK = 0.35, 0.12, 0.2
_COUPONS = (
    Coupon(20, DiscountDuration.FOREVER),
    Coupon(50, DiscountDuration.REPEATING, months=3),
    Coupon(25, DiscountDuration.REPEATING, months=6),
    Coupon(50, DiscountDuration.ONCE),
)
# A few months off a bill for a year would be a riddle: what is its MRR in the fourth month?
_YEARLY_COUPONS = tuple(coupon for coupon in _COUPONS if not coupon.months)


@dataclass(frozen=True, slots=True)
class Company:
    """Everything that a billing system knows of it, by record class, oldest first."""

    records: dict[type[Record], tuple[Record, ...]]


def founded_before(now: datetime) -> datetime:
    """The founding that gives a company its 18 months of history at `now`."""
    return add_months(now.replace(hour=0, minute=0, second=0, microsecond=0), -HISTORY_MONTHS)


def company(*, seed: int, founded: datetime, now: datetime) -> Company:
    """The company as it stands at `now`; takes about a tenth of a second for 18 months."""
    found: defaultdict[type[Record], list[Record]] = defaultdict(list)
    for record in (*products(founded), *prices(), *_customers(seed, founded, now)):
        found[type(record)].append(record)
    return Company({kind: tuple(sorted(records, key=_age)) for kind, records in found.items()})


def _age(record: Record) -> tuple[datetime, str]:
    created: datetime = getattr(record, "created_at", datetime.min.replace(tzinfo=UTC))
    return created, record.id


def _customers(seed: int, founded: datetime, now: datetime) -> Iterator[Record]:
    for number, signed_up in enumerate(_signups(seed, founded, now)):
        yield from _customer(seed, number, signed_up, now)


def _signups(seed: int, founded: datetime, now: datetime) -> Iterator[datetime]:
    """A few more every month, up to a point."""
    for month in count():
        span = Span(add_months(founded, month), add_months(founded, month + 1))
        draw = random.Random(f"{seed}/signups/{month}")  # noqa: S311 - a story, not a secret
        many = min(_FIRST_SIGNUPS + month * 2 // 3, _MOST_SIGNUPS)
        for share in sorted(draw.random() for _ in range(many)):
            if span.at(share) > now:
                return
            yield span.at(share)


def _customer(seed: int, number: int, signed_up: datetime, now: datetime) -> Iterator[Record]:
    who = identity(seed, number)
    customer_id = f"cus_{seed}_{number:05d}"
    yield Customer(
        id=customer_id,
        name=who.name,
        email=who.email,
        phone=who.phone,
        country=who.country,
        currency=who.currency,
        created_at=signed_up,
    )
    first = _first_agreement(customer_id, who, signed_up)
    subscription, records = live(first, now)
    yield subscription
    yield from records
    if again := _agreement_on_return(first, subscription, now):
        subscription, records = live(again, now)
        yield subscription
        yield from records


def _first_agreement(customer_id: str, who: Identity, signed_up: datetime) -> Agreement:
    draw = random.Random(f"{customer_id}/first")  # noqa: S311 - a story, not a secret
    plan = draw.choices(PLANS, tuple(_PLAN_WEIGHTS.values()))[0]
    yearly = draw.random() < _YEARLY[plan.key]
    seats = draw.randint(1, plan.most_seats) if draw.random() < _WITH_SEATS else 0
    trial = draw.random() < _WITH_TRIAL and plan is not ENTERPRISE
    fails = draw.random() < _TRIAL_FAILS and not who.faithful
    coupon = draw.choice(_YEARLY_COUPONS if yearly else _COUPONS) if draw.random() < _WITH_COUPON else None
    return Agreement(
        id=customer_id.replace("cus", "sub"),
        customer_id=customer_id,
        currency=who.currency,
        interval=Interval.YEAR if yearly else Interval.MONTH,
        terms=Terms(plan, seats),
        started_at=signed_up,
        trial_end=signed_up + _TRIAL if trial else None,
        trial_fails=fails,
        coupon=coupon,
        by_invoice=draw.random() < _BY_INVOICE.get(plan.key, 0),
        faithful=who.faithful,
    )


def _agreement_on_return(first: Agreement, past: Subscription, now: datetime) -> Agreement | None:
    """Some who left come back after a few months, to the plan they left."""
    draw = first.chance("return")
    wait = timedelta(days=draw.randint(25, 140), seconds=draw.randrange(86_400))
    if past.ended_at is None or draw.random() >= _COMES_BACK or past.ended_at + wait > now:
        return None
    return Agreement(
        id=f"{first.id}_again",
        customer_id=first.customer_id,
        currency=first.currency,
        interval=Interval.MONTH,
        terms=first.terms,
        started_at=past.ended_at + wait,
        by_invoice=first.by_invoice,
    )
