"""How Stripe is asked: its limits, its list parameters, what to do on servers that know less than Stripe."""

import asyncio
import re
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from connectors.auth import bearer
from connectors.base import Credential, Skipped
from connectors.errors import NotOffered, NotPermitted, OnError, RequestRefused
from connectors.http import Api, Client, Clock, Fault, Query
from connectors.pace import Rate
from connectors.stripe import codes, wire
from connectors.stripe.rows import Listing, Reader
from connectors.stripe.streams import Inner
from connectors.stripe.values import Missing, Unreadable

T = TypeVar("T")

BASE_URL = "https://api.stripe.com"
VERSION = "2026-06-24.dahlia"
PAGE = ("limit", "100")
GONE = "resource_missing"
REQUEST_ID = re.compile(r"req_[A-Za-z0-9]{4,32}")

_LIVE_RATE, _TEST_RATE, _ENDPOINT_RATE = 95.0, 24.0, 24.0
"""Requests a second: a little under Stripe's 100, 25 and 25."""

_LOOK_UP_PAGES = 20
"""How much of a list is read to look things up before they are asked for one by one."""


class _Error(Struct):
    code: str | None = None
    type: str | None = None


class _ErrorBody(Struct):
    error: _Error


_error_body = msgspec.json.Decoder(_ErrorBody)


def fault(body: bytes) -> Fault:
    """Stripe's error code and type, if the body has them and they are of its list."""
    try:
        error = _error_body.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Fault()
    return Fault(
        error.code if error.code in codes.CODES else None, error.type if error.type in codes.TYPES else None
    )


def is_live(key: str) -> bool:
    return not key.startswith(("sk_test_", "rk_test_"))


def api(credential: Credential) -> Api:
    """Stripe at its own pace; another server is asked freely until it answers 429."""
    pace = _LIVE_RATE if is_live(credential.key) else _TEST_RATE
    return Api(
        vendor="stripe",
        base_url=credential.base_url or BASE_URL,
        rate=Rate(
            per_second=None if credential.base_url else pace,
            once_limited=_LIVE_RATE if credential.base_url else pace,
            per_endpoint=_ENDPOINT_RATE,
            endpoint_header="Stripe-Rate-Limited-Reason",
            endpoint_value="endpoint-",
        ),
        fault=fault,
        headers={"Stripe-Version": VERSION},
        retry_header="Stripe-Should-Retry",
        request_id_header="Request-Id",
        request_id=REQUEST_ID,
    )


async def together(calls: Iterable[Awaitable[T]]) -> list[T]:
    """All results in order; at the first failure the other calls are cancelled."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


Expand = tuple[str, ...]

_BEFORE_SOURCES = {"discounts.source.coupon": "discounts", "discount.source.coupon": "", "payments": ""}
"""Fields that servers of before 2025 cannot expand, and what they can in their place: there a discount holds
its coupon, and an invoice its payment."""


def _older(fields: Expand) -> Expand:
    """What to ask a server for that refused these; nothing where older servers know no less."""
    known = [_BEFORE_SOURCES.get(field, field) for field in fields]
    found = tuple(field for field in known if field)
    return found if found != fields else ()


_price, _option = Reader("price", wire.Price), Reader("option", wire.Price)


class Session:
    """An open connection, and the coupons and prices looked up on it: `values.References`."""

    def __init__(self, credential: Credential, on_error: OnError | None, now: Clock) -> None:
        self.client = Client(api(credential), bearer(credential.key), on_error=on_error, now=now)
        self._known_as: dict[tuple[str, Expand], Expand] = {}
        self._coupons = _Table(
            self, "/v1/coupons", Reader("coupon", wire.Coupon), ("applies_to", "currency_options")
        )
        self._prices = _Table(self, "/v1/prices", _price, ("tiers",))
        self._options = _Table(self, "/v1/prices", _option, ("currency_options",))
        self._tiers: dict[tuple[str, str], list[wire.Tier] | None] = {}

    async def page(self, path: str, reader: Reader, query: Query, expand: Expand, **ids: str) -> Listing:
        """A page. Expansions that a server refuses are not asked for again: it answers in an older shape."""
        fields = self._known_as.get((path, expand), expand)
        asked = [("expand[]", f"data.{field}") for field in fields]
        try:
            return await self.client.get(path, reader.page, ids=ids, query=[*query, *asked])
        except RequestRefused as error:
            if not fields or error.report.code == GONE:
                raise
            self._known_as[path, expand] = _older(fields)
        return await self.page(path, reader, query, expand, **ids)

    async def retrieve(self, path: str, reader: Reader, expand: Expand, id_: str) -> Any:
        """One object, a Skipped if it is unreadable, None if it is deleted. Raises NotOffered for a server
        that lacks the path."""
        fields = self._known_as.get((path, expand), expand)
        asked = [("expand[]", field) for field in fields]
        try:
            found = await self.client.get(f"{path}/{{id}}", reader.row, ids={"id": id_}, query=asked)
        except (NotOffered, RequestRefused) as error:
            if error.report.code == GONE:
                return None
            if not asked or isinstance(error, NotOffered):
                raise
            self._known_as[path, expand] = _older(fields)
            return await self.retrieve(path, reader, expand, id_)
        return None if isinstance(found, wire.Deleted) else found

    async def rest_of(self, inner: Inner, reader: Reader, id_: str, rows: list[Any]) -> None:
        """Append to an object's inner list what did not fit into the object."""
        filtered = [(inner.filter, id_)] if inner.filter else []
        has_more = True
        while has_more:
            query = [PAGE, *filtered, ("starting_after", rows[-1].id)]
            listing = await self.page(inner.path, reader, query, inner.expand, id=id_)
            if listing.skipped:
                raise Unreadable(f"$.{inner.field}")
            if listing.has_more and (listing.last is None or listing.last.id == rows[-1].id):
                raise self.client.unexpected(inner.path, "loop")
            rows.extend(listing.rows)
            has_more = listing.has_more

    def coupon(self, id_: str) -> wire.Coupon | None:
        found: wire.Coupon | None = self._coupons.find(id_)
        return found

    def tiers(self, price_id: str, code: str | None = None) -> list[wire.Tier] | None:
        if code is not None:
            if (price_id, code) not in self._tiers:
                raise Missing(code, price_id)
            return self._tiers[price_id, code]
        found: wire.Price | None = self._prices.find(price_id)
        return found.tiers if found else None

    def option(self, price_id: str, code: str) -> wire.PriceOption | None:
        found: wire.Price | None = self._options.find(price_id)
        return (found.currency_options or {}).get(code) if found else None

    async def look_up(self, missing: Missing) -> None:
        """After this, what was missing is known, or known to be gone."""
        match missing.kind:
            case "coupon":
                await self._coupons.load(missing.id)
            case "price":
                await self._prices.load(missing.id)
            case "option":
                await self._options.load(missing.id)
            case code:
                self._tiers[missing.id, code] = await self._tiers_in(missing.id, code)

    async def _tiers_in(self, price_id: str, code: str) -> list[wire.Tier] | None:
        """Tiers in another currency than the price's own: Stripe tells them for one currency at a time."""
        expand = ("currency_options", f"currency_options.{code}.tiers")
        found = await self.find_one("/v1/prices", _price, expand, price_id)
        option = (found.currency_options or {}).get(code) if found else None
        return option.tiers if option else None

    async def find_one(self, path: str, reader: Reader, expand: Expand, id_: str) -> Any:
        """One object, or None where it is gone, cannot be read or may not be."""
        try:
            found = await self.retrieve(path, reader, expand, id_)
        except (NotPermitted, NotOffered, RequestRefused):
            return None
        return None if isinstance(found, Skipped) else found


class _Table:
    """Objects of a list that never change in what is read of them, by id; None: there is no such object."""

    def __init__(self, session: Session, path: str, reader: Reader, expand: Expand) -> None:
        self._session, self._path, self._reader, self._expand = session, path, reader, expand
        self._known: dict[str, Any] = {}
        self._is_listed = False
        self._lock = asyncio.Lock()

    def find(self, id_: str) -> Any:
        try:
            return self._known[id_]
        except KeyError:
            raise Missing(self._reader.kind, id_) from None

    async def load(self, id_: str) -> None:
        async with self._lock:
            if not self._is_listed:
                await self._list()
            if id_ not in self._known:
                self._known[id_] = await self._session.find_one(self._path, self._reader, self._expand, id_)

    async def _list(self) -> None:
        query = [PAGE]
        for _ in range(_LOOK_UP_PAGES):
            try:
                page = await self._session.page(self._path, self._reader, query, self._expand)
            except (NotPermitted, NotOffered):
                break
            self._known.update((row.id, row) for row in page.rows)
            if not page.has_more or page.last is None:
                break
            query = [PAGE, ("starting_after", page.last.id)]
        self._is_listed = True
