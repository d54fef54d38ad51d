"""The key store: where wrapped data keys live, in a database of its own.

It stands apart from the main database, its write-ahead log and its backups: otherwise an old backup and a
master key would undo every deletion. Every writer first takes the lock of the one row of `key_store`, so
that creating, destroying and rewrapping keys never overlap; readers wait for nobody.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage.errors import OperatorError
from storage.keys.keystore_schema import (
    ACCOUNT_ITSELF,
    DATA,
    INSTALLATION,
    SCHEMA_VERSION,
    TOMBSTONE_EPOCH,
    canary,
    create_tables,
    data_key,
    make_private_file,
    prepare_sqlite,
    store,
)
from storage.pg_sessions import look_at_idle_ones

WRAPPED_BYTES = 60  # nonce, key and tag, as the local master keys wrap it
_IDENTITY = (data_key.c.account_id, data_key.c.source_id, data_key.c.purpose, data_key.c.epoch)
_ALIVE = data_key.c.destroyed_at.is_(None)


class KeyStoreError(OperatorError):
    """The key store does not answer, or is not one that this version can use."""


class Slot(NamedTuple):
    """Which key: the account, the source (0 = the account itself), what for, and which generation."""

    account_id: int
    source_id: int
    purpose: str
    epoch: int


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One wrapped key. `age` is in seconds by the key store's clock; `seals` is how often it has sealed."""

    slot: Slot
    kek_version: int
    wrapped: bytes = field(repr=False)
    seals: int
    age: float
    destroyed: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """What the key store holds: live keys by master key version, and counts."""

    live_by_version: dict[int, int]
    destroyed: int
    accounts: int
    sources: int
    canaries: tuple[int, ...]


class KeyStore:
    """Use as an async context manager, or `await open()` and `await close()`.

    Every method raises KeyStoreError when the database does not answer: without keys nothing is readable.
    """

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._sqlite = self._url.get_backend_name() == "sqlite"
        # Rows are few and questions are short: two connections serve a process.
        options: dict[str, Any] = {"pool_size": 2, "max_overflow": 4}
        options["connect_args"] = {"timeout": 10} if self._sqlite else {"timeout": 10, "command_timeout": 10}
        self._engine = create_async_engine(self._url, hide_parameters=True, **options)
        if self._sqlite:
            sa.event.listen(self._engine.sync_engine, "connect", prepare_sqlite)
        else:
            look_at_idle_ones(self._engine)

    def __repr__(self) -> str:
        return f"KeyStore({self.where})"

    @property
    def where(self) -> str:
        """The place in words, without the password."""
        return str(self._url.database) if self._sqlite else self._url.render_as_string(hide_password=True)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Makes the tables if they are not there, and checks that this version understands them."""
        if self._sqlite:
            self._make_file(Path(str(self._url.database)))
        async with self._connection() as connection:
            await create_tables(connection, lock=not self._sqlite)
            version = await connection.scalar(sa.select(store.c.version))
        if version != SCHEMA_VERSION:
            raise KeyStoreError(f"the key store {self.where} was made by another version: update Chewbotta")

    def _make_file(self, file: Path) -> None:
        try:
            make_private_file(file)
        except OSError as problem:
            raise KeyStoreError(f"the key store {file} cannot be written ({problem.strerror})") from None

    async def close(self) -> None:
        await self._engine.dispose()

    async def keys(self, account_id: int, source_id: int) -> list[StoredKey]:
        """All keys of a source, destroyed ones too, by purpose and epoch. One indexed read."""
        where = (data_key.c.account_id == account_id, data_key.c.source_id == source_id)
        async with self._connection() as connection:
            return await _read(connection, *where)

    async def add(self, keys: Sequence[tuple[Slot, int, bytes]]) -> bool:
        """Stores (slot, master key version, wrapped) rows, all or none.

        False when a slot is taken (also by a destroyed key), when the account's keys were destroyed, or when
        a newer master key version has been put to use.
        """
        accounts = {slot.account_id for slot, _, _ in keys}
        taken = sa.tuple_(*_IDENTITY).in_([tuple(slot) for slot, _, _ in keys])
        rows = [{**slot._asdict(), "kek_version": kek, "wrapped": blob} for slot, kek, blob in keys]
        gone = sa.and_(
            data_key.c.account_id.in_(accounts),
            data_key.c.source_id == ACCOUNT_ITSELF,
            data_key.c.epoch == TOMBSTONE_EPOCH,
        )
        async with self._writing() as connection:
            refused = await connection.scalar(sa.select(sa.exists().where(taken | gone)))
            newest = await connection.scalar(sa.select(sa.func.max(canary.c.kek_version)))
            if refused or any(kek != newest for _, kek, _ in keys):
                return False
            await connection.execute(sa.insert(data_key), rows)
        return True

    async def count_seals(self, slot: Slot, seals: int) -> None:
        """Adds to the number of times that a key has sealed."""
        async with self._writing() as connection:
            await connection.execute(
                sa.update(data_key).where(*_is(slot)).values(seals=data_key.c.seals + seals)
            )

    async def destroy(self, account_id: int, source_id: int, *, before_epoch: int | None = None) -> int:
        """Destroys a source's keys (or only the data keys of epochs before one): how many. Rows stay as
        marks, so that an id or an epoch is never used again."""
        where = [data_key.c.account_id == account_id, data_key.c.source_id == source_id]
        if before_epoch is not None:
            where += [data_key.c.purpose == DATA, data_key.c.epoch < before_epoch]
        async with self._writing() as connection:
            return await _shred(connection, *where)

    async def destroy_account(self, account_id: int) -> int:
        """Destroys all keys of an account and its sources; one row remains, so that none is made again."""
        mine = data_key.c.account_id == account_id
        tombstone = {**Slot(account_id, ACCOUNT_ITSELF, DATA, TOMBSTONE_EPOCH)._asdict(), "kek_version": 0}
        async with self._writing() as connection:
            destroyed = await _shred(connection, mine)
            await connection.execute(sa.delete(data_key).where(mine))
            await connection.execute(
                sa.insert(data_key).values(**tombstone, wrapped=b"", destroyed_at=sa.func.now())
            )
        return destroyed

    async def not_wrapped_by(self, kek_version: int, limit: int) -> list[StoredKey]:
        """Up to `limit` live keys that another master key version wraps."""
        async with self._connection() as connection:
            return await _read(connection, _ALIVE, data_key.c.kek_version != kek_version, limit=limit)

    async def rewrap(self, keys: Sequence[tuple[StoredKey, int, bytes]]) -> None:
        """Replaces wrappings (old key, new master key version, newly wrapped) in one transaction; a key that
        was destroyed or rewrapped meanwhile is left as it is."""
        names = [column.name for column in _IDENTITY]
        statement = (
            sa.update(data_key)
            .where(*(column == sa.bindparam(f"b_{column.name}") for column in _IDENTITY))
            .where(_ALIVE, data_key.c.kek_version == sa.bindparam("b_old"))
            .values(kek_version=sa.bindparam("b_new"), wrapped=sa.bindparam("b_wrapped"))
        )
        rows = [
            {f"b_{name}": value for name, value in zip(names, old.slot, strict=True)}
            | {"b_old": old.kek_version, "b_new": version, "b_wrapped": wrapped}
            for old, version, wrapped in keys
        ]
        async with self._writing() as connection:
            await connection.execute(statement, rows)

    async def canaries(self) -> dict[int, bytes]:
        """The wrapped canary of every master key version in use; the highest version wraps new keys."""
        async with self._connection() as connection:
            rows = await connection.execute(sa.select(canary.c.kek_version, canary.c.wrapped))
            return {row.kek_version: row.wrapped for row in rows}

    async def add_canary(self, kek_version: int, wrapped: bytes) -> None:
        """Puts a master key version to use. One that is there already stays as it is."""
        async with self._writing() as connection:
            there = sa.select(sa.exists().where(canary.c.kek_version == kek_version))
            if not await connection.scalar(there):
                await connection.execute(sa.insert(canary).values(kek_version=kek_version, wrapped=wrapped))

    async def summary(self) -> Summary:
        """Counts for `chewbotta keys status` and `chewbotta doctor`."""
        by_version = (
            sa.select(data_key.c.kek_version, sa.func.count()).where(_ALIVE).group_by(data_key.c.kek_version)
        )
        destroyed = sa.select(sa.func.count()).select_from(data_key).where(~_ALIVE)
        alive = sa.select(data_key.c.account_id, data_key.c.source_id).where(_ALIVE)
        live = alive.where(data_key.c.account_id != INSTALLATION).distinct().subquery()
        counts = sa.select(
            sa.func.count(live.c.account_id.distinct()),
            sa.func.count(sa.case((live.c.source_id != ACCOUNT_ITSELF, 1))),
        )
        async with self._connection() as connection:
            versions = {row[0]: row[1] for row in await connection.execute(by_version)}
            gone = await connection.scalar(destroyed) or 0
            accounts, sources = (await connection.execute(counts)).one()
        return Summary(versions, gone, accounts, sources, tuple(sorted(await self.canaries())))

    async def scrub(self) -> None:
        """Clears overwritten keys from the database's files; call it after destroying or rewrapping.

        PostgreSQL keeps old rows until the table is rewritten; it is small, so rewrite it now. SQLite has
        overwritten them already (`secure_delete`)."""
        if self._sqlite:
            return
        async with self._connection(isolation_level="AUTOCOMMIT") as connection:
            await connection.execute(sa.text("SET lock_timeout = '5s'"))
            await connection.execute(sa.text("VACUUM (FULL) data_key"))
            await connection.execute(sa.text("RESET lock_timeout"))

    @asynccontextmanager
    async def _connection(self, **options: str) -> AsyncIterator[AsyncConnection]:
        """A transaction; the driver's errors become KeyStoreError, which says nothing of its parameters."""
        try:
            async with self._engine.execution_options(**options).begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as problem:
            raise KeyStoreError(
                f"the key store {self.where} does not answer ({type(problem).__name__}): check KEYSTORE_URL"
            ) from problem

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        async with self._connection() as connection:
            await connection.execute(sa.update(store).values(changes=store.c.changes + 1))
            yield connection


def _is(slot: Slot) -> list[sa.ColumnElement[bool]]:
    return [column == value for column, value in zip(_IDENTITY, slot, strict=True)]


async def _read(
    connection: AsyncConnection, *where: sa.ColumnElement[bool], limit: int | None = None
) -> list[StoredKey]:
    rows = sa.select(data_key, sa.func.now().label("now")).where(*where).order_by(*_IDENTITY)
    return [
        StoredKey(
            Slot(row.account_id, row.source_id, row.purpose, row.epoch),
            row.kek_version,
            row.wrapped,
            row.seals,
            (_utc(row.now) - _utc(row.created_at)).total_seconds(),
            row.destroyed_at is not None,
        )
        for row in await connection.execute(rows.limit(limit))
    ]


def _utc(moment: datetime) -> datetime:
    """SQLite gives its UTC times without saying so."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _shred(connection: AsyncConnection, *where: sa.ColumnElement[bool]) -> int:
    """Overwrites the wrapped bytes (of the same length, so in place) and marks the rows destroyed."""
    shredded = sa.update(data_key).where(_ALIVE, *where)
    done = await connection.execute(shredded.values(wrapped=bytes(WRAPPED_BYTES), destroyed_at=sa.func.now()))
    return done.rowcount
