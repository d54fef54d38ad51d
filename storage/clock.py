"""The database's own clock: one for all machines, and the one that its policies and triggers go by."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SQLITE_MILLISECONDS = text("SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)")
_POSTGRES_NOW = text("SELECT now()")


async def database_now(session: AsyncSession) -> datetime:
    """PostgreSQL: when this transaction began, as its policies see it. SQLite: now, to the millisecond."""
    connection = await session.connection()
    if connection.dialect.name == "sqlite":
        milliseconds = (await connection.execute(_SQLITE_MILLISECONDS)).scalar_one()
        return _EPOCH + timedelta(milliseconds=milliseconds)
    found: datetime = (await connection.execute(_POSTGRES_NOW)).scalar_one()
    return found.astimezone(UTC)
