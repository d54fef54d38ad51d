"""The sources whose records are joined with each other, and their keys."""

from contextlib import suppress

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.keys.source_keys import KeyDestroyed
from storage.keys.vault import Vault
from storage.profile_evidence import Ring, Rings
from storage.session import Database


async def open_rings(db: Database, vault: Vault, account_id: int) -> Rings:
    """Every source of the account that is not being removed, by its number."""
    source = models.Source
    async with db.tenant(account_id, read_only=True) as session:
        found = await session.execute(
            select(source.source_id, source.kind)
            .where(source.state != models.SourceState.REMOVING)
            .order_by(source.source_id)
        )
        kinds = [(row.source_id, row.kind) for row in found]
    rings = {}
    for source_id, kind in kinds:
        with suppress(KeyDestroyed):  # removed just now
            rings[source_id] = Ring(kind, await vault.source_keys(account_id, source_id))
    return rings


_JOINING = 0x4A4F494E
"""The name of the lock on joining, beside the account's number."""


async def join_alone(session: AsyncSession, account_id: int) -> None:
    """Records of several sources are joined by one process at a time, until its commit: each sees what the
    last one joined. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock(_JOINING, account_id)))
