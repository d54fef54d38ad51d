"""The engine and its sessions: every session is one transaction of one account, or of none.

On PostgreSQL the transaction takes on the application role, which owns no table and bypasses nothing, and
sets `chewbotta.account_id`; row-level security shows it that account's rows alone, even to raw SQL. On
SQLite the same filter is added to every ORM statement, and raw SQL is refused in a tenant's session.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, Self, TypeVar

from sqlalchemy import Executable, TextClause, event, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.interfaces import ORMOption

from storage.exact import SQLITE_FUNCTION, count_products
from storage.local_time import teach_sqlite
from storage.logs import correlation
from storage.models import Account, Tenant
from storage.pg_sessions import look_at_idle_ones, reading

APP_ROLE = "chewbotta_app"
SYSTEM_ROLE = "chewbotta_system"
KEEPER_ROLE = "chewbotta_keeper"
_ENTER = "SELECT set_config('role', '{role}', true), set_config('application_name', :name, true)"
_INTERRUPTED_EVERY = 0.05
_PREPARED = 300
"""Statements that a connection to PostgreSQL keeps prepared: the questions of a day are not many more."""


_Statement = TypeVar("_Statement", bound=Executable)


class WrongAccount(PermissionError):
    """A session was about to touch rows of an account that is not its own."""


class Database:
    """The main database. Make one a process with `Database.connect`, and `await dispose()` at the end."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._sqlite_writer = asyncio.Lock()
        self.observer: Any = None
        """Who is told what is new in the cache: a `storage.intake.news.Observer`."""

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 5) -> Self:
        """Opens nothing yet: the first session does. `url` names an async driver (asyncpg, aiosqlite).

        Parameters are kept out of exception texts: they are customers' data.
        """
        if url.startswith("sqlite"):
            engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": 30})
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(engine.sync_engine, "begin", _begin_sqlite)
        else:
            engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_size=pool_size,
                max_overflow=pool_size,
                connect_args={"prepared_statement_cache_size": _PREPARED},
            )
            look_at_idle_ones(engine)
        return cls(engine)

    @property
    def is_postgres(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    @asynccontextmanager
    async def tenant(
        self, account_id: int, *, read_only: bool = False, timeout: float | None = None
    ) -> AsyncIterator[AsyncSession]:
        """One transaction that sees and writes `account_id`'s rows only; commits unless an error leaves it.

        `timeout` (seconds) ends a statement that runs longer: PostgreSQL's statement_timeout, on SQLite an
        interrupt. A read-only session refuses to write on both.
        """
        if self.is_postgres and read_only:
            async with self._reader(account_id, timeout) as session:
                yield session
            return
        async with self._writer_turn(read_only), AsyncSession(self.engine, expire_on_commit=False) as session:
            session.info["account_id"] = account_id
            session.info["read_only"] = read_only
            session.info["observer"] = self.observer
            async with session.begin():
                connection = await session.connection(
                    execution_options={"sqlite_begin": "DEFERRED" if read_only else "IMMEDIATE"}
                )
                if self.is_postgres:
                    await _enter_tenant(connection, account_id, timeout=timeout)
                    yield session
                else:
                    async with _sqlite_limits(connection, read_only=read_only, timeout=timeout):
                        yield session

    @asynccontextmanager
    async def _reader(self, account_id: int, timeout: float | None) -> AsyncIterator[AsyncSession]:
        inside = reading(self.engine, role=APP_ROLE, name=_who(), account_id=account_id, timeout=timeout)
        async with inside as connection, AsyncSession(connection, expire_on_commit=False) as session:
            session.info["account_id"] = account_id
            session.info["read_only"] = True
            async with session.begin():
                yield session

    @asynccontextmanager
    async def system(self) -> AsyncIterator[AsyncSession]:
        """One transaction of no account: it sees the directory (accounts, sources' states), no tenant's data.

        For start-up, scheduling and finding out which account a request belongs to.
        """
        async with self._of_no_account(SYSTEM_ROLE) as session:
            yield session

    @asynccontextmanager
    async def keeper(self) -> AsyncIterator[AsyncSession]:
        """One transaction over all accounts, for purges alone.

        On PostgreSQL it sees and deletes only rows that are past their time by the database's clock, and of
        those no content.
        """
        async with self._of_no_account(KEEPER_ROLE) as session:
            yield session

    @asynccontextmanager
    async def _of_no_account(self, role: str) -> AsyncIterator[AsyncSession]:
        async with (
            self._writer_turn(False),
            AsyncSession(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            connection = await session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            if self.is_postgres:
                await connection.execute(text(_ENTER.format(role=role)), {"name": _who()})
            yield session

    @asynccontextmanager
    async def _writer_turn(self, read_only: bool) -> AsyncIterator[None]:
        """SQLite has one writer at a time: waiting here is fair, waiting for its file lock is not."""
        if self.is_postgres or read_only:
            yield
            return
        async with self._sqlite_writer:
            yield

    async def dispose(self) -> None:
        await self.engine.dispose()


def _who() -> str:
    """How PostgreSQL calls this transaction in its log and in pg_stat_activity: by the correlation id."""
    return f"chewbotta {correlation() or ''}".rstrip()


async def _enter_tenant(connection: AsyncConnection, account_id: int, *, timeout: float | None) -> None:
    await connection.execute(
        text(
            _ENTER.format(role=APP_ROLE) + ", set_config('chewbotta.account_id', :account, true),"
            " set_config('statement_timeout', :timeout, true)"
        ),
        {
            "name": _who(),
            "account": str(account_id),
            "timeout": str(int((timeout or 0) * 1000)),
        },
    )


@asynccontextmanager
async def _sqlite_limits(
    connection: AsyncConnection, *, read_only: bool, timeout: float | None
) -> AsyncIterator[None]:
    raw: Any = (await connection.get_raw_connection()).driver_connection
    timer = asyncio.create_task(_interrupt_after(raw, timeout)) if timeout else None
    if read_only:
        await raw.execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        if timer:
            timer.cancel()
        if read_only:
            await raw.execute("PRAGMA query_only = OFF")


async def _interrupt_after(raw: Any, timeout: float) -> None:
    """Ends the statement that runs after `timeout` seconds, and any later one: an interrupt that comes
    between two statements does nothing."""
    await asyncio.sleep(timeout)
    while True:
        await raw.interrupt()
        await asyncio.sleep(_INTERRUPTED_EVERY)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets readers go on while one writes; secure_delete overwrites what is deleted."""
    connection.isolation_level = None
    connection.create_function(SQLITE_FUNCTION, 1, count_products, deterministic=True)
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    teach_sqlite(connection)


def _begin_sqlite(connection: Any) -> None:
    """The driver's own transactions begin too late for a consistent read; writers take their lock at once."""
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


@event.listens_for(Session, "do_orm_execute")
def _filter_by_account(state: ORMExecuteState) -> None:
    """Adds the account's filter to each ORM statement of a tenant's session; refuses what it cannot hold."""
    account_id = state.session.info.get("account_id")
    if isinstance(state.statement, TextClause):
        if account_id is not None and state.session.get_bind().dialect.name == "sqlite":
            raise WrongAccount("raw SQL cannot be held to one account on SQLite: use the models")
        return
    if account_id is None:
        return
    if state.is_insert:
        _only_rows_of(account_id, state.parameters)
        return
    if state.execution_options.get("kept"):
        state.statement = _filtered_once(state.statement, account_id)
    else:
        state.statement = state.statement.options(*_of_account(account_id))


def kept(statement: _Statement) -> _Statement:
    """Marks a statement that is made once and executed often, with parameters by name: it is filtered, and
    looked for among those that were compiled, once an account."""
    return statement.execution_options(kept=True)


@lru_cache(maxsize=1_000)
def _filtered_once(statement: Executable, account_id: int) -> Executable:
    return statement.options(*_of_account(account_id))


@lru_cache(maxsize=1_000)
def _of_account(account_id: int) -> tuple[ORMOption, ...]:
    """The filter of an account, which takes longer to make than to apply."""
    return (
        with_loader_criteria(Tenant, lambda table: table.account_id == account_id, include_aliases=True),
        with_loader_criteria(Account, lambda table: table.account_id == account_id, include_aliases=True),
    )


def _only_rows_of(account_id: int, rows: Any) -> None:
    """An INSERT has no filter to add, so its rows are looked at; they must come as parameters."""
    if isinstance(rows, Mapping):
        rows = [rows]
    if not rows or any(row.get("account_id") != account_id for row in rows):
        raise WrongAccount("rows to insert must be given as parameters and be of the session's account")


@event.listens_for(Session, "before_flush")
def _own_rows_only(session: Session, _context: Any, _instances: Any) -> None:
    account_id = session.info.get("account_id")
    if account_id is None:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Tenant) and inspect(row).dict.get("account_id") != account_id:
            raise WrongAccount("a row of another account was about to be written")
