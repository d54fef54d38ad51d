"""One at a time, over all processes: a lock that dies with its holder.

PostgreSQL: an advisory lock on a connection of its own. SQLite: a lock on a file beside the database. Both
are let go by the system when a process is killed, so nothing waits for a timeout.
"""

import fcntl
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import text

from storage.session import Database


class Busy(RuntimeError):
    """Someone else holds the lock."""


@asynccontextmanager
async def exclusive(db: Database, name: str) -> AsyncIterator[None]:
    """Holds the lock `name` for the block; raises Busy at once when another holds it."""
    if db.is_postgres:
        async with _advisory(db, name):
            yield
    else:
        with _locked_file(db, name):
            yield


@asynccontextmanager
async def _advisory(db: Database, name: str) -> AsyncIterator[None]:
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
    engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        got = await connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": number})
        if not got:
            raise Busy(name)
        try:
            yield
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})


@contextmanager
def _locked_file(db: Database, name: str) -> Iterator[None]:
    file = Path(f"{db.engine.url.database}.{name.replace(':', '-')}.lock")
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(name) from None
        yield
