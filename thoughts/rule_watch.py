"""Follows the rules of an account: what they fire for is decided like every other thought, once."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.keys.vault import Vault
from storage.models import Alert, Source, SourceState
from storage.session import Database
from thoughts import rule_runs
from thoughts.outbox import decide
from thoughts.rules import read_rule
from thoughts.subscriptions import State, read_subscriptions
from thoughts.watching import asking_in

_FRESH = timedelta(hours=72)
"""What happened longer ago is no news, though nobody looked meanwhile."""


async def follow_rules(db: Database, vault: Vault, account_id: int, *, now: datetime) -> int:
    """Decides what the rules of the account's subscriptions fire for; returns how many thoughts it looked at.

    Only what happened after a rule was made, and after every source was first loaded, is news.
    """
    async with db.tenant(account_id, read_only=True) as session:
        loaded = await _loaded(session, account_id)
        if loaded is None:
            return 0
    keys = await vault.account_keys(account_id)
    async with db.tenant(account_id) as session:
        asking = await asking_in(session, account_id, now)
        found = []
        for one in await read_subscriptions(session, keys, account_id):
            if one.wants.rule and one.state is State.ON:
                rule = read_rule(one.wants.rule)
                since = max(one.made_at, loaded, now - _FRESH)
                found += await rule_runs.on_events(session, asking, rule, since)
                found += await rule_runs.on_figures(session, asking, rule, since)
        await decide(session, account_id, found, now=now)
        return len(found)


async def _loaded(session: AsyncSession, account_id: int) -> datetime | None:
    """When the youngest source was first loaded; None while one is not, or nobody has subscribed."""
    if await session.scalar(select(Alert.alert_id).where(Alert.account_id == account_id).limit(1)) is None:
        return None
    since = list(
        await session.scalars(
            select(Source.news_since).where(
                Source.account_id == account_id, Source.state == SourceState.ACTIVE
            )
        )
    )
    known = [moment for moment in since if moment is not None]
    return max(known) if known and len(known) == len(since) else None
