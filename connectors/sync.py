"""Keeps the cache equal to a source: the first load, then its changes, then what follows from them.

A page and its checkpoint are one transaction, so a killed sync loses nothing and reads at most the pages
again that were on their way. One sync of a source runs at a time, over all processes.
"""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import func, literal, update

from connectors.backfill import Backfill
from connectors.base import Connector, Credential, Feed, Page, Skipped
from connectors.errors import ErrorReport, NotOffered, NotPermitted, OnError, RelistNeeded
from connectors.registry import connector_class
from storage import normalise, sources
from storage.doer import Doer
from storage.intake.checkpoints import Mark, Place, clear_marks, load_marks, save_marks
from storage.intake.derive import derive
from storage.intake.rows import Writing
from storage.intake.stale import mark_all_stale
from storage.intake.upsert import Written, write_records
from storage.keys.vault import SourceKeys, Vault
from storage.locks import exclusive
from storage.models import Source
from storage.session import Database
from storage.trust import audit, error_log
from storage.trust.audit import Action, Job, Kind, Subject
from storage.types import Instant

FEED = "feed:"


@dataclass(slots=True)
class SyncResult:
    """What a sync did. `left_out`: what could not be read, and why; `skipped`: single objects.

    The names in `left_out` are streams', or "changes of" a feed.
    """

    written: Written = field(default_factory=Written)
    read: int = 0
    recomputed: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Progress:
    """One step for a progress bar: `phase` is "load", "changes" or "figures"; `done` counts objects."""

    phase: str
    done: int


OnProgress = Callable[[Progress], None]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


async def sync_source(
    db: Database,
    vault: Vault,
    account_id: int,
    source_id: int,
    *,
    full: bool = False,
    on_progress: OnProgress | None = None,
    clock: Clock = utc_now,
    by: Doer | None = None,
) -> SyncResult:
    """Syncs one source; raises `storage.locks.Busy` while another sync of it runs, ConnectorError otherwise.

    `full` reads everything again. An interrupted load goes on where it stopped.
    """
    await asyncio.to_thread(_settle)
    async with exclusive(db, f"sync:{account_id}:{source_id}"):
        source = await sources.get_source(db, account_id, source_id)
        secret = await sources.open_secret(vault, source)
        make = connector_class(source.kind)
        on_error = error_log_of(db, account_id, source_id)
        async with make(Credential(key=secret.key, base_url=source.base_url), on_error=on_error) as connector:
            run = _Run(db, vault, source, connector, on_progress or _silent, clock)
            return await run.sync(full=full, by=by or Doer.job(Job.SYNC))


@cache
def _settle() -> None:
    """Loads what a sync needs, once a process, and tells the garbage collector that it stays.

    Else each full collection walks through all of it, a tenth of a second with the event loop standing still.
    """
    normalise.load()
    gc.freeze()


def _silent(_: Progress) -> None:
    """Nobody watches."""


def error_log_of(db: Database, account_id: int, source_id: int) -> OnError:
    """What a connector calls for every failed attempt."""

    async def note(report: ErrorReport) -> None:
        await error_log.record_error(
            db,
            account_id,
            source_id,
            at=report.at,
            path=report.path,
            status=report.status,
            code=report.code or report.type or report.reason,
            request_id=report.request_id,
            attempt=report.attempt,
        )

    return note


class _Run:
    """One sync of one source."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        source: Source,
        connector: Connector,
        on_progress: OnProgress,
        clock: Clock,
    ) -> None:
        self.db = db
        self.vault = vault
        self.source = source
        self.connector = connector
        self.clock = clock
        self.result = SyncResult(left_out=dict(source.left_out))
        self._on_progress = on_progress

    async def sync(self, *, full: bool, by: Doer) -> SyncResult:
        started = self.clock()
        if full or (self.source.backfilled_at is not None and not await self._has_feeds()):
            await self._start_over(by if full else None)
        if self.source.backfilled_at is None:
            await self._load()
        try:
            await self._follow()
        except RelistNeeded:
            await self._start_over(by)
            await self._load()
            await self._follow()
        self.result.recomputed = await derive(
            self.db,
            self.source.account_id,
            self.source.source_id,
            lambda done: self._on_progress(Progress("figures", done)),
            vault=self.vault,
        )
        await self._set(synced_at=started, left_out=self.result.left_out)
        return self.result

    async def _start_over(self, by: Doer | None) -> None:
        """Everything is to be read again; `by` is who has it done, where that is not what every sync does."""
        self.result.left_out.clear()
        async with self.db.tenant(self.source.account_id) as session:
            await clear_marks(session, self.source.account_id, self.source.source_id)
            if by is not None:
                await audit.record(
                    session,
                    actor=by.actor,
                    action=Action.SYNC_STARTED_OVER,
                    subject=Subject(Kind.SOURCE, self.source.source_id),
                    origin=by.origin,
                )
        await self._set(backfilled_at=None)
        self.source.backfilled_at = None

    async def _has_feeds(self) -> bool:
        """Whether changes can be followed; a server without them is listed anew each time."""
        known = {mark.stream for mark in await self._marks()}
        return all(FEED + feed.name in known for feed in self.connector.feeds)

    async def _load(self) -> None:
        """The first load. Where the feeds begin is noted first: what changes meanwhile is read after it."""
        marks = await self._marks()
        known = {mark.stream for mark in marks}
        begins = [feed for feed in self.connector.feeds if FEED + feed.name not in known]
        starts = [mark for feed in begins if (mark := await self._start_of(feed))]
        await self.write([], starts)
        backfill = Backfill(self.connector, self.write_pages)
        self.result.left_out |= await backfill.run(
            [mark for mark in marks if not mark.stream.startswith(FEED)]
        )
        account_id, source_id = self.source.account_id, self.source.source_id
        async with self.db.tenant(account_id) as session:
            await mark_all_stale(session, account_id, source_id)
            await session.execute(
                update(Source)
                .where(Source.account_id == account_id, Source.source_id == source_id)
                .values(
                    backfilled_at=(now := self.clock()),
                    left_out=self.result.left_out,
                    news_since=func.coalesce(Source.news_since, literal(now, Instant())),
                )
            )

    async def _start_of(self, feed: Feed) -> Mark | None:
        """Where a feed stands now; None where the server has none: then each sync lists everything."""
        try:
            return Mark(FEED + feed.name, "", Place(cursor=await self.connector.start(feed)))
        except (RelistNeeded, NotOffered, NotPermitted) as reason:
            self.result.left_out[f"changes of {feed.name}"] = str(reason)
            return None

    async def _follow(self) -> None:
        """Reads what the feeds tell since last time."""
        places = {mark.stream: mark.place for mark in await self._marks()}
        for feed in self.connector.feeds:
            place = places.get(FEED + feed.name)
            if place is None or place.cursor is None:
                continue
            streams = [name for name in feed.streams if name not in self.result.left_out]
            async for page in self.connector.changes(feed, place.cursor, streams):
                await self.write([page], [Mark(FEED + feed.name, "", Place(cursor=page.cursor))], stale=True)
                self._on_progress(Progress("changes", self.result.read))

    async def _marks(self) -> list[Mark]:
        return await load_marks(self.db, await self._keys())

    async def _keys(self) -> SourceKeys:
        return await self.vault.source_keys(self.source.account_id, self.source.source_id)

    async def write_pages(self, pages: list[Page], marks: list[Mark]) -> None:
        """What the first load calls with the pages it has got, and where they leave its windows."""
        await self.write(pages, marks)
        self._on_progress(Progress("load", self.result.read))

    async def write(self, pages: list[Page], marks: list[Mark], *, stale: bool = False) -> None:
        """Stores pages and checkpoints together, in one transaction."""
        keys = await self._keys()
        now = self.clock()
        told = {of: at for page in pages for of, at in page.told.items()}
        writing = Writing(keys.account_id, keys.source_id, keys, now, told)
        records = [record for page in pages for record in page.records]
        async with self.db.tenant(keys.account_id) as session:
            written = await write_records(session, writing, records, mark_stale=stale)
            await save_marks(session, keys, marks, now)
        self.result.written.add(written)
        for page in pages:
            self.result.read += page.count
            self.result.skipped.extend(page.skipped)

    async def _set(self, **values: object) -> None:
        account_id, source_id = self.source.account_id, self.source.source_id
        async with self.db.tenant(account_id) as session:
            await session.execute(
                update(Source)
                .where(Source.account_id == account_id, Source.source_id == source_id)
                .values(**values)
            )
