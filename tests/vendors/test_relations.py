"""The test servers of HubSpot, Intercom and Zendesk answer as the vendors' own descriptions say."""

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.vendors.hubspot import HubSpotServer
from tests.vendors.intercom import IntercomServer
from tests.vendors.server import read_world
from tests.vendors.specs import SHARED, Caller
from tests.vendors.zendesk import ZendeskServer, unix

NOW = 1_795_435_200.0
LATER = NOW + 86_400


def world(vendor: str) -> dict[str, list[Any]]:
    folder: Path = SHARED / "questions" / "world" / vendor
    if not folder.exists():
        pytest.skip(f"the example account (../shared/questions/world/{vendor}) is not there")
    return read_world(folder)


# ---- HubSpot --------------------------------------------------------------------------------------------


@pytest.fixture
async def hubspot() -> AsyncIterator[Caller]:
    async with (
        HubSpotServer(world("hubspot"), clock=lambda: LATER) as server,
        Caller("hubspot", server, {"Authorization": f"Bearer {server.key}"}) as caller,
    ):
        yield caller


async def test_hubspot_lists_objects_without_archived_ones(hubspot: Caller) -> None:
    """100 a page by id, only properties that are asked for, archived ones apart."""
    seen: list[Any] = []
    after = None
    while True:
        query = {"limit": 100, "properties": "domain,phone"} | ({"after": after} if after else {})
        page = await hubspot.get("/crm/v3/objects/companies", **query)
        seen += page["results"]
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    archived = await hubspot.get("/crm/v3/objects/companies", limit=100, archived="true")
    assert (len(seen), len(archived["results"])) == (378, 2)
    assert "phone" in seen[0]["properties"]
    assert "country" not in seen[0]["properties"]


async def test_hubspot_tells_owners_pipelines_and_associations(hubspot: Caller) -> None:
    """Owners with and without archived ones, the pipeline's stages, the companies of deals."""
    owners = await hubspot.get("/crm/v3/owners/", limit=100)
    archived = await hubspot.get("/crm/v3/owners/", limit=100, archived="true")
    assert (len(owners["results"]), len(archived["results"])) == (5, 1)
    stages = (await hubspot.get("/crm/v3/pipelines/deals", "/crm/v3/pipelines/{objectType}"))["results"][0][
        "stages"
    ]
    assert stages[-1]["label"] == "Closed lost"
    path = "/crm/v4/associations/deals/companies/batch/read"
    template = "/crm/v4/associations/{fromObjectType}/{toObjectType}/batch/read"
    told = await hubspot.post(path, {"inputs": [{"id": "3000001"}, {"id": "no"}]}, template)
    assert (told["status_code"], told["numErrors"]) == (207, 1)
    assert told["results"][0]["to"][0]["toObjectId"] == "9000001"


async def test_hubspot_search_reaches_ten_thousand_results(hubspot: Caller) -> None:
    """Filters in milliseconds, 200 a page, and no page beyond 10,000."""
    body: dict[str, Any] = {
        "filterGroups": [
            {"filters": [{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "0"}]}
        ],
        "sorts": [{"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}],
        "properties": ["name"],
        "limit": 200,
    }
    page = await hubspot.post("/crm/v3/objects/companies/search", body)
    times = [row["properties"]["hs_lastmodifieddate"] for row in page["results"]]
    assert (page["total"], len(times), times) == (378, 200, sorted(times))
    beyond = await hubspot.post("/crm/v3/objects/companies/search", body | {"after": "9900"})
    assert beyond["status_code"] == 400


async def test_hubspot_reads_a_batch_and_says_what_is_missing(hubspot: Caller) -> None:
    """Objects that are not there, or archived, make the answer a 207."""
    body = {
        "inputs": [{"id": "9000001"}, {"id": "9000404"}],
        "properties": ["name"],
        "propertiesWithHistory": [],
    }
    told = await hubspot.post("/crm/v3/objects/companies/batch/read", body)
    assert (told["status_code"], [row["id"] for row in told["results"]]) == (207, ["9000001"])


async def test_hubspot_refuses_in_its_shape(hubspot: Caller) -> None:
    """Wrong limit, missing object, missing scope, too many requests, wrong token."""
    server = hubspot.server
    assert (await hubspot.get("/crm/v3/objects/deals", limit=101))["status_code"] == 400
    path = "/crm/v3/objects/deals/1"
    assert (await hubspot.get(path, "/crm/v3/objects/deals/{dealId}"))["status_code"] == 404
    server.forbidden = {"contacts"}
    refused = await hubspot.get("/crm/v3/objects/contacts")
    assert refused["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.contacts.read"]
    server.every_429 = 1
    assert (await hubspot.get("/crm/v3/objects/deals"))["errorType"] == "RATE_LIMIT"
    server.every_429, server.key = None, "another"
    assert (await hubspot.get("/crm/v3/objects/deals"))["status_code"] == 401


# ---- Intercom -------------------------------------------------------------------------------------------


@pytest.fixture
async def intercom() -> AsyncIterator[Caller]:
    async with (
        IntercomServer(world("intercom"), clock=lambda: NOW) as server,
        Caller("intercom", server, {"Authorization": f"Bearer {server.key}"}) as caller,
    ):
        yield caller


@pytest.mark.parametrize(
    ("resource", "rows", "count"), [("contacts", "data", 360), ("conversations",) * 2 + (626,)]
)
async def test_intercom_lists_page_by_cursor(intercom: Caller, resource: str, rows: str, count: int) -> None:
    """150 a page; the list and the search have the same objects."""
    for search in (False, True):
        seen: list[str] = []
        after = None
        while True:
            page = await _intercom_page(intercom, resource, after, search=search)
            seen += [row["id"] for row in page[rows]]
            if not page["pages"]["next"]:
                break
            after = page["pages"]["next"]["starting_after"]
        assert (len(seen), len(set(seen))) == (count, count)


async def _intercom_page(caller: Caller, resource: str, after: str | None, *, search: bool) -> Any:
    paging = {"per_page": 150} | ({"starting_after": after} if after else {})
    if not search:
        return await caller.get(f"/{resource}", **paging)
    query = {"field": "updated_at", "operator": ">", "value": 0}
    return await caller.post(f"/{resource}/search", {"query": query, "pagination": paging})


async def test_intercom_scrolls_through_companies_once_at_a_time(intercom: Caller) -> None:
    """A second scroll is refused while one is open; an empty page ends it; silence ends it too."""
    server = intercom.server
    assert isinstance(server, IntercomServer)
    first = await intercom.get("/companies/scroll")
    assert (await intercom.get("/companies/scroll"))["errors"][0]["code"] == "scroll_exists"
    counts = [len(first["data"])]
    while counts[-1]:
        page = await intercom.get("/companies/scroll", scroll_param=first["scroll_param"])
        counts.append(len(page["data"]))
    assert counts == [100, 100, 42, 0]
    again = await intercom.get("/companies/scroll")
    server.clock = lambda: NOW + 61
    gone = await intercom.get("/companies/scroll", scroll_param=again["scroll_param"])
    assert gone["status_code"] == 404


async def test_intercom_searches_contacts_by_whole_days(intercom: Caller) -> None:
    """`>` begins at the next midnight; `>=` is refused; sorting goes by the second."""
    noon = int(NOW) // 86_400 * 86_400 - 2 * 86_400 + 43_200
    query = {"field": "updated_at", "operator": ">", "value": noon}
    sort = {"field": "updated_at", "order": "descending"}
    found = (await intercom.post("/contacts/search", {"query": query, "sort": sort}))["data"]
    times = [row["updated_at"] for row in found]
    assert times == sorted(times, reverse=True)
    assert all(time >= noon + 43_200 for time in times)
    refused = await intercom.post("/contacts/search", {"query": query | {"operator": ">="}})
    assert refused["status_code"] == 400


async def test_intercom_answers_single_objects_and_refusals(intercom: Caller) -> None:
    """Admins, one object of each kind, what is gone, a wrong token."""
    assert (await intercom.get("/me"))["app"]["id_code"] == "abc123"
    assert len((await intercom.get("/admins"))["admins"]) == 3
    for resource, template in (
        ("contacts", "/contacts/{contact_id}"),
        ("companies", "/companies/{company_id}"),
    ):
        one = next(iter(intercom.server.tables[resource]))
        assert (await intercom.get(f"/{resource}/{one}", template))["id"] == one
        assert (await intercom.get(f"/{resource}/gone", template))["status_code"] == 404
    intercom.server.key = "another"
    assert (await intercom.get("/contacts"))["errors"][0]["code"] == "unauthorized"


# ---- Zendesk --------------------------------------------------------------------------------------------


@pytest.fixture
async def zendesk() -> AsyncIterator[Caller]:
    async with ZendeskServer(world("zendesk"), clock=lambda: NOW) as server:
        key = "Basic " + b64encode(server.key.encode()).decode()
        async with Caller("zendesk", server, {"Authorization": key}) as caller:
            yield caller


@pytest.mark.parametrize("resource", ["tickets", "users"])
async def test_zendesk_exports_by_cursor(zendesk: Caller, resource: str) -> None:
    """Everything from the start time on, oldest change first, except the last minute's."""
    path = f"/api/v2/incremental/{resource}/cursor"
    seen: list[Any] = []
    query: dict[str, Any] = {"start_time": 1}
    while True:
        page = await zendesk.get(path, per_page=50, **query)
        seen += page[resource]
        query = {"cursor": page["after_cursor"]}
        if page["end_of_stream"]:
            break
    assert {row["id"] for row in seen} == {row["id"] for row in zendesk.server.tables[resource].values()}
    changes = [row.get("generated_timestamp") or unix(row["updated_at"]) for row in seen]
    assert changes == sorted(changes)
    server = zendesk.server
    assert isinstance(server, ZendeskServer)
    server.put(resource, 412 if resource == "tickets" else 88001)
    assert (await zendesk.get(path, **query))[resource] == []
    server.clock = lambda: NOW + 61
    assert len((await zendesk.get(path, **query))[resource]) == 1


async def test_zendesk_lists_and_exports_the_rest(zendesk: Caller) -> None:
    """Cursor pages of lists, organizations by time, ratings, metrics beside tickets, many by id."""
    pages = [await zendesk.get("/api/v2/users", **{"page[size]": 100})]
    while pages[-1]["meta"]["has_more"]:
        after = pages[-1]["meta"]["after_cursor"]
        pages.append(await zendesk.get("/api/v2/users", **{"page[size]": 100, "page[after]": after}))
    assert [len(page["users"]) for page in pages] == [100, 100, 23]
    assert len((await zendesk.get("/api/v2/incremental/organizations", start_time=1))["organizations"]) == 144
    assert (await zendesk.get("/api/v2/satisfaction_ratings"))["meta"]["has_more"] is False
    assert len((await zendesk.get("/api/v2/organizations"))["organizations"]) == 100
    path = "/api/v2/incremental/tickets/cursor"
    assert len((await zendesk.get(path, start_time=1, include="metric_sets"))["metric_sets"]) == 279
    many = await zendesk.get("/api/v2/tickets/show_many", ids="412,698,1", include="metric_sets")
    assert {row["id"] for row in many["tickets"]} >= {412, 698}


async def test_zendesk_refuses_in_its_shape(zendesk: Caller) -> None:
    """A start time of just now, what is gone, too many exports with a Retry-After, a wrong token."""
    path = "/api/v2/incremental/users/cursor"
    assert (await zendesk.get(path, start_time=int(NOW)))["status_code"] == 400
    gone = await zendesk.get("/api/v2/organizations/1", "/api/v2/organizations/{organization_id}")
    assert gone["error"] == "RecordNotFound"
    server = zendesk.server
    assert isinstance(server, ZendeskServer)
    server.purge_user(420000109)
    assert (await zendesk.get("/api/v2/deleted_users"))["deleted_users"][0][
        "name"
    ] == "Permanently Deleted User"
    server.exports_a_minute = 1
    assert (await zendesk.get(path, start_time=1))["status_code"] == 429
    server.key = "another"
    assert (await zendesk.get(path, start_time=1))["status_code"] == 401
