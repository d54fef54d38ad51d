"""Syncing a source: the first load, its changes, its deletions, and what it may not read."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.demo import new_key
from connectors.errors import KeyRefused
from connectors.sync import sync_source
from storage import models
from storage.keys.vault import KeyDestroyed
from storage.locks import Busy
from storage.metrics.figures import Number
from storage.metrics.plan import Plan
from storage.sources import SourceSecret, add_source
from storage.trust.source_removal import remove_source
from tests.vendors import stripe_objects as make
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import NOW, company
from tests.world import World

KEY = "sk_test_of_this_test"


@pytest.fixture
async def server() -> AsyncIterator[StripeServer]:
    async with StripeServer(company(customers=40), key=KEY) as running:
        yield running


@pytest.fixture
async def source(world: World, server: StripeServer) -> World:
    """The world with a second source: the test server."""
    return await _connect(world, server.url)


async def _connect(world: World, url: str | None, kind: str = "stripe", key: str = KEY) -> World:
    source_id = await add_source(
        world.db,
        world.vault,
        world.account_id,
        kind=kind,
        label=kind,
        secret=SourceSecret(key),
        base_url=url,
        now=NOW,
    )
    return World(world.db, world.vault, world.account_id, source_id)


async def _sync(world: World, *, full: bool = False, now: datetime = NOW):  # type: ignore[no-untyped-def]
    return await sync_source(
        world.db, world.vault, world.account_id, world.source_id, full=full, clock=lambda: now
    )


async def _mrr(world: World) -> dict[str, int | float]:
    number = await world.ask(Plan(measure="mrr"))
    assert isinstance(number, Number)
    return dict(number.values)


async def test_the_first_sync_stores_everything(source: World, server: StripeServer) -> None:
    """Every object that the server lists has its row."""
    result = await _sync(source)
    for resource, model in {
        "customers": models.Customer,
        "subscriptions": models.Subscription,
        "invoices": models.Invoice,
        "charges": models.Payment,
        "refunds": models.Refund,
        "prices": models.Price,
    }.items():
        assert len(await source.rows(model)) == len(server.world.tables[resource].rows), resource
    assert (result.left_out, result.skipped) == ({}, [])


async def test_stripe_and_the_demo_tell_the_same_company(source: World, world: World) -> None:
    """The same company read as records and as Stripe's JSON has the same MRR, to the minor unit."""
    async with StripeServer(company(customers=10_000)) as whole:
        as_stripe = await _connect(world, whole.url)
        await _sync(as_stripe)
    told_by_stripe = await _mrr(as_stripe)
    await remove_source(world.db, world.vault, world.account_id, as_stripe.source_id)
    as_demo = await _connect(world, None, "demo", new_key(NOW))
    await _sync_demo(as_demo)
    assert told_by_stripe == await _mrr(as_demo) != {}


async def _sync_demo(world: World) -> None:
    import time_machine

    with time_machine.travel(NOW, tick=False):
        await _sync(world)


async def test_a_second_sync_asks_only_for_changes(source: World, server: StripeServer) -> None:
    """Nothing changed: a handful of requests, and no row is written."""
    await _sync(source)
    asked = server.requests.total()
    result = await _sync(source, now=NOW + timedelta(minutes=5))
    assert server.requests.total() - asked <= 5
    assert sum(result.written.inserted.values()) + sum(result.written.changed.values()) == 0


async def test_a_change_told_by_an_event_arrives(source: World, server: StripeServer) -> None:
    """A new customer and its subscription, told by events, raise MRR by its price."""
    await _sync(source)
    before = await _mrr(source)
    server.put("customers", make.customer("cus_new", currency="usd"), event="customer.created")
    bought = make.item(of=server.world.tables["prices"].rows[0].object)
    told = make.subscription("sub_new", [bought], customer="cus_new", currency=bought["price"]["currency"])
    server.put("subscriptions", told, event="customer.subscription.created")
    result = await _sync(source, now=NOW + timedelta(minutes=5))
    assert (result.written.inserted["customer"], result.written.inserted["subscription"]) == (1, 1)
    assert await _mrr(source) != before


async def test_a_change_took_effect_when_the_source_says(source: World, server: StripeServer) -> None:
    """An upgrade told by an event moves MRR at the event's time, not an hour later when we read it."""
    await _sync(source, now=NOW)
    told = next(
        row.object for row in server.world.tables["subscriptions"].rows if row.object["status"] == "active"
    )
    item = told["items"]["data"][0]
    more = {**told, "items": {**told["items"], "data": [{**item, "quantity": item["quantity"] + 1}]}}
    server.put("subscriptions", more)
    then = datetime.now(UTC).replace(microsecond=0)
    server.tell("customer.subscription.updated", more, at=int(then.timestamp()))
    await _sync(source, now=then + timedelta(hours=1))
    changes = await source.rows(models.SubscriptionChange)
    assert max(change.at for change in changes) == then


async def test_a_discount_taken_from_a_customer_leaves_the_past_as_it_was(
    source: World, server: StripeServer
) -> None:
    """Told by an event of the discount: MRR rises from that moment on, and no earlier."""
    server.put("coupons", make.coupon("HALF", 50))
    buyer = make.customer("cus_half", currency="usd", discount=make.discount(of="HALF"))
    bought = make.subscription("sub_half", customer="cus_half")
    server.put("customers", buyer)
    server.put("subscriptions", bought)
    await _sync(source, now=NOW)
    then = datetime.now(UTC).replace(microsecond=0)
    server.put("customers", buyer | {"discount": None})
    server.tell(
        "customer.discount.deleted", make.discount() | {"customer": "cus_half"}, at=int(then.timestamp())
    )
    await _sync(source, now=then + timedelta(hours=1))
    theirs = await source.id_of("customer", "cus_half")
    spans = [span for span in await source.rows(models.MrrSpan) if span.customer_id == theirs]
    found = sorted((span.starts_at, span.mrr) for span in spans)
    assert [mrr for _, mrr in found] == [1_000, 2_000]
    assert found[1][0] == then


async def test_a_customer_deleted_at_the_source_is_gone(source: World, server: StripeServer) -> None:
    """Its row, its names and its profile go; what is left of it does not pay any more."""
    await _sync(source)
    customers = {row.id for row in await source.rows(models.Customer)}
    deleted = next(row.object["id"] for row in server.world.tables["customers"].rows)
    server.delete("customers", deleted, event="customer.deleted")
    result = await _sync(source, now=NOW + timedelta(minutes=5))
    left = {row.id for row in await source.rows(models.Customer)}
    assert customers - left == {await source.id_of("customer", deleted)}
    assert result.written.deleted == 1


async def test_a_full_sync_reads_everything_again(source: World, server: StripeServer) -> None:
    """What changed without an event is seen by a full sync."""
    await _sync(source)
    changed = server.world.tables["customers"].rows[0].object
    server.put("customers", {**changed, "name": "Renamed in silence"})
    assert sum((await _sync(source)).written.changed.values()) == 0
    assert (await _sync(source, full=True)).written.changed["customer"] == 1


async def test_a_stream_that_the_key_may_not_read_is_left_out(source: World, server: StripeServer) -> None:
    """The rest is synced, and the result says what is missing and why."""
    server.forbidden.add("disputes")
    result = await _sync(source)
    assert list(result.left_out) == ["disputes"]
    assert "permission" in result.left_out["disputes"]
    assert await source.rows(models.Customer)


async def test_a_server_without_events_is_listed_anew(source: World, server: StripeServer) -> None:
    """Without an event log, a change is found all the same."""
    server.missing.add("events")
    await _sync(source)
    changed = server.world.tables["customers"].rows[0].object
    server.put("customers", {**changed, "name": "Renamed"})
    assert (await _sync(source)).written.changed["customer"] == 1


async def test_a_wrong_key_stops_the_sync_and_is_noted(world: World, server: StripeServer) -> None:
    """The error says what to do, never the key; the error log keeps the facts."""
    wrong = await _connect(world, server.url, key="sk_test_wrong")
    with pytest.raises(KeyRefused) as refused:
        await _sync(wrong)
    assert "sk_test_wrong" not in str(refused.value)
    noted = await wrong.rows(models.SourceError)
    assert {row.status for row in noted} == {401}


async def test_two_syncs_of_a_source_are_impossible(source: World) -> None:
    """The second is told at once that one is running, and the first is not disturbed."""
    first = asyncio.create_task(_sync(source))
    await asyncio.sleep(0.05)
    with pytest.raises(Busy):
        await _sync(source)
    assert (await first).read > 0


async def test_a_removed_source_leaves_no_row(source: World) -> None:
    """Removing a source takes every row it brought, its profiles, its errors and its keys."""
    await _sync(source)
    await remove_source(source.db, source.vault, source.account_id, source.source_id)
    for mapper in models.Base.registry.mappers:
        if issubclass(mapper.class_, models.OfSource) or mapper.class_ in (models.Profile, models.Movement):
            left = [row for row in await source.rows(mapper.class_) if getattr(row, "source_id", 2) == 2]
            assert left == [], mapper.class_.__tablename__
    with pytest.raises(KeyDestroyed):
        await source.vault.source_keys(source.account_id, source.source_id)


async def test_many_windows_read_what_one_cursor_reads(world: World) -> None:
    """A stream long enough to be divided among readers is stored whole, each object once."""
    async with StripeServer(company(customers=200), latency=0.02) as slow:
        source = await _connect(world, slow.url)
        await _sync(source)
        assert any("created[lt]" in request.query for request in slow.asked)
        assert len(await source.rows(models.Payment)) == len(slow.world.tables["charges"].rows)
        assert len(await source.rows(models.Invoice)) == len(slow.world.tables["invoices"].rows)
