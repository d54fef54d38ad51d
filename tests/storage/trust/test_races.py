"""What speaks of a customer and arrives while it is being deleted: whoever comes second sees the first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from storage import models
from storage.intake.source_lock import hold_source
from storage.trust.deletion import forget_customers
from storage.trust.messages import Content, Post, choose, keep, list_messages
from storage.trust.webhook_events import Incoming, store
from tests.world import NOW, World, customer

pytestmark = pytest.mark.promises("P1")


@pytest.fixture
async def acme(world: World) -> bytes:
    """The id of a customer."""
    await world.sync(customer("Acme"), customer("Other"))
    return await world.id_of("customer", "cus_Acme")


@asynccontextmanager
async def _deletion(world: World, customer_id: bytes, at: datetime | None = NOW) -> AsyncIterator[None]:
    """A deletion that is done, and commits at the end of the block."""
    place = (world.account_id, world.source_id)
    async with world.db.tenant(world.account_id) as session:
        await hold_source(session, *place, alone=True)
        await forget_customers(session, *place, {customer_id: at}, noticed_at=NOW)
        yield


@asynccontextmanager
async def _webhook(world: World) -> AsyncIterator[None]:
    """An event about the customer that is stored, and commits at the end of the block."""
    keys = await world.vault.source_keys(world.account_id, world.source_id)
    async with world.db.tenant(world.account_id) as session:
        body = b'{"name":"Acme"}'
        incoming = Incoming("evt_1", "customer.updated", body, "cus_Acme", NOW)
        assert await store(session, keys, [incoming]) == 1
        yield


async def _keep(world: World, customer_id: bytes) -> None:
    await keep(
        world.db, world.vault, world.account_id, kind="profile", platform="slack",
        content=Content("Acme pays"), posts=[Post("C1", "1.0")], about=[customer_id], now=NOW,
    )  # fmt: skip


async def _waits(task: asyncio.Task[None]) -> None:
    done, _ = await asyncio.wait([task], timeout=0.2)
    assert not done, "it went on beside the other"


async def test_a_webhook_during_the_deletion_has_no_body(world: World, acme: bytes) -> None:
    """It waits for the deletion, and then keeps nothing but that it came."""

    async def arrives() -> None:
        async with _webhook(world):
            """Stored."""

    async with _deletion(world, acme):
        arriving = asyncio.create_task(arrives())
        await _waits(arriving)
    await arriving
    (event,) = await world.rows(models.WebhookEvent)
    assert (event.sealed, event.customer_id) == (b"", None)


async def test_a_deletion_during_the_webhook_empties_it(world: World, acme: bytes) -> None:
    """It waits for the webhook, and then takes its body."""

    async def deletes() -> None:
        async with _deletion(world, acme):
            """Done."""

    async with _webhook(world):
        deleting = asyncio.create_task(deletes())
        await _waits(deleting)
    await deleting
    (event,) = await world.rows(models.WebhookEvent)
    assert (event.sealed, event.customer_id) == (b"", None)


@pytest.mark.parametrize(
    ("choice", "at", "readable"),
    [("keep", NOW, True), ("redact", NOW, False), ("delete", NOW, False), ("keep", None, False)],
    ids=["keep", "redact", "delete", "asked to be erased"],
)
async def test_an_answer_kept_during_the_deletion_follows_the_choice(
    world: World, acme: bytes, choice: str, at: datetime | None, readable: bool
) -> None:
    """It waits for the deletion, and then is kept with its text or without."""
    await choose(world.db, world.account_id, on_customer_deleted=choice)
    async with _deletion(world, acme, at):
        keeping = asyncio.create_task(_keep(world, acme))
        await _waits(keeping)
    await keeping
    kept = [one.content for one in await list_messages(world.db, world.vault, world.account_id)]
    assert [content is not None for content in kept] == ([readable] if choice != "delete" else [])
    assert bool(await world.rows(models.MessageProfile)) is readable
