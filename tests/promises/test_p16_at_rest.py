"""P16: encrypted at rest. Disk, dump and backup hold nothing readable; a destroyed key opens none of it."""

import contextlib

import pytest

from connectors.errors import ConnectorError
from storage.trust.source_removal import remove_source
from tests.connectors.test_kill import Place
from tests.promises.canaries import find
from tests.promises.places import held_keys, opened, unhexed
from tests.promises.stripe_canaries import email_of, name_of
from tests.promises.sweep import Stage
from tests.vendors.stripe import StripeServer

pytestmark = pytest.mark.promises("P16")


async def _live(stage: Stage, server: StripeServer) -> None:
    """What an account lives through: syncs, errors, changes, questions."""
    await stage.sync()
    server.break_next("/v1/customers", lambda _: server._json(b"{}", 500))
    with contextlib.suppress(ConnectorError):
        await stage.sync(full=True)
    customer = dict(server.world.tables["customers"].rows[0].object)
    server.put("customers", {**customer, "name": name_of(stage.canaries, 9)}, "customer.updated")
    await stage.sync()
    for question in (f"MRR of {name_of(stage.canaries, 1)}", f"tell me about {email_of(stage.canaries, 2)}"):
        await stage.ask(question)
    await stage.ask("and last month?")


async def test_disk_dump_and_backup_hold_nothing_readable(stage: Stage, server: StripeServer) -> None:
    """Heap, indexes, WAL, temporary files, logs, dump, key store: 0 canaries without the keys."""
    await _live(stage, server)
    await stage.plant_controls()
    await stage.sweep_living(backup=await stage.files.dump(), leave_out=["said"])


@pytest.mark.promises("P2")
async def test_a_destroyed_key_opens_neither_pages_nor_the_backup_before_it(
    stage: Stage, server: StripeServer
) -> None:
    """After a source is removed no key that is left opens anything of it: dead rows, WAL, old backup."""
    await _live(stage, server)
    await stage.plant_controls()
    backup = await stage.files.dump()
    keys_before = await held_keys(stage.files.keystore_url, stage.master)
    raw_keys_before = [piece.data for piece in stage.files.keystore()]
    assert find([stage.canaries.kept], opened(unhexed(backup), keys_before)), "the backup held something"
    await remove_source(stage.db, stage.vault, stage.account_id, stage.source_id)
    keys = await held_keys(stage.files.keystore_url, stage.master)
    assert {key.source_id for key in keys_before} - {key.source_id for key in keys} == {stage.source_id}
    assert raw_keys_before != [piece.data for piece in stage.files.keystore()]
    await stage.sweep(backup=backup, leave_out=["said"])


async def test_the_destroyed_key_is_gone_from_the_key_stores_file(stage: Stage) -> None:
    """No wrapped copy of it remains in the key store's bytes: a master key alone brings nothing back."""
    wrapped = await _wrapped(stage)
    before = b"".join(piece.data for piece in stage.files.keystore())
    assert all(one in before for one in wrapped)
    await stage.vault.destroy_source_keys(stage.account_id, stage.source_id)
    left = b"".join(piece.data for piece in stage.files.keystore())
    assert [one for one in wrapped if one[:24] in left or one[-24:] in left] == []


async def _wrapped(stage: Stage) -> list[bytes]:
    from storage.keys.keystore import KeyStore

    async with KeyStore(stage.files.keystore_url) as store:
        return [key.wrapped for key in await store.keys(stage.account_id, stage.source_id)]


async def test_a_process_killed_in_the_middle_leaves_nothing_readable(
    stage: Stage, server: StripeServer
) -> None:
    """Syncs killed with kill -9 leave pages, logs and temporary files without a canary."""
    server.latency = 0.01
    place = Place(stage.files.url, stage.files.keystore_url, stage.master, stage.account_id, stage.source_id)
    for requests in (3, 9, 14):
        process = await place.start()
        until = server.requests.total() + requests
        while server.requests.total() < until and process.returncode is None:
            await _moment()
        if process.returncode is None:
            process.kill()
        await process.wait()
    await stage.plant_controls()
    await stage.sweep_living()


async def _moment() -> None:
    import asyncio

    await asyncio.sleep(0.002)
