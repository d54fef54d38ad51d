"""The tables: built by migrations alone, and never different from the models."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import create_async_engine

from storage import migrate


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/empty.sqlite3"
    return str(request.getfixturevalue("postgres_url"))


async def _tables(url: str) -> set[str]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await engine.dispose()
    return names


async def test_migrations_give_what_the_models_say(database_url: str) -> None:
    """After all migrations, Alembic finds no difference between the models and the database."""
    assert await migrate.differences(database_url) == []


async def test_every_migration_can_be_undone(empty_url: str) -> None:
    """Downgrading to nothing leaves no table of ours, and upgrading again works."""
    await migrate.upgrade(empty_url)
    await migrate.downgrade(empty_url, "base")
    assert await _tables(empty_url) == {"alembic_version"}
    await migrate.upgrade(empty_url)
    assert await migrate.current_revision(empty_url) == migrate.head_revision()


@pytest.mark.needs_postgres
async def test_processes_that_start_together_migrate_once(postgres_url: str) -> None:
    """Five upgrades at the same moment wait for each other and all succeed."""
    await asyncio.gather(*(migrate.upgrade(postgres_url) for _ in range(5)))
    assert await migrate.differences(postgres_url) == []
