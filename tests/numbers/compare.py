"""Invented companies by the thousand: every figure of the house beside that of the second opinion.

    python -m tests.numbers.compare --worlds 1000

Worlds alternate between SQLite and PostgreSQL (where it is installed), an account each in one database.
Exits with 1 where any figure differs, and prints which, so that `--first SEED --worlds 1` shows it alone.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage import migrate
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.metrics.figures import Breakdown, Number, Series, Table
from storage.metrics.plan import Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking
from storage.session import Database
from tests import postgres
from tests.numbers.loading import load, open_account, records_of
from tests.numbers.oracle_figures import Company
from tests.numbers.questions import NOW, SEEN, questions
from tests.numbers.worlds import World, later


@dataclass(frozen=True)
class Difference:
    seed: int
    plan: Plan
    wanted: Any
    found: Any

    def __str__(self) -> str:
        plan = self.plan.model_dump_json(exclude_defaults=True, exclude_none=True)
        return f"world {self.seed}: {plan}\n    wanted {self.wanted}\n    found  {self.found}"


def plain(figures: Any) -> Any:
    """Figures as the second opinion gives them."""
    match figures:
        case Number():
            if figures.value is not None or not figures.values:
                return figures.value if figures.value is not None else {}
            return dict(figures.values)
        case Breakdown():
            groups = {key[0] if len(key) == 1 else key: plain(number) for key, number in figures.groups}
            return {key: number for key, number in groups.items() if number}
        case Series():
            return [plain(number) for _, number in figures.points]
        case Table():
            return figures.total_rows
    return figures


async def differences(
    db: Database, vault: Vault, seed: int, *, one_in: int = 1
) -> tuple[int, list[Difference]]:
    """How many figures of a world were compared (of all, or one in so many), and those that differ."""
    invented = World(seed)
    account = await open_account(db, vault, zone=invented.zone, currency=invented.currency)
    syncs = {SEEN: invented.lists, SEEN + 1800: later(invented)}
    for at, lists in syncs.items():
        await load(account, records_of(lists), datetime.fromtimestamp(at, UTC))
    company = Company(syncs, invented.zone, NOW)
    asking = Asking(account.account_id, invented.currency, invented.zone, datetime.fromtimestamp(NOW, UTC))
    asked, found = 0, []
    async with db.tenant(account.account_id, read_only=True) as session:
        for number, (plan, wanted) in enumerate(questions(company, seed)):
            if number % one_in != seed % one_in:
                continue
            asked += 1
            got = plain(await run(session, plan, asking))
            if got != wanted:
                found.append(Difference(seed, plan, wanted, got))
    return asked, found


@asynccontextmanager
async def databases(folder: Path) -> AsyncIterator[list[Database]]:
    """Fresh ones: SQLite, and PostgreSQL where there is one."""
    urls = [f"sqlite+aiosqlite:///{folder}/main.sqlite3"]
    cluster = None if postgres.why_missing() else postgres.Cluster()
    if cluster:
        urls.append(cluster.url("postgres"))
    for url in urls:
        await migrate.upgrade(url)
    opened = [Database.connect(url) for url in urls]
    try:
        yield opened
    finally:
        for database in opened:
            await database.dispose()
        if cluster:
            cluster.stop()


async def compare(seeds: range, one_in: int) -> int:
    """Prints what differs, world by world; returns how many figures did."""
    asked = wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        master = LocalMasterKeys({1: secrets.token_bytes(32)}, where="the comparison")
        store = KeyStore(f"sqlite+aiosqlite:///{folder}/keys.sqlite3")
        async with Vault(store, master) as vault, databases(folder) as opened:
            for seed in seeds:
                count, found = await differences(opened[seed % len(opened)], vault, seed, one_in=one_in)
                asked, wrong = asked + count, wrong + len(found)
                _say(*map(str, found))
                if (seed + 1) % 100 == 0:
                    _say(f"{seed + 1 - seeds.start} worlds, {asked} figures, {wrong} differences")
    _say(f"{len(seeds)} worlds, {asked} figures, {wrong} differences")
    return wrong


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _options() -> tuple[range, int]:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first world")
    parser.add_argument("--one-in", type=int, default=1, help="ask one in so many questions of each")
    options = parser.parse_args()
    return range(options.first, options.first + options.worlds), options.one_in


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(compare(*_options())) else 0)
