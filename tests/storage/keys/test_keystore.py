"""The key store on both databases: what it keeps, what it refuses, and what destruction leaves."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from storage.keys.keystore import KeyStore, KeyStoreError, Slot

Row = tuple[Slot, int, bytes]


@pytest.fixture
async def store(keystore_url: str) -> AsyncIterator[KeyStore]:
    async with KeyStore(keystore_url) as opened:
        await opened.add_canary(1, b"canary")
        yield opened


def _row(account_id: int = 1, source_id: int = 1, purpose: str = "data", epoch: int = 1) -> Row:
    return Slot(account_id, source_id, purpose, epoch), 1, os.urandom(60)


async def _raw_bytes(url: str) -> bytes:
    """Everything that the database has on disk about keys."""
    if url.startswith("sqlite"):
        file = Path(url.partition("///")[2])
        return b"".join(found.read_bytes() for found in sorted(file.parent.glob(f"{file.name}*")))
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sa.text("CHECKPOINT"))
        content = await connection.scalar(
            sa.text("SELECT pg_read_binary_file(pg_relation_filepath('data_key'))")
        )
    await engine.dispose()
    return bytes(content)


async def test_a_key_comes_back_as_it_was_stored(store: KeyStore) -> None:
    """Keys of one source, by purpose and epoch, with their age; those of others stay out."""
    rows = [_row(epoch=2), _row(), _row(purpose="ids")]
    assert await store.add(rows)
    assert await store.add([_row(source_id=2)])
    found = await store.keys(1, 1)
    assert [key.slot for key in found] == sorted(row[0] for row in rows)
    assert {key.wrapped for key in found} == {row[2] for row in rows}
    assert all(0 <= key.age < 60 and not key.destroyed for key in found)
    assert all(key.wrapped.hex() not in repr(key) and "wrapped" not in repr(key) for key in found)


async def test_a_slot_is_used_once(store: KeyStore) -> None:
    """A taken slot refuses the whole batch, also after its key was destroyed."""
    assert await store.add([_row()])
    assert not await store.add([_row(epoch=2), _row()])
    await store.destroy(1, 1)
    assert not await store.add([_row()])
    assert len(await store.keys(1, 1)) == 1


async def test_only_the_newest_master_key_wraps_new_keys(store: KeyStore) -> None:
    """A process that has not noticed a rotation cannot store a key under the old master key."""
    await store.add_canary(2, b"canary")
    assert not await store.add([_row()])
    slot, _, wrapped = _row()
    assert await store.add([(slot, 2, wrapped)])


async def test_a_destroyed_key_is_on_disk_no_more(store: KeyStore, keystore_url: str) -> None:
    """Destruction overwrites: not a byte sequence of the wrapped key is left in the database's files."""
    rows = [_row(), _row(purpose="ids"), _row(source_id=2)]
    await store.add(rows[:2])
    await store.add(rows[2:])
    before = await _raw_bytes(keystore_url)
    assert all(row[2][:16] in before for row in rows)
    assert await store.destroy(1, 1) == 2
    await store.scrub()
    after = await _raw_bytes(keystore_url)
    assert not any(row[2][at : at + 16] in after for row in rows[:2] for at in range(45))
    assert rows[2][2] in after
    assert [(key.destroyed, key.wrapped) for key in await store.keys(1, 1)] == [(True, bytes(60))] * 2


async def test_nothing_is_left_where_rows_have_moved(store: KeyStore, keystore_url: str) -> None:
    """Rows move between pages as a table grows; copies they leave behind are overwritten as well."""
    rows = [_row(source_id=source * 37 % 101) for source in range(1, 101)]
    for row in rows:
        await store.add([row])
    for row in rows[:20]:
        await store.destroy(1, row[0].source_id)
    await store.destroy_account(1)
    await store.scrub()
    after = await _raw_bytes(keystore_url)
    assert not any(row[2][:16] in after or row[2][-16:] in after for row in rows)


async def test_old_epochs_are_destroyed_alone(store: KeyStore) -> None:
    """Retiring epochs leaves newer ones and the ids key."""
    await store.add([_row(), _row(epoch=2), _row(epoch=3), _row(purpose="ids")])
    assert await store.destroy(1, 1, before_epoch=3) == 2
    alive = [key.slot[2:] for key in await store.keys(1, 1) if not key.destroyed]
    assert alive == [("data", 3), ("ids", 1)]


async def test_a_destroyed_account_leaves_one_mark_and_no_way_back(
    store: KeyStore, keystore_url: str
) -> None:
    """All keys of the account go; one row without a key remains, so that none is made again."""
    mine = [_row(source_id=source) for source in (0, 1, 2)]
    for row in mine:
        await store.add([row])
    await store.add([_row(account_id=2)])
    assert await store.destroy_account(1) == 3
    await store.scrub()
    await store.destroy_account(1)
    after = await _raw_bytes(keystore_url)
    assert not any(row[2][:16] in after for row in mine)
    assert not await store.add([_row(source_id=9)])
    assert [key.wrapped for key in await store.keys(1, 0)] == [b""]
    assert await store.keys(1, 1) == []
    assert len(await store.keys(2, 1)) == 1


async def test_rewrapping_spares_what_was_destroyed_meanwhile(store: KeyStore) -> None:
    """A key destroyed between reading and rewrapping stays destroyed, and one rewrapped twice is left."""
    await store.add([_row(), _row(source_id=2)])
    first, second = await store.not_wrapped_by(2, 10)
    await store.destroy(1, 1)
    await store.rewrap([(first, 2, b"n" * 60), (second, 2, b"m" * 60)])
    await store.rewrap([(second, 2, b"z" * 60)])
    assert (await store.keys(1, 1))[0].wrapped == bytes(60)
    assert (await store.keys(1, 2))[0].wrapped == b"m" * 60
    assert await store.not_wrapped_by(2, 10) == []


async def test_the_summary_counts(store: KeyStore) -> None:
    """Live keys by master key version, accounts and sources that have any, and destroyed ones."""
    for row in (_row(source_id=0), _row(), _row(source_id=2), _row(account_id=2, source_id=1)):
        await store.add([row])
    await store.destroy(1, 2)
    found = await store.summary()
    assert (found.live_by_version, found.accounts, found.sources) == ({1: 3}, 2, 2)
    assert (found.destroyed, found.canaries) == (1, (1,))


async def test_seals_are_counted(store: KeyStore) -> None:
    """Counts add up, on the key that sealed."""
    await store.add([_row(), _row(epoch=2)])
    await store.count_seals(Slot(1, 1, "data", 2), 40)
    await store.count_seals(Slot(1, 1, "data", 2), 2)
    assert [key.seals for key in await store.keys(1, 1)] == [0, 42]


async def test_many_processes_may_start_at_once(keystore_url: str) -> None:
    """The tables are made once, whoever comes first."""
    stores = [KeyStore(keystore_url) for _ in range(6)]
    await asyncio.gather(*(store.open() for store in stores))
    await asyncio.gather(*(store.add_canary(1, b"c") for store in stores))
    assert await stores[0].canaries() == {1: b"c"}
    await asyncio.gather(*(store.close() for store in stores))


async def test_of_many_that_make_one_key_one_wins(store: KeyStore, keystore_url: str) -> None:
    """Writers wait for each other: exactly one gets the slot, nobody fails."""
    async with KeyStore(keystore_url) as other:
        won = await asyncio.gather(*(held.add([_row()]) for held in (store, other) * 5))
    assert won.count(True) == 1


async def test_a_store_of_a_later_version_is_left_alone(keystore_url: str) -> None:
    """A schema that this version does not know stops the start."""
    async with KeyStore(keystore_url):
        pass
    engine = create_async_engine(keystore_url)
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE key_store SET version = 99"))
    await engine.dispose()
    with pytest.raises(KeyStoreError, match="another version"):
        async with KeyStore(keystore_url):
            pass


async def test_the_file_is_private(tmp_path: Path) -> None:
    """A SQLite key store and a folder made for it are their owner's alone."""
    old = os.umask(0)
    try:
        async with KeyStore(f"sqlite+aiosqlite:///{tmp_path}/new/keys.sqlite3"):
            pass
    finally:
        os.umask(old)
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / "keys.sqlite3").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "url", ["postgresql+asyncpg://user:h1dden@127.0.0.1:1/x", "sqlite+aiosqlite:////dev/null/keys.sqlite3"]
)
async def test_a_store_that_does_not_answer_fails_closed(url: str) -> None:
    """One line that names the setting's place, without the password."""
    with pytest.raises(KeyStoreError) as refused:
        await KeyStore(url).open()
    assert "\n" not in str(refused.value)
    assert "h1dden" not in str(refused.value) + repr(KeyStore(url))


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Garbage in the key store's place is an error, not a new key store."""
    file = tmp_path / "keys.sqlite3"
    file.write_bytes(b"not a database, for sure" * 100)
    with pytest.raises(KeyStoreError, match="does not answer"):
        await KeyStore(f"sqlite+aiosqlite:///{file}").open()


@pytest.mark.needs_postgres
async def test_a_missing_database_is_refused_in_one_line(postgres_url: str) -> None:
    """Whatever the driver raises becomes a KeyStoreError."""
    with pytest.raises(KeyStoreError):
        await KeyStore(postgres_url + "_missing").open()
