"""The inbox: what comes at once is stored at once, and nothing is acknowledged that is not stored."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from connectors import inbox as inboxes
from connectors.inbox import Inbox, InboxFull
from connectors.signatures import Asked
from storage import models
from storage.keys.source_keys import SourceKeys
from storage.models.base import Base
from storage.sources import set_signing_secrets
from storage.trust.source_removal import remove_source
from storage.trust.webhook_events import Incoming, store
from tests.vendors.signing import signed, told
from tests.world import World

SECRET, URL = "whsec_of_the_tests", "https://bot.example.com/webhooks/1/1"


@pytest.fixture
async def source(world: World) -> World:
    await set_signing_secrets(world.db, world.vault, world.account_id, world.source_id, [SECRET])
    return world


def asked(number: int, secret: str = SECRET) -> Asked:
    body = told("stripe", "customer", f"cus_{number}", event=str(number))
    return Asked("POST", URL, signed("stripe", body, secret, datetime.now(UTC), url=URL), body)


async def send(inbox: Inbox, source: World, *numbers: int) -> list[bool | BaseException]:
    sent = (inbox.receive(source.account_id, source.source_id, asked(number)) for number in numbers)
    return await asyncio.gather(*sent, return_exceptions=True)


async def stored(source: World) -> int:
    return len(await source.rows(models.WebhookEvent))


async def test_a_burst_is_stored_in_a_few_transactions(
    source: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three hundred at once, some of them twice: each is there once, none cost a commit of its own."""
    batches = []

    async def counted(session: AsyncSession, keys: SourceKeys, events: Sequence[Incoming]) -> int:
        batches.append(len(events))
        return await store(session, keys, events)

    monkeypatch.setattr(inboxes, "store", counted)
    async with Inbox(source.db, source.vault) as inbox:
        assert set(await send(inbox, source, *range(250), *range(50))) == {True}
    assert (await stored(source), sum(batches)) == (250, 300)
    assert len(batches) < 100


async def test_what_cannot_be_stored_is_not_acknowledged(source: World) -> None:
    """The table is away: everyone who waits is told; it is back: the next is taken."""
    event = Base.metadata.tables["webhook_event"]
    async with Inbox(source.db, source.vault) as inbox:
        assert await send(inbox, source, 0) == [True]
        await rename(source, event.name, "elsewhere")
        assert all(isinstance(one, DBAPIError) for one in await send(inbox, source, 1, 2, 3))
        await rename(source, "elsewhere", event.name)
        assert await send(inbox, source, 4) == [True]
    assert await stored(source) == 2


async def rename(source: World, name: str, to: str) -> None:
    async with source.db.engine.begin() as connection:
        await connection.execute(sa.text(f"ALTER TABLE {name} RENAME TO {to}"))


async def test_a_full_inbox_refuses_and_keeps_what_it_has(
    source: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond what may wait a vendor is to send again; those before are stored."""
    monkeypatch.setattr(inboxes, "_MOST_WAITING", 2)
    async with Inbox(source.db, source.vault) as inbox:
        assert await send(inbox, source, 0) == [True]
        outcomes = await send(inbox, source, *range(1, 6))
    refused = [one for one in outcomes if isinstance(one, InboxFull)]
    assert refused
    assert await stored(source) == 6 - len(refused)


async def test_leaving_stores_what_was_accepted(source: World) -> None:
    """A process that stops has stored what it took, and said so."""
    inbox = Inbox(source.db, source.vault)
    async with inbox:
        await send(inbox, source, 0)
        waiting = [asyncio.create_task(inbox._stored((source.account_id, source.source_id), []))]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [True]


async def test_a_source_removed_meanwhile_takes_no_more(source: World) -> None:
    """Its secret may still be remembered; the row is not written, and the answer is a stranger's."""
    async with Inbox(source.db, source.vault) as inbox:
        assert await send(inbox, source, 0) == [True]
        await remove_source(source.db, source.vault, source.account_id, source.source_id)
        assert await send(inbox, source, 1) == [False]
    assert await stored(source) == 0
