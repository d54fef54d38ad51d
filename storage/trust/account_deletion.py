"""Deleting an account: everything, Messages and the audit trail too. What is left is its number.

All of its keys are destroyed first, its own and those of its sources: from then on nothing of it can be read,
here or in a backup. The rows follow in batches. Interrupted at any point, the same call goes on; the worker
does so by itself. Nothing is stored of the receipt: whoever asked for the deletion gets it.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.accounts import NoAccountError
from storage.batches import count_rows, delete_in_batches
from storage.keys.vault import Vault
from storage.models import Account, DeletedAccount, Receipt, Source, SourceState, Tenant
from storage.models.base import Base, table_of
from storage.session import Database
from storage.trust import receipts
from storage.trust.receipts import Remaining, SignedReceipt

_GOES_WITH_THE_ACCOUNT = frozenset({"audit_entry", "audit_head", "receipt", "source"})
"""Guarded tables, and those that the work itself needs to the end: they go with the account's row."""

_DRAFT = bytes(16)

_REMAINING = (
    Remaining(
        where="posts in Slack and other platforms",
        why="what was sent to a third party is theirs to delete: remove the app or the posts there",
    ),
    Remaining(where="the source systems", why="Chewbotta only read them"),
    Remaining(
        where="backups and logs of the database",
        why="encrypted with keys that were destroyed: nothing can open them; they expire with their rotation",
    ),
    Remaining(
        where="deleted_account and the key store", count=1, why="the account's number, never given again"
    ),
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def delete_account(
    db: Database, vault: Vault, account_id: int, *, clock: Callable[[], datetime] = _utc_now
) -> SignedReceipt:
    """Returns the signed receipt. Raises NoAccountError where there is no such account."""
    draft = await _stop(db, account_id, clock())
    await vault.destroy_account_keys(account_id)
    destroyed_at = clock()
    for table in _tables():
        if table.name not in _GOES_WITH_THE_ACCOUNT:
            await delete_in_batches(db, account_id, table)
    finished = msgspec.structs.replace(draft, keys_destroyed_at=destroyed_at, finished_at=clock())
    signed = await receipts.sign(vault, finished)
    await _remove(db, account_id, clock())
    return signed


async def half_deleted(db: Database) -> list[int]:
    """Accounts whose deletion was interrupted."""
    async with db.system() as session:
        return list(await session.scalars(select(Account.account_id).where(Account.deleting.is_(True))))


def _tables() -> list[Table]:
    """Every table of tenants, those that refer to others first."""
    of_tenants = {
        table_of(mapper.class_) for mapper in Base.registry.mappers if issubclass(mapper.class_, Tenant)
    }
    return [table for table in reversed(Base.metadata.sorted_tables) if table in of_tenants]


async def _stop(db: Database, account_id: int, now: datetime) -> receipts.Receipt:
    """From its commit on nobody writes for the account. What is there is counted for the receipt, once."""
    async with db.tenant(account_id) as session:
        # Sources before their account: deletions under way hold them in this order too.
        await session.execute(update(Source).values(state=SourceState.REMOVING))
        account = await session.get(Account, account_id, with_for_update=True)
        if account is None:
            raise NoAccountError(f"There is no account {account_id}.")
        begun = await session.scalar(select(Receipt.content).where(Receipt.receipt_id == _DRAFT))
        if account.deleting and begun is not None:
            return msgspec.json.decode(begun, type=receipts.Receipt)
        account.deleting = True
        draft = await _draft(session, account_id, now)
        content = msgspec.json.encode(draft).decode()
        session.add(Receipt(account_id=account_id, receipt_id=_DRAFT, at=now, content=content, signature=b""))
        return draft


async def _draft(session: AsyncSession, account_id: int, now: datetime) -> receipts.Receipt:
    counts = {
        table.name: await count_rows(session, table, table.c.account_id == account_id) for table in _tables()
    }
    return receipts.Receipt(
        what="account",
        account=account_id,
        requested_at=now,
        finished_at=now,
        deleted={name: count for name, count in sorted(counts.items()) if count} | {"account": 1},
        remaining=_REMAINING,
    )


async def _remove(db: Database, account_id: int, now: datetime) -> None:
    """Notes the number, then takes the account's row, and with it what is guarded against all else."""
    dialect = postgresql if db.is_postgres else sqlite
    row = {"account_id": account_id, "deleted_at": now}
    async with db.system() as session:
        await session.execute(dialect.insert(DeletedAccount).on_conflict_do_nothing(), [row])
    async with db.tenant(account_id) as session:
        await session.execute(delete(Account).where(Account.account_id == account_id))
    async with db.tenant(account_id, read_only=True) as session:
        left = {
            table.name: await count_rows(session, table, table.c.account_id == account_id)
            for table in _tables()
        }
    late = [table for table in _tables() if left[table.name]]
    for table in late:
        await delete_in_batches(db, account_id, table)
