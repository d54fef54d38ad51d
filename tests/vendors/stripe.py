"""A Stripe to test against: a stateful server in the shape of api.stripe.com, version 2026-06-24.dahlia.

It lists newest first with limit, starting_after, ending_before, created, the filters of `stripe_data.FILTERS`
and expand; retrieves, with stubs for deleted customers; tells events; refuses as Stripe refuses; and can be
slow, limited or broken on purpose. In a test: `async with StripeServer(world) as server: server.url`. Alone:
`python -m tests.vendors.stripe --world FOLDER --port 8430` (`--help` tells the rest).
"""

import argparse
import asyncio
import base64
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import msgspec
from aiohttp import web

from tests.vendors.stripe_data import FILTERS, OBJECTS, BadExpand, Object, Table, World

MOST = 100
EXPAND_LEVELS = 4


class Refusal(Exception):
    """An answer in Stripe's error shape."""

    def __init__(self, status: int, message: str, **facts: str) -> None:
        super().__init__(message)
        kind = (
            "rate_limit_error" if status == 429 else "api_error" if status >= 500 else "invalid_request_error"
        )
        self.status = status
        self.headers = {"Stripe-Rate-Limited-Reason": "global-rate"} if status == 429 else {}
        self.body = msgspec.json.encode({"error": {"type": kind, "message": message, **facts}})


class StripeServer:
    """`forbidden` resources answer 403, `missing` ones 404; `every_429` refuses every Nth request."""

    def __init__(
        self,
        world: World | None = None,
        *,
        key: str | None = None,
        latency: float = 0.0,
        rate: float | None = None,
        every_429: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.world = world or World()
        self.key, self.latency, self.rate, self.every_429, self.clock = key, latency, rate, every_429, clock
        self.forbidden: set[str] = set()
        self.missing: set[str] = set()
        self.requests: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.asked: deque[web.Request] = deque(maxlen=1000)
        self._broken: deque[tuple[str, Callable[[web.Request], Any]]] = deque()
        self._spent: deque[float] = deque()
        self._served = self._events = 0
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    def put(self, resource: str, object_: Object, event: str | None = None) -> None:
        """Create or replace an object, and tell it by an event of this type."""
        self.world.tables[resource].put({"object": OBJECTS[resource], **object_})
        if event:
            self.tell(event, object_)

    def delete(self, resource: str, id_: str, event: str | None = None) -> None:
        gone = self.world.tables[resource].remove(id_)
        if event:
            self.tell(event, gone)

    def tell(self, type_: str, object_: Object, at: int | None = None) -> str:
        """Add an event to the log; its id."""
        self._events += 1
        created = int(self.clock()) if at is None else at
        event = {
            "id": f"evt_told{self._events:06}",
            "object": "event",
            "api_version": "2026-06-24.dahlia",
            "created": created,
            "data": {"object": object_},
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": None, "idempotency_key": None},
            "type": type_,
        }
        self.world.tables["events"].put(event)
        return str(event["id"])

    def break_next(self, prefix: str, answer: Callable[[web.Request], Any]) -> None:
        """The next request whose path begins with the prefix gets this answer instead."""
        self._broken.append((prefix, answer))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests[request.path] += 1
        self.asked.append(request)
        self._served += 1
        for broken in self._broken:
            if request.path.startswith(broken[0]):
                self._broken.remove(broken)
                answer = broken[1](request)
                return await answer if asyncio.iscoroutine(answer) else answer  # type: ignore[no-any-return]
        try:
            self._limit()
            body = self._body(request)
        except Refusal as refusal:
            self.refused[refusal.status] += 1
            return self._json(refusal.body, refusal.status, refusal.headers)
        if self.latency:
            await asyncio.sleep(self.latency)
        return self._json(body)

    def _json(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
        headers = {"Request-Id": f"req_{self._served:012}", **(headers or {})}
        return web.Response(body=body, status=status, headers=headers, content_type="application/json")

    def _limit(self) -> None:
        if self.every_429 and self._served % self.every_429 == 0:
            raise Refusal(429, "Request rate limit exceeded.", code="rate_limit")
        if self.rate is None:
            return
        now = time.monotonic()
        while self._spent and self._spent[0] <= now - 1:
            self._spent.popleft()
        if len(self._spent) >= self.rate:
            raise Refusal(429, "Request rate limit exceeded.", code="rate_limit")
        self._spent.append(now)

    def _body(self, request: web.Request) -> bytes:
        self._authorize(request.headers.get("Authorization", ""))
        match request.path.strip("/").split("/"):
            case ["v1", "account"]:
                return msgspec.json.encode(self.world.account)
            case ["v1", "subscription_items"]:
                return self._inner(request, "subscriptions", request.query.get("subscription", ""), "items")
            case ["v1", resource] if resource in OBJECTS:
                return self._list(request, self._open(resource))
            case ["v1", resource, id_] if resource in OBJECTS:
                return self._retrieve(request, self._open(resource), id_)
            case ["v1", "invoices", id_, "lines"]:
                return self._inner(request, "invoices", id_, "lines")
        raise Refusal(404, f"Unrecognized request URL (GET: {request.path}).")

    def _authorize(self, header: str) -> None:
        scheme, _, value = header.partition(" ")
        if scheme == "Basic":
            value = base64.b64decode(value).decode().partition(":")[0]
        is_known = value == self.key if self.key else value.startswith(("sk_", "rk_"))
        if scheme not in {"Bearer", "Basic"} or not is_known:
            raise Refusal(401, f"Invalid API Key provided: {value[:4]}***")

    def _open(self, resource: str) -> Table:
        if resource in self.forbidden:
            message = "The provided key does not have the required permissions for this endpoint."
            raise Refusal(403, message, code="more_permissions_required")
        if resource in self.missing:
            raise Refusal(404, f"Unrecognized request URL (GET: /v1/{resource}).")
        return self.world.tables[resource]

    def _list(self, request: web.Request, table: Table) -> bytes:
        expand = _expansions(request, within="data")
        rows = table.view(_filters(request, table.name))
        first, last = table.range(*_created(request))
        rows = rows[bisect_left(rows, first) : bisect_left(rows, last)]
        found, has_more = self._slice(request, table, rows)
        try:
            data = b",".join([table.json(place, expand) for place in found])
        except BadExpand as error:
            raise Refusal(400, f"This property cannot be expanded ({error}).") from error
        more = b"true" if has_more else b"false"
        return b'{"object":"list","data":[%s],"has_more":%s,"url":"/v1/%s"}' % (
            data,
            more,
            table.name.encode(),
        )

    def _slice(self, request: web.Request, table: Table, rows: list[int]) -> tuple[list[int], bool]:
        """The places of one page; places count every copy of a row."""
        limit, copies = _limit_of(request), table.copies
        total = len(rows) * copies
        start, stop = 0, total
        if after := request.query.get("starting_after"):
            start = _position(rows, table, after, "starting_after") + 1
        if before := request.query.get("ending_before"):
            position = _position(rows, table, before, "ending_before")
            stop, start = position, max(start, position - limit)
            return [rows[n // copies] * copies + n % copies for n in range(start, stop)], start > 0
        stop = min(start + limit, total)
        return [rows[n // copies] * copies + n % copies for n in range(start, stop)], stop < total

    def _retrieve(self, request: web.Request, table: Table, id_: str) -> bytes:
        place = table.find(id_)
        if place is not None:
            return table.json(place, _expansions(request))
        if id_ in table.deleted and table.name == "customers":
            return msgspec.json.encode({"id": id_, "object": OBJECTS[table.name], "deleted": True})
        raise Refusal(404, f"No such {OBJECTS[table.name]}: '{id_}'", code="resource_missing", param="id")

    def _inner(self, request: web.Request, resource: str, id_: str, field: str) -> bytes:
        """A list that stands inside an object, told whole."""
        table = self._open(resource)
        place = table.find(id_)
        if place is None:
            raise Refusal(404, f"No such {OBJECTS[resource]}: '{id_}'", code="resource_missing")
        rows = table.rows[place // table.copies].object[field]["data"]
        after = request.query.get("starting_after")
        start = next((n + 1 for n, row in enumerate(rows) if row["id"] == after), 0)
        stop = start + _limit_of(request)
        expand = {step: {} for step in _expansions(request, within="data")}
        expand = {"discounts": {"source": {"coupon": {}}}} if "discounts.source.coupon" in expand else expand
        data = [self.world.render(row, expand) for row in rows[start:stop]]
        return msgspec.json.encode(
            {"object": "list", "data": data, "has_more": stop < len(rows), "url": request.path}
        )


def _position(rows: list[int], table: Table, id_: str, param: str) -> int:
    """Where an object stands among the copies of these rows."""
    place = table.find(id_)
    if place is None:
        kind = OBJECTS[table.name]
        raise Refusal(400, f"No such {kind}: '{id_}'", code="resource_missing", param=param)
    row, copy = divmod(place, table.copies)
    return bisect_left(rows, row) * table.copies + copy


def _limit_of(request: web.Request) -> int:
    limit = int(request.query.get("limit", "10"))
    if not 1 <= limit <= MOST:
        raise Refusal(
            400, "Limit must be between 1 and 100.", code="parameter_invalid_integer", param="limit"
        )
    return limit


def _filters(request: web.Request, resource: str) -> dict[str, list[str]]:
    named = {name: [request.query[name]] for name in FILTERS.get(resource, ()) if name in request.query}
    if types := request.query.getall("types[]", []):
        if len(types) > 20:
            raise Refusal(400, "You may only specify up to 20 event types.", param="types")
        named["type"] = types
    if resource == "subscriptions" and "status" not in named:
        named["status"] = ["!canceled"]
    return named


def _created(request: web.Request) -> tuple[int | None, int | None]:
    """Bounds, both included."""
    query = request.query
    lows = [
        int(query[name]) + add for name, add in (("created[gte]", 0), ("created[gt]", 1)) if name in query
    ]
    tops = [
        int(query[name]) - cut for name, cut in (("created[lte]", 0), ("created[lt]", 1)) if name in query
    ]
    return max(lows, default=None), min(tops, default=None)


def _expansions(request: web.Request, within: str = "") -> tuple[str, ...]:
    paths = [value for name, value in request.query.items() if name.startswith("expand[")]
    for path in paths:
        if path.count(".") >= EXPAND_LEVELS:
            raise Refusal(400, "You cannot expand more than 4 levels of a property.", param="expand")
        if within and not path.startswith(f"{within}."):
            raise Refusal(400, f"This property cannot be expanded ({path}).", param="expand")
    return tuple(sorted(path.removeprefix(f"{within}.") for path in paths))


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8430)
    parser.add_argument("--latency", type=float, default=0, help="milliseconds a request")
    parser.add_argument("--rate", type=float, help="requests a second beyond which it answers 429")
    parser.add_argument("--every-429", type=int, help="answer 429 to every Nth request")
    parser.add_argument("--copies", type=int, default=1, help="how many times each customer exists")
    options = parser.parse_args()
    world = World.read(options.world, options.copies)
    server = StripeServer(
        world, latency=options.latency / 1000, rate=options.rate, every_429=options.every_429
    )

    async def serve() -> None:
        await server.__aenter__(options.host, options.port)
        print(server.url, flush=True)  # noqa: T201 - whoever started it waits for this line
        await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
