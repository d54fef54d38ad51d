"""Whether purges run: one that stands still breaks a promise and is no silence, but a failure."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from storage.clock import database_now
from storage.models import Account, PurgeRun
from storage.retention import RULES, Purge
from storage.session import Database

LATE_AFTER = 2
"""Intervals without a run after which a purge counts as standing still."""


@dataclass(frozen=True, slots=True)
class PurgeHealth:
    """When a purge ran last, by the database's clock (None: never), and whether that is recent enough."""

    purge: Purge
    ran_at: datetime | None
    deleted: int
    is_late: bool


async def purges(db: Database) -> list[PurgeHealth]:
    """How each purge of the table stands; one that never ran is late by the age of the oldest account."""
    async with db.system() as session:
        now = await database_now(session)
        ran = {run.purge: run for run in await session.scalars(select(PurgeRun))}
        oldest = await session.scalar(select(func.min(Account.created_at)))
    found = []
    for rule in RULES:
        run = ran.get(rule.purge)
        since = run.ran_at if run else oldest
        is_late = since is not None and now - since > LATE_AFTER * rule.every
        found.append(PurgeHealth(rule.purge, run.ran_at if run else None, run.deleted if run else 0, is_late))
    return found


async def is_healthy(db: Database) -> bool:
    """Whether no purge is late."""
    return not any(purge.is_late for purge in await purges(db))
