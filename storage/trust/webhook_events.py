"""Webhooks as they were received: stored once, sealed with their source's key, gone after 30 days.

A vendor sends the same event several times, and not in order: its keyed id is what makes it one. Which
customer a body speaks of stands beside it as a keyed id, so that the body goes with the customer
(`mentions.py`) and with the source (`source_removal.py`), whatever their age.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.bulk import among
from storage.intake.source_lock import hold_source
from storage.keys.source_keys import SourceKeys
from storage.models import Tombstone, WebhookEvent
from storage.session import Database

OTHER = "other"
_TYPE = re.compile(r"(?=.{1,80}$)[a-z][a-z0-9_]*(?:[./:][a-z][a-z0-9_]*)*")
_MOST = 200


class EventState(StrEnum):
    """What has become of an event."""

    RECEIVED = "received"
    DONE = "done"
    FAILED = "failed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Event:
    """What a list of received webhooks shows. `has_body` is False once what it spoke of was deleted."""

    event_id: bytes
    source_id: int
    received_at: datetime
    type: str
    state: str
    attempts: int
    failure: str | None
    has_body: bool


@dataclass(frozen=True, slots=True)
class Incoming:
    """A received event: the vendor's id of it, its type and body, and when it came.

    `customer`: the vendor's id of the customer that the body speaks of, where it is known.
    """

    event: str
    type: str
    body: bytes
    customer: str | None
    at: datetime


async def store(session: AsyncSession, keys: SourceKeys, events: Sequence[Incoming]) -> int:
    """Stores events of one source, each once by the vendor's id of it; how many came for the first time.

    A body is not kept if its customer was deleted before. Raises SourceGone where the source is removed.
    """
    await hold_source(session, keys.account_id, keys.source_id)
    customers = {one.customer: keys.record_id("customer", one.customer) for one in events if one.customer}
    buried = await _buried(session, keys, list(customers.values()))
    rows = [_row(keys, one, customers.get(one.customer or ""), buried) for one in events]
    if not rows:
        return 0
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    stored = dialect.insert(WebhookEvent).on_conflict_do_nothing()
    return len((await session.execute(stored.returning(WebhookEvent.event_id), rows)).all())


def _row(keys: SourceKeys, one: Incoming, customer_id: bytes | None, buried: set[bytes]) -> dict[str, Any]:
    event_id = keys.record_id("event", one.event)
    is_buried = customer_id in buried
    return {
        "account_id": keys.account_id,
        "source_id": keys.source_id,
        "event_id": event_id,
        "received_at": one.at,
        "type": one.type if _TYPE.fullmatch(one.type) else OTHER,
        "state": EventState.RECEIVED,
        "attempts": 0,
        "customer_id": None if is_buried else customer_id,
        "sealed": b"" if is_buried else _sealed(keys, event_id, one.body),
    }


def _sealed(keys: SourceKeys, event_id: bytes, body: bytes) -> bytes:
    return keys.seal(table="webhook_event", row_id=event_id, column="sealed", plaintext=body)


async def _buried(session: AsyncSession, keys: SourceKeys, customers: Sequence[bytes]) -> set[bytes]:
    """Those of the customers that were deleted."""
    if not customers:
        return set()
    tombstones = select(Tombstone.customer_id).where(
        Tombstone.account_id == keys.account_id,
        Tombstone.source_id == keys.source_id,
        among(session, Tombstone.customer_id, customers),
    )
    return set(await session.scalars(tombstones))


async def open_body(session: AsyncSession, keys: SourceKeys, event_id: bytes) -> bytes | None:
    """The body of an event; None if there is no such event or its body was deleted."""
    sealed = await session.scalar(
        select(WebhookEvent.sealed).where(
            WebhookEvent.account_id == keys.account_id,
            WebhookEvent.source_id == keys.source_id,
            WebhookEvent.event_id == event_id,
        )
    )
    return _opened(keys, event_id, sealed)


def _opened(keys: SourceKeys, event_id: bytes, sealed: bytes | None) -> bytes | None:
    if not sealed:
        return None
    return keys.open(table="webhook_event", row_id=event_id, column="sealed", sealed=sealed)


async def note_attempt(
    session: AsyncSession,
    keys: SourceKeys,
    event_id: bytes,
    state: EventState,
    failure: BaseException | None = None,
) -> None:
    """Counts an attempt and says what came of it; of a failure its kind alone is kept."""
    await session.execute(
        update(WebhookEvent)
        .where(
            WebhookEvent.account_id == keys.account_id,
            WebhookEvent.source_id == keys.source_id,
            WebhookEvent.event_id == event_id,
        )
        .values(
            state=state,
            attempts=WebhookEvent.attempts + 1,
            failure=type(failure).__name__[:120] if failure else None,
        )
    )


async def note_attempts(
    session: AsyncSession, keys: SourceKeys, event_ids: Sequence[bytes], state: EventState
) -> None:
    """As `note_attempt`, of several events that went the same way."""
    await session.execute(
        update(WebhookEvent)
        .where(
            WebhookEvent.account_id == keys.account_id,
            WebhookEvent.source_id == keys.source_id,
            among(session, WebhookEvent.event_id, event_ids),
        )
        .values(state=state, attempts=WebhookEvent.attempts + 1, failure=None)
    )


@dataclass(frozen=True, slots=True)
class Due:
    """An event to work on. `body` is None once what it spoke of was deleted."""

    event_id: bytes
    attempts: int
    body: bytes | None


async def due(session: AsyncSession, keys: SourceKeys, *, limit: int) -> Sequence[Due]:
    """The events that are to be worked on, the longest waiting first."""
    event = WebhookEvent
    rows = await session.execute(
        select(event.event_id, event.attempts, event.sealed)
        .where(
            event.account_id == keys.account_id,
            event.source_id == keys.source_id,
            event.state.in_((EventState.RECEIVED, EventState.FAILED)),
        )
        .order_by(event.attempts, event.received_at, event.event_id)
        .limit(limit)
    )
    return [Due(row.event_id, row.attempts, _opened(keys, row.event_id, row.sealed)) for row in rows]


async def replay(db: Database, account_id: int, source_id: int, event_ids: Sequence[bytes]) -> int:
    """Has events worked on again, whatever became of them; how many there were."""
    async with db.tenant(account_id) as session:
        found = await session.execute(
            update(WebhookEvent)
            .where(
                WebhookEvent.account_id == account_id,
                WebhookEvent.source_id == source_id,
                among(session, WebhookEvent.event_id, event_ids),
            )
            .values(state=EventState.RECEIVED, attempts=0, failure=None)
            .returning(WebhookEvent.event_id)
        )
        return len(found.all())


async def list_events(
    db: Database, account_id: int, *, source_id: int, state: EventState | None = None, limit: int = _MOST
) -> Sequence[Event]:
    """The received webhooks of a source, newest first: what may be delivered again."""
    event = WebhookEvent
    wanted = (
        select(
            event.event_id,
            event.source_id,
            event.received_at,
            event.type,
            event.state,
            event.attempts,
            event.failure,
            (func.length(event.sealed) > 0).label("has_body"),
        )
        .where(event.account_id == account_id, event.source_id == source_id)
        .order_by(event.received_at.desc(), event.event_id)
        .limit(limit)
    )
    if state is not None:
        wanted = wanted.where(event.state == state)
    async with db.tenant(account_id, read_only=True) as session:
        return [Event(**row._asdict()) for row in await session.execute(wanted)]
