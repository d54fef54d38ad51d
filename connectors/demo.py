"""The demo source: a company that does not exist (`demo_company`), read like any vendor's.

Its key says which company: the seed it grows from and the day it was founded. No network, no secret. It is
the same company at every sync, only older; its feed tells what is new since the cursor.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import ClassVar, Self

from connectors.base import WHOLE, Access, Connector, Credential, Feed, IdPage, Page, Stream, Window
from connectors.demo_company import Company, company, founded_before
from connectors.errors import ErrorReport, KeyRefused, OnError
from storage.records import (
    Customer,
    Deletion,
    Dispute,
    Invoice,
    Payment,
    Price,
    Product,
    Record,
    Refund,
    Subscription,
)

SEED = 7
_PAGE = 500
_KEY = re.compile(r"demo-(\d{1,9})-(\d{4}-\d{2}-\d{2})")
_LISTED = (Product, Price, Customer, Subscription, Invoice, Payment, Refund, Dispute)


def new_key(now: datetime, seed: int = SEED) -> str:
    """The key of a company that has 18 months of history at `now`."""
    return f"demo-{seed}-{founded_before(now.astimezone(UTC)):%Y-%m-%d}"


class Demo(Connector):
    """The invented company, as it stands at the moment of the sync."""

    name: ClassVar[str] = "demo"
    label: ClassVar[str] = "Demo company"
    permissions: ClassVar[tuple[str, ...]] = ()
    streams: ClassVar[tuple[Stream, ...]] = tuple(
        Stream(name=f"{kind.KIND}s", record=kind, path=f"/{kind.KIND}s") for kind in _LISTED
    )
    feeds: ClassVar[tuple[Feed, ...]] = (
        Feed(name="days", streams=tuple(f"{kind.KIND}s" for kind in _LISTED), deletions=True),
    )

    def __init__(self, credential: Credential, *, on_error: OnError | None = None) -> None:
        self._seed, self._founded = _read_key(credential.key)
        self._now = datetime.now(UTC)
        self._company = Company({})

    async def __aenter__(self) -> Self:
        self._company = await self._at(self._now)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._company = Company({})

    async def check(self) -> Access:
        return Access(readable=tuple(stream.name for stream in self.streams), refused=(), live=False)

    async def pages(
        self, stream: Stream, window: Window = WHOLE, cursor: str | None = None
    ) -> AsyncIterator[Page]:
        """Newest first; the cursor counts what has been read, so what is new meanwhile repeats a few."""
        found = [record for record in reversed(self._of(stream)) if _within(record, window)]
        for records, following in _paged(found, int(cursor or 0)):
            yield Page(
                records=list(records),
                cursor=following,
                count=len(records),
                reached=_created(records[-1]) if records else None,
            )

    async def ids(
        self, stream: Stream, window: Window = WHOLE, cursor: str | None = None
    ) -> AsyncIterator[IdPage]:
        async for page in self.pages(stream, window, cursor):
            ids = [record.id for record in page.records]
            yield IdPage(ids=ids, cursor=page.cursor, reached=page.reached)

    async def start(self, feed: Feed) -> str:
        return self._now.isoformat()

    async def changes(self, feed: Feed, cursor: str, streams: Collection[str]) -> AsyncIterator[Page]:
        """All that is new or different since the cursor, in one go: nothing is ever deleted."""
        before = await self._at(datetime.fromisoformat(cursor))
        known = {record.id: record for records in before.records.values() for record in records}
        wanted = [self.stream(name) for name in feed.streams if name in streams]
        changed = [r for stream in wanted for r in self._of(stream) if known.get(r.id) != r]
        yield Page(records=list(changed), cursor=self._now.isoformat(), count=len(changed))

    async def fetch(self, stream: Stream, ids: Sequence[str]) -> Page:
        known = {record.id: record for record in self._of(stream)}
        gone = {
            id_: Deletion(id=id_, of=stream.record, deleted_at=self._now) for id_ in ids if id_ not in known
        }
        records = [known.get(id_) or gone[id_] for id_ in ids]
        return Page(records=records, cursor=None, count=len(records))

    def _of(self, stream: Stream) -> tuple[Record, ...]:
        return self._company.records.get(stream.record, ())

    async def _at(self, now: datetime) -> Company:
        """In a thread: growing a company takes longer than the event loop may wait."""
        return await asyncio.to_thread(company, seed=self._seed, founded=self._founded, now=now)


def _read_key(key: str) -> tuple[int, datetime]:
    """(seed, founding) of a key; raises KeyRefused."""
    found = _KEY.fullmatch(key)
    if found is not None:
        with suppress(ValueError):
            return int(found[1]), datetime.fromisoformat(found[2]).replace(tzinfo=UTC)
    now = datetime.now(UTC)
    raise KeyRefused(ErrorReport(vendor="demo", path="/", reason="status", attempt=1, at=now, status=401))


def _paged(records: Sequence[Record], start: int) -> Iterator[tuple[Sequence[Record], str | None]]:
    """(a page's records, the cursor to go on after it), the last with None; one empty page of nothing."""
    for at in range(start, max(len(records), start + 1), _PAGE):
        following = at + _PAGE
        yield records[at:following], str(following) if following < len(records) else None


def _created(record: Record) -> datetime | None:
    created: datetime | None = getattr(record, "created_at", None)
    return created


def _within(record: Record, window: Window) -> bool:
    created = _created(record)
    if created is None:
        return True
    return (window.start is None or window.start <= created) and (window.end is None or created < window.end)
