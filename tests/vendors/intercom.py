"""An Intercom to test against: admins, companies by scroll, contacts and conversations, version 2.15.

One scroll at a time, which a minute's silence ends; contacts are searched by whole days, as the real one
does, while sorting goes by the second; a merged or deleted contact is 404 and in no list.
"""

import operator
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.vendors.server import Object, Refusal, Route, VendorServer

MOST = 150
SCROLL_PAGE, SCROLL_SECONDS = 100, 60
DAY = 86_400
DATES = {"created_at", "updated_at"}
NAMES = {"contacts": "data", "conversations": "conversations"}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


class IntercomServer(VendorServer):
    """`scroll_page`: how many companies a page of a scroll has."""

    RESOURCES = ("admins", "companies", "contacts", "conversations", "tags")
    scroll_page = SCROLL_PAGE
    _scroll: tuple[str, int, float] | None = None
    _scrolls = 0

    # ---- what happens in the workspace ----

    def put(self, resource: str, id_: str, **fields: Any) -> Object:
        """Create an object or change its fields, now."""
        now = int(self.clock())
        kind = {"companies": "company", "contacts": "contact", "conversations": "conversation"}[resource]
        found = self.tables[resource].setdefault(id_, {"type": kind, "id": id_, "created_at": now})
        found |= {"updated_at": now, **fields}
        return found

    def delete(self, resource: str, id_: str) -> None:
        """Deleted, archived or merged into another: it is in no list."""
        del self.tables[resource][id_]

    # ---- what the API says ----

    def unauthorized(self) -> Refusal:
        return _refusal(401, "unauthorized", "Access Token Invalid")

    def not_found(self) -> Refusal:
        return _refusal(404, "not_found", "Resource Not Found")

    def too_many(self) -> Refusal:
        return _refusal(429, "rate_limit_exceeded", "Exceeded rate limit")

    def headers(self) -> dict[str, str]:
        reset = str(int(time.time()) + 1)
        return {"X-RateLimit-Limit": "1666", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}

    def routes(self) -> list[Route]:
        return [
            ("GET /me", self._me),
            ("GET /admins", self._admins),
            ("GET /companies/scroll", self._companies),
            ("POST /companies/list", self._company_list),
            ("POST /{resource}/search", self._search),
            ("GET /{resource}", self._list),
            ("GET /{resource}/{id_}", self._one),
        ]

    def _me(self, request: web.Request, _: Any) -> Any:
        return {
            "type": "admin",
            "id": "7001",
            "email_verified": True,
            "app": {"type": "app", "id_code": "abc123"},
        }

    def _open(self, resource: str) -> list[Object]:
        if resource not in self.tables:
            raise self.not_found()
        if resource in self.forbidden:
            raise _refusal(403, "api_plan_restricted", "Active subscription needed.")
        return list(self.tables[resource].values())

    def _admins(self, request: web.Request, _: Any) -> Any:
        return {"type": "admin.list", "admins": self._open("admins")}

    def _companies(self, request: web.Request, _: Any) -> Any:
        rows = sorted(self._open("companies"), key=lambda found: str(found["id"]))
        now, asked = self.clock(), request.query.get("scroll_param")
        is_alive = self._scroll is not None and now - self._scroll[2] <= SCROLL_SECONDS
        if asked is None and is_alive:
            raise _refusal(400, "scroll_exists", "scroll already exists for this workspace")
        if asked is not None and (self._scroll is None or not is_alive or asked != self._scroll[0]):
            raise _refusal(404, "not_found", "scroll parameter not found")
        if asked is None:
            self._scrolls += 1
        start = self._scroll[1] if asked and self._scroll else 0
        page = rows[start : start + self.scroll_page]
        name = f"scroll-{self._scrolls}"
        self._scroll = (name, start + len(page), now) if page else None
        return {"type": "list", "data": page, "pages": None, "total_count": None, "scroll_param": name}

    def _company_list(self, _: web.Request, body: Any) -> Any:
        """Without companies that nobody belongs to, as the real one; no order is promised."""
        rows = [found for found in self._open("companies") if found.get("user_count")]
        return {"type": "list", "data": rows[: body["per_page"]], "total_count": len(rows), "pages": None}

    def _list(self, request: web.Request, _: Any, resource: str) -> Any:
        if resource not in NAMES:
            raise self.not_found()
        rows = sorted(self._open(resource), key=_place, reverse=True)
        return self._page(resource, rows, request.query.get("per_page"), request.query.get("starting_after"))

    def _search(self, _: web.Request, body: Any, resource: str) -> Any:
        if resource not in NAMES:
            raise self.not_found()
        passes = _test(body["query"], by_day=resource == "contacts")
        sort = body.get("sort") or {"field": "created_at", "order": "descending"}
        rows = sorted(
            (found for found in self._open(resource) if passes(found)),
            key=lambda found: (found[sort["field"]], str(found["id"])),
            reverse=sort["order"] == "descending",
        )
        paging = body.get("pagination") or {}
        return self._page(resource, rows, paging.get("per_page"), paging.get("starting_after"))

    def _page(self, resource: str, rows: list[Object], per_page: Any, after: str | None) -> Any:
        limit = int(per_page or 20)
        if not 1 <= limit <= MOST:
            raise _refusal(400, "parameter_invalid", f"per_page must be between 1 and {MOST}")
        known = {_cursor(found): number for number, found in enumerate(rows)}
        start = known[after] + 1 if after in known else 0
        page = rows[start : start + limit]
        has_more = start + limit < len(rows)
        pages = {
            "type": "pages",
            "page": start // limit + 1,
            "per_page": limit,
            "total_pages": -(-len(rows) // limit),
            "next": {"per_page": limit, "starting_after": _cursor(page[-1])} if has_more else None,
        }
        kind = "conversation.list" if resource == "conversations" else "list"
        return {"type": kind, NAMES[resource]: page, "total_count": len(rows), "pages": pages}

    def _one(self, request: web.Request, _: Any, resource: str, id_: str) -> Any:
        self._open(resource)
        if id_ not in self.tables[resource]:
            raise self.not_found()
        return self.tables[resource][id_]


def _refusal(status: int, code: str, message: str) -> Refusal:
    body = {"type": "error.list", "request_id": "b2f1d3c0-0000-4000-8000-000000000001"}
    return Refusal(status, body | {"errors": [{"code": code, "message": message, "field": None}]})


def _place(found: Object) -> tuple[int, str]:
    return found["created_at"], str(found["id"])


def _cursor(found: Object) -> str:
    return b64encode(f"after {found['id']}".encode()).decode()


def _test(query: Object, *, by_day: bool) -> Callable[[Object], bool]:
    if query["operator"] in {"AND", "OR"}:
        parts = [_test(one, by_day=by_day) for one in query["value"]]
        every = all if query["operator"] == "AND" else any
        return lambda found: every(passes(found) for passes in parts)
    name, sign, wanted = query["field"], query["operator"], query["value"]
    if name in DATES and by_day:
        return _by_day(name, sign, int(wanted))
    compare = OPERATORS[sign]
    return lambda found: compare(found[name], wanted)


def _by_day(name: str, sign: str, wanted: int) -> Callable[[Object], bool]:
    """Contacts: `>` begins at the next midnight of the workspace, `<` ends before this one."""
    if sign not in {">", "<", "="}:
        raise _refusal(400, "parameter_invalid", f"{sign} cannot be used with dates")
    day = wanted // DAY
    compare = OPERATORS[sign]
    return lambda found: compare(found[name] // DAY, day)
