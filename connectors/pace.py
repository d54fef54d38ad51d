"""How fast a source may be asked: the vendor's limits, kept before the vendor has to enforce them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic

from msgspec import Struct


class Rate(Struct, frozen=True, kw_only=True):
    """A vendor's limits, in requests.

    `per_second` None: no pace until the server answers 429, then `once_limited` (a server that is not the
    vendor's own). `burst` may go at once after a pause. `per_endpoint` holds for a path from the first 429
    whose `endpoint_header` begins with `endpoint_value`. `slower`: paths with a rate of their own from the
    start, where the vendor's own server is asked. `concurrency` is requests at a time.
    """

    per_second: float | None
    once_limited: float
    burst: int = 10
    concurrency: int = 48
    per_endpoint: float | None = None
    endpoint_header: str = ""
    endpoint_value: str = ""
    slower: Mapping[str, float] = {}


class Bucket:
    """A token bucket that hands out turns in order of asking. Times are seconds of any steady clock."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._interval = 1 / per_second
        self._saved = (burst - 1) * self._interval
        self._next = float("-inf")

    def reserve(self, now: float) -> float:
        """Take the next turn; seconds until it comes."""
        turn = max(self._next, now - self._saved)
        self._next = turn + self._interval
        return max(0.0, turn - now)

    def hold(self, until: float) -> None:
        """No further turn before `until`, and no burst right after it."""
        self._next = max(self._next, until)


class Pace:
    """The turns of one source's requests."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._all = Bucket(rate.per_second, rate.burst) if rate.per_second else None
        slower = rate.slower if rate.per_second else {}
        self._endpoints = {path: Bucket(per_second, 1) for path, per_second in slower.items()}
        self._places = asyncio.Semaphore(rate.concurrency)

    @asynccontextmanager
    async def turn(self, path: str) -> AsyncIterator[None]:
        """Wait for a turn, and keep a place for as long as the request runs."""
        buckets = [bucket for bucket in (self._all, self._endpoints.get(path)) if bucket]
        now = monotonic()
        delay = max((bucket.reserve(now) for bucket in buckets), default=0.0)
        if delay:
            await asyncio.sleep(delay)
        async with self._places:
            yield

    def limited(self, path: str, headers: Mapping[str, str], wait: float | None) -> None:
        """The server answered 429, and asks to `wait` so many seconds."""
        rate = self._rate
        if self._all is None:
            self._all = Bucket(rate.once_limited, rate.burst)
        reason = headers.get(rate.endpoint_header, "") if rate.endpoint_header else ""
        if rate.per_endpoint and reason.startswith(rate.endpoint_value) and reason:
            self._endpoints.setdefault(path, Bucket(rate.per_endpoint, 1))
        if wait is not None:
            self._all.hold(monotonic() + wait)
