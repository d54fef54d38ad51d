"""Removing a source and everything it brought.

Its data key is destroyed first: that is the deletion, also of what backups and logs of the database still
hold. Writers see the source's state in their own transaction and stop. The rows follow, in batches that hold
no long lock. Interrupted at any point, the same call goes on; the worker does so by itself.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.batches import count_rows, delete_in_batches
from storage.doer import Doer
from storage.intake.bulk import insert_new
from storage.intake.derive import derive
from storage.intake.tallies import forget_profiles
from storage.keys.vault import Vault
from storage.models.base import table_of
from storage.session import Database
from storage.sources import NoSourceError
from storage.trust import audit, receipts
from storage.trust.audit import Action, Fact, Kind, Subject
from storage.trust.keys_due import renew_account_key_since
from storage.trust.mentions import empty_messages, forget_conversations
from storage.trust.receipts import Receipt, Remaining, SignedReceipt
from storage.trust.told import forget_mutes, forget_thoughts

_PROFILES_AT_ONCE = 1000

Clock = Callable[[], datetime]

_LEFT_AT_THE_VENDOR = Remaining(
    where="the source system", why="it is the customer's own record there, and Chewbotta only read it"
)
_LEFT_IN_BACKUPS = Remaining(
    where="backups and logs of the database",
    why="encrypted with a key that was destroyed: nothing can open them; they expire with their rotation",
)


def utc_now() -> datetime:
    return datetime.now(UTC)


async def remove_source(
    db: Database,
    vault: Vault,
    account_id: int,
    source_id: int,
    *,
    clock: Clock = utc_now,
    by: Doer | None = None,
) -> SignedReceipt:
    """Returns the receipt, which the account keeps. Raises NoSourceError where there is no such source."""
    requested_at = clock()
    await _stop(db, account_id, source_id, requested_at)
    await vault.destroy_source_keys(account_id, source_id)
    destroyed_at = clock()
    draft = await _counted(db, account_id, source_id, requested_at)
    rejoined = await _rejoin_others(db, account_id, source_id)
    await _forget_profiles(db, account_id, source_id)
    for table, where in _tables(account_id, source_id):
        await delete_in_batches(db, account_id, table, where)
    for other in rejoined:
        await derive(db, account_id, other, vault=vault)
    finished = msgspec.structs.replace(draft, keys_destroyed_at=destroyed_at, finished_at=clock())
    signed = await receipts.sign(vault, finished)
    async with db.tenant(account_id) as session:
        await session.execute(_of(models.Source, delete, account_id, source_id))
        await session.execute(delete(models.Receipt).where(models.Receipt.receipt_id == _draft_id(source_id)))
        receipt_id = await receipts.store(session, account_id, signed)
        await _note(session, source_id, by or Doer.operator(), receipt_id, sum(finished.deleted.values()))
    await _sweep_late_rows(db, account_id, source_id)
    return signed


async def _note(session: AsyncSession, source_id: int, by: Doer, receipt_id: bytes, rows: int) -> None:
    await audit.record(
        session,
        actor=by.actor,
        action=Action.SOURCE_REMOVED,
        subject=Subject(Kind.SOURCE, source_id),
        origin=by.origin,
        details={Fact.ROWS: rows, Fact.RECEIPT: receipt_id},
    )


async def half_removed(db: Database, account_id: int) -> list[int]:
    """Sources whose removal was interrupted."""
    async with db.tenant(account_id, read_only=True) as session:
        removing = models.Source.state == models.SourceState.REMOVING
        return list(await session.scalars(select(models.Source.source_id).where(removing)))


def _of(model: Any, statement: Any, account_id: int, source_id: int) -> Any:
    return statement(model).where(model.account_id == account_id, model.source_id == source_id)


def _draft_id(source_id: int) -> bytes:
    """Where an unfinished receipt stands: a finished one has a random id."""
    return source_id.to_bytes(16, "big")


async def _stop(db: Database, account_id: int, source_id: int, now: datetime) -> None:
    """From its commit on nobody writes to the source."""
    async with db.tenant(account_id) as session:
        stopped: Any = await session.execute(
            _of(models.Source, update, account_id, source_id).values(state=models.SourceState.REMOVING)
        )
        if not stopped.rowcount:
            raise NoSourceError(f"There is no source {source_id}: `chewbotta source list` shows them.")
        named = select(models.Customer.id).where(
            models.Customer.account_id == account_id, models.Customer.source_id == source_id
        )
        await empty_messages(session, account_id, models.MessageProfile.profile_id.in_(named))
        await forget_thoughts(session, account_id, models.ThoughtProfile.profile_id.in_(named), source_id)
        await forget_mutes(session, account_id, models.Mute.profile_id.in_(named))
        await forget_conversations(session, account_id)
        await renew_account_key_since(session, account_id, now)


async def _counted(db: Database, account_id: int, source_id: int, now: datetime) -> Receipt:
    """What is there, counted for the receipt once, before any of it goes."""
    async with db.tenant(account_id) as session:
        begun = await session.scalar(
            select(models.Receipt.content).where(models.Receipt.receipt_id == _draft_id(source_id))
        )
        if begun is not None:
            return msgspec.json.decode(begun, type=Receipt)
        draft = await _draft(session, account_id, source_id, now)
        session.add(
            models.Receipt(
                account_id=account_id,
                receipt_id=_draft_id(source_id),
                at=now,
                content=msgspec.json.encode(draft).decode(),
                signature=b"",
            )
        )
        return draft


async def _draft(session: AsyncSession, account_id: int, source_id: int, now: datetime) -> Receipt:
    counts = {
        table.name: await count_rows(session, table, table.c.account_id == account_id, where)
        for table, where in _tables(account_id, source_id)
    }
    return Receipt(
        what="source",
        account=account_id,
        source=source_id,
        requested_at=now,
        finished_at=now,
        deleted={name: count for name, count in sorted(counts.items()) if count} | {"source": 1},
        remaining=(_LEFT_AT_THE_VENDOR, _LEFT_IN_BACKUPS, *await _left_in_messages(session, account_id)),
    )


async def _left_in_messages(session: AsyncSession, account_id: int) -> list[Remaining]:
    """Messages that may still mention its customers, here and where they were posted."""
    message = models.Message
    of_account = message.account_id == account_id
    kept = await count_rows(session, table_of(message), of_account, message.sealed != b"")
    waiting = await count_rows(session, table_of(message), of_account, message.due.is_not(None))
    found = []
    if kept:
        why = "Messages are kept as the account chose; `chewbotta messages` lists and deletes them"
        found.append(Remaining(where="Messages in Chewbotta and where they were posted", count=kept, why=why))
    if waiting:
        why = "they named its customers; their posts are edited or deleted next, where they can be reached"
        found.append(Remaining(where="Messages emptied, with posts elsewhere", count=waiting, why=why))
    return found


def _tables(account_id: int, source_id: int) -> Iterator[tuple[Any, ColumnElement[bool]]]:
    """Every table with rows of the source, and which those are; what is derived from others comes first."""
    for derived in (models.Movement, models.Profile, models.CustomerMrr, models.ProfileTrial):
        yield table_of(derived), _of_its_profiles(derived, account_id, source_id)
    link = table_of(models.ProfileLink)
    yield link, or_(link.c.one_source_id == source_id, link.c.other_source_id == source_id)
    for mapper in models.Base.registry.mappers:
        if issubclass(mapper.class_, models.OfSource):
            table = table_of(mapper.class_)
            yield table, table.c.source_id == source_id


def _of_its_profiles(derived: Any, account_id: int, source_id: int) -> ColumnElement[bool]:
    """Whether a row is of a profile that has a record or a span of the source.

    Each row asks an index: two long lists of profiles, joined by OR, would be read through for each.
    """
    return or_(
        *(
            exists().where(
                model.account_id == account_id,
                model.source_id == source_id,
                model.profile_id == table_of(derived).c.profile_id,
            )
            for model in (models.MrrSpan, models.Customer)
        )
    )


async def _forget_profiles(db: Database, account_id: int, source_id: int) -> None:
    """What is known of the source's customers as a whole goes, and out of the sums, some at a time."""
    profile = models.Profile
    while True:
        async with db.tenant(account_id) as session:
            some = select(profile.profile_id).where(
                profile.account_id == account_id, _of_its_profiles(profile, account_id, source_id)
            )
            found = list(await session.scalars(some.limit(_PROFILES_AT_ONCE)))
            if not found:
                return
            await forget_profiles(session, account_id, found)


async def _rejoin_others(db: Database, account_id: int, source_id: int) -> list[int]:
    """Marks the records of other sources that shared a profile with this one's; returns those sources."""
    customer = models.Customer
    of_source = (customer.account_id == account_id, customer.source_id == source_id)
    shared = select(customer.profile_id).where(*of_source)
    async with db.tenant(account_id) as session:
        mates = await session.execute(
            select(customer.source_id, customer.id).where(
                customer.account_id == account_id,
                customer.source_id != source_id,
                customer.profile_id.in_(shared),
            )
        )
        rows = [
            {"account_id": account_id, "source_id": other, "customer_id": record} for other, record in mates
        ]
        if rows:
            await insert_new(session, models.StaleCustomer, rows)
        stale = models.StaleCustomer
        waiting = select(stale.source_id).where(stale.account_id == account_id, stale.source_id != source_id)
        return sorted(set(await session.scalars(waiting.distinct())))


async def _sweep_late_rows(db: Database, account_id: int, source_id: int) -> None:
    """What was written without looking at the source's state, such as a note of its last error."""
    for mapper in models.Base.registry.mappers:
        if issubclass(mapper.class_, models.OfSource):
            table = table_of(mapper.class_)
            await delete_in_batches(db, account_id, table, table.c.source_id == source_id)
