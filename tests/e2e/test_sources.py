"""`chewbotta source add hubspot|intercom|zendesk` and what follows, as a person or a script types it."""

import json

import pytest

from tests.connectors.relations import VENDORS
from tests.e2e.machine import Machine
from tests.vendors.relation_companies import fill
from tests.vendors.server import VendorServer

each_vendor = pytest.mark.parametrize("vendor", VENDORS)
PEOPLE = {"hubspot": "contacts", "intercom": "contacts", "zendesk": "users"}


def _lines(server: VendorServer) -> str:
    """What is piped in: the key, before it what the vendor wants beside it."""
    return "\n".join(server.key.split("/token:")) + "\n"


@each_vendor
async def test_a_source_is_added_synced_and_compared(sqlite_machine: Machine, vendor: str) -> None:
    """The key is piped in and tried; then the data is there, a second sync finds nothing, nothing is lost."""
    async with VENDORS[vendor][1]() as server:
        fill(server, 5)
        await sqlite_machine.well("init", "--name", "Example")
        said = await sqlite_machine.well(
            "source", "add", vendor, "--base-url", server.url, stdin=_lines(server)
        )
        assert f"Source 1 ({vendor}) is connected" in said
        first = await sqlite_machine.well("sync")
        assert "left out" not in first
        assert "could not be read" not in first
        assert "0 new, 0 changed" in await sqlite_machine.well("sync")
        assert "0 deleted" in await sqlite_machine.well("reconcile")
        assert all(server.key not in printed for printed in sqlite_machine.printed)


@each_vendor
async def test_a_missing_permission_is_said_with_its_name(sqlite_machine: Machine, vendor: str) -> None:
    """One line names the stream and the permission; the rest is connected all the same."""
    async with VENDORS[vendor][1]() as server:
        fill(server, 1)
        server.forbidden = {PEOPLE[vendor]}
        permission = VENDORS[vendor][0].stream(PEOPLE[vendor]).permission
        await sqlite_machine.well("init", "--name", "Example")
        said = await sqlite_machine.well(
            "source", "add", vendor, "--base-url", server.url, stdin=_lines(server)
        )
        assert f"{PEOPLE[vendor]} ({permission})" in said
        server.forbidden = set(server.tables) | {"companies"}
        done = await sqlite_machine.run(
            "source", "add", vendor, "--base-url", server.url, stdin=_lines(server)
        )
        assert (done.status, done.err.count("\n")) == (1, 1)
        assert "may read nothing" in done.err


@each_vendor
async def test_a_wrong_key_is_said_at_once(sqlite_machine: Machine, vendor: str) -> None:
    """One line, and nothing is stored."""
    async with VENDORS[vendor][1]() as server:
        await sqlite_machine.well("init", "--name", "Example")
        done = await sqlite_machine.run(
            *("source", "add", vendor, "--base-url", server.url),
            stdin="ann@ourco.example\nwrong\n" if vendor == "zendesk" else "wrong\n",
        )
        assert (done.status, done.err.count("\n")) == (1, 1)
        assert "give a new one" in done.err
        assert await sqlite_machine.well("source", "list", "--json") == "[]\n"


async def test_an_address_that_is_none_is_said(sqlite_machine: Machine) -> None:
    """Zendesk's subdomain is checked before anything is sent."""
    await sqlite_machine.well("init", "--name", "Example")
    done = await sqlite_machine.run(
        *("source", "add", "zendesk", "--with", "subdomain=https://acme"), stdin="ann@acme.example\nkey\n"
    )
    assert (done.status, "before .zendesk.com" in done.err) == (1, True)


@each_vendor
async def test_the_fields_that_may_be_stored_are_published(sqlite_machine: Machine, vendor: str) -> None:
    """By kind of record, for programs too."""
    listed = json.loads(await sqlite_machine.well("source", "fields", vendor, "--json"))["fields"]
    assert {"customer", "contact", "owner"} <= set(listed)
    assert "body" not in {name for names in listed.values() for name in names}


@each_vendor
async def test_webhooks_are_switched_on_and_listed(sqlite_machine: Machine, vendor: str) -> None:
    """The secret is piped in and kept out of sight; the address is printed; nothing has arrived yet."""
    async with VENDORS[vendor][1]() as server:
        await sqlite_machine.well("init", "--name", "Example")
        await sqlite_machine.well("source", "add", vendor, "--base-url", server.url, stdin=_lines(server))
        said = await sqlite_machine.well(
            "webhooks", "on", "1", stdin="whsec_of_the_tests\n", PUBLIC_URL="https://bot.example.com"
        )
        assert "https://bot.example.com/webhooks/1/1" in said
        assert await sqlite_machine.well("webhooks", "list", "1", "--json") == "[]\n"
        assert "0 done" in await sqlite_machine.well("webhooks", "replay", "1")
        done = await sqlite_machine.run("webhooks", "list", "1", "--state", "lost")
        assert (done.status, "no state" in done.err) == (1, True)
        assert all("whsec_of_the_tests" not in printed for printed in sqlite_machine.printed)
        await sqlite_machine.well("sync")  # with the key that was given first
