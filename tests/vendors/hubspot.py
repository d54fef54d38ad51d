"""A HubSpot to test against: CRM objects v3, associations v4, owners, pipelines, in the shapes of its SDK.

Lists go by id and leave archived objects out; a search reaches 10,000 results and no further, knows nothing
of archived objects, sorts by one property, and may lag behind. What is purged for privacy is nowhere.
"""

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.vendors.server import Object, Refusal, Route, VendorServer

DEFAULTS = {
    "companies": ("name", "domain", "createdate", "hs_lastmodifieddate", "hs_object_id"),
    "contacts": ("firstname", "lastname", "email", "createdate", "lastmodifieddate", "hs_object_id"),
    "deals": (
        "dealname", "amount", "closedate", "pipeline", "dealstage",
        "createdate", "hs_lastmodifieddate", "hs_object_id",
    ),
}  # fmt: skip
MODIFIED = {"contacts": "lastmodifieddate"}
DATES = {"createdate", "lastmodifieddate", "hs_lastmodifieddate", "closedate"}
SCOPES = {"owners": "crm.objects.owners.read"} | {name: f"crm.objects.{name}.read" for name in DEFAULTS}
LIST_MOST, SEARCH_MOST, SEARCH_REACH, BATCH_MOST, ASSOCIATIONS_MOST = 100, 200, 10_000, 100, 1000
PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"}
PLAIN = {"category": "HUBSPOT_DEFINED", "typeId": 341}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class HubSpotServer(VendorServer):
    """`lag`: seconds by which the search index is behind."""

    RESOURCES = ("companies", "contacts", "deals", "owners", "pipelines_deals")
    lag = 0.0
    currency = "USD"

    # ---- what happens in the account ----

    def put(self, resource: str, id_: str, **properties: Any) -> Object:
        """Create an object or change its properties, now."""
        now = iso(self.clock())
        made = {"id": id_, "properties": {"hs_object_id": id_, "createdate": now}, "createdAt": now}
        found = self.tables[resource].setdefault(id_, {**made, "archived": False, "updatedAt": now})
        found["properties"] |= properties
        self._touch(resource, found)
        return found

    def associate(self, deal: str, *companies: str) -> None:
        """As in HubSpot, this does not count as a change of the deal. The last company is the main one."""
        results = [{"id": company, "type": "deal_to_company"} for company in companies]
        self.tables["deals"][deal]["associations"] = {"companies": {"results": results}}

    def archive(self, resource: str, id_: str) -> None:
        self.tables[resource][id_] |= {"archived": True, "archivedAt": iso(self.clock())}

    def restore(self, resource: str, id_: str) -> None:
        self.tables[resource][id_].pop("archivedAt")
        self.tables[resource][id_]["archived"] = False
        self._touch(resource, self.tables[resource][id_])

    def purge(self, resource: str, id_: str) -> None:
        """Deleted for privacy, or merged into another."""
        del self.tables[resource][id_]

    def _touch(self, resource: str, found: Object) -> None:
        found["updatedAt"] = found["properties"][MODIFIED.get(resource, "hs_lastmodifieddate")] = iso(
            self.clock()
        )

    # ---- what the API says ----

    def unauthorized(self) -> Refusal:
        return _refusal(401, "INVALID_AUTHENTICATION", "The credential is not valid.")

    def too_many(self) -> Refusal:
        body = {"status": "error", "message": "You have reached your ten_secondly_rolling limit."}
        facts = {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING", "category": "RATE_LIMITS"}
        return Refusal(429, body | facts | {"correlationId": CORRELATION})

    def headers(self) -> dict[str, str]:
        return {"X-HubSpot-RateLimit-Max": "100", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}

    def not_found(self) -> Refusal:
        return _refusal(404, "OBJECT_NOT_FOUND", "resource not found")

    def routes(self) -> list[Route]:
        objects = "/crm/v3/objects/{resource}"
        return [
            ("GET /account-info/v3/details", self._account),
            ("GET /crm/v3/owners", self._owners),
            ("GET /crm/v3/pipelines/deals", self._pipelines),
            (f"GET {objects}", self._list),
            (f"POST {objects}/search", self._search),
            (f"POST {objects}/batch/read", self._batch),
            ("POST /crm/v4/associations/deals/companies/batch/read", self._associations),
            (f"GET {objects}/{{id_}}", self._one),
        ]

    def _account(self, request: web.Request, _: Any) -> Any:
        return {"portalId": 1234567, "companyCurrency": self.currency, "uiDomain": "app.hubspot.com"}

    def _pipelines(self, request: web.Request, _: Any) -> Any:
        self._open("deals")
        return {"results": list(self.tables["pipelines_deals"].values())}

    def _open(self, resource: str) -> list[Object]:
        if resource not in self.tables:
            raise self.not_found()
        if resource in self.forbidden:
            refused = _refusal(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes.")
            refused.body["errors"] = [
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": [SCOPES[resource]]},
                }
            ]
            raise refused
        return sorted(self.tables[resource].values(), key=lambda found: int(found["id"]))

    def _owners(self, request: web.Request, _: Any) -> Any:
        archived = request.query.get("archived") == "true"
        rows = [found for found in self._open("owners") if found["archived"] == archived]
        return _page(rows, request.query.get("after"), _limit(request.query.get("limit"), LIST_MOST))

    def _list(self, request: web.Request, _: Any, resource: str) -> Any:
        archived = request.query.get("archived") == "true"
        rows = [found for found in self._open(resource) if found["archived"] == archived]
        page = _page(rows, request.query.get("after"), _limit(request.query.get("limit"), LIST_MOST))
        wanted = request.query.get("properties", "").split(",")
        return {**page, "results": [_shown(resource, found, wanted) for found in page["results"]]}

    def _one(self, request: web.Request, _: Any, resource: str, id_: str) -> Any:
        found = next((found for found in self._open(resource) if found["id"] == id_), None)
        if found is None or found["archived"]:
            raise self.not_found()
        return _shown(resource, found, request.query.get("properties", "").split(","))

    def _batch(self, _: web.Request, body: Any, resource: str) -> Any:
        wanted = [one["id"] for one in body["inputs"]]
        if len(wanted) > BATCH_MOST:
            raise _refusal(400, "VALIDATION_ERROR", "too many inputs")
        rows = [found for found in self._open(resource) if found["id"] in wanted and not found["archived"]]
        results = [_shown(resource, found, body["properties"]) for found in rows]
        return self._told(results, "OBJECT_NOT_FOUND", sorted(set(wanted) - {row["id"] for row in rows}))

    def _associations(self, _: web.Request, body: Any) -> Any:
        self._open("deals")
        wanted = [one["id"] for one in body["inputs"]]
        if len(wanted) > ASSOCIATIONS_MOST:
            raise _refusal(400, "VALIDATION_ERROR", "too many inputs")
        results, lacking = [], []
        for id_ in wanted:
            found = self.tables["deals"].get(id_, {})
            companies = [
                one["id"] for one in found.get("associations", {}).get("companies", {}).get("results", ())
            ]
            to = [
                {
                    "toObjectId": company,
                    "associationTypes": [PRIMARY, PLAIN] if company == companies[-1] else [PLAIN],
                }
                for company in companies
            ]
            results.append({"from": {"id": id_}, "to": to}) if to else lacking.append(id_)
        return self._told(results, "NO_ASSOCIATIONS_FOUND", lacking)

    def _told(self, results: list[Any], problem: str, lacking: list[str]) -> Any:
        now = iso(self.clock())
        body = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        if not lacking:
            return body
        told = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "subCategory": f"crm.batch.{problem}",
            "message": "Some are not there.",
            "errors": [],
            "links": {},
            "context": {"ids": lacking},
        }
        raise Refusal(207, body | {"numErrors": 1, "errors": [told]})

    def _search(self, _: web.Request, body: Any, resource: str) -> Any:
        rows = [found for found in self._open(resource) if not found["archived"]]
        if len(body.get("sorts", ())) > 1:
            raise _refusal(400, "VALIDATION_ERROR", "only one sort is supported")
        indexed = iso(self.clock() - self.lag)
        tests = [[_test(one) for one in group["filters"]] for group in body.get("filterGroups", ())]
        rows = [
            found
            for found in rows
            if found["updatedAt"] <= indexed
            and (not tests or any(all(passes(found) for passes in group) for group in tests))
        ]
        for sort in body.get("sorts", ()):
            rows.sort(
                key=lambda found: _value(found, sort["propertyName"]) or 0,
                reverse=sort["direction"] == "DESCENDING",
            )
        limit, after = _limit(body.get("limit"), SEARCH_MOST), int(body.get("after") or 0)
        if after + limit > SEARCH_REACH:
            raise _refusal(400, "VALIDATION_ERROR", "a search reaches 10000 results")
        results = [
            _shown(resource, found, body.get("properties", ())) for found in rows[after : after + limit]
        ]
        answer: Object = {"total": len(rows), "results": results}
        if after + limit < len(rows):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return answer


CORRELATION = "0d5d6f3e-6c1c-4c0e-9f7b-2f6c1f1c9a11"


def _refusal(status: int, category: str, message: str) -> Refusal:
    body = {"status": "error", "message": message, "correlationId": CORRELATION, "category": category}
    return Refusal(status, body)


def _limit(asked: Any, most: int) -> int:
    limit = int(asked or 10)
    if not 1 <= limit <= most:
        raise _refusal(400, "VALIDATION_ERROR", f"the limit is {most}")
    return limit


def _page(rows: list[Object], after: str | None, limit: int) -> Object:
    """`after` is the last id seen: it holds although objects come and go."""
    rest = [found for found in rows if after is None or int(found["id"]) > int(after)]
    page: Object = {"results": rest[:limit]}
    if len(rest) > limit:
        page["paging"] = {"next": {"after": rest[limit - 1]["id"], "link": "https://api.hubapi.com/next"}}
    return page


def _shown(resource: str, found: Object, wanted: Any) -> Object:
    """The default properties and those that are asked for, as far as they are known; never associations."""
    known = found["properties"]
    names = [name for name in (*DEFAULTS[resource], *wanted) if name in known]
    facts = {name: value for name, value in found.items() if name not in {"associations", "properties"}}
    return {**facts, "properties": {name: known[name] for name in names}}


def _value(found: Object, name: str) -> Any:
    """A property as the search compares it: dates in milliseconds, ids as numbers."""
    value = found["properties"].get(name)
    if value is None:
        return None
    if name in DATES:
        return round(datetime.fromisoformat(value).timestamp() * 1000)
    return int(value) if name == "hs_object_id" else value


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "GT": operator.gt,
    "GTE": operator.ge,
    "LT": operator.lt,
    "LTE": operator.le,
}


def _test(asked: Object) -> Callable[[Object], bool]:
    name = asked["propertyName"]
    if asked["operator"] not in OPERATORS:
        raise _refusal(400, "VALIDATION_ERROR", "no such operator here")
    compare = OPERATORS[asked["operator"]]
    wanted = int(asked["value"]) if name in DATES or name == "hs_object_id" else asked["value"]

    def passes(found: Object) -> bool:
        value = _value(found, name)
        return value is not None and compare(value, wanted)

    return passes
