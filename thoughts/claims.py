"""Letters on their way: claimed by one worker at a time, and what came of each.

A letter that is being sent is marked so before it is. If the worker dies, or the platform does not say, the
next one looks whether it stands there already before it posts again.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage.intake.bulk import among, insert_new
from storage.models import Alert, Letter
from storage.session import Database
from storage.trust.messages import Post
from thoughts.ports import LetterKind

LEASE = timedelta(minutes=2)
"""For so long a claimed letter is left to whoever claimed it; a post is given up long before that."""

GIVEN_UP_AFTER = timedelta(hours=48)
_LONGEST_WAIT = timedelta(hours=1)
_FIRST_WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """A letter to be sent. `doubtful`: it may stand there already; `above` is the post of its thread."""

    id: bytes
    alert_id: int
    kind: LetterKind
    made_at: datetime
    due_at: datetime
    tries: int
    doubtful: bool
    above: Post | None
    under: bytes | None
    note: str | None
    lease: bytes


async def claim(db: Database, account_id: int, *, now: datetime, limit: int) -> list[Claimed]:
    """Takes letters that are due, each for one worker; one of a thread only once what it hangs on is sent."""
    above = aliased(Letter)
    due = (
        select(Letter, above.channel, above.ts)
        .outerjoin(above, and_(above.account_id == Letter.account_id, above.letter_id == Letter.under))
        .where(
            Letter.account_id == account_id,
            Letter.due_at <= now,
            or_(
                Letter.state == "due",
                and_(Letter.state == "sending", Letter.leased_until < now),
            ),
            or_(Letter.under.is_(None), above.state.in_(("sent", "lost"))),
        )
        .order_by(Letter.due_at, Letter.letter_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Letter)
    )
    async with db.tenant(account_id) as session:
        rows = (await session.execute(due)).all()
        lease = secrets.token_bytes(16)
        taken = [_claimed(letter, channel, ts, lease) for letter, channel, ts in rows]
        if taken:
            await session.execute(
                update(Letter)
                .where(
                    Letter.account_id == account_id,
                    among(session, Letter.letter_id, [one.id for one in taken]),
                )
                .values(state="sending", lease=lease, leased_until=now + LEASE, tries=Letter.tries + 1)
                .execution_options(synchronize_session=False)
            )
        return taken


def _claimed(row: Letter, channel: str | None, ts: str | None, lease: bytes) -> Claimed:
    return Claimed(
        id=row.letter_id,
        alert_id=row.alert_id,
        kind=LetterKind(row.kind),
        made_at=row.made_at,
        due_at=row.due_at,
        tries=row.tries + 1,
        doubtful=row.state == "sending",
        above=Post(channel, ts) if channel and ts else None,
        under=row.under,
        note=row.note,
        lease=lease,
    )


async def still_ours(db: Database, account_id: int, one: Claimed, *, now: datetime) -> bool:
    """Holds the lease for longer, right before posting; False where another worker has it by now."""
    async with db.tenant(account_id) as session:
        done = await session.execute(
            update(Letter)
            .where(Letter.account_id == account_id, Letter.letter_id == one.id, Letter.lease == one.lease)
            .values(leased_until=now + LEASE)
            .returning(Letter.letter_id)
        )
        return done.first() is not None


async def mark_sent(
    db: Database, account_id: int, one: Claimed, posts: Sequence[Post], *, now: datetime
) -> None:
    """It stands there: never to be sent again."""
    first = posts[0] if posts else None
    await _mark(
        db,
        account_id,
        one,
        state="sent",
        sent_at=now,
        channel=first.channel if first else None,
        ts=first.ts if first else None,
        leased_until=None,
    )


async def mark_later(
    db: Database, account_id: int, one: Claimed, *, seconds: float, doubtful: bool, code: str, now: datetime
) -> None:
    """To be tried again, after as long as the platform says and longer each time it does not say."""
    grown = _FIRST_WAIT * 2 ** min(one.tries - 1, 16) if doubtful else 0.0
    wait = min(timedelta(seconds=max(seconds, grown)), _LONGEST_WAIT)
    values: dict[str, Any] = {"due_at": now + wait, "note": code[:64]}
    if doubtful:
        await _mark(db, account_id, one, leased_until=now, **values)
    else:
        await _mark(db, account_id, one, state="due", leased_until=None, **values)


async def mark_lost(db: Database, account_id: int, one: Claimed, code: str) -> None:
    """Nothing will come of it."""
    await _mark(db, account_id, one, state="lost", leased_until=None, note=code[:64])


async def _mark(db: Database, account_id: int, one: Claimed, **values: Any) -> None:
    """Only while the letter is still ours: another worker may have taken it over."""
    async with db.tenant(account_id) as session:
        await session.execute(
            update(Letter)
            .where(Letter.account_id == account_id, Letter.letter_id == one.id, Letter.lease == one.lease)
            .values(**values)
        )


async def break_alert(
    session: AsyncSession, account_id: int, alert_id: int, notice: Mapping[str, Any] | None
) -> bool:
    """Nothing can be posted for a subscription any more; True the first time, then with a notice to write."""
    done = await session.execute(
        update(Alert)
        .where(Alert.account_id == account_id, Alert.alert_id == alert_id, Alert.state == "on")
        .values(state="broken")
        .returning(Alert.alert_id)
    )
    if done.first() is None:
        return False
    if notice is not None:
        await insert_new(session, Letter, [dict(notice)])
    return True
