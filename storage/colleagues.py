"""The names of colleagues in the account's sources: who owns customers, who answers conversations."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from storage import models
from storage.keys.vault import Vault
from storage.personal import live_keys
from storage.personal_document import PersonalOwner, open_document
from storage.session import Database

_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Colleague:
    """An owner as one source knows them. `owner_id` is the id that plans name them by, in hex."""

    source_id: int
    owner_id: str
    name: str


async def colleagues(db: Database, vault: Vault, account_id: int) -> tuple[Colleague, ...]:
    """Every colleague of the account that has a name, opened for a moment; the first 5,000 of them."""
    owner = models.Owner
    keys = await live_keys(db, vault, account_id)
    async with db.tenant(account_id, read_only=True) as session:
        rows = (
            await session.execute(
                select(owner.source_id, owner.id, owner.sealed)
                .where(owner.account_id == account_id, owner.source_id.in_(keys))
                .order_by(owner.source_id, owner.id)
                .limit(_MOST)
            )
        ).all()
    opened = (
        (row.source_id, row.id, open_document(keys[row.source_id], PersonalOwner, row.id, row.sealed))
        for row in rows
    )
    return tuple(
        Colleague(source_id, bytes(row_id).hex(), who.name) for source_id, row_id, who in opened if who.name
    )
