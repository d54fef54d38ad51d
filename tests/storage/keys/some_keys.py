"""What the tests of keys share: master keys, key objects, and a way to let epochs grow old."""

import os
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from storage.keys.master_keys import LocalMasterKeys
from storage.keys.source_keys import SourceKeys

FIRST, SECOND, OTHER = (bytes(range(start, start + 32)) for start in (1, 50, 100))
FOREVER = 1e12
PLACE = {"table": "customer", "row_id": b"r" * 16, "column": "sealed"}


def masters(*keys: bytes) -> LocalMasterKeys:
    """Master keys of version 1, 2, ..."""
    return LocalMasterKeys(dict(enumerate(keys, start=1)), where="MASTER_KEYS")


def some_keys(account_id: int = 1, source_id: int = 1, epochs: Iterable[int] = (1,)) -> SourceKeys:
    """Fresh keys without a vault."""
    data = {epoch: os.urandom(32) for epoch in epochs}
    return SourceKeys(account_id, source_id, ids=os.urandom(32), epochs=data, epoch=max(data), until=FOREVER)


async def let_time_pass(url: str, seconds: float) -> None:
    """Every key in the store is now that much older."""
    older = {
        "sqlite": "UPDATE data_key SET created_at = datetime(created_at, '-' || :seconds || ' seconds')",
        "postgresql": "UPDATE data_key SET created_at = created_at - make_interval(secs => :seconds)",
    }
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(sa.text(older[engine.dialect.name]), {"seconds": seconds})
    await engine.dispose()


class Clock:
    """A monotonic clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
