"""Loads what detectors of changes are told of the customers and bills that a batch of changes names.

A fixed number of queries a batch, whatever its size; none of them reads a personal field.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among
from storage.intake.news import Change
from storage.intake.stored import StoredPrice
from storage.metrics import money
from storage.metrics.scope import Asking
from thoughts.base import Money
from thoughts.customer_facts import load_customers
from thoughts.facts import About, Attempt, Bill, Key, SubscriptionFacts
from thoughts.load_scale import load_scale
from thoughts.thresholds import Thresholds

_BEHIND: dict[str, tuple[str, Any]] = {
    "refund": ("payment_id", models.Payment),
    "dispute": ("payment_id", models.Payment),
    "rating": ("ticket_id", models.Ticket),
}
"""Records that name their customer by another record: its column, and where that stands."""


async def load_about(
    session: AsyncSession, asking: Asking, changes: Sequence[Change], thresholds: Thresholds
) -> About:
    """The surroundings of these changes."""
    customer_of = await _customers_behind(session, asking, changes)
    records = {(c.source_id, c.customer_id) for c in changes if c.customer_id is not None}
    records |= {(key[0], customer_id) for key, customer_id in customer_of.items()}
    profile_of = await _profiles(session, asking, records)
    profiles = {*profile_of.values(), *(c.profile_id for c in changes if c.profile_id is not None)}
    return About(
        now=asking.now,
        zone=ZoneInfo(asking.time_zone),
        scale=await load_scale(session, asking),
        thresholds=thresholds,
        profile_of=profile_of,
        customers=await load_customers(session, asking, profiles),
        bills=await _bills(session, asking, changes),
        subscriptions=await _subscriptions(session, asking, changes),
        customer_of=customer_of,
    )


async def _customers_behind(
    session: AsyncSession, asking: Asking, changes: Sequence[Change]
) -> dict[Key, bytes]:
    found: dict[Key, bytes] = {}
    wanted: dict[Any, set[bytes]] = {}
    for change in changes:
        if change.kind in _BEHIND:
            column, model = _BEHIND[change.kind]
            if change.new.get(column) is not None:
                wanted.setdefault(model, set()).add(change.new[column])
    for model, ids in wanted.items():  # at most one query a table
        rows = await session.execute(
            select(model.source_id, model.id, model.customer_id).where(
                model.account_id == asking.account_id,
                among(session, model.id, ids),
                model.customer_id.is_not(None),
            )
        )
        found.update({(source_id, row_id): customer_id for source_id, row_id, customer_id in rows})
    return found


async def _profiles(session: AsyncSession, asking: Asking, records: Iterable[Key]) -> dict[Key, bytes]:
    ids = {record_id for _, record_id in records}
    if not ids:
        return {}
    customer = models.Customer
    rows = await session.execute(
        select(customer.source_id, customer.id, customer.profile_id).where(
            customer.account_id == asking.account_id, among(session, customer.id, ids)
        )
    )
    return {(source_id, record_id): profile_id for source_id, record_id, profile_id in rows}


async def _bills(session: AsyncSession, asking: Asking, changes: Sequence[Change]) -> dict[Key, Bill]:
    """The bills of payments and invoices, each under the key of its invoice and that of its attempts."""
    paid = [change for change in changes if change.kind in ("payment", "invoice")]
    named = [change.new.get(column) for change in paid for column in ("attempt_of", "intent_id")]
    names = {name for name in named if name is not None}
    names |= {change.id for change in paid if change.kind == "invoice"}
    customers = {change.customer_id for change in paid if change.customer_id is not None}
    if not names or not customers:
        return {}
    attempts = await _attempts(session, asking, customers, names)
    found = {key: Bill(key=key, attempts=tuple(tried)) for key, tried in attempts.items()}
    invoice = models.Invoice
    rows = await session.execute(
        select(
            invoice.source_id, invoice.id, invoice.intent_id, invoice.status, invoice.next_attempt_at
        ).where(
            invoice.account_id == asking.account_id,
            among(session, invoice.customer_id, customers),
            or_(among(session, invoice.id, names), among(session, invoice.intent_id, names)),
        )
    )
    for source_id, invoice_id, intent_id, status, next_attempt_at in rows:
        keys = [(source_id, name) for name in (invoice_id, intent_id) if name is not None]
        key = next((name for name in keys if name in attempts), keys[0])
        bill = Bill(
            key=key,
            attempts=tuple(attempts.get(key, ())),
            status=status,
            next_attempt_at=next_attempt_at,
        )
        found.update(dict.fromkeys(keys, bill))
    return found


async def _attempts(
    session: AsyncSession, asking: Asking, customers: Iterable[bytes], names: Iterable[bytes]
) -> dict[Key, list[Attempt]]:
    payment = models.Payment
    rows = await session.execute(
        select(payment.source_id, payment.attempt_of, payment.id, payment.created_at, payment.status)
        .where(
            payment.account_id == asking.account_id,
            among(session, payment.customer_id, customers),
            among(session, payment.attempt_of, names),
        )
        .order_by(payment.created_at, payment.id)
    )
    attempts: dict[Key, list[Attempt]] = {}
    for source_id, attempt_of, payment_id, at, status in rows:
        if attempt_of is not None:
            tried = attempts.setdefault((source_id, attempt_of), [])
            tried.append(Attempt(id=payment_id, at=at, status=status))
    return attempts


async def _subscriptions(
    session: AsyncSession, asking: Asking, changes: Sequence[Change]
) -> dict[Key, SubscriptionFacts]:
    ids = {change.id for change in changes if change.kind == "subscription"}
    if not ids:
        return {}
    row = models.Subscription
    rows = await session.execute(
        select(row.source_id, row.id, row.currency, row.items, row.discounts).where(
            row.account_id == asking.account_id, among(session, row.id, ids)
        )
    )
    return {
        (found.source_id, found.id): subscription_facts(
            found.items, found.discounts, found.currency, asking.now
        )
        for found in rows
    }


def subscription_facts(items: Any, discounts: Any, currency: str, at: Any) -> SubscriptionFacts:
    """What the items of a subscription are worth at a moment, whether it counts then or not."""
    if not items:
        return SubscriptionFacts()
    main = money.main_item(items, frozenset())
    return SubscriptionFacts(
        product_id=main.price.product_id if main else None,
        mrr=Money(money.mrr(items, discounts, at), currency),
        seats=main.quantity if main else None,
        interval=_interval(main.price) if main else None,
    )


def _interval(price: StoredPrice) -> str | None:
    return None if price.interval is None else money.interval_name(price.interval, price.interval_count)
