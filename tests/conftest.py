"""Fixtures that all tests share: both databases, migrated; a clock that stands still."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import stamina
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from storage import migrate
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.session import Database
from tests import postgres
from tests.world import World, make_world

pytest_plugins = ("tests.plugin_requirements", "tests.plugin_promises")

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference folder beside the project; tests that need it are extra."""
    if not SHARED.is_dir():
        pytest.skip("the reference folder ../shared is not here")
    return SHARED


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL cluster of this test process."""
    reason = postgres.why_missing()
    if reason:
        pytest.skip(reason)
    running = postgres.Cluster()
    yield running
    running.stop()


async def run_sql(url: str, *statements: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture
def postgres_url(cluster: postgres.Cluster) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    name = postgres.unused_name()
    asyncio.run(run_sql(cluster.url("postgres"), f"CREATE DATABASE {name}"))
    yield cluster.url(name)
    asyncio.run(run_sql(cluster.url("postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def migrated_postgres(cluster: postgres.Cluster) -> str:
    """The name of a migrated database that tests copy."""
    name = postgres.TEMPLATE
    asyncio.run(run_sql(cluster.url("postgres"), f"CREATE DATABASE {name}"))
    asyncio.run(migrate.upgrade(cluster.url(name)))
    return name


@pytest.fixture(scope="session")
def pool(cluster: postgres.Cluster, migrated_postgres: str) -> Iterator[postgres.Pool]:
    """Clean, migrated databases."""
    pool = postgres.Pool(cluster, migrated_postgres)
    yield pool
    pool.close()


@pytest.fixture
def make_postgres_url(pool: postgres.Pool) -> Iterator[Callable[[], str]]:
    """Gives clean, migrated PostgreSQL databases."""
    taken: list[str] = []

    def take() -> str:
        taken.append(pool.take())
        return taken[-1]

    yield take
    for url in taken:
        pool.give_back(url)


@pytest.fixture
def migrated_postgres_url(make_postgres_url: Callable[[], str]) -> str:
    """A clean, migrated PostgreSQL database."""
    return make_postgres_url()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy."""
    file = tmp_path_factory.mktemp("template") / "template.sqlite3"
    asyncio.run(migrate.upgrade(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, migrated database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("migrated_sqlite")
        file = tmp_path / "chewbotta.sqlite3"
        file.write_bytes(template.read_bytes())
        return f"sqlite+aiosqlite:///{file}"
    return str(request.getfixturevalue("migrated_postgres_url"))


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The main database on either engine."""
    database = Database.connect(database_url)
    yield database
    await database.dispose()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine's own settings and home folder must not leak into tests."""
    for name in list(os.environ):
        if name.startswith(("SLACK_", "STRIPE_", "MASTER_KEY", "DATABASE_", "KEYSTORE_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CHEWBOTTA_HOME", str(tmp_path / "home"))


@pytest.fixture
def no_waiting() -> Iterator[None]:
    """Whoever is refused tries again at once."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault with a key store of its own and one random master key."""
    master = LocalMasterKeys({1: secrets.token_bytes(32)}, where="the test")
    async with Vault(KeyStore(f"sqlite+aiosqlite:///{tmp_path}/keys.sqlite3"), master) as opened:
        yield opened


@pytest.fixture
async def world(db: Database, vault: Vault) -> World:
    """One account with one Stripe source, on either database."""
    return await make_world(db, vault)
