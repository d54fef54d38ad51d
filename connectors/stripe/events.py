"""Following Stripe's event log: what changed is read again, what was deleted is said.

An event shows its object as the API version of its day did, so that only its id is taken from it. The log
goes back 30 days. A cursor is the last event read and the time up to which all is known: "evt_1@1795401768",
or "@1795401768" where no event of the feed was there yet.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from connectors.base import Feed, Page, Skipped, Stream
from connectors.errors import NotOffered, NotPermitted, RelistNeeded, RequestRefused
from connectors.http import Clock
from connectors.stripe import wire
from connectors.stripe.listing import Place
from connectors.stripe.rows import Listing, Reader
from connectors.stripe.session import GONE, PAGE, Session
from connectors.stripe.streams import READINGS, TOPICS, Topic, event_types
from connectors.stripe.values import at, id_of
from storage.records import Deletion

PATH = "/v1/events"
KEPT = timedelta(days=29)
"""A day less than Stripe keeps events: a cursor that is older may have missed some."""

SETTLING = 10
"""Seconds in which an event may still appear in the log behind a newer one."""

Fetch: TypeAlias = Callable[[Stream, Sequence[str]], Awaitable[Page]]


class Told(NamedTuple):
    """What the log says last of an object: that it changed, or that it is gone."""

    at: datetime
    gone: bool


Touched: TypeAlias = dict[tuple[str, str], Told]
"""By stream and id."""

_STREAMS = {reading.stream.name: reading.stream for reading in READINGS}


class _CursorGone(Exception):
    """The event that the cursor names is no longer in the log."""


class Events:
    """The feeds of one account."""

    def __init__(self, session: Session, fetch: Fetch, now: Clock) -> None:
        self._session, self._fetch, self._now = session, fetch, now
        self._reader = Reader("event", wire.Event)

    async def start(self, feed: Feed) -> str:
        """The cursor of now: the newest event that is settled, so that none can appear behind it."""
        settled = self._settled()
        listing = await self._list(feed, ("limit", "1"), ("created[lte]", str(settled)))
        return str(Place(listing.last.id if listing.last else "", settled))

    async def changes(self, feed: Feed, cursor: str, streams: Collection[str]) -> AsyncIterator[Page]:
        place = Place.read(cursor)
        if self._now() - at(place.created) > KEPT:
            raise RelistNeeded(f"Stripe keeps events for 30 days: {feed.name} was last followed before that.")
        try:
            async for page in self._forward(feed, place, streams):
                yield page
        except _CursorGone:  # no event yet, or a quiet feed whose last one left the log: the time serves
            async for page in self._since(feed, place, streams):
                yield page

    async def _forward(self, feed: Feed, place: Place, streams: Collection[str]) -> AsyncIterator[Page]:
        """From an event to the newest, page by page."""
        if not place.id:
            raise _CursorGone
        has_more = True
        while has_more:
            listing = await self._list(feed, PAGE, ("ending_before", place.id))
            has_more = listing.has_more
            page = await self._page(feed, listing, streams)
            if has_more:
                if not listing.rows or listing.rows[0].id == place.id:
                    raise self._session.client.unexpected(PATH, "loop")
                place = Place(listing.rows[0].id, listing.rows[0].created)
            else:
                settled = self._settled()
                place = Place(_newest(listing, settled) or place.id, max(settled, place.created))
            page.cursor = str(place)
            yield page

    async def _since(self, feed: Feed, place: Place, streams: Collection[str]) -> AsyncIterator[Page]:
        """From a time on. The log is told newest first, so that only the last page moves the cursor."""
        settled = self._settled()
        newest, after = "", ""
        has_more = True
        while has_more:
            known = ("created[gte]", str(place.created - SETTLING))
            listing = await self._list(feed, PAGE, known, *([("starting_after", after)] if after else []))
            has_more = listing.has_more
            newest = newest or _newest(listing, settled)
            page = await self._page(feed, listing, streams)
            if has_more and (listing.last is None or listing.last.id == after):
                raise self._session.client.unexpected(PATH, "loop")
            after = listing.last.id if listing.last else ""
            page.cursor = str(place if has_more else Place(newest, max(settled, place.created)))
            yield page

    def _settled(self) -> int:
        return int(self._now().timestamp()) - SETTLING

    async def _list(self, feed: Feed, *query: tuple[str, str]) -> Listing:
        types = [("types[]", name) for name in event_types(feed.name)]
        try:
            return await self._session.page(PATH, self._reader, [*query, *types], ())
        except NotPermitted as error:
            raise RelistNeeded("The key may not read events.") from error
        except (RequestRefused, NotOffered) as error:
            if error.report.code == GONE:
                raise _CursorGone from None
            raise RelistNeeded("The server has no event log that can be followed.") from error

    async def _page(self, feed: Feed, listing: Listing, streams: Collection[str]) -> Page:
        """What the events touched, as it is now."""
        touched, nameless = _touched(TOPICS[feed.name], listing.rows, streams)
        page = Page(records=[], cursor=None, count=listing.count, skipped=[*listing.skipped, *nameless])
        for name in dict.fromkeys(stream for stream, _ in touched):
            stream = _STREAMS[name]
            ours = {id_: told for (of, id_), told in touched.items() if of == name}
            page.told |= {(stream.record.KIND, id_): told.at for id_, told in ours.items()}
            page.records += [
                Deletion(id=id_, of=stream.record, deleted_at=told.at)
                for id_, told in ours.items()
                if told.gone
            ]
            now = await self._fetch(stream, [id_ for id_, told in ours.items() if not told.gone])
            page.records += now.records
            page.skipped += now.skipped
        return page


def _newest(listing: Listing, settled: int) -> str:
    """The id of the newest event that none can appear behind any more; "" if there is none."""
    return next((event.id for event in listing.rows if event.created <= settled), "")


def _touched(
    topics: tuple[Topic, ...], events: list[wire.Event], streams: Collection[str]
) -> tuple[Touched, list[Skipped]]:
    """Each object once, however many events tell of it; what was deleted stays deleted."""
    touched: Touched = {}
    nameless = []
    for event in events:
        for topic in topics:
            is_told = event.type.removeprefix(topic.prefix) in topic.events
            if topic.stream not in streams or not event.type.startswith(topic.prefix) or not is_told:
                continue
            if id_ := id_of(getattr(event.data.object, topic.by)):
                told = Told(at(event.created), event.type == topic.deleted)
                known = touched.get((topic.stream, id_), told)
                touched[topic.stream, id_] = Told(max(known.at, told.at), known.gone or told.gone)
            elif topic.by == "id":
                nameless.append(Skipped("event", "$.data.object.id"))
    return touched, nameless
