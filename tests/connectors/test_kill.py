"""kill -9 in the middle of a sync: what is stored in the end is what an undisturbed sync stores."""

import asyncio
import base64
import random
import secrets
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select

from storage import models
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.personal_document import open_personal
from storage.session import Database
from storage.sources import SourceSecret, add_source
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import company
from tests.world import make_world
from tests.zygote import Child, Mother, zygote

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KILLS = 10
SYNC_ONCE = "tests.connectors.sync_once"
_DIFFERS_BY_NATURE = {"sealed", "cursor", "credential"}
_OF_THE_RUN = (models.Checkpoint, models.AuditEntry, models.AuditHead)
"""How it came about, by the clock of the day: not what was read."""


@dataclass(frozen=True, slots=True)
class Place:
    """A database and its keys, for a process to sync into."""

    url: str
    keystore: str
    master: bytes
    account_id: int
    source_id: int

    def vault(self) -> Vault:
        return Vault(KeyStore(self.keystore), LocalMasterKeys({1: self.master}, where="the test"))

    async def start(self, mother: Mother) -> Child:
        """A sync in a process of its own."""
        arguments = {
            "database": self.url,
            "keystore": self.keystore,
            "master": base64.b64encode(self.master).decode(),
            "account_id": self.account_id,
            "source_id": self.source_id,
            "now": NOW.isoformat(),
        }
        return await mother.start(arguments)

    async def contents(self) -> dict[str, set[tuple[Any, ...]]]:
        """Every row of every table, but for what is random by nature; sealed documents opened."""
        db = Database.connect(self.url)
        found: dict[str, set[tuple[Any, ...]]] = {}
        async with self.vault() as vault, db.tenant(self.account_id, read_only=True) as session:
            keys = await vault.source_keys(self.account_id, self.source_id)
            for mapper in models.Base.registry.mappers:
                if mapper.class_ in _OF_THE_RUN or not issubclass(mapper.class_, models.Tenant):
                    continue
                rows = (await session.scalars(select(mapper.class_))).all()
                found[mapper.class_.__tablename__] = {_row(row, keys) for row in rows}
        await db.dispose()
        return found


def _row(row: Any, keys: Any) -> tuple[Any, ...]:
    values = {
        attribute.key: getattr(row, attribute.key)
        for attribute in inspect(row).mapper.column_attrs
        if attribute.key not in _DIFFERS_BY_NATURE
    }
    if isinstance(row, models.Customer):
        values["personal"] = open_personal(keys, row.id, row.sealed)
    return tuple(repr(value) for value in values.values())


async def _prepare(url: str, keystore: str, master: bytes, source_url: str) -> Place:
    db = Database.connect(url)
    place = Place(url, keystore, master, 1, 2)
    async with place.vault() as vault:
        world = await make_world(db, vault)
        source_id = await add_source(
            db,
            vault,
            world.account_id,
            kind="stripe",
            label="Stripe",
            secret=SourceSecret("sk_test_killed"),
            base_url=source_url,
            now=NOW,
        )
    await db.dispose()
    assert (world.account_id, source_id) == (place.account_id, place.source_id)
    return place


@pytest.fixture
async def server() -> AsyncIterator[StripeServer]:
    """A company of a thousand objects behind a server that takes its time."""
    async with StripeServer(company(customers=20, seed=4), latency=0.01) as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)])
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Two empty databases of one kind."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("migrated_sqlite")
        for name in ("one", "two"):
            (tmp_path / f"{name}.sqlite3").write_bytes(template.read_bytes())
        return f"sqlite+aiosqlite:///{tmp_path}/one.sqlite3", f"sqlite+aiosqlite:///{tmp_path}/two.sqlite3"
    make = request.getfixturevalue("make_postgres_url")
    return make(), make()


async def test_ten_kills_lose_and_double_nothing(
    two_urls: tuple[str, str], tmp_path: Path, server: StripeServer
) -> None:
    """Killed at ten random points and started again each time, the sync ends with the same rows."""
    keystore, master = f"sqlite+aiosqlite:///{tmp_path}/keys.sqlite3", secrets.token_bytes(32)
    calm, killed = [await _prepare(url, keystore, master, server.url) for url in two_urls]
    async with zygote(SYNC_ONCE) as mother:
        assert await (await calm.start(mother)).wait() == 0
        requests = server.requests.total()
        chance = random.Random(11)
        kills = 0
        while kills < KILLS:
            process = await killed.start(mother)
            until = server.requests.total() + chance.randint(1, max(2, requests // 4))
            # The other process tells us nothing: we watch what it asks for.
            while server.requests.total() < until and process.returncode is None:  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.002)
            process.kill()
            kills += await process.wait() == -signal.SIGKILL
        assert await (await killed.start(mother)).wait() == 0
    undisturbed, after_kills = await calm.contents(), await killed.contents()
    assert undisturbed["customer"]
    for table, rows in undisturbed.items():
        assert after_kills[table] == rows, table
