"""What keeps the deleted and the erased from coming back with a late page, a repeated event or a full sync.

A tombstone is the keyed hash of a customer's id at the source; an erasure that of an e-mail address. Both
are keyed with the source's id key, which outlives the renewal of its data key and dies with the source.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models, records
from storage.intake.bulk import among, insert_new
from storage.intake.rows import Row, Target, Writing
from storage.keys.source_keys import SourceKeys
from storage.normalise import Field, normalise
from storage.records import SubscriptionStatus
from storage.trust.deletion import forget_customers


def erased_key(keys: SourceKeys, email: str | None) -> bytes | None:
    """The look-up key under which an erased address is remembered; None where it is no address."""
    address = normalise(Field.EMAIL, email)
    return keys.record_id("erased", address) if address else None


async def remember_erased(
    session: AsyncSession, keys: SourceKeys, emails: Iterable[str], now: datetime
) -> None:
    """Keeps these addresses from being stored again for this source, under whatever customer id."""
    rows = [
        {"account_id": keys.account_id, "source_id": keys.source_id, "email_key": key, "erased_at": now}
        for key in {erased_key(keys, email) for email in emails}
        if key is not None
    ]
    if rows:
        await insert_new(session, models.Erased, rows)


async def has_erased(session: AsyncSession, account_id: int, source_id: int) -> bool:
    """Whether anyone was erased from this source."""
    erased = models.Erased
    one = select(erased.email_key).where(erased.account_id == account_id, erased.source_id == source_id)
    return await session.scalar(one.limit(1)) is not None


async def bury_erased(
    session: AsyncSession, writing: Writing, found: Sequence[records.Customer]
) -> set[bytes]:
    """Forgets the customers among these who carry an erased address; returns whose MRR may have moved."""
    if not await has_erased(session, writing.account_id, writing.source_id):
        return set()
    erased = models.Erased
    of_source = (erased.account_id == writing.account_id, erased.source_id == writing.source_id)
    key_of = {record.id: erased_key(writing.keys, record.email) for record in found}
    asked = {key for key in key_of.values() if key is not None}
    known = set(
        await session.scalars(
            select(erased.email_key).where(*of_source, among(session, erased.email_key, asked))
        )
    )
    back = [writing.record_id(record.KIND, record.id) for record in found if key_of[record.id] in known]
    buried = await _buried(session, writing, back)
    return await forget_customers(
        session,
        writing.account_id,
        writing.source_id,
        dict.fromkeys(row_id for row_id in back if row_id not in buried),
        noticed_at=writing.observed_at,
    )


async def without_erased(
    session: AsyncSession, writing: Writing, found: Sequence[records.Contact]
) -> Sequence[records.Contact]:
    """The contacts among these whose address was not erased."""
    if not await has_erased(session, writing.account_id, writing.source_id):
        return found
    erased = models.Erased
    key_of = {record.id: erased_key(writing.keys, record.email) for record in found}
    known = set(
        await session.scalars(
            select(erased.email_key).where(
                erased.account_id == writing.account_id,
                erased.source_id == writing.source_id,
                among(session, erased.email_key, {key for key in key_of.values() if key}),
            )
        )
    )
    return [record for record in found if key_of[record.id] not in known]


async def respect_tombstones(
    session: AsyncSession, writing: Writing, target: Target, rows: list[Row]
) -> list[Row]:
    """Deleted customers stay deleted; what they had stays anonymous, but is still kept up to date."""
    itself = target.model in (models.Customer, models.Contact)
    column = "id" if itself else "customer_id"
    named = {row[column] for row in rows if row.get(column) is not None}
    buried = await _buried(session, writing, named)
    if not buried:
        return rows
    if itself:
        return [row for row in rows if row["id"] not in buried]
    if target.model in (models.Ticket, models.Deal):
        return [_naming_nobody(row) if row["customer_id"] in buried else row for row in rows]
    return await _keep_anonymous(session, writing, target, rows, buried)


def _naming_nobody(row: Row) -> Row:
    """A ticket or a deal of a deleted customer: what stays of it, as `people.forget_relations` leaves it."""
    of_ticket = {"contact_id": None} if "contact_id" in row else {}
    return row | {"customer_id": None, "sealed": b"", **of_ticket}


async def _buried(
    session: AsyncSession, writing: Writing, customer_ids: Iterable[bytes]
) -> dict[bytes, datetime | None]:
    """Those of these customers that were deleted, and when; None: erased here alone."""
    asked = list(customer_ids)
    if not asked:
        return {}
    tombstone = models.Tombstone
    found = await session.execute(
        select(tombstone.customer_id, tombstone.deleted_at).where(
            tombstone.account_id == writing.account_id,
            tombstone.source_id == writing.source_id,
            among(session, tombstone.customer_id, asked),
        )
    )
    return {row.customer_id: row.deleted_at for row in found}


async def _keep_anonymous(
    session: AsyncSession,
    writing: Writing,
    target: Target,
    rows: list[Row],
    buried: Mapping[bytes, datetime | None],
) -> list[Row]:
    """Gives rows of deleted customers an anonymous id: the one they are stored under, that of a bill or
    subscription that belongs to them, or a new one. Subscriptions end with a deletion at the source."""
    theirs = [row for row in rows if row["customer_id"] in buried]
    known = await _stored_under(session, writing, target.model, "id", [row["id"] for row in theirs])
    kin = await _stored_under_kin(session, writing, target.model, theirs)
    new = {customer_id: secrets.token_bytes(16) for customer_id in buried}
    kept = []
    for row in rows:
        if row["customer_id"] not in buried:
            kept.append(row)
            continue
        changed: Row = {"customer_id": known.get(row["id"]) or kin.get(row["id"]) or new[row["customer_id"]]}
        deleted_at = buried[row["customer_id"]]
        if target.model is models.Subscription and deleted_at and row["ended_at"] is None:
            changed |= {"ended_at": deleted_at, "status": SubscriptionStatus.CANCELED}
        kept.append(row | changed)
    return kept


async def _stored_under_kin(
    session: AsyncSession, writing: Writing, model: Any, rows: Sequence[Row]
) -> dict[bytes, bytes]:
    """The anonymous id of an invoice's subscription, or of a subscription's invoices: so that late parts of
    a history find each other."""
    if model is models.Subscription:
        return await _stored_under(
            session, writing, models.Invoice, "subscription_id", [row["id"] for row in rows]
        )
    if model is models.Invoice:
        of = {row["id"]: row["subscription_id"] for row in rows if row["subscription_id"]}
        known = await _stored_under(session, writing, models.Subscription, "id", of.values())
        return {row_id: known[other] for row_id, other in of.items() if other in known}
    return {}


async def _stored_under(
    session: AsyncSession, writing: Writing, model: Any, column: str, ids: Iterable[bytes]
) -> dict[bytes, bytes]:
    """The customer's column of the rows whose `column` is one of these."""
    wanted = list(ids)
    if not wanted:
        return {}
    found = await session.execute(
        select(getattr(model, column), model.customer_id).where(
            model.account_id == writing.account_id,
            model.source_id == writing.source_id,
            among(session, getattr(model, column), wanted),
        )
    )
    return {row_id: customer_id for row_id, customer_id in found if customer_id is not None}
