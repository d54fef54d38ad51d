"""The first load: all streams at the same time, and long ones in parallel windows of creation dates.

A reader walks one window from its newest object to its oldest. Whoever has nothing left to read takes over
the older half of the longest walk, so that no stream's length has to be known beforehand. A stream has one
writer, which stores what its readers bring, many pages in one transaction and in their order; the writers of
different streams share no rows, so that one can make its rows while another waits for the database.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import Connector, Page, Stream, Window
from connectors.errors import NotOffered, NotPermitted
from storage.intake.checkpoints import Mark, Place

READERS = 32
_MOST_PAGES_A_WRITE = 10
_WRITES_AT_A_TIME = 3
_SHORTEST_WINDOW = timedelta(hours=1)

Write = Callable[[list[Page], list[Mark]], Awaitable[None]]
_Pages = asyncio.Queue[tuple[Page | None, list[Mark]]]


@dataclass(slots=True, eq=False)
class _Walk:
    """One window being walked: `window` shrinks from its old end when another reader takes that over."""

    stream: Stream
    window: Window
    cursor: str | None = None
    reached: datetime | None = None

    @property
    def name(self) -> str:
        """A window is known by its newer end, which never changes."""
        return self.window.end.isoformat() if self.window.end else ""

    def mark(self, cursor: str | None, *, done: bool = False) -> Mark:
        place = Place(self.window.start, self.window.end, cursor)
        return Mark(self.stream.name, self.name, place, done)


class Backfill:
    """One first load, or the rest of an interrupted one."""

    def __init__(self, connector: Connector, write: Write) -> None:
        self._connector = connector
        self._write = write
        self._waiting: list[_Walk] = []
        self._walking: list[_Walk] = []
        self._left_out: dict[str, str] = {}
        self._news = asyncio.Condition()
        self._pages: dict[str, _Pages] = {
            stream.name: asyncio.Queue(maxsize=READERS) for stream in connector.streams
        }
        self._writes = asyncio.Semaphore(_WRITES_AT_A_TIME)

    async def run(self, marks: list[Mark]) -> dict[str, str]:
        """Loads what `marks` do not call done; returns the streams that were left out, with the reason."""
        self._plan(marks)
        try:
            async with asyncio.TaskGroup() as tasks:
                writers = [tasks.create_task(self._store(pages)) for pages in self._pages.values()]
                await asyncio.gather(*(tasks.create_task(self._read()) for _ in range(READERS)))
                for pages, writer in zip(self._pages.values(), writers, strict=True):
                    await pages.join()
                    writer.cancel()
        except BaseExceptionGroup as group:
            raise _first(group) from None
        return self._left_out

    def _plan(self, marks: list[Mark]) -> None:
        begun: dict[str, list[Mark]] = {}
        for mark in marks:
            begun.setdefault(mark.stream, []).append(mark)
        for stream in self._connector.streams:
            if stream.name not in begun:
                self._waiting.append(_Walk(stream, Window()))
            for mark in begun.get(stream.name, ()):
                if not mark.done:
                    place = mark.place
                    self._waiting.append(_Walk(stream, Window(place.start, place.end), place.cursor))

    async def _read(self) -> None:
        """Walks one window after the other until there is none to begin and none worth dividing."""
        while True:
            async with self._news:
                walk = await self._next()
                if walk is None:
                    self._news.notify_all()
                    return
                self._walking.append(walk)
            try:
                await self._walk(walk)
            except (NotPermitted, NotOffered) as reason:
                self._left_out[walk.stream.name] = str(reason)
            async with self._news:
                self._walking.remove(walk)
                self._news.notify_all()

    async def _next(self) -> _Walk | None:
        """A window to walk, as soon as there is one; None when all are walked. Called with `_news` held."""
        while True:
            if self._waiting:
                return self._waiting.pop(0)
            taken = await self._take_over()
            if taken is not None:
                return taken
            if not self._walking:
                return None
            await self._news.wait()

    async def _walk(self, walk: _Walk) -> None:
        """The cursor is moved on only once its page is on its way to the writer: whatever is noted of this
        window after that stands behind the page in the queue."""
        async for page in self._connector.pages(walk.stream, walk.window, walk.cursor):
            past = _is_past(walk, page)
            done = page.cursor is None or past
            await self._pages[walk.stream.name].put((page, [walk.mark(page.cursor, done=done)]))
            if done:
                return
            walk.cursor, walk.reached = page.cursor, page.reached
            async with self._news:
                self._news.notify_all()

    async def _take_over(self) -> _Walk | None:
        """The older half of the walk with the longest way to go, as a walk of its own."""
        longest = max(self._walking, key=self._rest, default=None)
        if longest is None or longest.reached is None or self._rest(longest) <= _SHORTEST_WINDOW:
            return None
        older, longest.window = longest.window.split(longest.reached - self._rest(longest) / 2)
        taken = _Walk(longest.stream, older)
        shared = [longest.mark(longest.cursor), taken.mark(None)]
        await self._pages[taken.stream.name].put((None, shared))
        return taken

    def _rest(self, walk: _Walk) -> timedelta:
        """How far back a walk still has to go; nothing where it cannot be divided or has not begun."""
        if not walk.stream.windows or walk.reached is None:
            return timedelta(0)
        return walk.reached - (walk.window.start or self._connector.founded)

    async def _store(self, pages: _Pages) -> None:
        """Writes whatever pages of a stream are there, together."""
        while True:
            taken = [await pages.get()]
            async with self._writes:
                while len(taken) < _MOST_PAGES_A_WRITE and not pages.empty():
                    taken.append(pages.get_nowait())
                marks = {mark.window: mark for _, noted in taken for mark in noted}
                await self._write([page for page, _ in taken if page is not None], list(marks.values()))
            for _ in taken:
                pages.task_done()


def _is_past(walk: _Walk, page: Page) -> bool:
    """Whether the page reaches into what another reader took over."""
    return walk.window.start is not None and page.reached is not None and page.reached < walk.window.start


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that ended the load; the others only followed from it."""
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
