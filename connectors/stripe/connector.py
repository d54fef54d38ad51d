"""Stripe as a source: customers, what they agreed to, what they were billed and what they paid."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import ClassVar, Self

from connectors.base import (
    WHOLE,
    Access,
    Connector,
    Credential,
    Feed,
    Hook,
    IdPage,
    Page,
    Skipped,
    Stream,
    Window,
)
from connectors.errors import NotOffered, NotPermitted, OnError
from connectors.http import Clock
from connectors.stripe import wire
from connectors.stripe.events import Events
from connectors.stripe.hook import HOOK
from connectors.stripe.listing import Walk, build
from connectors.stripe.rows import Reader
from connectors.stripe.session import Session, is_live, together
from connectors.stripe.streams import FEEDS, PERMISSIONS, READINGS
from connectors.stripe.values import at
from storage.records import Deletion, Record

_heads = Reader("object", wire.Head)


def _now() -> datetime:
    return datetime.now(UTC)


class Stripe(Connector):
    """One Stripe account. The key should be a restricted one that may read what `permissions` says."""

    name: ClassVar[str] = "stripe"
    label: ClassVar[str] = "Stripe"
    permissions: ClassVar[tuple[str, ...]] = PERMISSIONS
    guide: ClassVar[str] = "docs/sources/stripe.md"
    hook: ClassVar[Hook | None] = HOOK
    streams: ClassVar[tuple[Stream, ...]] = tuple(reading.stream for reading in READINGS)
    feeds: ClassVar[tuple[Feed, ...]] = FEEDS
    ids_a_second: ClassVar[float] = 125.0  # a hundred ids a page, and one page in eighty of its rate limit

    def __init__(self, credential: Credential, *, on_error: OnError | None = None, now: Clock = _now) -> None:
        self._is_live = is_live(credential.key)
        self._session = Session(credential, on_error, now)
        self._now = now
        self._readings = {reading.stream.name: reading for reading in READINGS}
        self._readers = {name: Reader(r.stream.record.KIND, r.rows) for name, r in self._readings.items()}
        self._events = Events(self._session, self.fetch, now)

    async def __aenter__(self) -> Self:
        await self._session.client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.client.__aexit__(kind, error, trace)

    async def check(self) -> Access:
        """Reads one row of every list that is needed. `refused` may name "coupons" and "events" too."""
        paths = {stream.name: stream.path for stream in self.streams}
        paths |= {"coupons": "/v1/coupons", "events": "/v1/events"}
        answers = await together(self._may_read(path) for path in paths.values())
        verdicts = dict(zip(paths, answers, strict=True))
        return Access(
            readable=tuple(name for name, may in verdicts.items() if may),
            refused=tuple(name for name, may in verdicts.items() if not may),
            live=self._is_live,
        )

    async def _may_read(self, path: str) -> bool:
        try:
            await self._session.page(path, _heads, [("limit", "1")], ())
        except (NotPermitted, NotOffered):
            return False
        return True

    async def pages(
        self, stream: Stream, window: Window = WHOLE, cursor: str | None = None
    ) -> AsyncIterator[Page]:
        reading = self._readings[stream.name]
        walk = Walk(self._session, reading, self._readers[stream.name], reading.expand)
        async for listing, after in walk.listings(window, cursor):
            made = await build(self._session, reading, listing.rows)
            yield Page(
                records=made.records,
                cursor=after,
                count=listing.count,
                skipped=[*listing.skipped, *made.skipped],
                reached=at(listing.last.created) if listing.last else None,
            )

    async def ids(
        self, stream: Stream, window: Window = WHOLE, cursor: str | None = None
    ) -> AsyncIterator[IdPage]:
        walk = Walk(self._session, self._readings[stream.name], _heads, ())
        async for listing, after in walk.listings(window, cursor):
            yield IdPage(
                ids=[row.id for row in listing.rows],
                cursor=after,
                reached=at(listing.last.created) if listing.last else None,
            )

    async def start(self, feed: Feed) -> str:
        return await self._events.start(feed)

    def changes(self, feed: Feed, cursor: str, streams: Collection[str]) -> AsyncIterator[Page]:
        return self._events.changes(feed, cursor, streams)

    async def fetch(self, stream: Stream, ids: Sequence[str]) -> Page:
        reading, reader = self._readings[stream.name], self._readers[stream.name]
        found = await together(
            self._session.retrieve(stream.path, reader, reading.expand, id_) for id_ in ids
        )
        now = self._now()
        gone: list[Record] = [
            Deletion(id=id_, of=stream.record, deleted_at=now)
            for id_, row in zip(ids, found, strict=True)
            if row is None
        ]
        unread = [row for row in found if isinstance(row, Skipped)]
        rows = [row for row in found if row is not None and not isinstance(row, Skipped)]
        made = await build(self._session, reading, rows)
        return Page(
            records=[*made.records, *gone], cursor=None, count=len(ids), skipped=[*unread, *made.skipped]
        )

    @classmethod
    def customer_url(cls, customer_id: str, *, live: bool = True) -> str:
        return f"https://dashboard.stripe.com/{'' if live else 'test/'}customers/{customer_id}"
