"""What lies on the disk and what was printed, after the commands did their work on an account of canaries.

The canaries and the search are those of tests/promises; here everything is done by the commands that people
use, and the bytes are those that a thief of the disk, of a dump or of the terminal's history would have.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
import stamina
from aiohttp import web
from sqlalchemy.ext.asyncio import create_async_engine

from tests.e2e.machine import Machine
from tests.postgres import Cluster
from tests.promises.canaries import Canaries
from tests.promises.places import Files, Piece
from tests.promises.stripe_canaries import api_key, canary_world, email_of, name_of
from tests.promises.sweep import search
from tests.vendors.stripe import StripeServer


@dataclass
class Scene:
    """A machine, a Stripe full of canaries, and where to look. `answers` may hold names, by their nature."""

    machine: Machine
    stripe: StripeServer
    canaries: Canaries
    files: Files
    answers: list[str] = field(default_factory=list)

    async def connect(self) -> None:
        await self.machine.well("init")
        key = f"{api_key(self.canaries)}\n"
        await self.machine.well("source", "add", "stripe", "--base-url", self.stripe.url, stdin=key)

    async def plant_controls(self) -> None:
        """In each place where a canary could lie, so that the search is seen to work there."""
        for url in (self.files.url, self.files.keystore_url):
            engine = create_async_engine(url)
            async with engine.begin() as connection:
                await connection.execute(sa.text("CREATE TABLE control (word TEXT)"))
                insert = sa.text("INSERT INTO control VALUES (:word)")
                await connection.execute(insert, {"word": self.canaries.control})
            await engine.dispose()
        self.machine.printed.append(self.canaries.control)
        self.answers.append(self.canaries.control)

    async def places(self) -> dict[str, list[Piece]]:
        return {
            "files of the database": await self.files.raw(),
            "files of the key store": await self.files.keystore(),
            "dump": [Piece("dump", await self.files.dump())],
            "printed": [Piece("printed", "\n".join(self.machine.printed).encode())],
        }

    async def sweep(self) -> None:
        """No canary in clear in any place, and in answers none that an answer has no use for."""
        places = await self.places()
        said = {"answers": [Piece("answers", "\n".join(self.answers).encode())]}
        every = places | said
        blind = [name for name in every if not search([self.canaries.control], {name: every[name]})]
        assert not blind, f"the control was not found in {blind}"
        found = search(self.canaries.all, places)
        found += search([self.canaries.never, self.canaries.secret], said)
        assert not found, "\n".join(map(str, found[:20]))


@pytest.fixture
async def scene(machine: Machine, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """The account is there, connected, not yet synced."""
    canaries = Canaries()
    settings = machine.settings()
    url = sa.make_url(settings.database_url.get_secret_value())
    cluster: Cluster | None = (
        None if url.get_backend_name() == "sqlite" else request.getfixturevalue("cluster")
    )
    async with StripeServer(canary_world(canaries), key=api_key(canaries)) as stripe:
        files = Files(
            url.render_as_string(hide_password=False), settings.keystore_url.get_secret_value(), cluster
        )
        ready = Scene(machine, stripe, canaries, files)
        await ready.connect()
        yield ready


async def test_nothing_in_clear_after_syncs_and_questions(scene: Scene) -> None:
    """Synced twice and asked about: names, addresses, numbers and the key are nowhere in clear."""
    await scene.machine.well("sync")
    await scene.machine.well("sync", "--full")
    await scene.machine.well("source", "list", "--json")
    await scene.machine.well("doctor")
    names = [name_of(scene.canaries, 1), email_of(scene.canaries, 2)]
    questions = ["mrr", "top customers by mrr", "list invoices", *(f"tell me about {name}" for name in names)]
    printed = len(scene.machine.printed)
    said = await scene.machine.ask(*questions)
    del scene.machine.printed[printed:]
    scene.answers += [json.dumps(one, ensure_ascii=False) for one in said]
    assert [one["kind"] for one in said] == ["number", "table", "table", "profile", "profile"]
    assert scene.canaries.kept in scene.answers[1]
    await scene.plant_controls()
    await scene.sweep()


async def test_nothing_in_clear_after_errors(scene: Scene) -> None:
    """Answers of 400, 401 and 500 that quote persons and the key back leave no trace of them."""
    secrets = json.dumps({"error": {"message": " ".join(scene.canaries.all), "code": scene.canaries.never}})

    def quoting(status: int) -> web.Response:
        return web.Response(status=status, text=secrets, content_type="application/json")

    with stamina.set_testing(True, attempts=1):
        for status in (400, 401, 500, 200):
            for _ in range(1 + (status == 400)):  # a refused expansion is asked for once more, without
                scene.stripe.break_next("/v1/customers", lambda _, status=status: quoting(status))
            done = await scene.machine.run("sync")
            assert (done.status, done.out, done.err.count("\n")) == (1, "", 1), status
    wrong = f"sk_test_{scene.canaries.secret}wrong\n"
    refused = await scene.machine.run("source", "add", "stripe", "--base-url", scene.stripe.url, stdin=wrong)
    assert refused.status == 1
    await scene.machine.well("sync")
    await scene.plant_controls()
    await scene.sweep()


async def test_nothing_in_clear_after_a_source_was_removed(scene: Scene) -> None:
    """A source that was synced and removed leaves nothing that can be read, and no rows of its customers."""
    await scene.machine.well("sync")
    await scene.machine.well("source", "remove", "1", "--yes")
    assert json.loads(await scene.machine.well("source", "list", "--json")) == []
    await scene.plant_controls()
    await scene.sweep()
    left = {piece.where.partition(".")[0] for piece in await scene.files.tables()}
    assert left.isdisjoint({"customer", "customer_link", "source", "subscription", "profile", "mrr_span"})
