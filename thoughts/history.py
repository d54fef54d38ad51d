"""What has happened so far: which letters the matters of some thoughts went into, what is muted, how much was
posted. Loaded for many thoughts at once, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.bulk import among
from storage.models import Delivery, Letter, Mute, Source, ThoughtProfile
from storage.models import Thought as Kept
from thoughts.noise import NOBODY, WEEK, Before, Mutes
from thoughts.outbox import Decided, matter_id
from thoughts.ports import LetterKind

GROUPED = timedelta(minutes=1)
"""Thoughts that come so soon after a post are gathered into the next one."""

_POSTS = (LetterKind.THOUGHTS, LetterKind.CATCH_UP)


@dataclass(slots=True)
class Waiting:
    """A letter that is not on its way yet, so that more can go into it."""

    id: bytes
    due_at: datetime
    items: int


@dataclass(slots=True)
class History:
    """Of the subscriptions of an account. Keys begin with a subscription's number.

    `before` has the first letter of a matter, `last` the one in which it was told last, and `edits` the
    letters that will edit another one.
    """

    before: dict[tuple[int, bytes], Before] = field(default_factory=dict)
    last: dict[tuple[int, bytes], bytes] = field(default_factory=dict)
    edits: dict[bytes, bytes] = field(default_factory=dict)
    waiting: dict[tuple[int, str], Waiting] = field(default_factory=dict)
    under: dict[bytes, bytes] = field(default_factory=dict)
    unsent: set[bytes] = field(default_factory=set)
    posted: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    last_post: dict[int, datetime] = field(default_factory=dict)
    mutes: dict[int, Mutes] = field(default_factory=dict)
    about: dict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list))


async def load_history(
    session: AsyncSession, account_id: int, decided: Sequence[Decided], now: datetime
) -> History:
    """What bears on these thoughts. Letters that more may go into are held until the commit."""
    history = History()
    await _letters_waiting(session, account_id, history)
    await _matters(session, account_id, decided, history)
    await _posted(session, account_id, now, history)
    await _muted(session, account_id, history)
    profile = ThoughtProfile
    rows = await session.execute(
        select(profile.thought_id, profile.profile_id).where(
            profile.account_id == account_id,
            among(session, profile.thought_id, [one.id for one in decided]),
        )
    )
    for thought_id, profile_id in rows:
        history.about[thought_id].append(profile_id)
    return history


async def _letters_waiting(session: AsyncSession, account_id: int, history: History) -> None:
    held = (
        await session.execute(
            select(Letter.letter_id, Letter.alert_id, Letter.kind, Letter.due_at, Letter.under)
            .where(Letter.account_id == account_id, Letter.state == "due", Letter.kind.in_(_POSTS))
            .with_for_update(skip_locked=True)
        )
    ).all()
    if not held:
        return
    counts = await session.execute(
        select(Delivery.letter_id, func.count())
        .where(
            Delivery.account_id == account_id,
            among(session, Delivery.letter_id, [row.letter_id for row in held]),
        )
        .group_by(Delivery.letter_id)
    )
    items = {letter_id: count for letter_id, count in counts}  # noqa: C416 - rows, not pairs
    for row in held:
        history.unsent.add(row.letter_id)
        if row.under is not None:
            history.under[row.under] = row.letter_id
        else:
            waiting = Waiting(row.letter_id, row.due_at, items.get(row.letter_id, 0))
            history.waiting[row.alert_id, row.kind] = waiting


async def _matters(
    session: AsyncSession, account_id: int, decided: Iterable[Decided], history: History
) -> None:
    """What became of the matters of these thoughts: the first letter that one is in, or its last fate."""
    matters = {matter_id(one.thought) for one in decided}
    rows = await session.execute(
        select(Delivery.alert_id, Kept.matter_id, Delivery.letter_id, Delivery.state, Letter.kind)
        .join(Kept, and_(Kept.account_id == Delivery.account_id, Kept.thought_id == Delivery.thought_id))
        .outerjoin(
            Letter, and_(Letter.account_id == Delivery.account_id, Letter.letter_id == Delivery.letter_id)
        )
        .where(Delivery.account_id == account_id, among(session, Kept.matter_id, matters))
        .order_by(Delivery.at, Delivery.thought_id)
    )
    for alert_id, of, letter_id, state, kind in rows:
        if letter_id is not None and kind in _POSTS:
            history.last[alert_id, of] = letter_id
        known = history.before.get((alert_id, of))
        if known is None or known.letter is None:
            history.before[alert_id, of] = Before(letter_id, state)


async def _posted(session: AsyncSession, account_id: int, now: datetime, history: History) -> None:
    rows = await session.execute(
        select(Letter.alert_id, func.count(), func.max(Letter.made_at, type_=Letter.made_at.type))
        .where(
            Letter.account_id == account_id,
            Letter.made_at > now - WEEK,
            Letter.kind.in_(_POSTS),
            Letter.under.is_(None),
            Letter.state != "lost",
        )
        .group_by(Letter.alert_id)
    )
    for alert_id, count, last in rows:
        history.posted[alert_id] = count
        history.last_post[alert_id] = last


async def _muted(session: AsyncSession, account_id: int, history: History) -> None:
    found: dict[int, dict[tuple[str, bytes], datetime | None]] = defaultdict(dict)
    rows = await session.execute(
        select(Mute.alert_id, Mute.kind, Mute.profile_id, Mute.until).where(Mute.account_id == account_id)
    )
    for alert_id, kind, profile_id, until in rows:
        found[alert_id][kind, profile_id or NOBODY] = until
    history.mutes = {alert_id: Mutes(of_one) for alert_id, of_one in found.items()}


async def sources_away(session: AsyncSession, account_id: int, since: datetime) -> set[int]:
    """The sources whose last complete sync is older than `since`: they are still catching up."""
    rows = await session.scalars(
        select(Source.source_id).where(Source.account_id == account_id, Source.synced_at < since)
    )
    return set(rows)
