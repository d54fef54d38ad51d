"""What was decided, once: thoughts are written in the transaction of the change that caused them.

A thought's id is the hash of its kind, matter and occurrence, so that a replayed webhook, a second worker or
a repeated sync finds it there already.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.bulk import among, insert_new
from storage.models import Customer as CustomerRecord
from storage.models import Thought as Kept
from storage.models import ThoughtProfile
from thoughts.base import Customer, Thought, decode, encode


class Decided(NamedTuple):
    """A thought and the id that it is kept under."""

    id: bytes
    thought: Thought
    late: bool
    decided_at: datetime


def id_of(thought: Thought) -> bytes:
    """What tells a thought from every other one of its account."""
    return _hash(thought.key)


def matter_id(thought: Thought) -> bytes:
    """What all news of one matter share."""
    return _hash(thought.matter)


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


async def decide(
    session: AsyncSession,
    account_id: int,
    thoughts: Iterable[Thought],
    *,
    now: datetime,
    late: bool = False,
    silently: bool = False,
) -> None:
    """Keeps these thoughts, those alone that were never decided before.

    `late`: their source had been away for long; whoever gets them gets them all together. `silently`: nobody
    gets them, they are only known from then on.
    """
    found = {id_of(thought): thought for thought in thoughts}
    if not found:
        return
    rows = [
        {
            "account_id": account_id,
            "thought_id": thought_id,
            "kind": thought.kind,
            "matter_id": matter_id(thought),
            "source_id": thought.source_id,
            "stage": thought.stage,
            "critical": thought.critical,
            "late": late,
            "at": thought.at,
            "decided_at": now,
            "routed_at": now if silently else None,
            "body": encode(thought).decode(),
        }
        for thought_id, thought in sorted(found.items())  # two who decide do not wait for each other
    ]
    await insert_new(session, Kept, rows)
    await _note_profiles(session, account_id, found.items())


async def _note_profiles(
    session: AsyncSession, account_id: int, thoughts: Iterable[tuple[bytes, Thought]]
) -> None:
    """Whom they are about: so that they go with them, however their records are joined by then."""
    named = {thought_id: customers_in(thought) for thought_id, thought in thoughts}
    records = await _records(session, account_id, {one for these in named.values() for one in these})
    rows = [
        {"account_id": account_id, "thought_id": thought_id, "profile_id": record}
        for thought_id, these in sorted(named.items())
        for record in sorted({record for profile in these for record in records.get(profile, {profile})})
    ]
    if rows:
        await insert_new(session, ThoughtProfile, rows)


async def _records(session: AsyncSession, account_id: int, profiles: set[bytes]) -> dict[bytes, set[bytes]]:
    """The ids of the records of each profile, and its own."""
    if not profiles:
        return {}
    record = CustomerRecord
    rows = await session.execute(
        select(record.profile_id, record.id).where(
            record.account_id == account_id, among(session, record.profile_id, profiles)
        )
    )
    found = {profile: {profile} for profile in profiles}
    for profile_id, record_id in rows:
        found[profile_id].add(record_id)
    return found


def customers_in(thought: Thought) -> set[bytes]:
    """The profiles that a thought names."""
    named = {fact.profile_id for fact in thought.facts.values() if isinstance(fact, Customer)}
    return named | ({thought.customer} if thought.customer else set())


def _read(row: Any) -> Decided:
    return Decided(row.thought_id, decode(row.body.encode()), row.late, row.decided_at)


async def unrouted(
    session: AsyncSession, account_id: int, limit: int, *, away: Collection[int], since: datetime
) -> list[Decided]:
    """Thoughts of which it is not settled yet who gets them, the oldest first.

    Late ones of sources that are `away` are left out, unless they were decided before `since`.
    """
    rows = await session.execute(
        select(Kept.thought_id, Kept.body, Kept.late, Kept.decided_at)
        .where(
            Kept.account_id == account_id,
            Kept.routed_at.is_(None),
            or_(
                Kept.late.is_(False),
                Kept.source_id.is_(None),
                Kept.source_id.not_in(away),
                Kept.decided_at < since,
            ),
        )
        .order_by(Kept.decided_at, Kept.thought_id)
        .limit(limit)
    )
    return [_read(row) for row in rows]


async def load(session: AsyncSession, account_id: int, ids: Sequence[bytes]) -> dict[bytes, Decided]:
    """These thoughts by their ids, as far as they are still there."""
    rows = await session.execute(
        select(Kept.thought_id, Kept.body, Kept.late, Kept.decided_at).where(
            Kept.account_id == account_id, among(session, Kept.thought_id, ids)
        )
    )
    return {row.thought_id: _read(row) for row in rows}
