"""Thumbs up and down on answers: what is learned from them, with nobody's name in it.

A vote keeps the plan, which says how a question was understood; values that could name anyone are taken out
(`bot/feedback.py`) before it comes here. The question itself is not kept.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.keys.vault import Vault
from storage.models import Feedback
from storage.session import Database


async def vote(
    db: Database,
    vault: Vault,
    account_id: int,
    *,
    platform: str,
    ballot: str,
    is_good: bool,
    kind: str,
    interpreter: str,
    plan_text: str | None,
    now: datetime,
) -> None:
    """Counts one vote. `ballot` says who votes on which message: the same one again changes the vote."""
    keys = await vault.account_keys(account_id)
    row = {
        "account_id": account_id,
        "feedback_id": keys.record_id("feedback", f"{platform}/{ballot}"),
        "at": now,
        "platform": platform,
        "is_good": is_good,
        "kind": kind,
        "interpreter": interpreter,
        "plan": plan_text,
    }
    dialect: Any = postgresql if db.is_postgres else sqlite
    counted = dialect.insert(Feedback)
    changed = {name: counted.excluded[name] for name in ("at", "is_good")}
    async with db.tenant(account_id) as session:
        await session.execute(
            counted.on_conflict_do_update(index_elements=["account_id", "feedback_id"], set_=changed), [row]
        )


async def list_feedback(
    db: Database, account_id: int, *, since: datetime | None = None, limit: int | None = None
) -> Sequence[Feedback]:
    """The newest first."""
    wanted = select(Feedback).order_by(Feedback.at.desc(), Feedback.feedback_id)
    if since is not None:
        wanted = wanted.where(Feedback.at >= since)
    async with db.tenant(account_id, read_only=True) as session:
        return (await session.scalars(wanted.limit(limit))).all()


async def count_feedback(db: Database, account_id: int) -> tuple[int, int]:
    """How many thumbs up, and how many down."""
    async with db.tenant(account_id, read_only=True) as session:
        rows = await session.execute(select(Feedback.is_good, func.count()).group_by(Feedback.is_good))
        counts: dict[bool, int] = {bool(row[0]): int(row[1]) for row in rows}
    return counts.get(True, 0), counts.get(False, 0)
