"""The Stripe test server answers as Stripe's own description says, and refuses as Stripe refuses."""

import json
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator

from tests.vendors import stripe_objects as make
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_data import World
from tests.vendors.stripe_objects import DAY, T0

SHARED = Path(__file__).parents[3] / "shared"
SPEC = SHARED / "vendors" / "specs" / "stripe.json"
WORLD = SHARED / "questions" / "world" / "stripe"
HEADERS = {"Authorization": "Bearer sk_test_1"}
LISTS = {
    "products": (),
    "prices": ("tiers",),
    "coupons": ("applies_to",),
    "customers": ("discount.source.coupon",),
    "subscriptions": ("discounts.source.coupon", "items.data.discounts"),
    "invoices": ("discounts.source.coupon", "payments", "lines.data.discounts"),
    "charges": (),
    "refunds": (),
    "disputes": (),
    "payment_intents": (),
    "events": (),
}


@cache
def spec() -> Any:
    """The description as JSON Schema: OpenAPI's `nullable` said in JSON Schema's way."""
    if not SPEC.exists():
        pytest.skip("Stripe's description (../shared/vendors/specs/stripe.json) is not there")
    return _plain(json.loads(SPEC.read_text()))


@cache
def validator(path: str, status: int) -> Draft202012Validator:
    """For the answers to GET `path` with this status."""
    responses = spec()["paths"][path]["get"]["responses"]
    response = responses.get(str(status), responses["default"])
    schema = response["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": spec()["components"]})


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {name: _plain(value) for name, value in node.items() if name not in {"nullable", "example"}}
    return {"anyOf": [found, {"type": "null"}]} if node.get("nullable") is True else found


def check(path: str, status: int, answer: Any) -> None:
    """That the answer is one which the description allows for GET `path`."""
    errors = validator(path, status).iter_errors(answer)
    assert not [f"{error.json_path}: {error.message[:200]}" for error in errors][:5]


class Caller:
    """Asks the server and checks every answer against the description."""

    def __init__(self, server: StripeServer, session: aiohttp.ClientSession) -> None:
        self.server, self.session = server, session

    async def get(self, path: str, template: str = "", **query: Any) -> Any:
        pairs = [(name, str(one)) for name, v in query.items() for one in (v if isinstance(v, list) else [v])]
        async with self.session.get(self.server.url + path, params=pairs, headers=HEADERS) as response:
            answer = await response.json()
            check(template or path, response.status, answer)
            return answer | {"status_code": response.status}


@cache
def world() -> World:
    """The example account, which the tests that share it only read."""
    if not WORLD.exists():
        pytest.skip("the example account (../shared/questions/world/stripe) is not there")
    return World.read(WORLD)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with StripeServer(world()) as server, aiohttp.ClientSession() as session:
        yield Caller(server, session)


@pytest.mark.parametrize("resource", LISTS)
async def test_lists_and_objects_are_of_the_described_shape(caller: Caller, resource: str) -> None:
    """Every list, plain and expanded, and every object of it."""
    expand = {"expand[]": [f"data.{path}" for path in LISTS[resource]]}
    plain = await caller.get(f"/v1/{resource}", limit=20)
    await caller.get(f"/v1/{resource}", limit=20, **expand)
    for row in plain["data"][:3]:
        found = await caller.get(f"/v1/{resource}/{row['id']}", f"/v1/{resource}/{{id}}")
        assert found["id"] == row["id"]


async def test_inner_lists_are_of_the_described_shape(caller: Caller) -> None:
    """An invoice's lines, a subscription's items."""
    invoice = (await caller.get("/v1/invoices", limit=1))["data"][0]
    lines = await caller.get(f"/v1/invoices/{invoice['id']}/lines", "/v1/invoices/{id}/lines")
    assert [line["id"] for line in lines["data"]] == [line["id"] for line in invoice["lines"]["data"]]
    subscription = (await caller.get("/v1/subscriptions", limit=1))["data"][0]
    await caller.get("/v1/subscription_items", subscription=subscription["id"])


async def test_refusals_are_of_the_described_shape(caller: Caller) -> None:
    """Wrong parameters, missing objects, forbidden and missing resources, too many requests."""
    server = caller.server
    assert (await caller.get("/v1/customers", limit=101))["status_code"] == 400
    assert (await caller.get("/v1/customers", starting_after="cus_no"))["status_code"] == 400
    assert (await caller.get("/v1/customers", **{"expand[]": "data.name.x"}))["status_code"] == 400
    assert (await caller.get("/v1/customers", **{"expand[]": "data.a.b.c.d"}))["status_code"] == 400
    assert (await caller.get("/v1/invoices/in_no", "/v1/invoices/{id}"))["error"][
        "code"
    ] == "resource_missing"
    server.forbidden, server.missing = {"charges"}, {"disputes"}
    assert (await caller.get("/v1/charges"))["status_code"] == 403
    assert (await caller.get("/v1/disputes"))["status_code"] == 404
    server.every_429 = 1
    assert (await caller.get("/v1/customers"))["status_code"] == 429
    server.every_429, server.key = None, "sk_live_other"
    assert (await caller.get("/v1/customers"))["status_code"] == 401


async def test_paging_walks_both_ways(caller: Caller) -> None:
    """starting_after goes to older objects, ending_before back to newer ones, and both say when to stop."""
    first = await caller.get("/v1/invoices", limit=10)
    second = await caller.get("/v1/invoices", limit=10, starting_after=first["data"][-1]["id"])
    back = await caller.get("/v1/invoices", limit=10, ending_before=second["data"][0]["id"])
    assert back["data"] == first["data"]
    assert (second["has_more"], back["has_more"]) == (True, False)
    between = await caller.get("/v1/invoices", limit=3, ending_before=second["data"][0]["id"])
    assert (between["data"], between["has_more"]) == (first["data"][-3:], True)


async def test_filters_narrow_a_list(caller: Caller) -> None:
    """created, status and event types; cancelled subscriptions are left out by default."""
    rows = [row.object for row in caller.server.world.tables["subscriptions"].rows]
    default = await caller.get("/v1/subscriptions", limit=100)
    assert "canceled" not in {row["status"] for row in default["data"]}
    trials = await caller.get("/v1/subscriptions", limit=100, status="trialing")
    assert {row["id"] for row in trials["data"]} == {r["id"] for r in rows if r["status"] == "trialing"}
    cut = sorted(row["created"] for row in rows)[50]
    old = await caller.get("/v1/subscriptions", limit=100, status="all", **{"created[lt]": cut})
    assert len(old["data"]) == sum(row["created"] < cut for row in rows)
    told = await caller.get("/v1/events", limit=100, **{"types[]": ["customer.deleted", "invoice.voided"]})
    assert {row["type"] for row in told["data"]} == {"customer.deleted", "invoice.voided"}


async def test_what_is_expandable_is_short_by_default(caller: Caller) -> None:
    """Discounts are ids, tiers and payments are left out, coupons are ids."""
    invoices = [row.object for row in caller.server.world.tables["invoices"].rows]
    found = next(row for row in invoices if row["discounts"])
    plain = await caller.get(f"/v1/invoices/{found['id']}", "/v1/invoices/{id}")
    assert plain["discounts"] == [one["id"] for one in found["discounts"]]
    assert "payments" not in plain
    paths = ["discounts.source.coupon", "payments"]
    full = await caller.get(f"/v1/invoices/{found['id']}", "/v1/invoices/{id}", **{"expand[]": paths})
    assert full["discounts"][0]["source"]["coupon"]["object"] == "coupon"
    assert full["payments"] == found["payments"]
    prices = (await caller.get("/v1/prices", limit=100))["data"]
    assert not [price for price in prices if "tiers" in price]


async def test_the_server_keeps_state() -> None:
    """What is put is listed and told, what is deleted leaves a stub and an event."""
    async with StripeServer(clock=lambda: T0 + DAY) as server, aiohttp.ClientSession() as session:
        caller = Caller(server, session)
        server.put("customers", make.customer("cus_1"), "customer.created")
        assert (await _get(caller, "/v1/customers"))["data"][0]["id"] == "cus_1"
        server.delete("customers", "cus_1", "customer.deleted")
        assert (await _get(caller, "/v1/customers"))["data"] == []
        assert (await _get(caller, "/v1/customers/cus_1"))["deleted"] is True
        told = (await _get(caller, "/v1/events"))["data"]
        assert [event["type"] for event in told] == ["customer.deleted", "customer.created"]


async def test_copies_make_a_big_account_of_a_small_one() -> None:
    """Each object exists so often, with ids, references and addresses of its own; paging covers them all."""
    world = World(copies=30)
    world.tables["customers"].load([make.customer(f"cus_{n}", created=T0 + n) for n in range(5)])
    world.tables["subscriptions"].load([make.subscription(customer="cus_1")])
    async with StripeServer(world) as server, aiohttp.ClientSession() as session:
        caller = Caller(server, session)
        first = await _get(caller, "/v1/customers", limit=100)
        rest = await _get(caller, "/v1/customers", limit=100, starting_after=first["data"][-1]["id"])
        rows = first["data"] + rest["data"]
        assert (len({row["id"] for row in rows}), len({row["email"] for row in rows})) == (150, 150 // 5)
        assert (first["has_more"], rest["has_more"]) == (True, False)
        assert (await _get(caller, "/v1/customers/cus_2x29"))["id"] == "cus_2x29"
        subscriptions = (await _get(caller, "/v1/subscriptions", limit=100))["data"]
        assert {row["customer"] for row in subscriptions} <= {row["id"] for row in rows}


async def _get(caller: Caller, path: str, **query: Any) -> Any:
    """Without the description, for objects that hold only what a test needs."""
    async with caller.session.get(caller.server.url + path, params=query, headers=HEADERS) as response:
        return await response.json()
