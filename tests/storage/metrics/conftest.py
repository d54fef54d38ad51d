"""Property tests try the same examples on every run; the company is founded once a module and database."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.session import Database
from tests import postgres
from tests.conftest import run_sql
from tests.storage.metrics.company import found
from tests.world import World, make_world

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


@pytest.fixture(scope="module")
def shared_postgres_url(cluster: postgres.Cluster, migrated_postgres: str) -> Iterator[str]:
    """A migrated PostgreSQL database that the tests of a module read together."""
    name = postgres.unused_name()
    create = f"CREATE DATABASE {name} TEMPLATE {migrated_postgres}"
    asyncio.run(run_sql(cluster.url("postgres"), create))
    yield cluster.url(name)
    asyncio.run(run_sql(cluster.url("postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)]
)
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database that the tests of a module read together."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("shared_postgres_url"))
    file = tmp_path_factory.mktemp("shared") / "chewbotta.sqlite3"
    template: Path = request.getfixturevalue("migrated_sqlite")
    file.write_bytes(template.read_bytes())
    return f"sqlite+aiosqlite:///{file}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_world(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """An account with one empty source."""
    keys = tmp_path_factory.mktemp("keys") / "keys.sqlite3"
    master = LocalMasterKeys({1: secrets.token_bytes(32)}, where="the test")
    db = Database.connect(shared_url)
    async with Vault(KeyStore(f"sqlite+aiosqlite:///{keys}"), master) as vault:
        yield await make_world(db, vault)
    await db.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(shared_world: World) -> World:
    """The company of `company.py`."""
    await found(shared_world)
    return shared_world
