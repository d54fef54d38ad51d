"""Reconciliation: what vanished at the source goes here, and nothing else ever does."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SourceUnavailable
from connectors.id_sets import IdSet
from connectors.reconcile import LONGEST, Reconciled, interval, is_due, reconcile_source
from connectors.stripe import Stripe
from connectors.sync import sync_source
from storage import models
from storage.keys.vault import KeyDestroyed
from storage.sources import SourceSecret, add_source, get_source
from tests.vendors import stripe_objects as make
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import NOW, company
from tests.world import World

KEY = "sk_test_of_this_test"


@pytest.fixture
async def server() -> AsyncIterator[StripeServer]:
    async with StripeServer(company(customers=25), key=KEY) as running:
        yield running


@pytest.fixture
async def source(world: World, server: StripeServer) -> World:
    """A second source, the test server, completely synced."""
    source_id = await add_source(
        world.db,
        world.vault,
        world.account_id,
        kind="stripe",
        label="Stripe",
        secret=SourceSecret(KEY),
        base_url=server.url,
        now=NOW,
    )
    synced = World(world.db, world.vault, world.account_id, source_id)
    await sync_source(world.db, world.vault, world.account_id, source_id, clock=lambda: NOW)
    return synced


async def reconcile(source: World) -> Reconciled:
    return await reconcile_source(
        source.db, source.vault, source.account_id, source.source_id, clock=lambda: NOW
    )


async def _customers(source: World) -> set[bytes]:
    return {row.id for row in await source.rows(models.Customer)}


def _ids(server: StripeServer, resource: str = "customers") -> list[str]:
    return [row.object["id"] for row in server.world.tables[resource].rows]


async def test_a_customer_deleted_without_an_event_is_found(source: World, server: StripeServer) -> None:
    """Its row goes, all that named it is anonymous, and the source says when it was compared."""
    gone = _ids(server)[3]
    before, row_id = await _customers(source), await source.id_of("customer", gone)
    server.delete("customers", gone)
    result = await reconcile(source)
    assert result.deleted == {"customers": 1}
    assert before - await _customers(source) == {row_id}
    assert all(row.customer_id != row_id for row in await source.rows(models.Subscription))
    assert (await get_source(source.db, source.account_id, source.source_id)).reconciled_at == NOW


async def test_nothing_missing_changes_nothing(source: World, server: StripeServer) -> None:
    """One list is read, and no row changes."""
    before = await _customers(source)
    result = await reconcile(source)
    assert (result.deleted, result.doubted) == ({}, {})
    assert await _customers(source) == before


@pytest.mark.usefixtures("no_waiting")
async def test_a_list_that_fails_deletes_nothing(source: World, server: StripeServer) -> None:
    """A server error in the middle of the list ends the comparison; all rows are still there."""
    before = await _customers(source)
    for id_ in _ids(server)[:5]:
        server.delete("customers", id_)
    for _ in range(20):
        server.break_next("/v1/customers", lambda _: web.json_response({"error": {}}, status=500))
    with pytest.raises(SourceUnavailable):
        await reconcile(source)
    assert await _customers(source) == before


async def test_a_list_that_ends_early_deletes_nothing(source: World, server: StripeServer) -> None:
    """A page that claims to be the last although it is not: those it lacks are asked for by name."""
    before = await _customers(source)

    def cut(request: web.Request) -> web.Response:
        body = json.loads(server._body(request))
        return web.json_response(body | {"data": body["data"][:-4], "has_more": False})

    server.break_next("/v1/customers", cut)
    result = await reconcile(source)
    assert await _customers(source) == before
    assert (result.deleted, result.doubted) == ({}, {"customers": 4})


async def test_an_empty_list_is_asked_for_again(source: World, server: StripeServer) -> None:
    """An empty answer that the second list contradicts deletes nothing."""
    before = await _customers(source)
    server.break_next("/v1/customers", _empty)
    result = await reconcile(source)
    assert await _customers(source) == before
    assert result.deleted == {}


def _empty(_: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [], "has_more": False, "url": "/v1/customers"})


async def test_an_api_that_is_empty_twice_is_not_believed_either(source: World, server: StripeServer) -> None:
    """Two empty lists in a row, while the customers can be had by name: nothing goes."""
    before = await _customers(source)
    server.break_next("/v1/customers", _empty)
    server.break_next("/v1/customers", _empty)
    result = await reconcile(source)
    assert await _customers(source) == before
    assert result.doubted == {"customers": len(before)}


async def test_a_mass_deletion_that_two_lists_confirm_is_believed(
    source: World, server: StripeServer
) -> None:
    """Half of the customers are really gone: after a second list they go here too."""
    gone = _ids(server)[::2]
    for id_ in gone:
        server.delete("customers", id_)
    lists = server.requests["/v1/customers"]
    result = await reconcile(source)
    assert result.deleted == {"customers": len(gone)}
    assert server.requests["/v1/customers"] - lists == 2
    assert await _customers(source) == {await source.id_of("customer", id_) for id_ in _ids(server)}


async def test_what_is_created_while_the_list_is_read_is_safe(source: World, server: StripeServer) -> None:
    """A customer that is stored after the list has passed its place is not taken for deleted."""

    async def meanwhile(request: web.Request) -> web.Response:
        body = json.loads(server._body(request))
        server.put("customers", make.customer("cus_new"), event="customer.created")
        await sync_source(source.db, source.vault, source.account_id, source.source_id, clock=lambda: NOW)
        return web.json_response(body)

    server.break_next("/v1/customers", meanwhile)
    result = await reconcile(source)
    assert result.deleted == {}
    assert await source.id_of("customer", "cus_new") in await _customers(source)


async def test_a_deleted_draft_is_found_and_a_bill_never_taken_for_one(
    source: World, server: StripeServer
) -> None:
    """A draft invoice that vanished goes; a list of invoices without a finalized one is not believed."""
    rows = server.world.tables["invoices"].rows
    draft = {**rows[-1].object, "id": "in_draft", "status": "draft", "created": rows[0].object["created"]}
    server.put("invoices", draft, event="invoice.created")
    await sync_source(source.db, source.vault, source.account_id, source.source_id, clock=lambda: NOW)
    row_id = await source.id_of("invoice", "in_draft")
    server.delete("invoices", "in_draft")
    paid = next(row.object["id"] for row in rows if row.object["status"] == "paid")

    def lacks_a_bill(request: web.Request) -> web.Response:
        body = json.loads(server._body(request))
        return web.json_response(body | {"data": [row for row in body["data"] if row["id"] != paid]})

    server.break_next("/v1/invoices", lacks_a_bill)
    assert (await reconcile(source)).deleted == {}
    assert row_id in {row.id for row in await source.rows(models.Invoice)}
    assert (await reconcile(source)).deleted == {"invoices": 1}
    assert row_id not in {row.id for row in await source.rows(models.Invoice)}


async def test_a_removed_source_stops_it(source: World, server: StripeServer) -> None:
    """The source is removed while its list is read: the comparison ends, and nothing of it comes back."""
    from storage.trust.source_removal import remove_source

    async def removed(request: web.Request) -> web.Response:
        await remove_source(source.db, source.vault, source.account_id, source.source_id)
        return web.json_response(json.loads(server._body(request)))

    server.break_next("/v1/customers", removed)
    with pytest.raises(KeyDestroyed):
        await reconcile(source)
    assert await _customers(source) == set()


async def test_it_is_due_by_the_size_of_the_source(source: World) -> None:
    """Small sources every quarter of an hour, larger ones as the rate limit allows, none later than daily."""
    assert interval(Stripe, 40) == timedelta(minutes=15)
    assert interval(Stripe, 1_000_000) == timedelta(seconds=8_000)
    assert interval(Stripe, 10**9) == LONGEST == timedelta(days=1)
    known = await get_source(source.db, source.account_id, source.source_id)
    assert await is_due(source.db, known, NOW)
    await reconcile(source)
    known = await get_source(source.db, source.account_id, source.source_id)
    assert not await is_due(source.db, known, NOW + timedelta(minutes=14))
    assert await is_due(source.db, known, NOW + timedelta(minutes=15))


@given(
    st.sets(st.binary(min_size=16, max_size=16), max_size=200),
    st.sets(st.binary(min_size=16, max_size=16), max_size=200),
    st.booleans(),
)
def test_sets_on_the_disk_are_sets(mine: set[bytes], theirs: set[bytes], twice: bool) -> None:
    """What is missing is the difference of the sets, whatever was added twice."""
    with IdSet() as known, IdSet() as listed:
        known.add(mine)
        listed.add([*theirs, *list(mine)[: len(mine) // 2]])
        if twice:
            known.add(mine)
        found = list(known.missing_from(listed))
        assert sorted(found) == sorted(mine - theirs - set(list(mine)[: len(mine) // 2]))
