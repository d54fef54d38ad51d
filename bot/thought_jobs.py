"""What the worker does about thoughts, one account at a time: decides what is due by the calendar, settles
who gets what, posts it, and makes digests."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from storage.command_line import Opened
from storage.models import Source, SourceState
from storage.session import Database
from thoughts.base import Every
from thoughts.detect import on_schedule
from thoughts.digests import write_digests
from thoughts.outbox import decide
from thoughts.ports import Courier
from thoughts.posting import post_due
from thoughts.routing import route
from thoughts.rule_watch import follow_rules
from thoughts.watching import asking_in

if TYPE_CHECKING:
    from bot.slack.workspaces import ClientOf

log = structlog.get_logger(__name__)

_FIRST_LOOK = timedelta(hours=2)
"""What is found in the figures so soon after a source was first loaded was so before: noted, not told."""


async def tell(place: Opened, account_id: int, couriers: Mapping[str, Courier], now: datetime) -> None:
    """Settles and posts what is due. Raises `storage.locks.Busy` while another worker settles."""
    routed = await route(place.db, place.vault, account_id, now=now)
    done = await post_due(place.db, place.vault, account_id, couriers)
    if routed or done.sent or done.later or done.lost:
        log.info("thoughts.told", routed=routed, sent=done.sent, later=done.later, lost=done.lost)


async def decide_by_calendar(db: Database, account_id: int, every: Every, now: datetime) -> None:
    """Decides what the account's figures of now give to think of, unless a source is still being loaded."""
    loaded = await _loaded_since(db, account_id)
    if loaded is None:
        return
    async with db.tenant(account_id) as session:
        asking = await asking_in(session, account_id, now)
        thoughts = await on_schedule(session, asking, every)
        await decide(session, account_id, thoughts, now=now, silently=now - loaded < _FIRST_LOOK)


async def digest(place: Opened, account_id: int, now: datetime) -> None:
    """Follows the rules that people wrote, and writes the digests that are due; they are posted with all
    else."""
    await follow_rules(place.db, place.vault, account_id, now=now)
    written = await write_digests(place.db, place.vault, account_id, now=now)
    if written:
        log.info("thoughts.digests", written=written)


async def _loaded_since(db: Database, account_id: int) -> datetime | None:
    """When the youngest source was first loaded; None where there is none, or one is not loaded yet."""
    async with db.tenant(account_id, read_only=True) as session:
        rows = await session.scalars(
            select(Source.news_since).where(
                Source.account_id == account_id, Source.state == SourceState.ACTIVE
            )
        )
        found = list(rows)
    loaded = [moment for moment in found if moment is not None]
    return max(loaded) if loaded and len(loaded) == len(found) else None


@asynccontextmanager
async def couriers(place: Opened, slack: "ClientOf | None") -> AsyncIterator[Mapping[str, Courier]]:
    """Whoever brings thoughts to the platforms that this installation talks on; `slack` knows workspaces."""
    async with _discord(place) as discord:
        yield {**_slack(slack), **discord}


@asynccontextmanager
async def _discord(place: Opened) -> AsyncIterator[Mapping[str, Courier]]:
    if place.settings.discord_bot_token is None:
        yield {}
        return
    from bot.discord.courier import DiscordCourier
    from bot.discord.rest import rest_of

    async with rest_of(place.settings) as rest:
        yield {"discord": DiscordCourier(rest, place.db)}


def _slack(clients: "ClientOf | None") -> Mapping[str, Courier]:
    if clients is None:
        return {}
    from bot.slack.alerts_courier import SlackCourier

    return {"slack": SlackCourier(clients)}
