"""The audit trail: who did what to what, from where, when; sixty days of it (`retention.py`).

Entries are added in the transaction of what they tell. Their numbers have no gaps, and each digest covers
the entry and the digest before it, so that `audit_proof.py` finds what was changed or removed. What an entry
may say is closed (`audit_terms.py`); grants and triggers (`migrations/append_only.py`) keep it as it is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.clock import database_now
from storage.intake.bulk import among
from storage.models import AuditEntry, AuditHead
from storage.models.base import table_of
from storage.trust.audit_terms import (
    COMMAND_LINE,
    WORKER,
    Action,
    Actor,
    ActorKind,
    Channel,
    Detail,
    Fact,
    Job,
    Kind,
    NotForTheTrail,
    Origin,
    Reference,
    Subject,
    checked_details,
)

__all__ = [
    "COMMAND_LINE", "WORKER", "Action", "Actor", "ActorKind", "Channel", "Fact", "Job", "Kind",
    "NotForTheTrail", "Note", "Origin", "Subject", "digest_of", "list_entries", "record", "record_all",
]  # fmt: skip

BEGINNING = bytes(32)
"""What the first entry of an account has in place of the digest before it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_entry, _head = table_of(AuditEntry), table_of(AuditHead)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to record."""

    actor: Actor
    action: Action
    subject: Subject
    origin: Origin
    details: Mapping[Fact, Reference]


async def record(
    session: AsyncSession,
    *,
    actor: Actor,
    action: Action,
    subject: Subject,
    origin: Origin,
    details: Mapping[Fact, Reference] | None = None,
    now: datetime | None = None,
) -> None:
    """Adds an entry to the trail of the session's account: committed with the action or not at all.

    Until the commit the account's other entries wait: call it last in a transaction. Raises NotForTheTrail.
    `now` is the database's clock.
    """
    note = Note(actor, action, subject, origin, details or {})
    await record_all(session, {session.info["account_id"]: note}, now=now)


async def record_all(
    session: AsyncSession, notes: Mapping[int, Note], *, now: datetime | None = None
) -> None:
    """Adds one entry to the trail of each of these accounts, in a fixed number of statements."""
    rows = {account_id: _as_row(account_id, note) for account_id, note in notes.items()}
    if not rows:
        return
    connection = await session.connection()
    heads = await _lock_heads(session, sorted(rows))
    now = now or await database_now(session)
    for account_id, row in rows.items():
        number, at, digest = heads[account_id]
        row |= {"number": number + 1, "at": max(at, now), "before": digest}
        row["digest"] = digest_of(row)
    await connection.execute(insert(_entry), list(rows.values()))
    await connection.execute(
        update(_head)
        .where(_head.c.account_id == bindparam("of_account"))
        .values(number=bindparam("number"), at=bindparam("at"), digest=bindparam("digest")),
        [
            {"of_account": row["account_id"], **{name: row[name] for name in ("number", "at", "digest")}}
            for row in rows.values()
        ],
    )


def _as_row(account_id: int, note: Note) -> dict[str, Any]:
    given = (note.actor, note.action, note.subject, note.origin)
    if not all(map(isinstance, given, (Actor, Action, Subject, Origin))):
        raise NotForTheTrail("an entry is made of an Actor, an Action, a Subject and an Origin")
    return {
        "account_id": account_id,
        "actor_kind": str(note.actor.kind),
        "actor": str(note.actor),
        "action": str(note.action),
        "subject": str(note.subject),
        "origin": str(note.origin),
        "details": checked_details(note.details),
    }


async def _lock_heads(
    session: AsyncSession, accounts: Sequence[int]
) -> dict[int, tuple[int, datetime, bytes]]:
    """Number, time and digest of the newest entry of each account, held until the commit."""
    connection = await session.connection()
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    wanted = (
        select(_head)
        .where(among(session, _head.c.account_id, accounts))
        .order_by(_head.c.account_id)
        .with_for_update()
    )
    found = (await connection.execute(wanted)).all()
    if len(found) < len(accounts):
        first = [{"account_id": one, "number": 0, "at": _EPOCH, "digest": BEGINNING} for one in accounts]
        await connection.execute(dialect.insert(_head).on_conflict_do_nothing(), first)
        found = (await connection.execute(wanted)).all()
    return {row.account_id: (row.number, row.at, row.digest) for row in found}


def digest_of(row: Mapping[str, Any]) -> bytes:
    """SHA-256 of everything that an entry says and of the digest before it, in a form that reads one way."""
    details: Mapping[str, Detail] = row["details"]
    told = (
        1,  # the version of this form
        row["account_id"],
        row["number"],
        (row["at"] - _EPOCH) // _MICROSECOND,
        *(row[name] for name in ("actor_kind", "actor", "action", "subject", "origin")),
        sorted(details.items()),
        bytes(row["before"]).hex(),
    )
    return hashlib.sha256(msgspec.json.encode(told)).digest()


async def list_entries(session: AsyncSession, *, since: datetime | None = None) -> Sequence[AuditEntry]:
    """The entries of the session's account, oldest first."""
    entries = select(AuditEntry).order_by(AuditEntry.number)
    if since is not None:
        entries = entries.where(AuditEntry.at >= since)
    return (await session.scalars(entries)).all()
