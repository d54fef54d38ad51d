"""P2: a removed source takes all its customer data along at once, in every process, whatever is running."""

import asyncio
import itertools
import json
from datetime import datetime

import pytest
from aiohttp import web

from bot import cache
from bot.assistant import Assistant
from bot.cache import AccountCache, StoredContexts
from storage import models, sources
from storage.intake.source_lock import SourceGone
from storage.keys.source_keys import KeyDestroyed
from storage.personal import open_profiles
from storage.trust.source_removal import remove_source
from tests.promises.canaries import find
from tests.promises.living import live, receive
from tests.promises.stripe_canaries import email_of, name_of
from tests.promises.sweep import Stage, local_vault, search, shown
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import NOW

pytestmark = pytest.mark.promises("P2")

OF_SOURCES = [mapper.class_ for mapper in models.Base.registry.mappers if "source_id" in mapper.columns]


async def test_every_process_is_blind_at_once(
    stage: Stage, keystore_url: str, master: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process with the source's keys and names in its memory, while all rows are still there: once another
    one has destroyed the key, it gets no key and opens no row; after two seconds it knows no name."""
    await stage.sync()
    async with local_vault(keystore_url, master) as vault:
        known = AccountCache(stage.db, vault)
        assistant = Assistant(known, StoredContexts(stage.db, vault), now=lambda: NOW)

        async def ask(question: str) -> str:
            return shown(await assistant.ask(question, account_id=stage.account_id))

        assert email_of(stage.canaries, 2) in await ask(f"tell me about {name_of(stage.canaries, 2)}")
        source = await sources.get_source(stage.db, stage.account_id, stage.source_id)
        profiles = [row.profile_id for row in await stage.world.rows(models.Customer)]

        await _destroy_the_key_and_stop(stage)
        assert len(await stage.world.rows(models.Customer)) == len(profiles) == 4
        with pytest.raises(KeyDestroyed):
            await vault.source_keys(stage.account_id, stage.source_id)
        with pytest.raises(KeyDestroyed):
            await sources.open_secret(vault, source)
        assert await open_profiles(stage.db, vault, stage.account_id, profiles) == {}
        now = cache.monotonic()
        monkeypatch.setattr(cache, "monotonic", lambda: now + 2.001)
        misspelt = name_of(stage.canaries, 2)[1:]
        for question in (f"tell me about {misspelt}", "top 10 customers by MRR", "list customers"):
            assert stage.canaries.kept not in (await ask(question)).replace(misspelt, "")


async def _destroy_the_key_and_stop(stage: Stage) -> None:
    """The removal, killed as soon as the key is gone."""
    calls = itertools.count()

    def clock() -> datetime:
        if next(calls) == 1:
            raise RuntimeError("killed")
        return NOW

    with pytest.raises(RuntimeError, match="killed"):
        await remove_source(stage.db, stage.vault, stage.account_id, stage.source_id, clock=clock)


async def test_history_errors_jobs_and_credentials_go_too(stage: Stage, server: StripeServer) -> None:
    """After a life with webhooks, errors and a posted answer, no row of any table names the source; all that
    is left of its customers is the Message that the account chose to keep."""
    await live(stage, server)
    await receive(stage, "evt_2", "cus_2")
    lived = {model.__tablename__ for model in OF_SOURCES if await _rows_of(stage, model)}
    assert {"source", "checkpoint", "source_error", "webhook_event", "customer", "mrr_span"} <= lived
    await remove_source(stage.db, stage.vault, stage.account_id, stage.source_id)
    assert [model.__tablename__ for model in OF_SOURCES if await _rows_of(stage, model)] == []
    found = search(stage.canaries.all, await stage.places(of=["tables", "dump"]))
    assert {one.where for one in found} <= {"message.sealed"}


async def _rows_of(stage: Stage, model: type) -> int:
    return sum(row.source_id == stage.source_id for row in await stage.world.rows(model))


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/invoices", "/v1/events"])
async def test_a_running_sync_writes_nothing_afterwards(
    stage: Stage, server: StripeServer, path: str
) -> None:
    """The source is removed while a page is on its way: the sync ends, and no row of it comes back."""
    removed = asyncio.Event()

    async def removed_meanwhile(request: web.Request) -> web.Response:
        page = json.loads(server._body(request))
        await remove_source(stage.db, stage.vault, stage.account_id, stage.source_id)
        removed.set()
        return web.json_response(page)

    server.break_next(path, removed_meanwhile)
    with pytest.raises((SourceGone, KeyDestroyed, sources.NoSourceError)):
        await stage.sync()
    await removed.wait()  # another stream may have ended the sync before the removal came to its end
    assert [model.__tablename__ for model in OF_SOURCES if await _rows_of(stage, model)] == []
    tables = await stage.places(of=["tables"])
    assert search(stage.canaries.all, tables) == []
    assert not find([stage.canaries.secret], b"".join(piece.data for piece in tables["tables"]))
