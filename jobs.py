"""What happens by itself: the worker syncs every source when it is due, and purges what is past its time.

The schedule only wakes work up; what is to be done stands in the tables, so a worker may be killed at any
time. A source that another worker is syncing is left to it.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from connectors.errors import ConnectorError
from connectors.sync import sync_source
from storage import accounts, logs, sources
from storage.command_line import Opened, opened
from storage.locks import Busy
from storage.retention import RULES, Rule, purge
from storage.session import Database
from storage.settings import Settings

log = structlog.get_logger()

SYNC_EVERY = timedelta(minutes=5)


async def work(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Runs the schedule until `stop` is set, by default by SIGTERM or SIGINT."""
    if stop is None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    logs.configure(settings.log_level)
    async with opened(settings) as place:
        scheduler = AsyncIOScheduler(timezone=UTC)
        _schedule(scheduler, SYNC_EVERY, sync_due, place)
        for rule in RULES:
            _schedule(scheduler, rule.every, purge_due, place.db, rule)
        scheduler.start()
        log.info("worker.started")
        await stop.wait()
        scheduler.shutdown(wait=False)
        log.info("worker.stopped")


def _schedule(
    scheduler: AsyncIOScheduler, every: timedelta, job: Callable[..., Awaitable[None]], *given: object
) -> None:
    """Runs a job now and then `every` so often; a run that was missed or still goes on is not made up for."""
    scheduler.add_job(
        job,
        "interval",
        args=given,
        seconds=every.total_seconds(),
        next_run_time=datetime.now(UTC),
        misfire_grace_time=None,
        max_instances=1,
        coalesce=True,
    )


async def purge_due(db: Database, rule: Rule) -> None:
    """Deletes what is past its time in one table, of all accounts."""
    known = log.bind(purge=rule.purge)
    try:
        with logs.correlated():
            deleted = await purge(db, rule)
    except Busy:
        known.info("purge.busy")
    else:
        known.info("purge.done", deleted=deleted)


async def sync_due(place: Opened) -> None:
    """Syncs the sources of all accounts whose data is older than `SYNC_EVERY`, one after the other."""
    oldest = datetime.now(UTC) - SYNC_EVERY
    for account_id in await accounts.all_accounts(place.db):
        for source in await sources.list_sources(place.db, account_id):
            if source.state == "active" and (source.synced_at is None or source.synced_at <= oldest):
                await _sync(place, account_id, source.source_id)


async def _sync(place: Opened, account_id: int, source_id: int) -> None:
    known = log.bind(account=account_id, source=source_id)
    try:
        with logs.correlated():
            result = await sync_source(place.db, place.vault, account_id, source_id)
    except Busy:
        known.info("sync.busy")
    except ConnectorError as problem:
        known.warning("sync.failed", error=type(problem).__name__, status=problem.report.status)
    else:
        known.info("sync.done", read=result.read, deleted=result.written.deleted)
