"""Sessions that read: in one message, and never left half entered for the next account."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from storage.models import Account, Source
from storage.session import Database, kept
from tests.storage.test_session import _source

pytestmark = pytest.mark.needs_postgres


@pytest.fixture
async def one(migrated_postgres_url: str) -> AsyncIterator[Database]:
    """A database with a single connection, which all sessions share one after the other."""
    database = Database.connect(migrated_postgres_url, pool_size=1)
    yield database
    await database.dispose()


@pytest.fixture
async def accounts(one: Database) -> tuple[int, int]:
    """Two accounts with a source each."""
    async with one.system() as session:
        both = [Account(name=name, created_at=datetime(2026, 11, 23, tzinfo=UTC)) for name in ("A", "B")]
        session.add_all(both)
        await session.flush()
    for account in both:
        async with one.tenant(account.account_id) as session:
            await session.execute(insert(Source), [_source(account.account_id)])
    return both[0].account_id, both[1].account_id


async def _seen(database: Database, account_id: int) -> list[int]:
    async with database.tenant(account_id, read_only=True) as session:
        return list(await session.scalars(text("SELECT account_id FROM source")))


async def test_one_reader_after_the_other_sees_its_own(one: Database, accounts: tuple[int, int]) -> None:
    """On the same connection, with raw SQL, each sees its account's rows alone."""
    for account_id in (*accounts, *accounts):
        assert await _seen(one, account_id) == [account_id]


async def test_what_a_reader_took_on_is_gone_afterwards(one: Database, accounts: tuple[int, int]) -> None:
    """Role and account do not outlast the session: neither after its end nor after an error in it."""
    await _seen(one, accounts[0])
    with pytest.raises(DBAPIError):
        async with one.tenant(accounts[0], read_only=True) as session:
            await session.execute(text("SELECT 1 / 0"))
    async with one.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT current_user, coalesce(current_setting('chewbotta.account_id', true), '')")
        )
        assert found.one() == ("postgres", "")


async def test_a_reader_that_is_cancelled_leaves_nothing(one: Database, accounts: tuple[int, int]) -> None:
    """A question that nobody waits for any more: the next one, of another account, is answered rightly."""

    async def wait() -> None:
        async with one.tenant(accounts[0], read_only=True) as session:
            await session.execute(text("SELECT pg_sleep(5)"))

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await _seen(one, accounts[1]) == [accounts[1]]


async def test_a_connection_that_the_server_closed_is_replaced(
    one: Database, accounts: tuple[int, int], migrated_postgres_url: str
) -> None:
    """After a restart of the server the first question is answered, without an error."""
    await _seen(one, accounts[0])
    operator = Database.connect(migrated_postgres_url)
    async with operator.engine.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await operator.dispose()
    await asyncio.sleep(0.1)
    assert await _seen(one, accounts[0]) == [accounts[0]]


async def test_statements_of_the_models_are_held_to_the_account(
    one: Database, accounts: tuple[int, int]
) -> None:
    """One that is kept and used by two accounts finds the rows of each session's own."""
    statement = kept(select(Source.account_id))
    for account_id in accounts:
        async with one.tenant(account_id, read_only=True) as session:
            assert list(await session.scalars(statement)) == [account_id]
