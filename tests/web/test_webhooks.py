"""The address that vendors send webhooks to: answers say nothing but yes or no, and bodies have an end."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette

from connectors.inbox import LARGEST, Inbox
from storage import models
from storage.sources import set_signing_secrets
from tests.vendors.signing import signed, told
from tests.world import World
from web.webhooks import webhook_route

SECRET, PUBLIC = "whsec_of_the_tests", "https://bot.example.com"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    await set_signing_secrets(world.db, world.vault, world.account_id, world.source_id, [SECRET])
    async with Inbox(world.db, world.vault) as inbox:
        transport = httpx.ASGITransport(Starlette(routes=[webhook_route(inbox, PUBLIC)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://inside:8000") as opened:
            yield opened


def _path(world: World, source: int | None = None) -> str:
    return f"/webhooks/{world.account_id}/{source or world.source_id}"


async def _send(client: httpx.AsyncClient, path: str, body: bytes, secret: str = SECRET) -> httpx.Response:
    headers = signed("stripe", body, secret, datetime.now(UTC), url=PUBLIC + path)
    return await client.post(path, content=body, headers=headers)


async def test_a_signed_webhook_is_acknowledged_and_noted(world: World, client: httpx.AsyncClient) -> None:
    """200 with nothing in it, whether it comes for the first time or again."""
    body = told("stripe", "customer", "cus_1")
    for _ in range(2):
        answer = await _send(client, _path(world), body)
        assert (answer.status_code, answer.content) == (200, b"")
    assert [row.type for row in await world.rows(models.WebhookEvent)] == ["customer.updated"]


async def test_strangers_cannot_tell_a_source_from_none(world: World, client: httpx.AsyncClient) -> None:
    """A wrong signature, a source that is none, another account: the same answer to the byte."""
    body = told("stripe", "customer", "cus_1")
    answers = [
        await _send(client, _path(world), body, "another"),
        await _send(client, _path(world, 99), body),
        await _send(client, "/webhooks/99/1", body),
        await client.post(_path(world), content=body),
    ]
    assert {(one.status_code, one.content, tuple(one.headers.items())) for one in answers} == {
        (401, b"", (("content-length", "0"),))
    }
    assert await world.rows(models.WebhookEvent) == []


async def test_a_body_without_end_is_refused(world: World, client: httpx.AsyncClient) -> None:
    """Reading stops where no webhook is longer."""
    answer = await _send(client, _path(world), b"x" * (LARGEST + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path", ["/webhooks/0/1", "/webhooks/1/-1", "/webhooks/9999999999999/1", "/webhooks/a/b"]
)
async def test_addresses_that_are_none_are_refused(client: httpx.AsyncClient, path: str) -> None:
    """Before any database is asked."""
    assert (await _send(client, path, b"{}")).status_code == 404


async def test_the_public_address_is_what_was_signed(world: World, client: httpx.AsyncClient) -> None:
    """Behind a proxy, a vendor that signs the address means the one that it knows."""
    from connectors.hubspot.hook import HOOK
    from connectors.signatures import Asked

    asked: list[Asked] = []

    def verify(one: Asked, *_: object) -> bool:
        asked.append(one)
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.inbox.ANY_HOOK", type(HOOK)(verify=verify, read=HOOK.read))
        await client.post("/webhooks/99/1?x=%20y", content=b"{}")
    assert asked[0].url == f"{PUBLIC}/webhooks/99/1?x=%20y"
