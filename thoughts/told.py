"""What was posted lately, for lists of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from storage.models import Delivery, Letter
from storage.session import Database
from thoughts.base import Thought
from thoughts.noise import WEEK
from thoughts.outbox import load


@dataclass(frozen=True, slots=True)
class Told:
    """A thought, when it was posted last, and for which subscription."""

    thought: Thought
    at: datetime
    number: int


async def told_lately(
    db: Database, account_id: int, numbers: Sequence[int], *, now: datetime, limit: int
) -> list[Told]:
    """The thoughts that were posted for these subscriptions within a week, each once, the newest first."""
    latest = func.max(Letter.sent_at)
    wanted = (
        select(Delivery.thought_id, latest, func.min(Delivery.alert_id))
        .join(Letter, (Letter.account_id == Delivery.account_id) & (Letter.letter_id == Delivery.letter_id))
        .where(
            Letter.account_id == account_id,
            Letter.alert_id.in_(numbers),
            Letter.made_at > now - WEEK,
            Letter.state == "sent",
        )
        .group_by(Delivery.thought_id)
        .order_by(latest.desc(), Delivery.thought_id)
        .limit(limit)
    )
    async with db.tenant(account_id, read_only=True) as session:
        rows = (await session.execute(wanted)).all()
        found = await load(session, account_id, [thought_id for thought_id, _, _ in rows])
    return [Told(found[id_].thought, at, number) for id_, at, number in rows if at and id_ in found]
