"""The vault on both databases: keys made, found, changed and destroyed, and what every process then sees."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from storage.keys import key_ring
from storage.keys import vault as vaults
from storage.keys.keystore import KeyStore, KeyStoreError, StoredKey
from storage.keys.master_keys import LocalMasterKeys, MasterKeyError
from storage.keys.vault import KeyDestroyed, KeysExpired, Tampered, Vault, VaultError
from tests.storage.keys.some_keys import FIRST, OTHER, PLACE, SECOND, Clock, let_time_pass, masters

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def vault(keystore_url: str, clock: Clock) -> AsyncIterator[Vault]:
    """A vault with one source, 1 of account 1."""
    async with Vault(KeyStore(keystore_url), masters(FIRST), clock=clock) as opened:
        await opened.create_source_keys(1, 1)
        yield opened


@pytest.fixture
async def other(vault: Vault, keystore_url: str, clock: Clock) -> AsyncIterator[Vault]:
    """Another process's vault over the same key store."""
    async with Vault(KeyStore(keystore_url), masters(FIRST), clock=clock) as opened:
        yield opened


async def _sealed(vault: Vault, source_id: int = 1) -> bytes:
    return (await vault.source_keys(1, source_id)).seal(**PLACE, plaintext=b"Ada")


async def _opened(vault: Vault, sealed: bytes, source_id: int = 1) -> bytes:
    return (await vault.source_keys(1, source_id)).open(**PLACE, sealed=sealed)


async def test_what_one_process_seals_another_opens(vault: Vault, other: Vault) -> None:
    """Keys are the same in every process; ids and look-up keys too."""
    assert await _opened(other, await _sealed(vault)) == b"Ada"
    here, there = await vault.source_keys(1, 1), await other.source_keys(1, 1)
    assert here.record_id("customer", "cus_1") == there.record_id("customer", "cus_1")
    assert here.blind("name", "Ada") == there.blind("name", "ADA")


async def test_every_source_and_account_has_its_own_keys(vault: Vault) -> None:
    """What one source sealed opens in no other, nor in the account, nor in another account."""
    sealed = await _sealed(vault)
    await vault.create_source_keys(1, 2)
    await vault.create_source_keys(2, 1)
    await vault.create_account_keys(1)
    for stranger in (
        await vault.source_keys(1, 2),
        await vault.source_keys(2, 1),
        await vault.account_keys(1),
    ):
        with pytest.raises(Tampered):
            stranger.open(**PLACE, sealed=sealed)


async def test_making_keys_again_keeps_them(vault: Vault, other: Vault) -> None:
    """Creating is safe to repeat, here and in another process at the same time."""
    sealed = await _sealed(vault)
    await asyncio.gather(
        *(held.create_source_keys(1, source) for held in (vault, other) for source in (1, 5))
    )
    assert await _opened(vault, sealed) == b"Ada"
    assert await _opened(other, await _sealed(vault, 5), 5) == b"Ada"


async def test_a_source_without_keys_is_refused(vault: Vault) -> None:
    """Asking never makes keys: a lost key store must not look like an empty one."""
    with pytest.raises(KeyDestroyed):
        await vault.source_keys(1, 99)


async def test_a_destroyed_source_is_unreadable_here_at_once(vault: Vault) -> None:
    """Whoever still holds the keys in this process cannot use them, and the id is never used again."""
    held = await vault.source_keys(1, 1)
    sealed = held.seal(**PLACE, plaintext=b"Ada")
    await vault.destroy_source_keys(1, 1)
    await vault.destroy_source_keys(1, 1)
    with pytest.raises(KeyDestroyed):
        held.open(**PLACE, sealed=sealed)
    with pytest.raises(KeyDestroyed):
        await vault.source_keys(1, 1)
    with pytest.raises(KeyDestroyed):
        await vault.create_source_keys(1, 1)
    with pytest.raises(KeyDestroyed):
        await vault.new_epoch(1, 1)


async def test_a_destroyed_source_is_unreadable_elsewhere(vault: Vault, other: Vault, clock: Clock) -> None:
    """Another process learns of it at its next fetch; keys it holds on to end within 60 seconds."""
    sealed = await _sealed(vault)
    held = await other.source_keys(1, 1)
    idle = await other.source_keys(1, 1)
    await vault.destroy_source_keys(1, 1)
    assert idle.open(**PLACE, sealed=sealed) == b"Ada"
    clock.now += vaults.CACHE_SECONDS
    with pytest.raises(KeysExpired):
        held.open(**PLACE, sealed=sealed)
    with pytest.raises(KeyDestroyed):
        await other.source_keys(1, 1)
    with pytest.raises(KeyDestroyed):
        held.open(**PLACE, sealed=sealed)


async def test_a_fetch_checks_even_what_is_cached(vault: Vault, other: Vault) -> None:
    """The cache saves the unwrapping, not the question whether the key still exists."""
    await other.source_keys(1, 1)
    await vault.destroy_source_keys(1, 1)
    with pytest.raises(KeyDestroyed):
        await other.source_keys(1, 1)


async def test_a_destroyed_account_takes_all_its_sources_along(vault: Vault, other: Vault) -> None:
    """Account and sources are unreadable, other accounts are not touched, and nothing can be made again."""
    await vault.create_account_keys(1)
    await vault.create_source_keys(2, 1)
    held = await vault.account_keys(1)
    await vault.destroy_account_keys(1)
    for fetch in (vault.source_keys(1, 1), vault.account_keys(1), other.source_keys(1, 1)):
        with pytest.raises(KeyDestroyed):
            await fetch
    with pytest.raises(KeyDestroyed):
        held.seal(**PLACE, plaintext=b"")
    for source_id in (0, 1, 7):
        with pytest.raises(KeyDestroyed):
            await other.create_source_keys(1, source_id)
    assert await vault.source_keys(2, 1)


async def test_keys_are_fetched_for_a_page_not_for_a_process(vault: Vault, clock: Clock) -> None:
    """A fetched object is good for 30 seconds at least and 60 at most; fetching again goes on."""
    first = await vault.source_keys(1, 1)
    clock.now += 29
    assert await vault.source_keys(1, 1) is first
    clock.now += 30
    assert first.seal(**PLACE, plaintext=b"")
    second = await vault.source_keys(1, 1)
    clock.now += 2
    with pytest.raises(KeysExpired):
        first.seal(**PLACE, plaintext=b"")
    assert second.seal(**PLACE, plaintext=b"")


async def test_a_destruction_during_a_fetch_wins(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch that read the key store just before a destruction does not bring the keys back."""
    store = vault._store
    read = store.keys

    async def slow_keys(account_id: int, source_id: int) -> list[StoredKey]:
        found = await read(account_id, source_id)
        monkeypatch.setattr(store, "keys", read)
        await vault.destroy_source_keys(account_id, source_id)
        return found

    monkeypatch.setattr(store, "keys", slow_keys)
    with pytest.raises(KeyDestroyed):
        await vault.source_keys(1, 1)


async def test_a_new_epoch_fails_no_read(vault: Vault, other: Vault, clock: Clock, keystore_url: str) -> None:
    """Announced, then sealing, then settled: every key object alive opens all that any of them sealed."""
    old = await _sealed(vault)
    held = await other.source_keys(1, 1)
    assert await vault.new_epoch(1, 1) == 2
    assert await other.new_epoch(1, 1) == 2  # still being announced: the same one
    announced = await vault.source_keys(1, 1)
    assert (announced.epoch, announced.settled) == (1, False)
    assert held.open(**PLACE, sealed=announced.seal(**PLACE, plaintext=b"x")) == b"x"

    await let_time_pass(keystore_url, vaults.ANNOUNCED_SECONDS)
    clock.now += vaults.ANNOUNCED_SECONDS
    sealing = await vault.source_keys(1, 1)
    assert (sealing.epoch, sealing.settled) == (2, False)
    assert sealing.open(**PLACE, sealed=old) == b"Ada"
    with pytest.raises(VaultError, match="settled"):
        await vault.retire_epochs(1, 1, before=2)

    await let_time_pass(keystore_url, vaults.CACHE_SECONDS)
    clock.now += vaults.CACHE_SECONDS
    settled = await other.source_keys(1, 1)
    assert (settled.epoch, settled.settled) == (2, True)
    new = settled.seal(**PLACE, plaintext=settled.open(**PLACE, sealed=old))
    assert await vault.retire_epochs(1, 1, before=2) == 1
    assert await _opened(vault, new) == b"Ada"
    with pytest.raises(KeyDestroyed):
        await _opened(other, old)


async def test_record_ids_outlive_epochs_and_look_ups_cover_them(
    vault: Vault, clock: Clock, keystore_url: str
) -> None:
    """Ids stay; the look-up keys of both epochs are asked for until the old one is retired."""
    before = await vault.source_keys(1, 1)
    old_id, old_key = before.record_id("customer", "cus_1"), before.blind("name", "Ada")
    await vault.new_epoch(1, 1)
    await let_time_pass(keystore_url, vaults.SETTLED_SECONDS)
    clock.now += vaults.SETTLED_SECONDS
    keys = await vault.source_keys(1, 1)
    assert keys.record_id("customer", "cus_1") == old_id
    assert keys.blind("name", "Ada") != old_key
    assert keys.blind_all("name", "Ada") == [old_key, keys.blind("name", "Ada")]
    await vault.retire_epochs(1, 1, before=2)
    assert (await vault.source_keys(1, 1)).blind_all("name", "Ada") == [keys.blind("name", "Ada")]
    assert (await vault.source_keys(1, 1)).record_id("customer", "cus_1") == old_id


async def test_a_key_that_sealed_enough_gets_an_heir(
    vault: Vault, keystore_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seals are counted over all processes, and a new epoch comes long before 2^32."""
    monkeypatch.setattr(vaults, "REPORT_SEALS", 10)
    monkeypatch.setattr(vaults, "MOST_SEALS", 20)
    for _ in range(2):
        keys = await vault.source_keys(1, 1)
        for _ in range(10):
            keys.seal(**PLACE, plaintext=b"")
    assert (await vault._store.keys(1, 1))[-2].slot.epoch == 1
    await vault.source_keys(1, 1)
    async with KeyStore(keystore_url) as store:
        data = [key for key in await store.keys(1, 1) if key.slot.purpose == "data"]
    assert [(key.slot.epoch, key.seals) for key in data] == [(1, 20), (2, 0)]


async def test_a_wrong_master_key_is_noticed_at_the_start(vault: Vault, keystore_url: str) -> None:
    """Another key under the same version, or a version too few, stops the start with what to do."""
    for wrong, says in (
        (masters(OTHER), "restore that key"),
        (LocalMasterKeys({2: SECOND}, where="MASTER_KEYS"), "version 1, which MASTER_KEYS does not hold"),
        (masters(OTHER, FIRST), "restore that key"),
    ):
        with pytest.raises(MasterKeyError, match=says) as refused:
            async with Vault(KeyStore(keystore_url), wrong):
                pass
        assert "\n" not in str(refused.value)


async def test_a_wrong_master_key_is_noticed_with_an_empty_store(keystore_url: str) -> None:
    """The canary is there from the first start, before any data key is."""
    async with Vault(KeyStore(keystore_url), masters(FIRST)):
        pass
    with pytest.raises(MasterKeyError):
        async with Vault(KeyStore(keystore_url), masters(OTHER)):
            pass


async def test_swapped_wrappings_do_not_open(vault: Vault, keystore_url: str) -> None:
    """Who can write to the key store cannot pass one source's key off as another's."""
    await vault.create_source_keys(1, 2)
    async with KeyStore(keystore_url) as store:
        one, two = [(await store.keys(1, source))[0] for source in (1, 2)]
        await store.rewrap([(one, 1, two.wrapped)])
        with pytest.raises(MasterKeyError):
            async with Vault(KeyStore(keystore_url), masters(FIRST)) as fresh:
                await fresh.source_keys(1, 1)


async def test_a_new_master_key_waits_until_it_is_put_to_use(vault: Vault, keystore_url: str) -> None:
    """Given to one process after another, it wraps nothing before the rotation: no process fails to read."""
    async with Vault(KeyStore(keystore_url), masters(FIRST, SECOND)) as ahead:
        await ahead.create_source_keys(1, 2)
        assert await _opened(vault, await _sealed(ahead, 2), 2) == b"Ada"
        assert await ahead.rewrap_all() == 4
        await ahead.create_source_keys(1, 3)
        with pytest.raises(MasterKeyError, match="version 2"):
            await vault.source_keys(1, 3)
    async with Vault(KeyStore(keystore_url), LocalMasterKeys({2: SECOND}, where="MASTER_KEYS")) as after:
        assert await after.source_keys(1, 1)


async def test_a_rotation_needs_the_newest_master_key(vault: Vault, keystore_url: str) -> None:
    """Rewrapping backwards is refused."""
    async with Vault(KeyStore(keystore_url), masters(FIRST, SECOND)) as ahead:
        await ahead.rewrap_all()
    with pytest.raises(MasterKeyError, match="version 2"):
        await vault.rewrap_all()


class _Failing(LocalMasterKeys):
    """Master keys whose n-th wrapping fails, as if the process ended there."""

    def __init__(self, fail_at: int) -> None:
        super().__init__({1: FIRST, 2: SECOND}, where="MASTER_KEYS")
        self._left = fail_at

    async def wrap(self, version: int, key: bytes, context: bytes) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ConnectionAbortedError
        return await super().wrap(version, key, context)


async def test_an_interrupted_rotation_goes_on(
    vault: Vault, keystore_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off at each single step, everything stays readable, and the last run finishes the rest."""
    monkeypatch.setattr(key_ring, "_BATCH", 2)
    for source_id in (2, 3, 4):
        await vault.create_source_keys(1, source_id)
    sealed = {source_id: await _sealed(vault, source_id) for source_id in (1, 2, 3, 4)}
    for step in range(12):
        async with Vault(KeyStore(keystore_url), _Failing(step)) as broken:
            with suppress(ConnectionAbortedError):
                await broken.rewrap_all()
            for source_id, text in sealed.items():
                assert await _opened(broken, text, source_id) == b"Ada"
    async with KeyStore(keystore_url) as store:
        assert (await store.summary()).live_by_version == {2: 8}


_ROTATE_AND_HANG = """
import asyncio, sys, time
from storage.keys.keystore import KeyStore
from storage.keys.vault import Vault
from tests.storage.keys.some_keys import FIRST, SECOND, masters

class Hanging(KeyStore):
    async def rewrap(self, keys):
        async with self._writing() as connection:  # inside the transaction that rewraps
            print("writing", flush=True)
            if sys.argv[2] == "writing":
                time.sleep(60)
        await super().rewrap(keys)

def progress(done, total):
    print("batch", flush=True)
    if sys.argv[2] == "batch":
        time.sleep(60)

async def main():
    async with Vault(Hanging(sys.argv[1]), masters(FIRST, SECOND)) as vault:
        await vault.rewrap_all(progress)

asyncio.run(main())
"""


@pytest.mark.parametrize("point", ["writing", "batch", "anywhere"])
async def test_a_rotation_killed_by_the_system_goes_on(vault: Vault, keystore_url: str, point: str) -> None:
    """After kill -9, between two batches or within one, every key opens and the next run finishes."""
    for source_id in range(2, 160):
        await vault.create_source_keys(1, source_id)
    sealed = {source_id: await _sealed(vault, source_id) for source_id in (1, 80, 159)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _ROTATE_AND_HANG,
        keystore_url,
        point,
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async for line in process.stdout:
        if point in (line.decode().strip(), "anywhere"):
            break
    with suppress(ProcessLookupError):  # "anywhere" may be after the end
        process.kill()
    await process.wait()
    async with Vault(KeyStore(keystore_url), masters(FIRST, SECOND)) as after:
        for source_id, text in sealed.items():
            assert await _opened(after, text, source_id) == b"Ada"
        await after.rewrap_all()
        for source_id, text in sealed.items():
            assert await _opened(after, text, source_id) == b"Ada"
        assert (await after._store.summary()).live_by_version == {2: 318}


async def test_keys_leave_memory_when_nobody_asks(vault: Vault, clock: Clock) -> None:
    """The cache is swept a minute after the last fetch."""
    await vault.source_keys(1, 1)
    assert vault._cache
    clock.now += vaults.CACHE_SECONDS
    vault._sweep()
    assert not vault._cache


async def test_without_the_key_store_nothing_is_read(
    vault: Vault, keystore_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the key store cannot be asked, cached keys are not handed out either."""
    await vault.source_keys(1, 1)

    async def down(*_: object) -> list[StoredKey]:
        raise KeyStoreError("down")

    monkeypatch.setattr(vault._store, "keys", down)
    with pytest.raises(KeyStoreError):
        await vault.source_keys(1, 1)


async def test_a_vault_shows_nothing(vault: Vault, keystore_url: str) -> None:
    """No key material in what can be printed of the vault and its parts."""
    async with KeyStore(keystore_url) as store:
        stored = await store.keys(1, 1)
    shown = "".join(map(repr, (vault, vault._store, vault._ring, await vault.source_keys(1, 1), stored)))
    assert FIRST.hex() not in shown
    assert all(key.wrapped.hex() not in shown and str(key.wrapped)[2:-1] not in shown for key in stored)
