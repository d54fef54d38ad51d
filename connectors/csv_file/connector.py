"""A source whose records come by import: there is nothing to read again, and nothing to follow."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import ClassVar, Self

from connectors.base import WHOLE, Access, Connector, Credential, Feed, IdPage, Page, Stream, Window
from connectors.errors import OnError
from storage.records import Customer, Price, Product, Subscription


class CsvFile(Connector):
    """What a file brought. Its streams say what it may hold; each of them is empty until the next import."""

    name: ClassVar[str] = "csv"
    label: ClassVar[str] = "CSV file"
    permissions: ClassVar[tuple[str, ...]] = ()
    is_synced: ClassVar[bool] = False
    guide: ClassVar[str] = "docs/sources/csv.md"
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(name="products", record=Product, path=""),
        Stream(name="prices", record=Price, path=""),
        Stream(name="customers", record=Customer, path=""),
        Stream(name="subscriptions", record=Subscription, path=""),
    )
    feeds: ClassVar[tuple[Feed, ...]] = ()

    def __init__(self, credential: Credential, *, on_error: OnError | None = None) -> None:
        """Nothing to open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    async def check(self) -> Access:
        return Access(readable=(), refused=())

    async def pages(
        self, stream: Stream, window: Window = WHOLE, cursor: str | None = None
    ) -> AsyncIterator[Page]:
        yield Page(records=[], cursor=None, count=0)

    async def ids(
        self, stream: Stream, window: Window = WHOLE, cursor: str | None = None
    ) -> AsyncIterator[IdPage]:
        yield IdPage(ids=[], cursor=None)

    async def start(self, feed: Feed) -> str:
        return datetime.now(UTC).isoformat()

    async def changes(self, feed: Feed, cursor: str, streams: Collection[str]) -> AsyncIterator[Page]:
        yield Page(records=[], cursor=cursor, count=0)

    async def fetch(self, stream: Stream, ids: Sequence[str]) -> Page:
        return Page(records=[], cursor=None, count=0)
