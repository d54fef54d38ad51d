"""How fast an account's data is handed out, sealed anew and deleted: benchmarks/deletion.py [--short].

Each beside the barest way to do the same to the same rows in the same run: `COPY ... TO STDOUT` beside the
export, AES in a loop beside the new key, plain DELETEs beside the removal of a source. PostgreSQL has fsync.
"""

import argparse
import asyncio
import io
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, as well as with -m

from benchmarks.ask_data import make_company
from benchmarks.measure import Cost, costs, show
from benchmarks.places import Databases
from storage import models
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.reencrypt import Step, renew
from storage.keys.vault import SETTLED_SECONDS, KeyDestroyed, Vault
from storage.models.base import table_of
from storage.session import Database
from storage.trust.export import export_account
from storage.trust.source_removal import remove_source
from tests import postgres
from tests.storage.keys.some_keys import let_time_pass

SOURCE = 1
KEYS_A_SOURCE = 2
OLD = {1: bytes(range(32))}
BOTH = OLD | {2: bytes(range(32, 64))}
COLUMNS = ("what", "rows", "s", "rows/s", "processor s", "bare s", "x bare", "longest stop ms", "target")


@dataclass
class Line:
    """One thing done: how many rows, what it cost, what the bare way took, and what was wanted."""

    what: str
    rows: int
    cost: Cost
    bare: float
    target: float
    """Seconds."""

    def cells(self) -> tuple[str, ...]:
        seconds = self.cost.seconds
        verdict = "met" if seconds <= self.target else "missed"
        return (
            self.what, f"{self.rows:,}", f"{seconds:.2f}", f"{self.rows / max(seconds, 1e-9):,.0f}",
            f"{self.cost.cpu:.2f}", f"{self.bare:.2f}", f"{seconds / max(self.bare, 1e-9):.1f}",
            f"{self.cost.stall_ms:.0f}", f"{self.target:g} s: {verdict}",
        )  # fmt: skip


@dataclass
class Bench:
    """A filled database, its keys, and what was measured."""

    db: Database
    url: str
    vault: Vault
    keystore: str
    account_id: int
    customers: int
    lines: list[Line] = field(default_factory=list)

    async def export(self, file: Path) -> None:
        """The whole account into a file, beside its tables as they stand."""
        with file.open("wb") as sink, costs() as cost:
            written = await export_account(self.db, self.vault, self.account_id, sink, now=datetime.now(UTC))
        bare = await _timed(self._copy_out)
        self._note("export of everything", sum(written.values()), cost, bare, 60)

    async def new_key(self) -> None:
        """Everything that the source's key has sealed, sealed with its next one."""
        place = (self.db, self.vault, self.account_id, SOURCE)
        later = datetime.now(UTC) + timedelta(days=1)
        async with self.db.tenant(self.account_id) as session:
            await session.execute(sa.update(models.Source).values(rekey_since=datetime.now(UTC)))
        assert (await renew(*place, now=later)).step is Step.ANNOUNCED
        await let_time_pass(self.keystore, SETTLED_SECONDS)
        with costs() as cost:
            done = await renew(*place, now=later)
        assert done.step is Step.RESEALED
        self._note("sealed with a new key", done.rows, cost, _aes(done.rows, size=160), 60)
        assert (await renew(*place, now=later)).step is Step.RETIRED

    async def remove(self, bare: float) -> None:
        """The source: until no process can read it any more, and until its rows are gone."""
        rows = await self._rows()
        async with Vault(KeyStore(self.keystore), LocalMasterKeys(OLD, where="here")) as elsewhere:
            watching = asyncio.create_task(_unreadable(elsewhere, self.account_id))
            with costs() as cost:
                await remove_source(self.db, self.vault, self.account_id, SOURCE)
            blind = await watching
        self._note("unreadable everywhere", rows, Cost(seconds=blind), bare, 2)
        self._note("rows of the source gone", rows, cost, bare, 60)
        assert not await self._rows()

    async def bare_removal(self) -> float:
        """Seconds of one DELETE a table, in a copy of the database."""
        return await _timed(self._delete)

    async def _delete(self) -> None:
        async with self.db.engine.begin() as connection:
            for table in _of_sources():
                await connection.execute(sa.delete(table).where(table.c.account_id == self.account_id))

    async def _copy_out(self) -> None:
        async with self.db.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            for table in _of_sources():
                if self.db.is_postgres:
                    await driver.copy_from_table(table.name, output=io.BytesIO())
                else:
                    await connection.execute(sa.select(table))

    async def _rows(self) -> int:
        async with self.db.engine.connect() as connection:
            counts = [
                await connection.scalar(
                    sa.select(sa.func.count()).select_from(table).where(table.c.account_id == self.account_id)
                )
                for table in _of_sources()
            ]
        return sum(count or 0 for count in counts)

    def _note(self, what: str, rows: int, cost: Cost, bare: float, target: float) -> None:
        self.lines.append(Line(what, rows, cost, bare, target))


def _of_sources() -> list[sa.Table]:
    """Tables with rows of sources, and what is derived of them."""
    derived = {table_of(model) for model in (models.Movement, models.Profile)}
    return [
        table
        for table in reversed(models.Base.metadata.sorted_tables)
        if table in derived or ("source_id" in table.c and table.name != "source")
    ]


async def _unreadable(vault: Vault, account_id: int) -> float:
    """Seconds until another process is refused the source's keys."""
    start = perf_counter()
    while True:
        try:
            await vault.source_keys(account_id, SOURCE)
        except KeyDestroyed:
            return perf_counter() - start
        await asyncio.sleep(0.01)


def _aes(values: int, size: int) -> float:
    """Seconds to open and seal so many values in a loop, and nothing else."""
    aead, place, text = AESGCM(os.urandom(32)), os.urandom(60), os.urandom(size)
    nonce = os.urandom(12)
    sealed = aead.encrypt(nonce, text, place)
    start = perf_counter()
    for _ in range(values):
        aead.encrypt(os.urandom(12), aead.decrypt(nonce, sealed, place), place)
    return perf_counter() - start


async def _timed(way: Callable[[], Awaitable[Any]]) -> float:
    start = perf_counter()
    await way()
    return perf_counter() - start


async def rewrap(folder: Path, sources: int) -> Line:
    """A new master key for so many sources."""
    url = f"sqlite+aiosqlite:///{folder}/rewrap.sqlite3"
    async with Vault(KeyStore(url), LocalMasterKeys(OLD, where="here")) as vault:
        for number in range(sources):
            await vault.create_source_keys(1, number + 1)
    async with Vault(KeyStore(url), LocalMasterKeys(BOTH, where="here")) as vault:
        with costs() as cost:
            wrapped = await vault.rewrap_all()
    assert wrapped == sources * KEYS_A_SOURCE
    what = f"new master key, {sources:,} sources"
    return Line(what, wrapped, cost, _aes(wrapped, size=32), 5 * sources / 1000)


async def measure(databases: Databases, folder: Path, customers: int) -> list[Line]:
    """Fills a database and its copy, does everything to it, and says what it cost."""
    url = await asyncio.to_thread(databases.fresh)
    keystore = f"sqlite+aiosqlite:///{folder}/keys-{databases.kind}.sqlite3"
    async with Vault(KeyStore(keystore), LocalMasterKeys(OLD, where="here")) as vault:
        db = Database.connect(url)
        company = await make_company(db, vault, customers, datetime.now(UTC))
        bench = Bench(db, url, vault, keystore, company.account_id, company.customers)
        await bench.export(folder / "export.json")
        await bench.new_key()
        await db.dispose()
        copy = await asyncio.to_thread(databases.copy, url)
        bench.db = Database.connect(copy)
        bare = await bench.bare_removal()
        await bench.db.dispose()
        await asyncio.to_thread(databases.drop, copy)
        bench.db = Database.connect(url)
        await bench.remove(bare)
        await bench.db.dispose()
    return bench.lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="3,000 customers: under a minute")
    parser.add_argument("--customers", type=int, default=100_000)
    options = parser.parse_args()
    customers, sources = (3_000, 100) if options.short else (options.customers, 1_000)
    with tempfile.TemporaryDirectory(prefix="chewbotta-bench-") as folder:
        for kind in ("PostgreSQL", "SQLite"):
            if kind == "PostgreSQL" and not postgres.find_binaries():
                print("PostgreSQL's server programs are not here: SQLite alone is measured.")
                continue
            databases = Databases(kind, Path(folder))
            try:
                lines = asyncio.run(measure(databases, Path(folder), customers))
            finally:
                databases.stop()
            show(f"{kind}, {customers:,} customers", COLUMNS, [line.cells() for line in lines])
        line = asyncio.run(rewrap(Path(folder), sources))
        show("key store", COLUMNS, [line.cells()])


if __name__ == "__main__":
    main()
