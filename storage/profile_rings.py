"""The sources whose records are joined with each other, and their keys."""

from contextlib import suppress

from sqlalchemy import select

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
