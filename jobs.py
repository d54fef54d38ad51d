"""What happens by itself: the worker syncs every source when it is due, compares it with its vendor, renews
its key after deletions, finishes deletions that were interrupted, and purges what is past its time.

The schedule only wakes work up; what is to be done stands in the tables, so a worker may be killed at any
time. A source that another worker is syncing is left to it.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import thought_jobs
from bot.slack.outbox import Outbox, outbox_of
from bot.slack.posts import SlackPosts
from bot.slack.reach import slack_clients
from bot.slack.workspaces import ClientOf
from connectors.errors import ConnectorError
from connectors.reconcile import is_due, reconcile_source
from connectors.registry import connector_class
from connectors.sync import sync_source
from connectors.webhooks import work_off
from storage import accounts, logs, sources
from storage.command_line import Opened, opened
from storage.doer import Doer
from storage.intake.source_lock import SourceGone
from storage.keys.keystore_schema import ACCOUNT_ITSELF
from storage.keys.reencrypt import Step, renew
from storage.keys.source_keys import KeyDestroyed
from storage.locks import Busy
from storage.models import Source, SourceState
from storage.retention import RULES, Rule, purge
from storage.session import Database
from storage.settings import Settings
from storage.trust import account_deletion, source_removal
from storage.trust.audit import Job
from storage.trust.messages import Platforms
from storage.trust.settled import settle_for_the_record
from thoughts.base import Every
from thoughts.ports import Courier
from thoughts.watching import Watcher

log = structlog.get_logger()

SYNC_EVERY = timedelta(minutes=5)
WEBHOOKS_EVERY = timedelta(seconds=3)
LOOKED_AFTER_EVERY = timedelta(minutes=1)
"""How often it is looked what a deletion left to do."""

THOUGHTS_EVERY = timedelta(seconds=3)
"""How often it is looked which thoughts are to be posted."""


async def work(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Runs the schedule until `stop` is set, by default by SIGTERM or SIGINT."""
    if stop is None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    logs.configure(settings.log_level)
    async with (
        opened(settings) as place,
        slack_clients(place) as slack,
        platform_posts(settings, slack) as posts,
        thought_jobs.couriers(place, slack) as couriers,
    ):
        outbox = outbox_of(slack, place.db, place.vault)
        place.db.observer = Watcher()
        scheduler = AsyncIOScheduler(timezone=UTC)
        _schedule(scheduler, SYNC_EVERY, sync_due, place)
        _schedule(scheduler, WEBHOOKS_EVERY, work_off_webhooks, place)
        for job in (finish_removals, reconcile_due, renew_keys):
            _schedule(scheduler, LOOKED_AFTER_EVERY, job, place)
        _schedule(scheduler, LOOKED_AFTER_EVERY, settle_messages, place, posts)
        _schedule(scheduler, THOUGHTS_EVERY, tell_thoughts, place, couriers)
        _schedule(scheduler, WEBHOOKS_EVERY, send_waiting, place, outbox)
        _schedule(scheduler, LOOKED_AFTER_EVERY, write_digests, place)
        for often, every in _CALENDAR.items():
            _schedule(scheduler, every, think_by_calendar, place, often)
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
            if _is_due(source, oldest):
                await _sync(place, account_id, source.source_id)


def _is_due(source: Source, oldest: datetime) -> bool:
    """Whether its data is older than that, and can be had anew by asking."""
    if source.state != SourceState.ACTIVE or not connector_class(source.kind).is_synced:
        return False
    return source.synced_at is None or source.synced_at <= oldest


async def work_off_webhooks(place: Opened) -> None:
    """Reads again what webhooks told of, source by source; one that is being synced waits."""
    for account_id in await accounts.all_accounts(place.db):
        for source in await sources.list_sources(place.db, account_id):
            known = log.bind(account=account_id, source=source.source_id)
            with logs.correlated(), _told("webhooks", known):
                result = await work_off(place.db, place.vault, account_id, source.source_id)
                if result.done or result.failed or result.dead:
                    known.info("webhooks.done", done=result.done, failed=result.failed, dead=result.dead)


async def finish_removals(place: Opened) -> None:
    """Goes on with deletions of accounts and sources that were interrupted."""
    for account_id in await account_deletion.half_deleted(place.db):
        with logs.correlated():
            await account_deletion.delete_account(place.db, place.vault, account_id)
            log.info("account.deleted", account=account_id)
    for account_id in await accounts.all_accounts(place.db):
        for source_id in await source_removal.half_removed(place.db, account_id):
            with logs.correlated():
                await source_removal.remove_source(
                    place.db, place.vault, account_id, source_id, by=Doer.job(Job.DELETION)
                )
                log.info("source.removed", account=account_id, source=source_id)


async def reconcile_due(place: Opened) -> None:
    """Compares the sources whose interval has passed with their vendors, one after the other."""
    for account_id in await accounts.all_accounts(place.db):
        for source in await sources.list_sources(place.db, account_id):
            if await is_due(place.db, source, datetime.now(UTC)):
                known = log.bind(account=account_id, source=source.source_id)
                with logs.correlated(), _told("reconcile", known):
                    result = await reconcile_source(place.db, place.vault, account_id, source.source_id)
                    known.info("reconcile.done", deleted=sum(result.deleted.values()))


async def renew_keys(place: Opened) -> None:
    """Takes the renewal of each account's and source's data key a step further, where one is due."""
    for account_id in await accounts.all_accounts(place.db):
        listed = await sources.list_sources(place.db, account_id)
        for source_id in (ACCOUNT_ITSELF, *(source.source_id for source in listed)):
            known = log.bind(account=account_id, source=source_id)
            with logs.correlated(), _told("key", known):
                done = await renew(place.db, place.vault, account_id, source_id, now=datetime.now(UTC))
                if done.step is not Step.NOTHING:
                    known.info("key.renewal", state=done.step, changed=done.rows)


async def tell_thoughts(place: Opened, couriers: Mapping[str, Courier]) -> None:
    """Settles who gets which thought, and posts what is due."""
    for account_id in await accounts.all_accounts(place.db):
        with logs.correlated(), _told("thoughts", log.bind(account=account_id)):
            await thought_jobs.tell(place, account_id, couriers, datetime.now(UTC))


async def write_digests(place: Opened) -> None:
    """Writes the digests that are due."""
    for account_id in await accounts.all_accounts(place.db):
        with logs.correlated(), _told("digests", log.bind(account=account_id)):
            await thought_jobs.digest(place, account_id, datetime.now(UTC))


async def think_by_calendar(place: Opened, every: Every) -> None:
    """Looks at every account's figures: trials that end, renewals ahead, days unlike others."""
    for account_id in await accounts.all_accounts(place.db):
        with logs.correlated(), _told("thoughts", log.bind(account=account_id)):
            await thought_jobs.decide_by_calendar(place.db, account_id, every, datetime.now(UTC))


_CALENDAR = {Every.HOUR: timedelta(hours=1), Every.DAY: timedelta(hours=6)}
"""How often detectors of figures look. A day is looked at several times, so that no standstill loses it: what
was decided already is not decided again."""


async def send_waiting(place: Opened, outbox: Outbox | None) -> None:
    """Sends what Slack could not take when it was said, and whose process has not sent it since."""
    for account_id in await accounts.all_accounts(place.db) if outbox is not None else ():
        known = log.bind(account=account_id)
        with logs.correlated(), _told("outbox", known):
            sent = await outbox.work(account_id) if outbox is not None else 0
            if sent:
                known.info("outbox.sent", count=sent)


async def settle_messages(place: Opened, posts: Platforms) -> None:
    """Edits or deletes posts that name customers who were deleted."""
    for account_id in await accounts.all_accounts(place.db):
        with logs.correlated(), _told("messages", log.bind(account=account_id)):
            await settle_for_the_record(place.db, place.vault, account_id, posts, datetime.now(UTC))


@asynccontextmanager
async def platform_posts(settings: Settings, slack: ClientOf | None) -> AsyncIterator[Platforms]:
    """Chewbotta's posts on every platform that it has a token of; `slack` knows its workspaces."""
    in_slack: Platforms = {} if slack is None else {"slack": SlackPosts(slack)}
    async with _discord_posts(settings) as discord:
        yield {**in_slack, **discord}


@asynccontextmanager
async def _discord_posts(settings: Settings) -> AsyncIterator[Platforms]:
    if settings.discord_bot_token is None:
        yield {}
        return
    from bot.discord.posts import DiscordPosts
    from bot.discord.rest import rest_of

    async with rest_of(settings) as rest:
        yield {"discord": DiscordPosts(rest)}


@contextmanager
def _told(what: str, known: Any) -> Iterator[None]:
    """Work on one source or account must not end that on the others: what may happen is told and left."""
    try:
        yield
    except Busy:
        known.info(f"{what}.busy")
    except (SourceGone, KeyDestroyed, sources.NoSourceError):
        known.info(f"{what}.stopped")
    except ConnectorError as problem:
        known.warning(f"{what}.failed", error=type(problem).__name__, status=problem.report.status)


async def _sync(place: Opened, account_id: int, source_id: int) -> None:
    known = log.bind(account=account_id, source=source_id)
    with logs.correlated(), _told("sync", known):
        result = await sync_source(place.db, place.vault, account_id, source_id)
        known.info("sync.done", read=result.read, deleted=result.written.deleted)
