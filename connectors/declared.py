"""A connector made of declarations: what its lists are, what is read of their objects, what that makes.

A vendor's module declares `Reading`s and says how one list is walked and how its changes are found; opening,
checking, decoding, and leaving out what cannot be read are the same for all, and here. `docs/connectors.md`
builds one from nothing.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct

from connectors.base import (
    WHOLE,
    Access,
    Connector,
    Credential,
    Feed,
    IdPage,
    Page,
    Skipped,
    Stream,
    Window,
)
from connectors.errors import NotOffered, NotPermitted, OnError
from connectors.http import Api, Client, Clock
from connectors.values import Unreadable
from storage.records import Deletion, Record

T = TypeVar("T")

_PLACE = re.compile(r"at `([^`]{1,200})`")
_AT_A_TIME = 10


class Head(Struct):
    """An object's id, where nothing else is wanted."""

    id: str | int


class Reading(Struct, frozen=True, kw_only=True):
    """How a stream is read: the fields of a row, and the records that one makes.

    `rows` is where in the answer the objects stand. `build` raises Unreadable.
    """

    stream: Stream
    row: type[Struct]
    build: Callable[..., Iterable[Record | Deletion]]
    rows: str


class Found(Struct):
    """One answer: the rows that could be read, those that could not, and what else it said (`about`)."""

    rows: list[Any]
    skipped: list[Skipped]
    about: Any


class Rows:
    """Decodes answers. A row that is not of the documented shape is left out by name, its page stays."""

    def __init__(self, kind: str, name: str, row: type[Struct], about: type[Struct]) -> None:
        self._kind, self._name = kind, name
        self._row = msgspec.json.Decoder(row)
        self._whole, self._raw = (
            msgspec.json.Decoder(msgspec.defstruct("Answer", [(name, of)], bases=(about,), kw_only=True))
            for of in (list[row], list[Raw])  # type: ignore[valid-type]  # made at run time
        )

    def __call__(self, body: bytes) -> Found:
        """Raises msgspec.DecodeError for what is no such answer."""
        try:
            about = self._whole.decode(body)
        except msgspec.ValidationError:
            return self._row_by_row(body)
        return Found(getattr(about, self._name), [], about)

    def _row_by_row(self, body: bytes) -> Found:
        about = self._raw.decode(body)
        rows, skipped = [], []
        for raw in getattr(about, self._name):
            try:
                rows.append(self._row.decode(raw))
            except msgspec.ValidationError as error:
                place = _PLACE.search(str(error))  # the rest of its text may quote a value
                skipped.append(Skipped(self._kind, place.group(1) if place else "$"))
        return Found(rows, skipped, about)


def feeds(readings: Iterable[Reading], *, deletions: Collection[str] = ()) -> tuple[Feed, ...]:
    """A feed a stream, as vendors have them that are searched for changes."""
    return tuple(
        Feed(name=name, streams=(name,), deletions=name in deletions)
        for name in (reading.stream.name for reading in readings)
    )


async def together(calls: Iterable[Awaitable[T]]) -> list[T]:
    """All results in order, a few calls at a time; at the first failure the others are cancelled."""
    places = asyncio.Semaphore(_AT_A_TIME)

    async def one(call: Awaitable[T]) -> T:
        async with places:
            return await call

    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one(call)) for call in calls]
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    return [task.result() for task in running]


def chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def utc_now() -> datetime:
    return datetime.now(UTC)


def is_theirs(base_url: str | None, domain: str) -> bool:
    """Whether a server is the vendor's own, whose limits hold from the first request on."""
    host = urlsplit(base_url or "").hostname or domain
    return host == domain or host.endswith(f".{domain}")


class Declared(Connector):
    """One account at a vendor whose lists and searches answer JSON objects by the page."""

    readings: ClassVar[tuple[Reading, ...]]
    about: ClassVar[type[Struct]]
    """What the vendor's answers say beside their rows, above all where they go on."""
    overlap: ClassVar[timedelta] = timedelta(minutes=10)
    """By how much a search for changes begins before the last one: indexes lag, clocks differ."""

    def __init__(
        self, credential: Credential, *, on_error: OnError | None = None, now: Clock = utc_now
    ) -> None:
        self.now = now
        self.client = Client(
            self.api(credential), self.authorization(credential.key), on_error=on_error, now=now
        )
        self.reading = {reading.stream.name: reading for reading in self.readings}
        self.rows = {name: self._reader(reading, reading.row) for name, reading in self.reading.items()}
        self.heads = {name: self._reader(reading, Head) for name, reading in self.reading.items()}

    def _reader(self, reading: Reading, row: type[Struct]) -> Rows:
        return Rows(reading.stream.record.KIND, reading.rows, row, self.about)

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.__aexit__(kind, error, trace)

    # ---- what a vendor's module says ----

    @classmethod
    def api(cls, credential: Credential) -> Api:
        """How the vendor is spoken to."""
        raise NotImplementedError

    @classmethod
    def authorization(cls, key: str) -> str:
        """The Authorization header."""
        raise NotImplementedError

    def walk(self, stream: Stream, rows: Rows, cursor: str | None) -> AsyncIterator[tuple[Found, str | None]]:
        """Each answer of the whole list with the cursor to go on after it, None with the last."""
        raise NotImplementedError

    def walk_ids(
        self, stream: Stream, rows: Rows, cursor: str | None
    ) -> AsyncIterator[tuple[Found, str | None]]:
        """As `walk`, where the list to compare with is another one."""
        return self.walk(stream, rows, cursor)

    async def probe(self, stream: Stream) -> None:
        """The cheapest question whose answer shows that the stream may be read."""
        raise NotImplementedError

    async def follow(self, stream: Stream, cursor: str) -> AsyncIterator[Page]:
        """What changed since; by default everything anew, which is right for short lists."""
        async for found, _ in self.walk(stream, self.rows[stream.name], None):
            yield await self.page(stream, found, cursor)

    async def retrieve(self, stream: Stream, ids: Sequence[str]) -> list[Found]:
        """The objects of these ids that exist."""
        raise NotImplementedError

    async def build(self, reading: Reading, found: Found) -> list[Record | Deletion]:
        """Records of the rows; rows that cannot become one are added to `found.skipped`."""
        return self.made(found, reading.stream, reading.build)

    # ---- what follows ----

    def made(
        self, found: Found, stream: Stream, build: Callable[[Any], Iterable[Record | Deletion]]
    ) -> list[Record | Deletion]:
        records: list[Record | Deletion] = []
        for row in found.rows:
            try:
                records.extend(build(row))
            except Unreadable as error:
                found.skipped.append(Skipped(stream.record.KIND, error.field))
        return records

    async def page(self, stream: Stream, found: Found, cursor: str | None) -> Page:
        count = len(found.rows) + len(found.skipped)
        records = await self.build(self.reading[stream.name], found)
        return Page(records=records, cursor=cursor, count=count, skipped=found.skipped)

    async def check(self) -> Access:
        may = await together(self._may_read(stream) for stream in self.streams)
        return Access(
            readable=tuple(stream.name for stream, yes in zip(self.streams, may, strict=True) if yes),
            refused=tuple(stream.name for stream, yes in zip(self.streams, may, strict=True) if not yes),
        )

    async def _may_read(self, stream: Stream) -> bool:
        try:
            await self.probe(stream)
        except (NotPermitted, NotOffered):
            return False
        return True

    async def pages(
        self, stream: Stream, window: Window = WHOLE, cursor: str | None = None
    ) -> AsyncIterator[Page]:
        async for found, after in self.walk(stream, self.rows[stream.name], cursor):
            yield await self.page(stream, found, after)

    async def ids(
        self, stream: Stream, window: Window = WHOLE, cursor: str | None = None
    ) -> AsyncIterator[IdPage]:
        async for found, after in self.walk_ids(stream, self.heads[stream.name], cursor):
            yield IdPage(ids=[str(row.id) for row in found.rows], cursor=after)

    async def start(self, feed: Feed) -> str:
        return self.since(self.now())

    def since(self, moment: datetime) -> str:
        """The cursor of a feed that has been followed up to this moment."""
        return str(int((moment - self.overlap).timestamp()))

    async def changes(self, feed: Feed, cursor: str, streams: Collection[str]) -> AsyncIterator[Page]:
        for name in feed.streams:
            if name in streams:
                async for page in self.follow(self.stream(name), cursor):
                    yield page

    async def fetch(self, stream: Stream, ids: Sequence[str]) -> Page:
        answers = await self.retrieve(stream, ids)
        pages = [await self.page(stream, found, None) for found in answers]
        known = {str(row.id) for found in answers for row in found.rows}
        now = self.now()
        unread = any(page.skipped for page in pages)  # then nobody can tell what is gone
        gone = [] if unread else [id_ for id_ in ids if id_ not in known]
        return Page(
            records=[
                *(record for page in pages for record in page.records),
                *(Deletion(id=id_, of=stream.record, deleted_at=now) for id_ in gone),
            ],
            cursor=None,
            count=len(ids),
            skipped=[skipped for page in pages for skipped in page.skipped],
        )
