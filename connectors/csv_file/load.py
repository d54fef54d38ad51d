"""Puts the records of a file into the cache: in one transaction, so that no half of a file is ever there."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import update

from storage import sources
from storage.errors import OperatorError
from storage.intake.derive import derive
from storage.intake.upsert import Written, write_records
from storage.intake.writing import Writing
from storage.keys.vault import Vault
from storage.locks import exclusive
from storage.models import Source
from storage.records import Record
from storage.session import Database

KIND = "csv"
_AT_ONCE = 500

OnWritten = Callable[[int], None]


class NotAFileError(OperatorError):
    """The source was not made by an import."""


async def open_source(
    db: Database, vault: Vault, account_id: int, *, into: int | None, label: str, now: datetime
) -> int:
    """The source that a file goes into: the one that is named, or a new one. Raises NotAFileError."""
    if into is None:
        return await sources.add_source(
            db,
            vault,
            account_id,
            kind=KIND,
            label=label,
            secret=sources.SourceSecret(""),
            base_url=None,
            now=now,
        )
    if (await sources.get_source(db, account_id, into)).kind != KIND:
        raise NotAFileError(f"Source {into} is not a file's: leave --into out, and a new one is made.")
    return into


async def load(
    db: Database,
    vault: Vault,
    account_id: int,
    source_id: int,
    records: Sequence[Record],
    *,
    now: datetime,
    on_written: OnWritten = lambda done: None,
) -> Written:
    """Adds what is new and changes what is known; what the file does not name stays as it is.

    Raises SourceGone, and `storage.locks.Busy` while another file goes into the same source.
    """
    written = Written()
    of_source = (Source.account_id == account_id, Source.source_id == source_id)
    async with exclusive(db, f"sync:{account_id}:{source_id}"):
        async with db.tenant(account_id) as session:
            for start in range(0, len(records), _AT_ONCE):
                keys = await vault.source_keys(account_id, source_id)
                writing = Writing(account_id, source_id, keys, now)
                written.add(await write_records(session, writing, records[start : start + _AT_ONCE]))
                on_written(min(start + _AT_ONCE, len(records)))
            await session.execute(update(Source).where(*of_source).values(backfilled_at=now, synced_at=now))
        await derive(db, account_id, source_id, vault=vault)
    return written
