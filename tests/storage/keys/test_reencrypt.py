"""Renewing a data key: everything moves, nothing fails to open, and the old key opens nothing more."""

import asyncio
import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, select

from storage import models
from storage.conversations import load_context, save_context
from storage.intake.checkpoints import Mark, Place, load_marks, save_marks
from storage.keys import reencrypt
from storage.keys.keystore import KeyStore
from storage.keys.keystore_schema import ACCOUNT_ITSELF
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.reencrypt import ROUND_AFTER, Step, renew
from storage.keys.vault import SETTLED_SECONDS, KeyDestroyed, Vault
from storage.personal import build_name_index
from storage.personal_document import open_personal
from storage.records import Customer
from storage.session import Database
from storage.sources import get_source, open_secret
from storage.trust import webhook_events
from storage.trust.messages import Content, Post, choose, keep, list_messages
from storage.trust.privacy import same_customers
from storage.trust.webhook_events import Incoming
from tests.storage.keys.some_keys import let_time_pass
from tests.world import NOW, World, customer, gone, make_world
from tests.zygote import Mother, zygote

LATER = NOW + ROUND_AFTER
KILLS = 8


@pytest.fixture
def grow_older(tmp_path: Path) -> Callable[[], Any]:
    """Lets the newest key come of age."""
    return lambda: let_time_pass(f"sqlite+aiosqlite:///{tmp_path}/keys.sqlite3", SETTLED_SECONDS)


async def _fill(world: World, count: int = 30) -> None:
    """Customers, of whom one is deleted, a checkpoint and a webhook."""
    await world.sync(*(customer(f"C{number}", name=f"Name {number}") for number in range(count)))
    await world.sync(gone(Customer, "cus_C0"))
    keys = await world.vault.source_keys(world.account_id, world.source_id)
    async with world.db.tenant(world.account_id) as session:
        await save_marks(session, keys, [Mark("feed:x", "", Place(cursor="evt_1"))], NOW)
    async with world.db.tenant(world.account_id) as session:
        await webhook_events.store(session, keys, [Incoming("evt_1", "customer.updated", b"{}", None, NOW)])


async def _renew(world: World) -> Step:
    return (await renew(world.db, world.vault, world.account_id, world.source_id, now=LATER)).step


async def _epochs(world: World) -> set[int]:
    keys = await world.vault.source_keys(world.account_id, world.source_id)
    return {keys.epoch_of(row.sealed) for row in await world.rows(models.Customer)}


async def _readable(world: World) -> bool:
    """Whether everything opens that is sealed with the source's key."""
    keys = await world.vault.source_keys(world.account_id, world.source_id)
    names = {open_personal(keys, row.id, row.sealed).name for row in await world.rows(models.Customer)}
    marks = await load_marks(world.db, keys)
    secret = await open_secret(world.vault, await get_source(world.db, world.account_id, world.source_id))
    found = await same_customers(world.db, world.account_id, {world.source_id: keys}, "billing@c1.example")
    async with world.db.tenant(world.account_id, read_only=True) as session:
        body = await webhook_events.open_body(session, keys, keys.record_id("event", "evt_1"))
    return (
        names == {f"Name {number}" for number in range(1, 30)}
        and [mark.place.cursor for mark in marks] == ["evt_1"]
        and secret.key == "sk_test_of_the_tests"
        and len(found[world.source_id]) == 1
        and body == b"{}"
    )


async def test_a_round_moves_everything_to_the_new_key(world: World, grow_older: Callable[[], Any]) -> None:
    """Announce, wait, seal anew, retire: readable at every step, and only the new epoch is left."""
    await _fill(world)
    steps = []
    for _ in range(2):
        steps.append(await _renew(world))
        assert await _readable(world)
    await grow_older()
    for _ in range(3):
        steps.append(await _renew(world))
        assert await _readable(world)
    assert steps == [Step.ANNOUNCED, Step.WAITING, Step.RESEALED, Step.RETIRED, Step.NOTHING]
    assert await _epochs(world) == {2}
    (source,) = await world.rows(models.Source)
    assert source.rekey_since is None


async def test_what_the_old_key_sealed_is_gone_with_it(world: World, grow_older: Callable[[], Any]) -> None:
    """A copy of the deleted customer's row, as a backup would have it, opens no more."""
    await world.sync(customer("C0"))
    (backup,) = await world.rows(models.Customer)
    await _fill(world)
    await _renew(world)
    await grow_older()
    assert (await _renew(world), await _renew(world)) == (Step.RESEALED, Step.RETIRED)
    keys = await world.vault.source_keys(world.account_id, world.source_id)
    with pytest.raises(KeyDestroyed):
        open_personal(keys, backup.id, backup.sealed)


async def test_nothing_is_renewed_without_need_or_too_early(world: World) -> None:
    """No deletion, or one just now: deletions are gathered first; half a day later the round begins."""
    await world.sync(customer("A"), customer("B"))
    assert await _renew(world) is Step.NOTHING
    await world.write(gone(Customer, "cus_A"), at=NOW)
    soon = await renew(
        world.db, world.vault, world.account_id, world.source_id, now=LATER - timedelta(seconds=1)
    )
    assert soon.step is Step.NOTHING
    assert await _renew(world) is Step.ANNOUNCED
    assert timedelta(hours=23) > ROUND_AFTER


async def test_deletions_during_a_round_begin_another(world: World, grow_older: Callable[[], Any]) -> None:
    """Who is deleted after the new key was announced may have been sealed with it: it is renewed as well."""
    await _fill(world)
    await _renew(world)
    await world.write(gone(Customer, "cus_C1"), at=NOW)
    await grow_older()
    assert [await _renew(world) for _ in range(3)] == [Step.RESEALED, Step.RETIRED, Step.ANNOUNCED]


async def test_the_accounts_own_key_is_renewed_too(world: World, grow_older: Callable[[], Any]) -> None:
    """After a deletion Messages and conversations move to a new key; copies from before open no more."""
    place = (world.db, world.vault, world.account_id)
    await world.sync(customer("Gone"), customer("Kept"))
    await choose(world.db, world.account_id, on_customer_deleted="redact")
    for name in ("Gone", "Kept"):
        about = [await world.id_of("customer", f"cus_{name}")]
        post, said = [Post("C1", "1.0")], Content(f"{name} pays")
        await keep(*place, kind="profile", platform="slack", content=said, posts=post, about=about, now=NOW)
    backup = {row.message_id: row.sealed for row in await world.rows(models.Message)}
    await save_context(*place, "mrr", b"plan", NOW, personal=False)
    await world.sync(gone(Customer, "cus_Gone"))

    async def step() -> Step:
        return (await renew(*place, ACCOUNT_ITSELF, now=LATER)).step

    steps = [await step()]
    await grow_older()
    steps += [await step() for _ in range(3)]
    assert steps == [Step.ANNOUNCED, Step.RESEALED, Step.RETIRED, Step.NOTHING]
    texts = [one.content.text if one.content else None for one in await list_messages(*place)]
    assert sorted(texts, key=str) == ["Kept pays", None]
    assert await load_context(*place, "mrr", NOW) == b"plan"
    keys = await world.vault.account_keys(world.account_id)
    for message_id, sealed in backup.items():
        with pytest.raises(KeyDestroyed):
            keys.open(table="message", row_id=message_id, column="sealed", sealed=sealed)


async def test_a_row_changed_meanwhile_stays_as_its_writer_left_it(
    world: World, grow_older: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync that writes between the opening and the sealing of a row wins."""
    await _fill(world)
    await _renew(world)
    await grow_older()
    seal_anew = reencrypt._seal_anew
    loop = asyncio.get_running_loop()
    changed = False

    def slowly(keys: Any, sealed: Any, rows: Any) -> Any:
        nonlocal changed
        fresh = seal_anew(keys, sealed, rows)
        if sealed.model is models.Customer and not changed:
            changed = True
            write = world.write(customer("C5", name="Renamed"))
            asyncio.run_coroutine_threadsafe(write, loop).result()
        return fresh

    monkeypatch.setattr(reencrypt, "_seal_anew", slowly)
    assert await _renew(world) is Step.RESEALED
    keys = await world.vault.source_keys(world.account_id, world.source_id)
    names = {open_personal(keys, row.id, row.sealed).name for row in await world.rows(models.Customer)}
    assert "Renamed" in names
    assert await _epochs(world) == {2}


async def test_records_of_two_epochs_are_joined(world: World, grow_older: Callable[[], Any]) -> None:
    """While old and new keys stand side by side, a new record finds the one that shares its address."""
    from storage.intake.derive import derive

    await world.sync(customer("A", email="a@shared.example"), customer("Gone"))
    await world.sync(gone(Customer, "cus_Gone"))
    await _renew(world)
    await grow_older()
    await world.write(customer("B", email="A@shared.example"))
    await derive(world.db, world.account_id, world.source_id, vault=world.vault)
    assert await _epochs(world) == {1, 2}
    assert len(await world.rows(models.Profile)) == 1
    assert [await _renew(world) for _ in range(2)] == [Step.RESEALED, Step.RETIRED]
    await world.sync(customer("B", email="A@shared.example", name="Again"))
    assert len(await world.rows(models.Profile)) == 1


async def test_the_name_index_can_be_built_at_every_step(world: World, grow_older: Callable[[], Any]) -> None:
    """Names are found before, during and after a round."""
    await _fill(world)
    for step in (Step.ANNOUNCED, Step.RESEALED, Step.RETIRED):
        assert await _renew(world) is step
        await grow_older()
        index = await build_name_index(world.db, world.vault, world.account_id)
        assert len(index) == 29


def test_every_sealed_column_is_renewed() -> None:
    """Whatever a table of a source or of the account keeps sealed is on the list of what is sealed anew."""
    not_sealed_by_a_data_key = {
        "receipt", "audit_entry", "audit_head",  # signatures and digests
        "pending_signup",  # by the link in somebody's mail, whose key nobody here has; gone within a day
    }  # fmt: skip
    hashes = {"fingerprint", "products", "error_id", "key", "token_hash", "code_hash"}
    listed = {(one.table.name, one.column) for one in reencrypt.SEALED}
    found = {
        (table.name, column.name)
        for table in models.Base.metadata.sorted_tables
        for column in table.columns
        if type(column.type) is LargeBinary and table.name not in not_sealed_by_a_data_key
    }
    assert {name for name in found if name[1] not in hashes} == listed


# ---- kill -9 ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Somewhere:
    """A database and its keys, for a process to work in."""

    url: str
    keystore: str
    master: bytes

    def vault(self) -> Vault:
        return Vault(KeyStore(self.keystore), LocalMasterKeys({1: self.master}, where="the test"))


async def test_killed_at_any_moment_every_row_opens_and_the_round_ends(
    database_url: str, tmp_path: Path
) -> None:
    """Killed eight times while it seals anew: after each kill all rows open; then the round is finished."""
    place = Somewhere(database_url, f"sqlite+aiosqlite:///{tmp_path}/keys.sqlite3", secrets.token_bytes(32))
    db = Database.connect(place.url)
    async with place.vault() as vault, zygote("tests.storage.keys.renew_once") as mother:
        world = await make_world(db, vault)
        await world.sync(*(customer(f"C{number}") for number in range(400)))
        await world.sync(gone(Customer, "cus_C0"))
        await renew(db, vault, world.account_id, world.source_id, now=LATER)
        await let_time_pass(place.keystore, SETTLED_SECONDS)
        for _ in range(KILLS):
            await _run_and_kill(mother, place, world, after=2)
            keys = await vault.source_keys(world.account_id, world.source_id)
            rows = await world.rows(models.Customer)
            assert len({open_personal(keys, row.id, row.sealed).id for row in rows}) == 399
        assert [await _renew(world) for _ in range(2)] == [Step.RESEALED, Step.RETIRED]
        assert await _epochs(world) == {2}
        async with db.tenant(world.account_id, read_only=True) as session:
            assert len((await session.scalars(select(models.Customer.id))).all()) == 399
    await db.dispose()


async def _run_and_kill(mother: Mother, place: Somewhere, world: World, *, after: int) -> None:
    """Runs one step in a process of its own, and kills it when it has stored `after` batches."""
    arguments = {
        "database": place.url,
        "keystore": place.keystore,
        "master": base64.b64encode(place.master).decode(),
        "account_id": world.account_id,
        "source_id": world.source_id,
        "now": LATER.isoformat(),
        "at_once": 20,
    }
    process = await mother.start(arguments)
    for _ in range(after):
        if not await process.readline():
            break
    process.kill()
    await process.wait()
