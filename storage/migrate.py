"""Brings a database's tables to this release, once, however many processes start at the same time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.models import Base

_LOCK = 4_242_001  # any fixed number: the advisory lock that one migrating process holds

# A role that only logs in has no rights of its own.
_AS_ONE_WHO_MAY_LOOK = text(
    "SELECT set_config('role', 'chewbotta_system', true) WHERE to_regclass('alembic_version') IS NOT NULL"
    " AND NOT has_table_privilege(to_regclass('alembic_version'), 'SELECT')"
)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


async def _on_connection(url: str, work: Callable[[Connection], Any]) -> Any:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
                await connection.commit()
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def upgrade(url: str, revision: str = "head") -> None:
    """Creates or upgrades all tables. Safe to run twice and from several processes."""
    await _on_connection(url, lambda connection: command.upgrade(_config(connection), revision))


async def downgrade(url: str, revision: str) -> None:
    await _on_connection(url, lambda connection: command.downgrade(_config(connection), revision))


def is_missing(url: str) -> bool:
    """Whether the file of an SQLite database is not there (opening it would make it)."""
    place = make_url(url)
    return place.get_backend_name() == "sqlite" and not Path(place.database or "").exists()


async def current_revision(url: str) -> str | None:
    """The revision that the database is at; None before the first."""

    def look(connection: Connection) -> str | None:
        if connection.dialect.name == "postgresql":
            connection.execute(_AS_ONE_WHO_MAY_LOOK)
        return MigrationContext.configure(connection).get_current_revision()

    return await _on_connection(url, look)  # type: ignore[no-any-return]  # run_sync passes our str through


def head_revision() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


async def differences(url: str) -> list[Any]:
    """What the models say and the migrated database does not, in Alembic's words; empty when they agree."""

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    return await _on_connection(url, compare)  # type: ignore[no-any-return]  # run_sync passes our list through
