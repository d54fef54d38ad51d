"""HubSpot, Intercom and Zendesk synced into the cache: first load, changes, interruption, what vanished."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import KeyRefused
from connectors.reconcile import reconcile_source
from connectors.sync import SyncResult, sync_source
from storage import models
from storage.sources import SourceSecret, add_source
from tests.connectors.relations import VENDORS
from tests.vendors.relation_companies import fill
from tests.vendors.server import VendorServer
from tests.vendors.zendesk import ZendeskServer
from tests.world import World

COMPANIES = 12
MAIN = {"hubspot": "companies", "intercom": "companies", "zendesk": "organizations"}
PEOPLE = {"hubspot": "contacts", "intercom": "contacts", "zendesk": "users"}
WORK = {"hubspot": models.Deal, "intercom": models.Ticket, "zendesk": models.Ticket}

each_vendor = pytest.mark.parametrize("vendor", VENDORS)
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@asynccontextmanager
async def connected(
    world: World, vendor: str, companies: int = COMPANIES
) -> AsyncIterator[tuple[World, Any]]:
    """A source of this vendor beside the world's own, and its server."""
    async with VENDORS[vendor][1]() as server:
        fill(server, companies)
        source_id = await add_source(
            world.db,
            world.vault,
            world.account_id,
            kind=vendor,
            label=vendor,
            secret=SourceSecret(server.key),
            base_url=server.url,
            now=datetime.now(UTC),
        )
        yield World(world.db, world.vault, world.account_id, source_id), server


async def sync(source: World) -> SyncResult:
    return await sync_source(source.db, source.vault, source.account_id, source.source_id)


async def counts(source: World) -> dict[str, int]:
    tables = (models.Customer, models.Contact, models.Owner, models.Ticket, models.TicketRating, models.Deal)
    return {table.__tablename__: len(await source.rows(table)) for table in tables}


def skip_time(server: VendorServer, seconds: float) -> None:
    clock = server.clock
    server.clock = lambda: clock() + seconds


def later(server: VendorServer) -> None:
    """Exports leave the last minute out."""
    skip_time(server, 120)


@each_vendor
async def test_everything_is_stored_and_a_second_sync_is_small(world: World, vendor: str) -> None:
    """The first sync stores every object; the second reads next to nothing and changes nothing."""
    async with connected(world, vendor) as (source, server):
        first = await sync(source)
        assert (first.skipped, first.left_out) == ([], {})
        stored = await counts(source)
        assert (stored["customer"], stored["contact"]) == (COMPANIES, COMPANIES)
        assert len(await source.rows(WORK[vendor])) == COMPANIES
        asked = server.requests.total()
        second = await sync(source)
        assert (sum(second.written.inserted.values()), sum(second.written.changed.values())) == (0, 0)
        assert second.read <= 0.3 * first.read  # here: owners and stages, of a company of twelve
        assert server.requests.total() - asked <= asked
        assert await counts(source) == stored


@on_one_database
@each_vendor
async def test_changes_and_new_objects_arrive(world: World, vendor: str) -> None:
    """What is renamed is changed, what is new is inserted."""
    async with connected(world, vendor) as (source, server):
        await sync(source)
        ids = [(int(id_) if vendor == "zendesk" else id_) for id_ in server.tables[MAIN[vendor]]]
        server.put(MAIN[vendor], ids[0], name="Renamed")
        new = 999_999 if vendor == "zendesk" else "999999"
        server.put(MAIN[vendor], new, name="New")
        later(server)
        result = await sync(source)
        assert (result.written.inserted["customer"], result.written.changed["customer"]) == (1, 1)


@on_one_database
@each_vendor
async def test_an_interrupted_load_goes_on(world: World, vendor: str) -> None:
    """Cut off again and again, the load goes on where it was and ends with every object."""
    many, cuts = 210, 0
    async with connected(world, vendor, companies=many) as (source, server):
        server.refuses_after = 5
        while True:
            try:
                await sync(source)
            except KeyRefused:
                cuts += 1
                server.refuses_after = 3 + cuts
                skip_time(server, 61)  # a scroll dies of silence
            else:
                break
        stored = await counts(source)
        assert cuts > 1
        assert (stored["customer"], stored["contact"]) == (many, many)
        assert len(await source.rows(WORK[vendor])) == many


@each_vendor
async def test_what_vanished_without_a_word_is_found(world: World, vendor: str) -> None:
    """A company, with its person, and a person of another one are gone after a reconciliation."""
    async with connected(world, vendor) as (source, server):
        await sync(source)
        company = next(reversed(server.tables[MAIN[vendor]]))
        person = list(server.tables[PEOPLE[vendor]])[-2]
        for name, id_ in ((MAIN[vendor], company), (PEOPLE[vendor], person)):
            del server.tables[name][id_]
        found = await reconcile_source(source.db, source.vault, source.account_id, source.source_id)
        assert found.deleted == {MAIN[vendor]: 1, PEOPLE[vendor]: 1}
        stored = await counts(source)
        assert (stored["customer"], stored["contact"]) == (COMPANIES - 1, COMPANIES - 2)


@on_one_database
async def test_what_zendesk_tells_to_be_deleted_goes_at_once(world: World) -> None:
    """Tickets and users: with the next sync, without waiting for a comparison."""
    async with connected(world, "zendesk") as (source, server):
        await sync(source)
        assert isinstance(server, ZendeskServer)
        server.delete_ticket(1)
        server.delete_user(420_002)
        later(server)
        assert (await sync(source)).written.deleted == 2
        stored = await counts(source)
        assert (stored["ticket"], stored["contact"]) == (COMPANIES - 1, COMPANIES - 1)


@on_one_database
@each_vendor
async def test_a_key_that_was_revoked_stops_the_sync_until_it_is_back(world: World, vendor: str) -> None:
    """The sync fails in words, the failure is noted as facts; with the key back it goes on by itself."""
    async with connected(world, vendor) as (source, server):
        await sync(source)
        key, server.key = server.key, "another"
        with pytest.raises(KeyRefused, match=f"{vendor}: 401"):
            await sync(source)
        server.key = key
        later(server)
        await sync(source)
        assert {entry.status for entry in await source.rows(models.SourceError)} == {401}
