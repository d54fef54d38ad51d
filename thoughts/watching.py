"""Watches the cache: what is new in it is looked at by the detectors in the transaction that made it so."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.news import Change
from storage.metrics.scope import Asking
from storage.models import Account
from thoughts.detect import on_changes
from thoughts.outbox import decide
from thoughts.registry import watching


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Watcher:
    """The `storage.intake.news.Observer` that decides thoughts."""

    def __init__(self, clock: Callable[[], datetime] = _utc_now) -> None:
        self.now = clock

    async def observe(
        self, session: AsyncSession, account_id: int, changes: Sequence[Change], *, late: bool
    ) -> None:
        """Keeps the thoughts that these changes give; changes that concern no detector cost no query."""
        if not any(watching(change) for change in changes):
            return
        now = self.now()
        asking = await asking_in(session, account_id, now)
        thoughts = await on_changes(session, asking, changes)
        await decide(session, account_id, thoughts, now=now, late=late)


async def asking_in(session: AsyncSession, account_id: int, now: datetime) -> Asking:
    """Whose figures are looked at and when, read in a transaction that is open already."""
    account = (
        await session.execute(
            select(Account.currency, Account.time_zone, Account.rated).where(Account.account_id == account_id)
        )
    ).one()
    return Asking(account_id, account.currency, account.time_zone, now, account.rated)
