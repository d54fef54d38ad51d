"""What was found out, good for some seconds: whoever asks meanwhile waits for the one who finds out."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_KEEP_AT_MOST = 10_000

Known = TypeVar("Known")


@dataclass(slots=True)
class Remembered(Generic[Known]):
    """`clock` is in seconds. The latest ten thousand are kept."""

    seconds: float
    clock: Callable[[], float]
    _known: OrderedDict[Hashable, tuple[float, Known]] = field(default_factory=OrderedDict)
    _asking: dict[Hashable, asyncio.Lock] = field(default_factory=dict)

    async def get(self, key: Hashable, find: Callable[[], Awaitable[Known]]) -> Known:
        fresh = self._fresh(key)
        if fresh is not None:
            return fresh[1]
        lock = self._asking.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                fresh = self._fresh(key)
                if fresh is not None:
                    return fresh[1]
                found = await find()
                self._known[key] = (self.clock(), found)
                self._known.move_to_end(key)
                while len(self._known) > _KEEP_AT_MOST:
                    self._known.popitem(last=False)
                return found
        finally:
            if not lock.locked():
                self._asking.pop(key, None)

    def forget(self, key: Hashable) -> None:
        """The next who asks finds out anew."""
        self._known.pop(key, None)

    def _fresh(self, key: Hashable) -> tuple[float, Known] | None:
        known = self._known.get(key)
        return known if known and self.clock() - known[0] < self.seconds else None
