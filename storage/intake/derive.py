"""Recomputes what follows from the records: profiles, MRR spans, movements.

Work to do is a row in `stale_customer`, written with the change that caused it, so that a process may be
killed at any moment: whoever comes next goes on. Each chunk of customers is one transaction, and
recomputing a customer twice gives the same rows.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Row, Text, delete, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among
from storage.intake.combinations import combinations
from storage.intake.movement_news import tell_movements
from storage.intake.source_lock import HeldSource, SourceGone, hold_source
from storage.intake.span_rows import replace_spans
from storage.intake.stale import mark_all_stale, stale_sources
from storage.intake.stored import StoredDiscount, StoredLine
from storage.keys.vault import Vault
from storage.metrics import money
from storage.metrics.history import Agreement, Change, Span, customer_spans
from storage.metrics.joins import attempts
from storage.metrics.line_states import PriceBook
from storage.profile_evidence import Rings
from storage.profile_facts import recompute_profiles
from storage.profile_rings import join_alone, open_rings
from storage.profiles import rejoin
from storage.session import Database

CHUNK = 400
"""Customers in one transaction: more would keep the event loop from others while rows are fetched."""

_decode_lines = msgspec.json.Decoder(tuple[StoredLine, ...]).decode

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _Setting:
    """What every customer of a source is computed with."""

    account_id: int
    source_id: int
    zone: ZoneInfo
    book: PriceBook


async def derive(
    db: Database,
    account_id: int,
    source_id: int,
    progress: Progress | None = None,
    *,
    vault: Vault,
) -> int:
    """Recomputes all stale customers of a source; returns how many. `progress` gets the number so far.

    Records of other sources that a deletion here left behind are joined anew too. Raises SourceGone when the
    source is removed meanwhile: nothing is derived of rows that are going.
    """
    done = await _derive_source(db, account_id, source_id, progress, vault)
    for other in await stale_sources(db, account_id, source_id):
        with suppress(SourceGone):
            await _derive_source(db, account_id, other, None, vault)
    return done


async def _derive_source(
    db: Database, account_id: int, source_id: int, progress: Progress | None, vault: Vault
) -> int:
    done = 0
    setting = await _prepare(db, account_id, source_id)
    while True:
        rings = await open_rings(db, vault, account_id)
        async with db.tenant(account_id) as session:
            await join_alone(session, account_id)
            held = await hold_source(session, account_id, source_id)
            chunk = await _next_chunk(session, setting)
            if not chunk:
                return done
            await _derive_chunk(session, setting, chunk, rings, held)
        done += len(chunk)
        if progress:
            progress(done)


async def _prepare(db: Database, account_id: int, source_id: int) -> _Setting:
    """Reads prices and add-ons; when other products than before are add-ons, everyone is stale."""
    async with db.tenant(account_id) as session:
        zone = await session.scalar(
            select(models.Account.time_zone).where(models.Account.account_id == account_id)
        )
        prices = await session.execute(
            select(models.Price.id, models.Price.definition).where(
                models.Price.account_id == account_id, models.Price.source_id == source_id
            )
        )
        add_ons = money.add_ons(await combinations(session, account_id, source_id))
        source = await session.get_one(models.Source, (account_id, source_id))
        if set(source.add_ons) != add_ons:
            source.add_ons = tuple(sorted(add_ons))
            await mark_all_stale(session, account_id, source_id)
        book = PriceBook({row.id: row.definition for row in prices}, add_ons)
        return _Setting(account_id, source_id, ZoneInfo(zone or "UTC"), book)


async def _next_chunk(session: AsyncSession, setting: _Setting) -> list[bytes]:
    stale = models.StaleCustomer
    found = await session.scalars(
        select(stale.customer_id)
        .where(stale.account_id == setting.account_id, stale.source_id == setting.source_id)
        .order_by(stale.customer_id)
        .limit(CHUNK)
    )
    return list(found)


async def _derive_chunk(
    session: AsyncSession, setting: _Setting, chunk: Sequence[bytes], rings: Rings, held: HeldSource
) -> None:
    joined = await rejoin(session, setting.account_id, setting.source_id, chunk, rings)
    spans = await _spans_of(session, setting, chunk)
    await replace_spans(
        session,
        setting.account_id,
        setting.source_id,
        chunk,
        spans,
        joined.profile_of,
        setting.zone,
    )
    moved = await recompute_profiles(
        session, account_id=setting.account_id, zone=setting.zone, profiles=joined.touched
    )
    await tell_movements(session, setting.account_id, held, moved)
    stale = models.StaleCustomer
    await session.execute(
        delete(stale)
        .where(
            stale.account_id == setting.account_id,
            stale.source_id == setting.source_id,
            among(session, stale.customer_id, chunk),
        )
        .execution_options(synchronize_session=False)
    )


async def _spans_of(
    session: AsyncSession, setting: _Setting, chunk: Sequence[bytes]
) -> dict[bytes, list[Span]]:
    """Spans by customer, computed in a thread: the event loop stays free for others."""
    of_source = {"account_id": setting.account_id, "source_id": setting.source_id}
    discounts = {
        row.id: row.discounts
        for row in await session.execute(
            select(models.Customer.id, models.Customer.discounts)
            .filter_by(**of_source)
            .where(among(session, models.Customer.id, chunk))
        )
    }
    subscriptions = (
        await session.execute(
            select(*_AGREEMENT_COLUMNS)
            .filter_by(**of_source)
            .where(among(session, models.Subscription.customer_id, chunk))
        )
    ).all()
    stopped = await _last_failures(session, setting, [r.id for r in subscriptions if r.status == "unpaid"])
    changes: dict[bytes, list[Change]] = defaultdict(list)
    change = models.SubscriptionChange
    for row in await session.execute(
        select(change.subscription_id, change.at, change.status, change.items, change.discounts)
        .filter_by(**of_source)
        .where(among(session, change.subscription_id, [row.id for row in subscriptions]))
        .order_by(change.at)
    ):
        changes[row.subscription_id].append(
            Change(at=row.at, status=row.status, items=row.items, discounts=row.discounts)
        )
    lines = (
        await session.execute(
            select(models.Invoice.customer_id, type_coerce(models.Invoice.lines, Text)).where(
                models.Invoice.account_id == setting.account_id,
                models.Invoice.source_id == setting.source_id,
                among(session, models.Invoice.customer_id, chunk),
                models.Invoice.lines != (),
            )
        )
    ).all()
    agreements: dict[bytes, list[Agreement]] = defaultdict(list)
    for row in subscriptions:
        agreements[row.customer_id].append(
            _agreement(row, discounts.get(row.customer_id, ()), stopped.get(row.id))
        )
    return await asyncio.to_thread(_compute, agreements, lines, changes, setting)


_AGREEMENT_COLUMNS = [
    getattr(models.Subscription, name)
    for name in (
        "id",
        "customer_id",
        "status",
        "currency",
        "items",
        "discounts",
        "started_at",
        "trial_start",
        "trial_end",
        "canceled_at",
        "ended_at",
        "first_seen_at",
    )
]


def _agreement(row: Any, of_customer: tuple[StoredDiscount, ...], stopped_at: datetime | None) -> Agreement:
    return Agreement(
        id=row.id,
        status=row.status,
        currency=row.currency,
        items=row.items,
        discounts=row.discounts or of_customer,
        started_at=row.started_at,
        trial_start=row.trial_start,
        trial_end=row.trial_end,
        canceled_at=row.canceled_at,
        ended_at=row.ended_at,
        first_seen_at=row.first_seen_at,
        stopped_at=stopped_at,
    )


async def _last_failures(
    session: AsyncSession, setting: _Setting, unpaid: Sequence[bytes]
) -> dict[bytes, datetime]:
    """The last failed attempt to collect of subscriptions that are unpaid: when they stopped counting."""
    if not unpaid:
        return {}
    invoice, payment = models.Invoice, models.Payment
    rows = await session.execute(
        select(invoice.subscription_id, func.max(payment.created_at, type_=payment.created_at.type))
        .join(payment, attempts(payment, invoice))
        .where(
            invoice.account_id == setting.account_id,
            invoice.source_id == setting.source_id,
            among(session, invoice.subscription_id, unpaid),
            payment.status == "failed",
        )
        .group_by(invoice.subscription_id)
    )
    return {subscription_id: at for subscription_id, at in rows if subscription_id is not None}


def _compute(
    agreements: dict[bytes, list[Agreement]],
    bills: Iterable[Row[bytes | None, str]],
    changes: dict[bytes, list[Change]],
    setting: _Setting,
) -> dict[bytes, list[Span]]:
    lines: dict[bytes | None, list[StoredLine]] = defaultdict(list)
    for customer_id, of_bill in bills:
        lines[customer_id].extend(_decode_lines(of_bill))
    return {
        customer_id: customer_spans(of_customer, lines.get(customer_id, ()), changes, setting.book)
        for customer_id, of_customer in agreements.items()
    }
