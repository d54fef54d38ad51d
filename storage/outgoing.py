"""Messages that a chat platform could not take yet: kept sealed, sent later, in the order of their lane.

A lane is where order matters: one channel of one workspace. Whoever sends takes the first of each lane and
holds it; one that is neither sent nor postponed within `HELD_FOR` (its process was killed) is free again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from storage.intake.bulk import among
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models import Outgoing
from storage.session import Database

WAITS = timedelta(hours=24)
HELD_FOR = timedelta(minutes=1)
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message whose turn it is. `content` is None once a customer's deletion has emptied it."""

    item_id: bytes
    address: bytes
    content: bytes | None
    attempts: int
    until: datetime

    def __repr__(self) -> str:
        return f"Waiting(attempts={self.attempts})"


async def put_outgoing(
    db: Database,
    vault: Vault,
    account_id: int,
    lane: str,
    contents: Sequence[tuple[bytes, bytes]],
    *,
    due_at: datetime,
    now: datetime,
    personal: bool = True,
) -> None:
    """Puts these (address, content) at the end of their lane, in order; tried from `due_at` on, for a day."""
    keys = await vault.account_keys(account_id)
    lane_id = keys.record_id("lane", lane)
    ids = [token_bytes(16) for _ in contents]
    async with db.tenant(account_id) as session:
        last = await session.scalar(select(func.max(Outgoing.number)).where(Outgoing.lane == lane_id))
        session.add_all(
            Outgoing(
                account_id=account_id,
                item_id=item_id,
                lane=lane_id,
                number=(last or 0) + place,
                address=keys.seal(table="outgoing", row_id=item_id, column="address", plaintext=address),
                sealed=keys.seal(table="outgoing", row_id=item_id, column="sealed", plaintext=content),
                personal=personal,
                due_at=due_at,
                until=now + WAITS,
            )
            for place, (item_id, (address, content)) in enumerate(zip(ids, contents, strict=True), start=1)
        )


async def lane_waits(db: Database, vault: Vault, account_id: int, lane: str) -> bool:
    """Whether something waits there already, which whatever comes later must not overtake."""
    lane_id = (await vault.account_keys(account_id)).record_id("lane", lane)
    async with db.tenant(account_id, read_only=True) as session:
        found = await session.scalar(select(Outgoing.item_id).where(Outgoing.lane == lane_id).limit(1))
    return found is not None


async def take_outgoing(db: Database, vault: Vault, account_id: int, *, now: datetime) -> list[Waiting]:
    """The first of each lane, where it is due and nobody holds it: now held here."""
    first = (
        select(func.min(Outgoing.number).label("number"), Outgoing.lane).group_by(Outgoing.lane).subquery()
    )
    due = (
        select(Outgoing.item_id)
        .join(first, (first.c.lane == Outgoing.lane) & (first.c.number == Outgoing.number))
        .where(Outgoing.due_at <= now, _is_free(now))
        .order_by(Outgoing.due_at)
        .limit(_AT_ONCE)
    )
    async with db.tenant(account_id, read_only=True) as session:
        ids = (await session.scalars(due)).all()
    if not ids:
        return []
    async with db.tenant(account_id) as session:
        taken = (
            update(Outgoing)
            .where(among(session, Outgoing.item_id, ids), _is_free(now))
            .values(held_until=now + HELD_FOR, attempts=Outgoing.attempts + 1)
            .returning(Outgoing)
        )
        rows = (await session.scalars(taken)).all()
    keys = await vault.account_keys(account_id)
    return [_opened(keys, row) for row in rows]


def _opened(keys: SourceKeys, row: Outgoing) -> Waiting:
    def opened(column: str, sealed: bytes) -> bytes:
        return keys.open(table="outgoing", row_id=row.item_id, column=column, sealed=sealed)

    content = opened("sealed", row.sealed) if row.sealed else None
    return Waiting(row.item_id, opened("address", row.address), content, row.attempts, row.until)


def _is_free(now: datetime) -> Any:
    return or_(Outgoing.held_until.is_(None), Outgoing.held_until <= now)


async def done_with(db: Database, account_id: int, item_id: bytes) -> None:
    """It was sent, or is given up."""
    async with db.tenant(account_id) as session:
        await session.execute(delete(Outgoing).where(Outgoing.item_id == item_id))


async def postpone(db: Database, account_id: int, item_id: bytes, *, due_at: datetime) -> None:
    """It stays first in its lane and is tried again at `due_at`."""
    async with db.tenant(account_id) as session:
        await session.execute(
            update(Outgoing).where(Outgoing.item_id == item_id).values(due_at=due_at, held_until=None)
        )


async def next_outgoing(db: Database, account_id: int) -> datetime | None:
    """When the next lane can be worked on; None where nothing waits."""
    first = _firsts()
    heads = select(Outgoing.due_at, Outgoing.held_until).join(
        first, (first.c.lane == Outgoing.lane) & (first.c.number == Outgoing.number)
    )
    async with db.tenant(account_id, read_only=True) as session:
        rows = (await session.execute(heads)).all()
    return min((max(row.due_at, row.held_until or row.due_at) for row in rows), default=None)


def _firsts() -> Any:
    """The number of each lane's first message."""
    return select(func.min(Outgoing.number).label("number"), Outgoing.lane).group_by(Outgoing.lane).subquery()
