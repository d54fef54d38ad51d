"""Fields that an account switches off are forgotten at once, and never stored again while they are off."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Table, select, update

from storage.batches import update_each
from storage.errors import OperatorError
from storage.intake.derive import derive
from storage.intake.source_lock import hold_source
from storage.intake.stale import mark_split_profiles_stale
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models import Contact, Customer, Deal, Source, Ticket
from storage.models.base import table_of
from storage.personal_document import (
    TABLES,
    Document,
    Personal,
    PersonalContact,
    PersonalDeal,
    PersonalTicket,
    open_document,
    seal_document,
)
from storage.session import Database
from storage.trust.keys_due import renew_key_since
from storage.trust.mentions import forget_conversations
from storage.trust.optional_fields import OPTIONAL, OptionalField, hash_only

Columns = dict[str, Any]

_MODELS: dict[type[Document], Any] = {
    Personal: Customer,
    PersonalContact: Contact,
    PersonalTicket: Ticket,
    PersonalDeal: Deal,
}
_DOCUMENTS: dict[type[Document], Table] = {of: table_of(model) for of, model in _MODELS.items()}
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
        known = (await hold_source(session, account_id, source_id, alone=True)).switched_off
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
        known = (await hold_source(session, account_id, source_id, alone=True)).switched_off
        off = tuple(name for name in known if name not in wanted)
        await session.execute(_of(account_id, source_id).values(switched_off=off))
        for table in _DOCUMENTS.values():
            of_source = (table.c.account_id == account_id, table.c.source_id == source_id)
            await session.execute(update(table).where(*of_source).values(fingerprint=_UNKNOWN))


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
    changed = 0
    for of, table in _DOCUMENTS.items():
        changed += await _forget_in(db, vault, account_id, source_id, off, of, table)
    return changed


async def _forget_in(
    db: Database,
    vault: Vault,
    account_id: int,
    source_id: int,
    off: frozenset[str],
    of: type[Document],
    table: Table,
) -> int:
    last, changed = b"", 0
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
            without = await asyncio.to_thread(_without, keys, rows, off, of)
            await update_each(session, table, without)
            changed += len(without)


def _without(
    keys: SourceKeys, rows: Sequence[Any], off: frozenset[str], of: type[Document]
) -> list[tuple[Columns, Columns]]:
    """The rows whose documents still hold a field that is off, and what changes in each."""
    changed = []
    fields = [OPTIONAL[name] for name in sorted(off) if TABLES[of] in OPTIONAL[name].held_in]
    for row in rows if fields else ():
        if not row.sealed:  # a deleted customer's
            continue
        document = open_document(keys, of, row.id, row.sealed)
        if held := [field for field in fields if getattr(document, field.held_as) is not None]:
            found_by = {"source_id": keys.source_id, "id": row.id}
            changed.append((found_by, _columns(keys, row.id, document, held)))
    return changed


def _columns(keys: SourceKeys, row_id: bytes, held_by: Document, held: Sequence[OptionalField]) -> Columns:
    left = msgspec.structs.replace(held_by, **{field.held_as: None for field in held})
    columns: Columns = {"sealed": seal_document(keys, row_id, left), "fingerprint": _UNKNOWN}
    look_ups = table_of(_MODELS[type(held_by)]).c
    for field in held:
        columns |= {key: None for key in field.keys if key in look_ups}
        if field.hashed and isinstance(held_by, Personal):
            columns[field.keys[0]] = hash_only(keys, field.name, getattr(held_by, field.held_as))
    return columns
