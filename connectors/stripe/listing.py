"""Walking Stripe's lists, newest first, and making records of their rows."""

from collections.abc import AsyncIterator
from typing import Any

from msgspec import Struct

from connectors.base import Skipped, Window
from connectors.errors import NotOffered, RequestRefused
from connectors.stripe.rows import Listing, Reader
from connectors.stripe.session import GONE, PAGE, Session, together
from connectors.stripe.streams import Inner, Reading
from connectors.stripe.values import Missing, Unreadable
from storage.records import Record


class Made(Struct):
    records: list[Record] = []
    skipped: list[Skipped] = []


class Place(Struct, frozen=True):
    """Where a list is gone on after: an object, and its creation time in case it is deleted meanwhile."""

    id: str
    created: int

    @classmethod
    def read(cls, cursor: str) -> "Place":
        id_, _, created = cursor.rpartition("@")
        return cls(id_, int(created))

    def __str__(self) -> str:
        return f"{self.id}@{self.created}"


class Walk:
    """One way through a stream's list."""

    def __init__(self, session: Session, reading: Reading, reader: Reader, expand: tuple[str, ...]) -> None:
        self._session, self._reading, self._reader, self._expand = session, reading, reader, expand
        self._path = reading.stream.path

    async def listings(self, window: Window, cursor: str | None) -> AsyncIterator[tuple[Listing, str | None]]:
        """Each page with the cursor to go on after it, None with the last."""
        place = Place.read(cursor) if cursor else None
        while True:
            listing = await self._page(window, place)
            if not listing.has_more:
                yield listing, None
                return
            if listing.last is None or (place and listing.last.id == place.id):
                raise self._session.client.unexpected(self._path, "loop")
            place = Place(listing.last.id, listing.last.created)
            yield listing, str(place)

    async def _page(self, window: Window, place: Place | None) -> Listing:
        if place is None:
            return await self._ask(_created(window))
        try:
            return await self._ask([*_created(window), ("starting_after", place.id)])
        except (RequestRefused, NotOffered) as error:
            if error.report.code != GONE:
                raise
        rest = [pair for pair in _created(window) if pair[0] != _BEFORE]
        return await self._ask([*rest, (_BEFORE, str(place.created + 1))])

    async def _ask(self, query: list[tuple[str, str]]) -> Listing:
        return await self._session.page(
            self._path, self._reader, [PAGE, *self._reading.query, *query], self._expand
        )


_FROM, _BEFORE = "created[gte]", "created[lt]"


def _created(window: Window) -> list[tuple[str, str]]:
    bounds = ((_FROM, window.start), (_BEFORE, window.end))
    return [(name, str(int(bound.timestamp()))) for name, bound in bounds if bound is not None]


async def build(session: Session, reading: Reading, rows: list[Any]) -> Made:
    """Records of the rows. What is missing is looked up; what cannot be read is left out and named."""
    made = Made()
    inner = reading.inner
    if inner and any(getattr(row, inner.field).has_more for row in rows):
        rows = await _completed(session, reading, inner, rows, made)
    waiting = []
    for row in rows:
        try:
            made.records.append(reading.build(row, session))
        except Missing:
            waiting.append(row)
        except Unreadable as error:
            made.skipped.append(Skipped(reading.stream.record.KIND, error.field))
    for row in waiting:
        try:
            made.records.append(await _looked_up(session, reading, row))
        except Unreadable as error:
            made.skipped.append(Skipped(reading.stream.record.KIND, error.field))
    return made


async def _looked_up(session: Session, reading: Reading, row: Any) -> Record:
    """Every look-up settles one id for good, so that this ends."""
    while True:
        try:
            return reading.build(row, session)
        except Missing as missing:
            await session.look_up(missing)


async def _completed(
    session: Session, reading: Reading, inner: Inner, rows: list[Any], made: Made
) -> list[Any]:
    """The rows whose inner lists could be read to the end, with these lists whole."""
    reader = Reader(reading.stream.record.KIND, inner.rows)

    async def complete(row: Any) -> bool:
        part = getattr(row, inner.field)
        if not part.has_more:
            return True
        try:
            await session.rest_of(inner, reader, row.id, part.data)
        except Unreadable as error:
            made.skipped.append(Skipped(reading.stream.record.KIND, error.field))
            return False
        return True

    whole = await together(complete(row) for row in rows)
    return [row for row, is_whole in zip(rows, whole, strict=True) if is_whole]
