"""What a connector must say about its vendor, and nothing more.

A connector is declarations (its streams, feeds and permissions) and five ways of reading, all of which
yield pages that carry the cursor to resume after them; `sync.py` drives them and keeps a checkpoint a page:

- `pages` walks one stream, whole or one window of creation dates: the first load;
- `ids` walks the same streams, ids only: what has vanished since;
- `start` and `changes` follow a feed: what was created, changed or deleted since a cursor;
- `fetch` re-reads objects by id: what a webhook hints at.

An instance is one source being read: it owns the connection and what it has looked up, for one sync.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import ClassVar, Self

from msgspec import Struct

from connectors.errors import OnError
from connectors.signatures import Verify
from storage.records import Deletion, Record


class Credential(Struct, frozen=True, kw_only=True):
    """What opens a source. `base_url` points at another server than the vendor's (self-hosted, tests)."""

    key: str
    base_url: str | None = None

    def __repr__(self) -> str:
        return f"Credential(key=..., base_url={self.base_url!r})"


class Ask(Struct, frozen=True, kw_only=True):
    """One part of a credential that people are asked for. `secret`: nobody sees it typed.

    `address`: it says where the server is, and is not asked for where that is known.
    """

    name: str
    prompt: str
    secret: bool = False
    address: bool = False


class Vanishing(Struct, frozen=True, kw_only=True):
    """That a vendor deletes objects of a stream for good, so that they may be missing from its list.

    `while_status`: it does so only in these states; objects in another are never taken for deleted.
    """

    while_status: tuple[str, ...] = ()


class Stream(Struct, frozen=True, kw_only=True):
    """One list of a vendor. `windows`: it can be listed by date of creation, so in parallel parts.

    `vanishing` None: what is in the list stays in it for ever, so that nothing is reconciled. `also`: what
    its objects hold beside `record`. `permission`: what the vendor calls the right to read it.
    """

    name: str
    record: type[Record]
    path: str
    also: tuple[type[Record], ...] = ()
    permission: str = ""
    windows: bool = False
    vanishing: Vanishing | None = None


class Feed(Struct, frozen=True, kw_only=True):
    """One sequence of changes with a cursor of its own; it tells of `streams`.

    A vendor with an event log has few feeds; one that is searched by date of change has a feed a stream.
    `deletions`: the feed tells of them; where it does not, only `ids` finds what has vanished.
    """

    name: str
    streams: tuple[str, ...]
    deletions: bool = False


class Window(Struct, frozen=True):
    """Objects created in [start, end); None is without bound."""

    start: datetime | None = None
    end: datetime | None = None

    def split(self, at: datetime) -> tuple["Window", "Window"]:
        """The older and the newer part; a cursor got in the whole stays good in the newer one as long as
        `at` is not after the page's `reached`."""
        return Window(self.start, at), Window(at, self.end)

    def parts(self, count: int, now: datetime, since: datetime) -> list["Window"]:
        """Windows of equal length from `since` (if there is no start) to `now`, the outer ones open."""
        first, last = self.start or since, self.end or now
        cuts = [first + (last - first) * part / count for part in range(1, count)]
        return [Window(*ends) for ends in zip([self.start, *cuts], [*cuts, self.end], strict=True)]


WHOLE = Window()


class Skipped(Struct, frozen=True):
    """An object left out because of one field that cannot be read: `$.status` of a "subscription"."""

    kind: str
    field: str


class Page(Struct, kw_only=True):
    """Records, and the cursor with which to go on after them; None: there is no more.

    In `changes` every page has a cursor, and the last one's is where to follow from next time.
    `count` is how many objects were read, the skipped ones too. `reached` is the creation time of the last
    object: in a list, everything newer in the window has been seen. `told` says, by kind and id, when the
    source says that an object became what it is; where it says nothing, that is when the page was read.
    """

    records: list[Record | Deletion]
    cursor: str | None
    count: int
    skipped: list[Skipped] = []
    reached: datetime | None = None
    told: dict[tuple[str, str], datetime] = {}


class IdPage(Struct, kw_only=True):
    """Ids of a stream's objects that exist now; `cursor` as in `Page`."""

    ids: list[str]
    cursor: str | None
    reached: datetime | None = None


class Access(Struct, frozen=True, kw_only=True):
    """What a credential opens: `readable` and `refused` streams by name. `live` False: test data.

    `base_url`: which of the vendor's servers it opens, where that is not the usual one.
    """

    readable: tuple[str, ...]
    refused: tuple[str, ...]
    live: bool = True
    base_url: str | None = None


class Notice(Struct, frozen=True, kw_only=True):
    """One event that a vendor told by webhook: what it touched, by stream and id, and nothing of its content.

    `event` is the vendor's id of it, the same however often it is sent. `customer`: the one that it is
    about, where it says so. An event of a type that means nothing to us touches nothing.
    """

    event: str
    type: str
    touched: tuple[tuple[str, str], ...] = ()
    customer: str | None = None


class Hook(Struct, frozen=True, kw_only=True):
    """How a vendor's webhooks are told from others' and what they say.

    `read` makes notices of a body that was signed; raises msgspec.DecodeError for one of another form.
    """

    verify: Verify
    read: Callable[[bytes], Sequence[Notice]]


class Connector(ABC):
    """One vendor. Errors of every method are those of `connectors.errors`."""

    name: ClassVar[str]
    label: ClassVar[str]
    permissions: ClassVar[tuple[str, ...]]
    streams: ClassVar[tuple[Stream, ...]]
    feeds: ClassVar[tuple[Feed, ...]]
    hook: ClassVar[Hook | None] = None
    """How its webhooks are read; None: it has none that are signed."""
    asks: ClassVar[tuple[Ask, ...]] = (Ask(name="key", prompt="API key", secret=True),)
    is_synced: ClassVar[bool] = True
    """Whether it is read by itself; False where people bring what there is."""
    guide: ClassVar[str] = ""
    """Where in the documents it stands how to make a key."""
    founded: ClassVar[datetime] = datetime(2011, 1, 1, tzinfo=UTC)
    """Nothing in this vendor's systems is older: where windows of an unknown past begin."""
    reconcile_every: ClassVar[timedelta] = timedelta(minutes=15)
    """How often ids are compared with the vendor's, at the most; see `ids_a_second`."""
    ids_a_second: ClassVar[float] = 100.0
    """What the vendor's rate limit can spare for that: large sources are compared less often."""

    @abstractmethod
    def __init__(self, credential: Credential, *, on_error: OnError | None = None) -> None: ...

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @abstractmethod
    async def check(self) -> Access:
        """Whether the credential opens anything, and what. Raises KeyRefused when it opens nothing."""

    @abstractmethod
    def pages(self, stream: Stream, window: Window = WHOLE, cursor: str | None = None) -> AsyncIterator[Page]:
        """The stream's objects, newest first, after the cursor. Ends with a page whose cursor is None.

        Raises NotPermitted or NotOffered where the stream is to be left out.
        """

    @abstractmethod
    def ids(self, stream: Stream, window: Window = WHOLE, cursor: str | None = None) -> AsyncIterator[IdPage]:
        """As `pages`, the ids alone."""

    @abstractmethod
    async def start(self, feed: Feed) -> str:
        """The feed's cursor of this moment. Take it before the first load: what changes during the load
        is read again after it. Raises RelistNeeded where the server has no such feed."""

    @abstractmethod
    def changes(self, feed: Feed, cursor: str, streams: Collection[str]) -> AsyncIterator[Page]:
        """What changed in those of the feed's streams that are named, oldest first, up to now.

        Every page has a cursor, the last one too: follow from it next time. Raises RelistNeeded when the
        cursor is too old.
        """

    @abstractmethod
    async def fetch(self, stream: Stream, ids: Sequence[str]) -> Page:
        """These objects as they are now, a Deletion for each that is gone. No cursor."""

    @classmethod
    def credential(cls, answers: Mapping[str, str], base_url: str | None) -> Credential:
        """What `asks` brought, made into what opens a source. Raises ValueError for what cannot be right."""
        return Credential(key=answers["key"], base_url=base_url)

    @classmethod
    def customer_url(cls, customer_id: str, *, live: bool = True) -> str | None:
        """Where people see this customer at the vendor's, if there is such a page."""
        return None

    @classmethod
    def stream(cls, name: str) -> Stream:
        """The stream of this name."""
        return next(stream for stream in cls.streams if stream.name == name)

    @classmethod
    def stored_fields(cls) -> dict[str, tuple[str, ...]]:
        """The published list: every field that may be stored of this vendor's data, by kind of record."""
        kinds = [kind for stream in cls.streams for kind in (stream.record, *stream.also)]
        return {kind.KIND: kind.__struct_fields__ for kind in kinds}
