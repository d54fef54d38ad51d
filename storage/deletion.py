"""What a deletion at the source takes away here, and what it leaves: amounts that lead to nobody.

Past money must not change when a customer goes (semantics: "What deletion leaves"). So a customer's
subscriptions, invoices and payments get a random anonymous id in place of the customer's, its
subscriptions end with the deletion, and a keyed tombstone keeps late pages and events from bringing the
customer back.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.bulk import among
from storage.records import SubscriptionStatus
from storage.rows import Row, Target, Writing

_NAMES_A_CUSTOMER: tuple[Any, ...] = (models.Subscription, models.Invoice, models.Payment, models.MrrSpan)


async def forget_customers(
    session: AsyncSession, account_id: int, source_id: int, customer_ids: Sequence[bytes], at: datetime
) -> set[bytes]:
    """Deletes these customers and makes what they had anonymous; `at` is when the source deleted them.

    Returns the ids whose MRR must be recomputed: the new anonymous ones, and those of the records that
    shared a profile with the deleted ones.
    """
    stale: set[bytes] = set()
    for customer_id in customer_ids:
        await _bury(session, account_id, source_id, customer_id, at)
        stale |= await _profile_mates(session, account_id, source_id, customer_id)
        stale.add(await _make_anonymous(session, account_id, source_id, customer_id, at))
    return stale


async def _bury(
    session: AsyncSession, account_id: int, source_id: int, customer_id: bytes, at: datetime
) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = {"account_id": account_id, "source_id": source_id, "customer_id": customer_id, "deleted_at": at}
    await session.execute(dialect.insert(models.Tombstone).on_conflict_do_nothing(), [row])


async def _profile_mates(
    session: AsyncSession, account_id: int, source_id: int, customer_id: bytes
) -> set[bytes]:
    """The other records of the customer's profile, which is joined anew without it."""
    customer = models.Customer
    profile = await session.scalar(
        select(customer.profile_id).where(
            customer.account_id == account_id, customer.source_id == source_id, customer.id == customer_id
        )
    )
    if profile is None:
        return set()
    for derived in (models.Movement, models.Profile):
        await session.execute(
            delete(derived).where(derived.account_id == account_id, derived.profile_id == profile)
        )
    mates = await session.scalars(
        select(customer.id).where(
            customer.account_id == account_id,
            customer.source_id == source_id,
            customer.profile_id == profile,
            customer.id != customer_id,
        )
    )
    return set(mates)


async def _make_anonymous(
    session: AsyncSession, account_id: int, source_id: int, customer_id: bytes, at: datetime
) -> bytes:
    nobody = secrets.token_bytes(16)
    for model in _NAMES_A_CUSTOMER:
        await session.execute(
            update(model)
            .where(
                model.account_id == account_id, model.source_id == source_id, model.customer_id == customer_id
            )
            .values(customer_id=nobody, **({"profile_id": nobody} if model is models.MrrSpan else {}))
        )
    subscription = models.Subscription
    await session.execute(
        update(subscription)
        .where(
            subscription.account_id == account_id,
            subscription.source_id == source_id,
            subscription.customer_id == nobody,
            subscription.ended_at.is_(None),
        )
        .values(ended_at=at, status=SubscriptionStatus.CANCELED)
    )
    for leads_to_it, column in (
        (models.Customer, models.Customer.id),
        (models.CustomerLink, models.CustomerLink.customer_id),
        (models.StaleCustomer, models.StaleCustomer.customer_id),
    ):
        await session.execute(
            delete(leads_to_it).where(
                leads_to_it.account_id == account_id,
                leads_to_it.source_id == source_id,
                column == customer_id,
            )
        )
    return nobody


async def remove_records(
    session: AsyncSession,
    model: type[models.SourceRecord],
    account_id: int,
    source_id: int,
    ids: Sequence[bytes],
) -> set[bytes]:
    """Deletes rows of any other kind (a product, a draft invoice).

    Returns the customers whose MRR may have moved.
    """
    table: Any = model
    of_source = (table.account_id == account_id, table.source_id == source_id, table.id.in_(ids))
    stale: set[bytes] = set()
    if hasattr(table, "customer_id"):
        stale = {
            found for found in await session.scalars(select(table.customer_id).where(*of_source)) if found
        }
    await session.execute(delete(table).where(*of_source))
    return stale


async def respect_tombstones(
    session: AsyncSession, writing: Writing, target: Target, rows: list[Row]
) -> list[Row]:
    """Deleted customers stay deleted; what they had stays anonymous, but is still kept up to date."""
    column = "id" if target.model is models.Customer else "customer_id"
    named = {row[column] for row in rows if row.get(column) is not None}
    if not named:
        return rows
    buried = set(
        await session.scalars(
            select(models.Tombstone.customer_id).where(
                models.Tombstone.account_id == writing.account_id,
                models.Tombstone.source_id == writing.source_id,
                among(session, models.Tombstone.customer_id, named),
            )
        )
    )
    if not buried:
        return rows
    if target.model is models.Customer:
        return [row for row in rows if row["id"] not in buried]
    return await _keep_anonymous(session, writing, target, rows, buried)


async def _keep_anonymous(
    session: AsyncSession, writing: Writing, target: Target, rows: list[Row], buried: set[bytes]
) -> list[Row]:
    """Gives rows of deleted customers the anonymous id they are stored under, or a new one."""
    model: Any = target.model
    theirs = [row["id"] for row in rows if row["customer_id"] in buried]
    found = await session.execute(
        select(model.id, model.customer_id).where(
            model.account_id == writing.account_id,
            model.source_id == writing.source_id,
            among(session, model.id, theirs),
        )
    )
    stored = {row.id: row.customer_id for row in found}
    return [
        row | {"customer_id": stored.get(row["id"], secrets.token_bytes(16))}
        if row["customer_id"] in buried
        else row
        for row in rows
    ]
