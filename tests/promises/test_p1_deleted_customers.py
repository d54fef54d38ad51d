"""P1: a customer who is deleted at the source is deleted here, however the news arrives; old copies too."""

import json
from datetime import timedelta

import pytest
from aiohttp import web

from connectors.reconcile import interval, reconcile_source
from connectors.registry import connector_class, kinds
from storage import models
from storage.records import Customer
from storage.trust.messages import choose
from tests.promises.living import live, renew_key, words_of_the_first
from tests.promises.sweep import Stage, search
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import NOW
from tests.world import gone

pytestmark = pytest.mark.promises("P1")


@pytest.mark.parametrize("told", [True, False], ids=["by an event", "without an event"])
async def test_a_deleted_customer_is_in_no_place(stage: Stage, server: StripeServer, told: bool) -> None:
    """0 of its names, numbers and ids with the next sync or reconciliation; after the renewal of the keys,
    which is due in 12 hours, old pages, the write-ahead log and an old backup open no more either."""
    words = words_of_the_first(stage.canaries)
    await choose(stage.db, stage.account_id, on_customer_deleted="redact")
    await live(stage, server)
    await stage.plant_controls()
    backup = await stage.files.dump()
    server.delete("customers", "cus_1", "customer.deleted" if told else None)
    if told:
        await stage.sync()
    else:
        result = await reconcile_source(
            stage.db, stage.vault, stage.account_id, stage.source_id, clock=lambda: NOW
        )
        assert result.deleted == {"customers": 1}
    tables = await stage.places(of=["tables", "dump"])
    assert search(words, tables) == []
    assert {one.place for one in search([stage.canaries.control], tables)} == set(tables)

    for source_id in (0, stage.source_id):
        await renew_key(stage, source_id)
    await stage.sweep(words=words, backup=backup, leave_out=["said"])


async def test_a_running_sync_does_not_bring_it_back(stage: Stage, server: StripeServer) -> None:
    """A page that was read before the deletion, and is stored after it, stores nothing of the customer."""

    async def deleted_meanwhile(request: web.Request) -> web.Response:
        page = json.loads(server._body(request))
        await stage.world.write(gone(Customer, "cus_1"))
        server.delete("customers", "cus_1")  # no event: nothing but the tombstone speaks against the page
        return web.json_response(page)

    server.break_next("/v1/customers", deleted_meanwhile)
    await stage.sync()
    gone_id = await stage.world.id_of("customer", "cus_1")
    assert len(await stage.world.rows(models.Customer)) == 3
    for model in (models.Subscription, models.Invoice, models.Payment, models.MrrSpan, models.CustomerLink):
        rows = await stage.world.rows(model)
        assert rows
        assert gone_id not in {row.customer_id for row in rows}
    tables = await stage.places(of=["tables"])
    assert search(words_of_the_first(stage.canaries), tables) == []


@pytest.mark.parametrize("kind", kinds())
def test_what_was_missed_is_found_within_a_day(kind: str) -> None:
    """Each connector says how often it compares: never above a day, however many customers there are."""
    connector = connector_class(kind)
    for customers in (1, 10_000, 10**9):
        assert timedelta(minutes=1) <= interval(connector, customers) <= timedelta(hours=24)
    assert interval(connector_class("stripe"), 10_000) == timedelta(minutes=15)
