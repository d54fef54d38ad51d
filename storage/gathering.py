"""Work that is cheaper done for many at once: while it is done for some, what comes meanwhile gathers.

So a burst costs as many transactions as there is time for, not as many as there are askers, and whoever is
alone waits for nobody.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST_AT_ONCE = 500


class Gathered(Generic[Key, Item, Result]):
    """`work` gets a key and items that all came before it began, and gives a result for each, in their order.

    Of one key it is under way once at a time. What it raises reaches everybody whose item it had.
    """

    def __init__(self, work: Callable[[Key, Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        self._work = work
        self._waiting: defaultdict[Key, list[tuple[Item, asyncio.Future[Result]]]] = defaultdict(list)
        self._lanes: dict[Key, asyncio.Task[None]] = {}

    async def do(self, key: Key, item: Item) -> Result:
        """The result for this item. It is worked on to the end even where whoever asked gives up."""
        told: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting[key].append((item, told))
        lane = self._lanes.get(key)
        if lane is None or lane.done():
            self._lanes[key] = asyncio.create_task(self._drive(key))
        return await told

    async def settle(self) -> None:
        """Waits until nothing is under way any more."""
        while self._lanes:
            await asyncio.gather(*self._lanes.values())

    async def _drive(self, key: Key) -> None:
        try:
            while waiting := self._waiting.pop(key, None):
                now, later = waiting[:_MOST_AT_ONCE], waiting[_MOST_AT_ONCE:]
                if later:
                    self._waiting[key] = later
                await self._do_at_once(key, now)
        finally:
            self._lanes.pop(key, None)

    async def _do_at_once(self, key: Key, waiting: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work(key, [item for item, _ in waiting])
        except asyncio.CancelledError:
            for _, told in waiting:
                told.cancel()
            raise
        except Exception as problem:  # noqa: BLE001 - whoever asked gets it
            for _, told in waiting:
                if not told.done():
                    told.set_exception(problem)
            return
        for (_, told), result in zip(waiting, results, strict=True):
            if not told.done():
                told.set_result(result)
