"""What people do about thoughts that they get: quiet, mute, less like this; and why it is so quiet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.doer import Doer
from storage.keys.vault import Vault
from storage.models import Delivery, Mute, ThoughtProfile
from storage.models import Thought as Kept
from storage.session import Database
from thoughts import outbox
from thoughts.noise import EVERYTHING, NOBODY, WEEK, Why
from thoughts.schedule import next_digest
from thoughts.subscriptions import Subscription, change
from thoughts.wants import Rhythm, Wants

CUSTOMER_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Held:
    """How many thoughts of a kind were held back for one reason in the last week."""

    why: str
    kind: str
    count: int


async def snooze(
    db: Database, account_id: int, one: Subscription, *, by: str, now: datetime, until: datetime | None = None
) -> datetime:
    """Nothing but what is critical until tomorrow's hour of digests, or `until`; returns that moment."""
    daily = msgspec.structs.replace(one.wants, digest=Rhythm.DAILY)
    ends = until or next_digest(daily, now)
    async with db.tenant(account_id) as session:
        await _mute(session, account_id, one.number, EVERYTHING, [NOBODY], until=ends, by=by, now=now)
    return ends


async def mute_kind(db: Database, account_id: int, number: int, kind: str, *, by: str, now: datetime) -> None:
    """A subscription hears no more of a kind of thought."""
    async with db.tenant(account_id) as session:
        await _mute(session, account_id, number, kind, [NOBODY], until=None, by=by, now=now)


async def mute_customer(
    db: Database, account_id: int, number: int, thought_id: bytes, *, by: str, now: datetime
) -> bool:
    """A subscription hears nothing of a thought's customer for a while; False where that is gone."""
    async with db.tenant(account_id) as session:
        records = list(
            await session.scalars(
                select(ThoughtProfile.profile_id).where(
                    ThoughtProfile.account_id == account_id, ThoughtProfile.thought_id == thought_id
                )
            )
        )
        if records:
            ends = now + CUSTOMER_FOR
            await _mute(session, account_id, number, EVERYTHING, records, until=ends, by=by, now=now)
        return bool(records)


async def unmute(db: Database, account_id: int, number: int) -> None:
    """A subscription hears of everything again."""
    async with db.tenant(account_id) as session:
        await session.execute(delete(Mute).where(Mute.account_id == account_id, Mute.alert_id == number))


async def less(
    db: Database,
    vault: Vault,
    account_id: int,
    one: Subscription,
    thought_id: bytes,
    *,
    now: datetime,
    by: Doer,
) -> Wants | None:
    """Of this kind only what has more at stake than this one; what has none is for the digest from now on."""
    async with db.tenant(account_id, read_only=True) as session:
        found = (await outbox.load(session, account_id, [thought_id])).get(thought_id)
    if found is None:
        return None
    thought = found.thought
    bar = max(thought.worth.amount if thought.worth else 0, one.wants.raised.get(thought.kind, 0))
    wants = msgspec.structs.replace(one.wants, raised={**one.wants.raised, thought.kind: bar})
    await change(db, vault, account_id, one.number, wants, now=now, by=by)
    return wants


async def held_back(db: Database, account_id: int, numbers: Sequence[int], *, now: datetime) -> list[Held]:
    """What these subscriptions were not told at once in the last week, and why; the most first."""
    async with db.tenant(account_id, read_only=True) as session:
        rows = await session.execute(
            select(Delivery.why, Kept.kind, func.count())
            .join(Kept, (Kept.account_id == Delivery.account_id) & (Kept.thought_id == Delivery.thought_id))
            .where(
                Delivery.account_id == account_id,
                Delivery.alert_id.in_(numbers),
                Delivery.at > now - WEEK,
                Delivery.why.is_not(None),
            )
            .group_by(Delivery.why, Kept.kind)
            .order_by(func.count().desc(), Delivery.why, Kept.kind)
        )
        return [Held(why or Why.NONE, kind, count) for why, kind, count in rows]


async def _mute(
    session: AsyncSession, account_id: int, number: int, kind: str, profiles: Sequence[bytes],
    *, until: datetime | None, by: str, now: datetime,
) -> None:  # fmt: skip
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [
        {
            "account_id": account_id, "alert_id": number, "kind": kind, "profile_id": profile_id,
            "until": until, "made_by": by, "made_at": now,
        }
        for profile_id in sorted(profiles)
    ]  # fmt: skip
    statement = dialect.insert(Mute)
    changed = {name: statement.excluded[name] for name in ("until", "made_by", "made_at")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "alert_id", "kind", "profile_id"], set_=changed
        ),
        rows,
    )
