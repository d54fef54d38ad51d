"""Renewing a data key after deletions, so that old copies of what was deleted can never be opened: that of a
source, and the account's own (source 0), which seals Messages and conversations.

A round takes a few runs of the job, none of which waits: announce a new epoch; once it is settled, seal every
row of an older epoch anew; once a run finds nothing left to do, destroy the old keys. Where a round stands is
read from the key store and from the rows themselves: killed at any moment, the next run goes on. Reads never
fail meanwhile, as both keys are alive until after the last row has moved; a row that a sync changes at the
same time is left to the sync, which already seals with the new key.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, func, select, tuple_, update

from storage import models
from storage.batches import update_each
from storage.intake.checkpoints import mark_id
from storage.keys.keystore_schema import ACCOUNT_ITSELF
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models.base import table_of
from storage.personal_document import Personal, PersonalContact, blind_keys, read_personal
from storage.session import Database
from storage.sources import source_row_id
from storage.trust.mentions import forget_conversations
from storage.types import number_as_id

ROUND_AFTER = timedelta(hours=12)
"""How long deletions are gathered before a round begins; it ends minutes later, well within the day."""

_AT_ONCE = 1_000
_EPOCH_AT, _EPOCH_BYTES = 2, 4
"""Where a sealed value names its epoch (counted from 1, as SQL does)."""

Values = dict[str, Any]


class Step(StrEnum):
    """What a run did for a source."""

    NOTHING = "nothing"
    ANNOUNCED = "announced"
    WAITING = "waiting"
    RESEALED = "resealed"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Renewed:
    """`rows` were sealed anew in this run."""

    step: Step
    rows: int = 0


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A sealed column. `row_id` says what its values are sealed for; `others` what else of a row follows
    from the opened value and the data key."""

    model: Any
    column: str
    row_id: Callable[[Any], bytes]
    others: Callable[[SourceKeys, bytes], Values] = lambda _keys, _plain: {}

    @property
    def table(self) -> Table:
        return table_of(self.model)

    @property
    def key(self) -> list[str]:
        return [column.name for column in self.table.primary_key if column.name != "account_id"]


def _look_ups(keys: SourceKeys, plain: bytes) -> Values:
    """The look-up columns of what is in the document; a hash that stands for a value that is not stays."""
    personal: Personal = read_personal(plain)
    return {name: key for name, key in blind_keys(keys, personal).items() if key is not None}


def _contact_look_up(keys: SourceKeys, plain: bytes) -> Values:
    key = keys.blind("email", msgspec.json.decode(plain, type=PersonalContact).email)
    return {} if key is None else {"email_key": key}


SEALED = (
    _Sealed(models.Source, "credential", lambda row: source_row_id(row.source_id)),
    _Sealed(models.Checkpoint, "cursor", lambda row: mark_id(row.stream, row.window)),
    _Sealed(models.WebhookEvent, "sealed", lambda row: bytes(row.event_id)),
    _Sealed(models.Customer, "sealed", lambda row: bytes(row.id), _look_ups),
    _Sealed(models.Contact, "sealed", lambda row: bytes(row.id), _contact_look_up),
    _Sealed(models.Owner, "sealed", lambda row: bytes(row.id)),
    _Sealed(models.Ticket, "sealed", lambda row: bytes(row.id)),
    _Sealed(models.Deal, "sealed", lambda row: bytes(row.id)),
    _Sealed(models.Message, "sealed", lambda row: bytes(row.message_id)),
    _Sealed(models.Message, "places", lambda row: bytes(row.message_id)),
    _Sealed(models.Conversation, "sealed", lambda row: bytes(row.key)),
    _Sealed(models.Member, "sealed", lambda row: bytes(row.member_id)),
    _Sealed(models.Member, "totp", lambda row: bytes(row.member_id)),
    _Sealed(models.MailLink, "sealed", lambda row: bytes(row.token_hash)),
    _Sealed(models.Alert, "sealed", lambda row: number_as_id(row.alert_id)),
    _Sealed(models.SlackWorkspace, "sealed", lambda row: row.workspace_id.encode()),
    _Sealed(models.Outgoing, "sealed", lambda row: bytes(row.item_id)),
    _Sealed(models.Outgoing, "address", lambda row: bytes(row.item_id)),
    _Sealed(models.KeptButton, "sealed", lambda row: bytes(row.button_id)),
)


def _sealed_by(source_id: int) -> list[_Sealed]:
    """What the source's key seals; 0: the account's."""
    of_account = source_id == ACCOUNT_ITSELF
    return [sealed for sealed in SEALED if ("source_id" not in sealed.table.c) == of_account]


async def renew(
    db: Database,
    vault: Vault,
    account_id: int,
    source_id: int,
    *,
    now: datetime,
    after: timedelta = ROUND_AFTER,
) -> Renewed:
    """One run for a source, or for the account itself. Raises KeyDestroyed where it is removed meanwhile."""
    keys = await vault.source_keys(account_id, source_id)
    if len(keys.epochs) == 1:
        if not await _is_due(db, account_id, source_id, now - after):
            return Renewed(Step.NOTHING)
        await vault.new_epoch(account_id, source_id)
        # What is deleted from here on was still sealed with the old key, or begins another round.
        await _begin(db, account_id, source_id)
        return Renewed(Step.ANNOUNCED)
    if not keys.settled:
        return Renewed(Step.WAITING)
    rows = 0
    for sealed in _sealed_by(source_id):
        rows += await _reseal(db, vault, account_id, source_id, sealed, keys.epoch)
    if rows:
        return Renewed(Step.RESEALED, rows)
    await vault.retire_epochs(account_id, source_id, before=keys.epoch)
    return Renewed(Step.RETIRED)


def _where_due(source_id: int) -> Table:
    """The table whose `rekey_since` says when something sealed was first forgotten."""
    return table_of(models.Account if source_id == ACCOUNT_ITSELF else models.Source)


def _rows_of(table: Table, account_id: int, source_id: int) -> list[ColumnElement[bool]]:
    """Rows of the source, or of the account in tables that know no sources."""
    of_source = [table.c.source_id == source_id] if "source_id" in table.c else []
    return [table.c.account_id == account_id, *of_source]


async def _is_due(db: Database, account_id: int, source_id: int, oldest: datetime) -> bool:
    table = _where_due(source_id)
    noted = select(table.c.rekey_since).where(*_rows_of(table, account_id, source_id))
    async with db.tenant(account_id, read_only=True) as session:
        since: datetime | None = await (await session.connection()).scalar(noted)
    return since is not None and since <= oldest


async def _begin(db: Database, account_id: int, source_id: int) -> None:
    table = _where_due(source_id)
    begun = update(table).where(*_rows_of(table, account_id, source_id)).values(rekey_since=None)
    async with db.tenant(account_id) as session:
        await (await session.connection()).execute(begun)
        if source_id == ACCOUNT_ITSELF:  # one that was being answered while its customer was deleted
            await forget_conversations(session, account_id)


async def _reseal(
    db: Database, vault: Vault, account_id: int, source_id: int, sealed: _Sealed, epoch: int
) -> int:
    """Seals every value of an epoch before `epoch` anew, in the order of the rows' keys; returns how many."""
    done = 0
    last: tuple[Any, ...] = ()
    while True:
        keys = await vault.source_keys(account_id, source_id)
        rows = await _older(db, account_id, source_id, sealed, epoch, last)
        if not rows:
            return done
        last = tuple(getattr(rows[-1], name) for name in sealed.key)
        fresh = await asyncio.to_thread(_seal_anew, keys, sealed, rows)
        async with db.tenant(account_id) as session:
            await update_each(session, sealed.table, fresh)
        done += len(fresh)


async def _older(
    db: Database, account_id: int, source_id: int, sealed: _Sealed, epoch: int, last: tuple[Any, ...]
) -> Sequence[Any]:
    table = sealed.table
    value = table.c[sealed.column]
    key = [table.c[name] for name in sealed.key]
    where: list[ColumnElement[bool]] = [
        *_rows_of(table, account_id, source_id),
        func.length(value) > 0,
        func.substr(value, _EPOCH_AT, _EPOCH_BYTES) < epoch.to_bytes(_EPOCH_BYTES, "big"),
    ]
    if last:
        where.append(tuple_(*key) > tuple_(*last))
    async with db.tenant(account_id, read_only=True) as session:
        connection = await session.connection()
        return (
            await connection.execute(select(*key, value).where(*where).order_by(*key).limit(_AT_ONCE))
        ).all()


def _seal_anew(keys: SourceKeys, sealed: _Sealed, rows: Sequence[Any]) -> list[tuple[Values, Values]]:
    return [_sealed_anew(keys, sealed, row) for row in rows]


def _sealed_anew(keys: SourceKeys, sealed: _Sealed, row: Any) -> tuple[Values, Values]:
    """What finds the row, and what it gets."""
    old = bytes(getattr(row, sealed.column))
    table, column, row_id = sealed.table.name, sealed.column, sealed.row_id(row)
    plain = keys.open(table=table, row_id=row_id, column=column, sealed=old)
    fresh = keys.seal(table=table, row_id=row_id, column=column, plaintext=plain)
    new: Values = {column: fresh, **sealed.others(keys, plain)}
    # Only what is still as it was opened: a row that changed meanwhile was sealed by its writer.
    return {name: getattr(row, name) for name in sealed.key} | {column: old}, new
