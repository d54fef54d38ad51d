"""Fields that an account switches off are forgotten at once, and never stored again while they are off."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, update

from storage.batches import update_each
from storage.errors import OperatorError
from storage.intake.derive import derive
from storage.intake.source_lock import hold_source
from storage.intake.stale import mark_split_profiles_stale
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models import Customer, Source
from storage.models.base import table_of
from storage.personal_document import Personal, open_personal, seal_personal
from storage.session import Database
from storage.trust.deletion import renew_key_since
from storage.trust.mentions import forget_conversations
from storage.trust.optional_fields import OPTIONAL, hash_only

Columns = dict[str, Any]

_AT_ONCE = 1_000
_UNKNOWN = bytes(16)
"""A fingerprint that no record has: the old one was made from the forgotten value too."""


class NotOptionalError(OperatorError):
    """The field is not one that can be switched off."""


async def switch_off(
    db: Database, vault: Vault, account_id: int, source_id: int, fields: Iterable[str], *, now: datetime
) -> int:
    """Switches fields off and forgets them; returns how many customers' documents were sealed anew.

    From the first commit on no writer stores them. The source's data key is renewed within a day, for what
    old copies of the database hold. Interrupted, the same call goes on. Raises NotOptionalError, SourceGone.
    """
    wanted = _checked(fields)
    async with db.tenant(account_id) as session:
        known = await hold_source(session, account_id, source_id, alone=True)
        off = tuple(sorted({*known, *wanted}))
        await session.execute(_of(account_id, source_id).values(switched_off=off))
        await renew_key_since(session, account_id, source_id, now)
        await forget_conversations(session, account_id)
    changed = await _forget(db, vault, account_id, source_id, frozenset(off))
    async with db.tenant(account_id) as session:
        await mark_split_profiles_stale(session, account_id, source_id)
    await derive(db, account_id, source_id, vault=vault)
    return changed


async def switch_on(db: Database, account_id: int, source_id: int, fields: Iterable[str]) -> None:
    """Lets these fields be stored again: the next full sync brings them."""
    wanted = _checked(fields)
    async with db.tenant(account_id) as session:
        known = await hold_source(session, account_id, source_id, alone=True)
        off = tuple(name for name in known if name not in wanted)
        await session.execute(_of(account_id, source_id).values(switched_off=off))
        await session.execute(
            update(Customer)
            .where(Customer.account_id == account_id, Customer.source_id == source_id)
            .values(fingerprint=_UNKNOWN)
        )


def _checked(fields: Iterable[str]) -> set[str]:
    wanted = set(fields)
    if unknown := wanted - OPTIONAL.keys():
        raise NotOptionalError(
            f"{', '.join(sorted(unknown))}: only {', '.join(OPTIONAL)} can be switched off"
        )
    return wanted


def _of(account_id: int, source_id: int) -> Any:
    return update(Source).where(Source.account_id == account_id, Source.source_id == source_id)


async def _forget(db: Database, vault: Vault, account_id: int, source_id: int, off: frozenset[str]) -> int:
    table, last, changed = table_of(Customer), b"", 0
    of_source = (table.c.account_id == account_id, table.c.source_id == source_id)
    while True:
        keys = await vault.source_keys(account_id, source_id)
        async with db.tenant(account_id) as session:
            await hold_source(session, account_id, source_id, alone=True)
            connection = await session.connection()
            page = select(table.c.id, table.c.sealed).where(*of_source, table.c.id > last)
            rows = (await connection.execute(page.order_by(table.c.id).limit(_AT_ONCE))).all()
            if not rows:
                return changed
            last = rows[-1].id
            without = await asyncio.to_thread(_without, keys, rows, off)
            await update_each(session, table, without)
            changed += len(without)


def _without(keys: SourceKeys, rows: Sequence[Any], off: frozenset[str]) -> list[tuple[Columns, Columns]]:
    """The rows whose documents still hold a field that is off, and what changes in each."""
    changed = []
    for row in rows:
        personal = open_personal(keys, row.id, row.sealed)
        if held := {name for name in off if getattr(personal, name) is not None}:
            found_by = {"source_id": keys.source_id, "id": row.id}
            changed.append((found_by, _columns(keys, row.id, personal, held)))
    return changed


def _columns(keys: SourceKeys, row_id: bytes, personal: Personal, held: set[str]) -> Columns:
    left = msgspec.structs.replace(personal, **dict.fromkeys(held))
    columns: Columns = {"sealed": seal_personal(keys, row_id, left), "fingerprint": _UNKNOWN}
    for field in (OPTIONAL[name] for name in sorted(held)):
        columns |= dict.fromkeys(field.keys)
        if field.hashed:
            columns[field.keys[0]] = hash_only(keys, field.name, getattr(personal, field.name))
    return columns
