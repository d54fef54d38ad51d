"""A Zendesk Support to test against: organizations, users, tickets, ratings, incremental exports.

Exports leave the last minute out and tell of deleted tickets; ten of them a minute are enough for anybody
(`exports_a_minute`). Lists page by cursor and leave out deleted users. A purged user is nobody any more.
"""

from base64 import b64decode, b64encode
from collections import deque
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.vendors.server import Object, Refusal, Route, VendorServer

LIST_MOST, EXPORT_MOST, MANY_MOST = 100, 1000, 100
NAMES = {"organizations": "organization", "users": "user", "tickets": "ticket"}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


class ZendeskServer(VendorServer):
    """`key` is what stands after "Basic ", as `email/token:API token` before it is encoded."""

    RESOURCES = ("organizations", "users", "tickets", "ticket_metrics", "satisfaction_ratings")
    exports_a_minute: int | None = None
    role = "admin"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"key": "ann@ourco.example/token:key_of_the_tests", **options})
        self._exported: deque[float] = deque()

    # ---- what happens in the account ----

    def put(self, resource: str, id_: int, **fields: Any) -> Object:
        """Create an object or change its fields, now."""
        now = self.clock()
        found = self.tables[resource].setdefault(str(id_), {"id": id_, "created_at": iso(now)})
        found |= {"updated_at": iso(now), **fields}
        if resource == "tickets":
            found["generated_timestamp"] = int(now)
        return found

    def delete_ticket(self, id_: int) -> None:
        self.put("tickets", id_, status="deleted")

    def delete_user(self, id_: int) -> None:
        self.put("users", id_, active=False)

    def purge_user(self, id_: int) -> None:
        """Permanently deleted: in no export any more, and a shadow among the deleted ones."""
        user = self.put("users", id_, active=False, name="Permanently Deleted User", email=None, phone=None)
        user["purged"] = True

    def delete_organization(self, id_: int) -> None:
        del self.tables["organizations"][str(id_)]

    # ---- what the API says ----

    def authorized(self, header: str) -> bool:
        return header == "Basic " + b64encode(self.key.encode()).decode()

    def unauthorized(self) -> Refusal:
        return Refusal(401, {"error": "Couldn't authenticate you"})

    def not_found(self) -> Refusal:
        return Refusal(404, {"error": "RecordNotFound", "description": "Not found"})

    def too_many(self) -> Refusal:
        body = {"error": "TooManyRequests", "description": "Rate limit for endpoint exceeded"}
        return Refusal(429, body, {"Retry-After": "1"})

    def headers(self) -> dict[str, str]:
        return {"X-Rate-Limit": "700", "ratelimit-limit": "700", "ratelimit-reset": "30"}

    def routes(self) -> list[Route]:
        api = "GET /api/v2"
        return [
            (f"{api}/users/me", self._me),
            (f"{api}/deleted_users", self._deleted_users),
            (f"{api}/satisfaction_ratings", self._ratings),
            (f"{api}/incremental/organizations", self._export_by_time),
            (f"{api}/incremental/{{resource}}/cursor", self._export),
            (f"{api}/{{resource}}/show_many", self._many),
            (f"{api}/{{resource}}", self._list),
            (f"{api}/{{resource}}/{{id_}}", self._one),
        ]

    def _me(self, request: web.Request, _: Any) -> Any:
        return {"user": {"id": 1, "name": "Ann", "role": self.role}}

    def _open(self, resource: str) -> list[Object]:
        if resource not in self.tables:
            raise self.not_found()
        if resource in self.forbidden:
            raise Refusal(403, {"error": "Forbidden", "description": "You do not have access to this page."})
        return sorted(self.tables[resource].values(), key=lambda found: int(found["id"]))

    def _list(self, request: web.Request, _: Any, resource: str) -> Any:
        rows = self._open(resource)
        if resource == "users":
            rows = [found for found in rows if found.get("active", True)]
        if resource == "tickets":
            rows = [found for found in rows if found["status"] != "deleted"]
        return self._page(request, resource, rows)

    def _page(self, request: web.Request, resource: str, rows: list[Object]) -> Any:
        size = int(request.query.get("page[size]", LIST_MOST))
        if size > LIST_MOST:
            raise Refusal(400, {"error": "InvalidPaginationParameter", "description": "page[size]"})
        after = request.query.get("page[after]")
        last = int(b64decode(after)) if after else -1
        rest = [found for found in rows if int(found["id"]) > last]
        page = rest[:size]
        cursor = b64encode(str(page[-1]["id"]).encode()).decode() if page else None
        meta = {"has_more": len(rest) > size, "after_cursor": cursor, "before_cursor": None}
        return {resource: page, "meta": meta, "links": {"next": None, "prev": None}}

    def _ratings(self, request: web.Request, _: Any) -> Any:
        rows = self._open("satisfaction_ratings")
        if request.query.get("score") == "received":
            rows = [found for found in rows if found["score"] in {"good", "bad"}]
        if start := request.query.get("start_time"):
            rows = [found for found in rows if unix(found["updated_at"]) >= int(start)]
        return self._page(request, "satisfaction_ratings", rows)

    def _deleted_users(self, request: web.Request, _: Any) -> Any:
        rows = [found for found in self._open("users") if not found.get("active", True)]
        return self._page(request, "deleted_users", rows)

    def _one(self, request: web.Request, _: Any, resource: str, id_: str) -> Any:
        found = next((found for found in self._open(resource) if str(found["id"]) == id_), None)
        if found is None:
            raise self.not_found()
        return {NAMES[resource]: found}

    def _many(self, request: web.Request, _: Any, resource: str) -> Any:
        wanted = request.query.get("ids", "").split(",")
        if len(wanted) > MANY_MOST:
            raise Refusal(400, {"error": "TooManyIds", "description": "100 at the most"})
        rows = [found for found in self._open(resource) if str(found["id"]) in wanted]
        return {resource: rows, **self._beside(request, resource, rows)}

    def _export(self, request: web.Request, _: Any, resource: str) -> Any:
        self._limit_exports()
        rows = sorted(
            ((_changed(found), int(found["id"]), found) for found in self._open(resource)),
            key=lambda row: row[:2],
        )
        until = self.clock() - 60
        if cursor := request.query.get("cursor"):
            time, _sep, id_ = b64decode(cursor).decode().partition("|")
            after = (int(time), int(id_))
        else:
            after = (self._start(request) - 1, 2**63)
        rest = [row for row in rows if after < row[:2] and row[0] <= until and not row[2].get("purged")]
        page = rest[: min(int(request.query.get("per_page", EXPORT_MOST)), EXPORT_MOST)]
        last = page[-1][:2] if page else after
        found = [row[2] for row in page]
        return {
            resource: found,
            "after_cursor": b64encode(f"{last[0]}|{last[1]}".encode()).decode(),
            "after_url": None,
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": len(page) == len(rest),
            **self._beside(request, resource, found),
        }

    def _export_by_time(self, request: web.Request, _: Any) -> Any:
        self._limit_exports()
        start, until = self._start(request), self.clock() - 60
        rows = sorted(self._open("organizations"), key=_changed)
        rest = [found for found in rows if start <= _changed(found) <= until]
        size = int(request.query.get("per_page", EXPORT_MOST))
        end = _changed(rest[:size][-1]) if rest else start
        page = [found for found in rest if _changed(found) <= end]  # the page's last second is whole
        return {
            "organizations": page,
            "count": len(page),
            "end_of_stream": len(page) == len(rest),
            "end_time": end,
            "next_page": f"https://x.zendesk.com/api/v2/incremental/organizations.json?start_time={end}",
        }

    def _start(self, request: web.Request) -> int:
        start = int(request.query["start_time"])
        if start > self.clock() - 60:
            raise Refusal(400, {"error": "StartTimeTooRecent", "description": "Too recent start_time."})
        return start

    def _beside(self, request: web.Request, resource: str, rows: list[Object]) -> Object:
        """The side-load that is asked for."""
        if resource != "tickets" or request.query.get("include") != "metric_sets":
            return {}
        wanted = {found["id"] for found in rows}
        sets = self.tables["ticket_metrics"].values()
        return {"metric_sets": [found for found in sets if found["ticket_id"] in wanted]}

    def _limit_exports(self) -> None:
        now = self.clock()
        while self._exported and self._exported[0] <= now - 60:
            self._exported.popleft()
        if self.exports_a_minute is not None and len(self._exported) >= self.exports_a_minute:
            raise self.too_many()
        self._exported.append(now)


def _changed(found: Object) -> int:
    return int(found.get("generated_timestamp") or unix(found["updated_at"]))
