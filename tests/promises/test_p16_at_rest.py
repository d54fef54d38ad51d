"""P16: encrypted at rest. Disk, dump and backup hold nothing readable; a destroyed key opens none of it."""

from pathlib import Path

import pytest

from storage.keys.keystore import KeyStore
from storage.trust.messages import choose
from storage.trust.source_removal import remove_source
from tests.connectors.test_kill import SYNC_ONCE, Place
from tests.promises.canaries import find
from tests.promises.living import live, renew_key
from tests.promises.places import Files, held_keys, opened, unhexed
from tests.promises.sweep import Stage, local_vault
from tests.vendors.stripe import StripeServer
from tests.zygote import zygote

pytestmark = pytest.mark.promises("P16")


async def test_disk_dump_and_backup_hold_nothing_readable(stage: Stage, server: StripeServer) -> None:
    """Heap, indexes, WAL, temporary files, logs, dump, key store: 0 canaries without the keys."""
    await live(stage, server)
    await stage.plant_controls()
    await stage.sweep_living(backup=await stage.files.dump(), leave_out=["said"])


@pytest.mark.promises("P2")
async def test_a_destroyed_key_opens_neither_pages_nor_the_backup_before_it(
    stage: Stage, server: StripeServer
) -> None:
    """After a source is removed no key that is left opens anything of it: dead rows, WAL, old backup; nor,
    a day later, what Messages and conversations had said."""
    await choose(stage.db, stage.account_id, on_customer_deleted="redact")
    await live(stage, server)
    await stage.plant_controls()
    backup = await stage.files.dump()
    keys_before = await held_keys(stage.files.keystore_url, stage.master)
    raw_keys_before = [piece.data for piece in await stage.files.keystore()]
    assert find([stage.canaries.kept], opened(unhexed(backup), keys_before)), "the backup held something"
    await remove_source(stage.db, stage.vault, stage.account_id, stage.source_id)
    keys = await held_keys(stage.files.keystore_url, stage.master)
    assert {key.source_id for key in keys_before} - {key.source_id for key in keys} == {stage.source_id}
    assert raw_keys_before != [piece.data for piece in await stage.files.keystore()]
    await renew_key(stage, 0)  # which had sealed a Message and a conversation
    await stage.sweep(backup=backup, leave_out=["said"])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)])
def key_files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """A key store of its own, in a file or on PostgreSQL, and where it lies."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path}/keystore.sqlite3"
        return Files(url, url)
    url = str(request.getfixturevalue("postgres_url"))
    return Files(url, url, request.getfixturevalue("cluster"))


@pytest.mark.promises("P2", "P4")
@pytest.mark.parametrize("what", ["source", "account"])
async def test_the_destroyed_key_is_gone_from_the_key_stores_files(
    key_files: Files, master: bytes, what: str
) -> None:
    """No wrapped copy of it remains in heap or index: a master key alone brings nothing back; others stay."""
    async with local_vault(key_files.keystore_url, master) as vault:
        for account_id in (1, 2):
            await vault.create_account_keys(account_id)
            await vault.create_source_keys(account_id, 7)
        destroyed, kept = await _wrapped(key_files, 1), await _wrapped(key_files, 2)
        before = b"".join(piece.data for piece in await key_files.keystore())
        assert all(one in before for one in destroyed + kept)
        if what == "source":
            await vault.destroy_source_keys(1, 7)
        else:
            await vault.destroy_account_keys(1)
        left = b"".join(piece.data for piece in await key_files.keystore())
    assert [one for one in destroyed if one[:24] in left or one[-24:] in left] == []
    assert all(one in left for one in kept)


async def _wrapped(files: Files, account_id: int) -> list[bytes]:
    async with KeyStore(files.keystore_url) as store:
        return [key.wrapped for key in await store.keys(account_id, 7)]


async def test_a_process_killed_in_the_middle_leaves_nothing_readable(
    stage: Stage, server: StripeServer
) -> None:
    """Syncs killed with kill -9 leave pages, logs and temporary files without a canary."""
    server.latency = 0.01
    place = Place(stage.files.url, stage.files.keystore_url, stage.master, stage.account_id, stage.source_id)
    async with zygote(SYNC_ONCE) as mother:
        for requests in (3, 9, 14):
            process = await place.start(mother)
            until = server.requests.total() + requests
            while server.requests.total() < until and process.returncode is None:
                await _moment()
            process.kill()
            await process.wait()
    await stage.plant_controls()
    await stage.sweep_living()


async def _moment() -> None:
    import asyncio

    await asyncio.sleep(0.002)
