"""Webhooks, received and worked on: once each, in any order, whatever is sent."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.inbox import Inbox
from connectors.registry import connector_class, kinds
from connectors.signatures import Asked
from connectors.webhooks import MOST_ATTEMPTS, WorkedOff, work_off
from storage import models
from storage.locks import Busy, exclusive
from storage.sources import SourceSecret, add_source, get_source, open_secret, set_signing_secrets
from storage.trust.source_removal import remove_source
from storage.trust.webhook_events import EventState, list_events, replay
from tests.connectors.relations import VENDORS
from tests.connectors.test_relation_sync import MAIN, connected, counts, later, sync
from tests.promises.canaries import find
from tests.vendors.signing import signed, told
from tests.world import World

SECRET, URL = "whsec_of_the_tests", "https://bot.example.com/webhooks/1/2"
KINDS = {"hubspot": "company", "intercom": "company", "zendesk": "organization"}

each_vendor = pytest.mark.parametrize("vendor", VENDORS)
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@asynccontextmanager
async def listening(world: World, vendor: str) -> AsyncIterator[tuple[World, Any]]:
    """A synced source that takes webhooks, and its server."""
    async with connected(world, vendor) as (source, server):
        await set_signing_secrets(source.db, source.vault, source.account_id, source.source_id, [SECRET])
        await sync(source)
        later(server)
        yield source, server


async def send(source: World, vendor: str, body: bytes, secret: str = SECRET) -> bool:
    now = datetime.now(UTC)
    asked = Asked("POST", URL, signed(vendor, body, secret, now, url=URL), body)
    async with Inbox(source.db, source.vault) as inbox:
        return await inbox.receive(source.account_id, source.source_id, asked)


async def work(source: World) -> WorkedOff:
    return await work_off(source.db, source.vault, source.account_id, source.source_id)


async def events(source: World, state: EventState | None = None) -> list[Any]:
    return list(await list_events(source.db, source.account_id, source_id=source.source_id, state=state))


def main_id(server: Any, vendor: str, place: int = 0) -> Any:
    id_ = list(server.tables[MAIN[vendor]])[place]
    return int(id_) if vendor == "zendesk" else id_


@each_vendor
async def test_what_is_told_is_read_again(world: World, vendor: str) -> None:
    """A changed company is stored as it is now, a new one too, and one that is gone goes, without a sync."""
    async with listening(world, vendor) as (source, server):
        before = await counts(source)
        server.put(MAIN[vendor], 999_999 if vendor == "zendesk" else "999999", name="New", domain_names=[])
        gone = main_id(server, vendor, 1)
        del server.tables[MAIN[vendor]][str(gone)]
        for number, id_ in enumerate(("999999", str(gone))):
            assert await send(source, vendor, told(vendor, KINDS[vendor], id_, event=str(number)))
        assert await work(source) == WorkedOff(done=2)
        after = await counts(source)
        assert after["customer"] == before["customer"]
        ids = {row.id for row in await source.rows(models.Customer)}
        assert await source.id_of("customer", "999999") in ids
        assert await source.id_of("customer", str(gone)) not in ids


@on_one_database
@each_vendor
async def test_doubled_late_and_disordered_events_end_in_the_same_state(world: World, vendor: str) -> None:
    """Each event is noted once; whatever its order and age, the object is as the vendor has it now."""
    async with listening(world, vendor) as (source, server):
        id_ = main_id(server, vendor)
        for number in (3, 1, 2, 1, 3, 3):
            server.put(MAIN[vendor], id_, name=f"Name {number}")
            assert await send(source, vendor, told(vendor, KINDS[vendor], str(id_), event=str(number)))
        assert len(await events(source)) == 3
        await work(source)
        rows = {row.id: row.fingerprint for row in await source.rows(models.Customer)}
        later(server)
        assert (await sync(source)).written.changed["customer"] == 0
        assert {row.id: row.fingerprint for row in await source.rows(models.Customer)} == rows


@on_one_database
@each_vendor
async def test_what_is_not_signed_is_not_taken(world: World, vendor: str) -> None:
    """A wrong secret, a source without secrets, a source that is none, a removed one: all the same."""
    async with listening(world, vendor) as (source, server):
        body = told(vendor, KINDS[vendor], str(main_id(server, vendor)))
        assert not await send(source, vendor, body, secret="another")
        nobody = World(source.db, source.vault, source.account_id, 99)
        assert not await send(nobody, vendor, body)
        await set_signing_secrets(source.db, source.vault, source.account_id, source.source_id, [])
        assert not await send(source, vendor, body)
        assert not await send(source, vendor, body, secret="no source has this secret")
        assert await events(source) == []
        await remove_source(source.db, source.vault, source.account_id, source.source_id)
        assert not await send(source, vendor, body)


@on_one_database
@each_vendor
async def test_nothing_of_a_body_is_kept_but_what_it_touched(world: World, vendor: str) -> None:
    """Stream and id, sealed: no value that was sent."""
    async with listening(world, vendor) as (source, server):
        id_ = str(main_id(server, vendor))
        assert await send(source, vendor, told(vendor, KINDS[vendor], id_))
        (row,) = await source.rows(models.WebhookEvent)
        keys = await source.vault.source_keys(source.account_id, source.source_id)
        opened = keys.open(table="webhook_event", row_id=row.event_id, column="sealed", sealed=row.sealed)
        assert json.loads(opened) == [[MAIN[vendor], id_]]
        assert find(["secret@person.example"], opened + row.sealed) == []


@on_one_database
@each_vendor
async def test_unknown_types_and_forms_are_no_errors(world: World, vendor: str) -> None:
    """They are noted by type, or not at all, and touch nothing."""
    async with listening(world, vendor) as (source, _):
        before = await counts(source)
        assert await send(source, vendor, told(vendor, "spaceship", "7", what="landed"))
        assert await send(source, vendor, b"not even JSON")
        assert await send(source, vendor, b'{"id": 5}')
        assert await work(source) == WorkedOff(done=1)
        assert [event.state for event in await events(source)] == [EventState.DONE]
        assert await counts(source) == before


@on_one_database
async def test_an_event_that_always_fails_is_set_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its neighbours are done at once; after five rounds it waits for somebody to look, and to replay it."""
    from connectors.zendesk import Zendesk

    async with listening(world, "zendesk") as (source, server):
        good, bad = str(main_id(server, "zendesk", 0)), str(main_id(server, "zendesk", 1))
        fetch = Zendesk.fetch

        async def failing(self: Any, stream: Any, ids: Any) -> Any:
            if bad in ids:
                raise ValueError("a poison event")
            return await fetch(self, stream, ids)

        monkeypatch.setattr(Zendesk, "fetch", failing)
        for number, id_ in enumerate((good, bad)):
            assert await send(source, "zendesk", told("zendesk", "organization", id_, event=str(number)))
        assert await work(source) == WorkedOff(done=1, failed=1)
        for _ in range(MOST_ATTEMPTS - 2):
            assert await work(source) == WorkedOff(failed=1)
        assert await work(source) == WorkedOff(dead=1)
        assert await work(source) == WorkedOff()
        (dead,) = await events(source, EventState.DEAD)
        assert (dead.attempts, dead.failure) == (MOST_ATTEMPTS, "ValueError")
        monkeypatch.setattr(Zendesk, "fetch", fetch)
        await replay(source.db, source.account_id, source.source_id, [dead.event_id])
        assert await work(source) == WorkedOff(done=1)


@on_one_database
async def test_events_wait_for_a_running_sync(world: World) -> None:
    """Two never write the same source at once; what waits is done afterwards."""
    async with listening(world, "hubspot") as (source, _):
        assert await send(source, "hubspot", told("hubspot", "company", "9001"))
        async with exclusive(source.db, f"sync:{source.account_id}:{source.source_id}"):
            with pytest.raises(Busy):
                await work(source)
        assert await work(source) == WorkedOff(done=1)


@on_one_database
async def test_a_secret_is_rolled_without_a_gap(world: World) -> None:
    """The old and the new one are good together; the key stays as it was."""
    async with listening(world, "intercom") as (source, server):
        account = (source.db, source.vault, source.account_id, source.source_id)
        await set_signing_secrets(*account, ["the newer one", SECRET])
        for number, secret in enumerate(("the newer one", SECRET)):
            body = told("intercom", "company", "64f000001", event=str(number))
            assert await send(source, "intercom", body, secret=secret)
        kept = await open_secret(source.vault, await get_source(*account[:1], *account[2:]))
        assert kept == SourceSecret(server.key, ("the newer one", SECRET))


def test_every_vendor_says_what_its_events_touch() -> None:
    """By stream and id, in the vendor's own shapes."""
    read = {kind: connector_class(kind).hook.read for kind in kinds() if connector_class(kind).hook}  # type: ignore[union-attr]  # just asked
    assert set(read) == {"stripe", "hubspot", "intercom", "zendesk"}
    (notice,) = read["stripe"](told("stripe", "customer", "cus_1"))
    assert (notice.touched, notice.customer) == ((("customers", "cus_1"),), "cus_1")
    discount = {"id": "di_1", "customer": "cus_1", "subscription": "sub_1"}
    event = {"id": "evt_2", "type": "customer.discount.created", "created": 1, "data": {"object": discount}}
    (notice,) = read["stripe"](json.dumps(event).encode())
    assert set(notice.touched) == {("customers", "cus_1"), ("subscriptions", "sub_1")}
    assert notice.customer == "cus_1"
    merged = [{"eventId": 1, "subscriptionType": "contact.merge", "objectId": 5, "mergedObjectIds": [5, 6]}]
    (notice,) = read["hubspot"](json.dumps(merged).encode())
    assert set(notice.touched) == {("contacts", "5"), ("contacts", "6")}
    moved = [{"eventId": 1, "subscriptionType": "deal.associationChange", "fromObjectId": 7, "toObjectId": 8}]
    (notice,) = read["hubspot"](json.dumps(moved).encode())
    assert notice.touched == (("deals", "7"),)
    newer = [{"eventId": 1, "subscriptionType": "object.deletion", "objectTypeId": "0-2", "objectId": 9}]
    (notice,) = read["hubspot"](json.dumps(newer).encode())
    assert (notice.touched, notice.customer) == ((("companies", "9"),), "9")


async def test_stripes_events_are_taken(world: World) -> None:
    """The world's own source is one of Stripe's; a customer that its server no longer has is forgotten."""
    from tests.vendors.stripe import StripeServer
    from tests.vendors.stripe_company import NOW, company

    async with StripeServer(company(customers=5), key="sk_test_1") as server:
        source_id = await add_source(
            world.db,
            world.vault,
            world.account_id,
            kind="stripe",
            label="Stripe",
            secret=SourceSecret("sk_test_1", (SECRET,)),
            base_url=server.url,
            now=NOW - timedelta(days=1),
        )
        source = World(world.db, world.vault, world.account_id, source_id)
        await sync(source)
        customer = server.world.tables["customers"].rows[0].object["id"]
        server.delete("customers", customer)
        assert await send(source, "stripe", told("stripe", "customer", customer, what="deleted"))
        assert await work(source) == WorkedOff(done=1)
        assert len(await source.rows(models.Customer)) == 4
