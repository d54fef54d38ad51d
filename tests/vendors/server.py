"""What the test servers of HubSpot, Intercom and Zendesk share: tables that change, limits, faults.

In a test: `async with HubSpotServer(read_world(folder)) as server: server.url`.
"""

import asyncio
import gzip
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import msgspec
from aiohttp import web

Object = dict[str, Any]
Tables = Mapping[str, list[Object]]
Route = tuple[str, Callable[..., Any]]


def read_world(folder: Path) -> dict[str, list[Object]]:
    """The tables of a folder of `<resource>.jsonl.gz`."""
    return {
        file.name.removesuffix(".jsonl.gz"): [
            msgspec.json.decode(line) for line in gzip.decompress(file.read_bytes()).splitlines()
        ]
        for file in sorted(folder.glob("*.jsonl.gz"))
    }


class Refusal(Exception):
    """An answer other than 200; `body` is in the vendor's error shape."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers or {})


class VendorServer:
    """`forbidden` resources are refused for want of a permission; each `every_429`th request is one too many.

    `clock` is the server's time in unix seconds. A subclass says what its `RESOURCES` are, and answers.
    """

    RESOURCES: ClassVar[tuple[str, ...]]
    refuses_after: int | None = None
    """How many more requests the key is good for."""

    def __init__(
        self,
        world: Tables | None = None,
        *,
        key: str = "key_of_the_tests",
        latency: float = 0.0,
        rate: float | None = None,
        every_429: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.key, self.latency, self.rate, self.every_429, self.clock = key, latency, rate, every_429, clock
        self.tables: dict[str, dict[str, Object]] = {
            name: {str(one["id"]): one for one in (world or {}).get(name, ())} for name in self.RESOURCES
        }
        self.forbidden: set[str] = set()
        self.requests: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self._broken: deque[tuple[str, Callable[[web.Request], Any]]] = deque()
        self._spent: deque[float] = deque()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    def break_next(self, prefix: str, answer: Callable[[web.Request], Any]) -> None:
        """The next request whose path begins with the prefix gets this answer instead."""
        self._broken.append((prefix, answer))

    def routes(self) -> list[Route]:
        """Each path (as "GET /things/{id}") with what answers it: called with the request, its JSON body
        and what the path names; raises Refusal."""
        raise NotImplementedError

    def not_found(self) -> Refusal:
        raise NotImplementedError

    def authorized(self, header: str) -> bool:
        return header == f"Bearer {self.key}"

    def unauthorized(self) -> Refusal:
        raise NotImplementedError

    def too_many(self) -> Refusal:
        raise NotImplementedError

    def headers(self) -> dict[str, str]:
        """What every answer carries."""
        return {}

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests[request.path] += 1
        for broken in self._broken:
            if request.path.startswith(broken[0]):
                self._broken.remove(broken)
                found = broken[1](request)
                return await found if asyncio.iscoroutine(found) else found  # type: ignore[no-any-return]
        if self.latency:
            await asyncio.sleep(self.latency)
        try:
            self._limit()
            self._check_key(request.headers.get("Authorization", ""))
            body = msgspec.json.decode(await request.read() or b"null")
            found = self._answer(request, body)
        except Refusal as refusal:
            self.refused[refusal.status] += 1
            return self._json(refusal.body, refusal.status, refusal.headers)
        return self._json(found)

    def _check_key(self, header: str) -> None:
        if self.refuses_after is not None:
            self.refuses_after -= 1
        if not self.authorized(header) or (self.refuses_after is not None and self.refuses_after < 0):
            raise self.unauthorized()

    def _answer(self, request: web.Request, body: Any) -> Any:
        asked = f"{request.method} {request.path.rstrip('/')}"
        for route, handler in self.routes():
            if found := re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", route), asked):
                return handler(request, body, **found.groupdict())
        raise self.not_found()

    def _json(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
        return web.Response(
            body=msgspec.json.encode(body),
            status=status,
            headers={**self.headers(), **(headers or {})},
            content_type="application/json",
        )

    def _limit(self) -> None:
        if self.every_429 and self.requests.total() % self.every_429 == 0:
            raise self.too_many()
        if self.rate is None:
            return
        now = time.monotonic()
        while self._spent and self._spent[0] <= now - 1:
            self._spent.popleft()
        if len(self._spent) >= self.rate:
            raise self.too_many()
        self._spent.append(now)
