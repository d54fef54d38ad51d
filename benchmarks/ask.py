"""How fast a question is answered, beside its bare SQL: benchmarks/ask.py [--short] [--customers N ...].

Each question in three ways, in turns: as hand-written SQL on the driver, from its plan to an Answer, and from
words to an Answer; the last two through the assistant that Slack and the terminal use, the customers' names
opened. Half a second each, on PostgreSQL (with fsync) and on SQLite.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, as well as with -m

from benchmarks.ask_data import Company, make_company
from benchmarks.ask_questions import Question, for_sqlite, questions
from benchmarks.measure import percentile, show
from benchmarks.places import Databases
from bot.answer import Kind
from bot.assistant import Assistant, Context
from bot.cache import AccountCache
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.session import Database
from tests import postgres

COLUMNS = ("question, ms (p50 / p99)", "bare SQL", "plan to Answer", "more", "words to Answer", "target")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TARGETS = ((100_000, 5.0), (1_000_000, 20.0))
"""p99 in ms from plan to Answer, up to so many customers."""
_WORDS = 30.0


@dataclass
class Chosen:
    """A conversation in which "this" was offered as the plan to run: the assistant's own way for a plan."""

    plan: Any

    async def load(self, account_id: int, conversation: str) -> Context:
        return Context(offered={"this": self.plan})

    async def save(self, account_id: int, conversation: str, context: Context) -> None:
        """Kept for nobody."""

    async def forget(self, account_id: int, conversation: str) -> None:
        """There is nothing to forget."""


@dataclass
class Times:
    """Milliseconds of each way to answer one question."""

    bare: list[float] = field(default_factory=list)
    plan: list[float] = field(default_factory=list)
    words: list[float] = field(default_factory=list)


class Asked:
    """One database, filled."""

    def __init__(self, db: Database, vault: Vault, company: Company, now: datetime) -> None:
        self._db, self._company, self._now = db, company, now
        self._cache = AccountCache(db, vault)

    async def questions(self) -> list[Question]:
        someone = self._company.someone
        people = await self._cache.names(self._company.account_id, [someone])
        return questions(self._now, someone, people[someone].name)

    async def first_answer(self) -> float:
        """Milliseconds of the first question of all, which opens every name of the account."""
        return await _timed(lambda: self._ask(Assistant(self._cache), "mrr"))

    async def times(self, question: Question, seconds: float) -> Times:
        """The three ways in turns for so many seconds each, after a round that does not count."""
        by_plan = Assistant(self._cache, Chosen(question.plan))
        by_words = Assistant(self._cache)
        times = Times()
        async with self._db.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            ways: list[tuple[list[float], Callable[[], Awaitable[Any]]]] = [
                (times.bare, lambda: self._bare(driver, question)),
                (times.plan, lambda: self._ask(by_plan, "this", conversation="one")),
                (times.words, lambda: self._ask(by_words, question.words)),
            ]
            for _, way in ways:
                await way()
            until = perf_counter() + seconds * len(ways)
            while perf_counter() < until or len(times.words) < 20:
                for found, way in ways:
                    found.append(await _timed(way))
        return times

    async def _bare(self, driver: Any, question: Question) -> list[Any]:
        arguments = (self._company.account_id, *question.arguments)
        if self._db.is_postgres:
            return list(await driver.fetch(question.sql, *arguments))
        bound = [_bound(value) for value in arguments]
        return list(await driver.execute_fetchall(for_sqlite(question.sql), bound))

    async def _ask(self, assistant: Assistant, question: str, conversation: str | None = None) -> None:
        answer = await assistant.ask(question, account_id=self._company.account_id, conversation=conversation)
        assert answer.kind not in {Kind.CLARIFY, Kind.REFUSE}, (question, answer.text)


def _bound(value: Any) -> Any:
    """As SQLite keeps it: times in whole microseconds."""
    return (value - _EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else value


async def _timed(way: Callable[[], Awaitable[Any]]) -> float:
    start = perf_counter()
    await way()
    return 1000 * (perf_counter() - start)


async def measure(databases: Databases, folder: Path, customers: int, seconds: float) -> None:
    """Fills a database, asks everything, prints the table."""
    now = datetime.now(UTC)
    db = Database.connect(await asyncio.to_thread(databases.fresh))
    keystore = KeyStore(f"sqlite+aiosqlite:///{folder}/keys-{databases.kind}-{customers}.sqlite3")
    async with Vault(keystore, LocalMasterKeys({1: bytes(range(32))}, where="the benchmark")) as vault:
        company = await make_company(db, vault, customers, now)
        asked = Asked(db, vault, company, datetime.now(UTC))
        first = await asked.first_answer()
        lines = [
            _line(question, await asked.times(question, seconds), company.customers)
            for question in await asked.questions()
        ]
    await db.dispose()
    title = f"{databases.kind}, {company.customers:,} customers; opening all names, once: {first:,.0f} ms"
    show(title, COLUMNS, lines)


def _line(question: Question, times: Times, customers: int) -> tuple[str, ...]:
    wanted = next(most for size, most in (*_TARGETS, (sys.maxsize, 20.0)) if customers <= size * 1.01)
    met = percentile(times.plan, 0.99) < wanted and percentile(times.words, 0.99) < _WORDS
    more = percentile(times.plan, 0.5) - percentile(times.bare, 0.5)
    verdict = f"{wanted:.0f} / {_WORDS:.0f} {'met' if met else 'missed'}"
    shown = (f"{percentile(found, 0.5):.2f} / {percentile(found, 0.99):.2f}" for found in _ways(times))
    bare, plan, words = shown
    return question.name, bare, plan, f"+{more:.2f}", words, verdict


def _ways(times: Times) -> tuple[list[float], list[float], list[float]]:
    return times.bare, times.plan, times.words


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="3,000 customers: under a minute")
    parser.add_argument("--customers", type=int, nargs="+", help="default 10000 100000")
    options = parser.parse_args()
    sizes = options.customers or ([3_000] if options.short else [10_000, 100_000])
    with tempfile.TemporaryDirectory(prefix="chewbotta-bench-") as folder:
        for kind in ("PostgreSQL", "SQLite"):
            if kind == "PostgreSQL" and not postgres.find_binaries():
                print("PostgreSQL's server programs are not here: SQLite alone is asked.")
                continue
            databases = Databases(kind, Path(folder))
            try:
                for size in sizes:
                    seconds = 0.2 if options.short else 0.5
                    asyncio.run(measure(databases, Path(folder), size, seconds))
            finally:
                databases.stop()


if __name__ == "__main__":
    main()
