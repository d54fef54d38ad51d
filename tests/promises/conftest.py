"""Shared by the tests of the promises: the stage, and a report that reads as the security page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.keys.vault import Vault
from storage.session import Database
from tests.promises.canaries import Canaries
from tests.promises.stripe_canaries import api_key, canary_world
from tests.promises.sweep import Stage, local_vault, make_stage, new_master
from tests.vendors.stripe import StripeServer


@pytest.fixture
def canaries() -> Canaries:
    """The words of this test."""
    return Canaries()


@pytest.fixture
def master() -> bytes:
    """The master key of this test, for whoever would open what a thief could open."""
    return new_master()


@pytest.fixture
def keystore_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/keystore.sqlite3"


@pytest.fixture
async def vault(keystore_url: str, master: bytes) -> AsyncIterator[Vault]:
    """In place of the general one: its master key is known, so that a sweep can try every key held."""
    async with local_vault(keystore_url, master) as opened:
        yield opened


@pytest.fixture
async def server(canaries: Canaries) -> AsyncIterator[StripeServer]:
    """A Stripe full of canaries that takes no other key than the canary one."""
    async with StripeServer(canary_world(canaries), key=api_key(canaries)) as running:
        yield running


@pytest.fixture
async def stage(
    db: Database,
    vault: Vault,
    server: StripeServer,
    canaries: Canaries,
    keystore_url: str,
    master: bytes,
    request: pytest.FixtureRequest,
) -> Stage:
    """An account with a Stripe source full of canaries, not synced yet, on either database."""
    cluster = request.getfixturevalue("cluster") if db.is_postgres else None
    return await make_stage(
        db, vault, server, canaries, keystore_url=keystore_url, master=master, cluster=cluster
    )
