"""How right and how fast thoughts are: benchmarks/thoughts.py [--short] [--changes N].

Right: days of generated years with planted incidents (`thought_years.py`) are judged by the detector of
unusual days and, on the same days in the same run, by a plain rule of three standard deviations. A flagged
day counts once a run; it is right if an incident of that figure lies there or ended the day before. Days on
which a source was not synced are hidden from the detector, as they are in earnest; the plain rule sees zeros.

Fast: changes of the cache are evaluated as in earnest, with facts of their customers loaded from SQLite in
batches, in this one process. Times are of the processor.
"""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean, pstdev
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, as well as with -m

from benchmarks.measure import percentile, show
from benchmarks.places import Databases
from benchmarks.thought_years import FIGURES, Company, Incident, companies
from storage import records
from storage.intake.derive import derive
from storage.intake.news import Change
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.metrics.scope import Asking
from storage.session import Database
from tests.world import World, customer, make_world, payment, price, product, subscription
from thoughts.detect import on_changes
from thoughts.detectors.unusual_day import find
from thoughts.thresholds import DEFAULTS

_FIRST_JUDGED = 100
_SIGMAS = 3
_BATCH = 1_000
_CUSTOMERS = 1_000

Days = Sequence[tuple[date, int]]


@dataclass(slots=True)
class Verdicts:
    """What one rule said of all companies."""

    hits: set[tuple[int, Incident]] = field(default_factory=set)
    right: int = 0
    wrong: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    by_company: dict[int, int] = field(default_factory=lambda: defaultdict(int))


def ours(days: Days, figure: str) -> date | None:
    """The last day, if it is unusual."""
    found = find(days, figure, DEFAULTS.unusual_days, DEFAULTS.unusual_score)
    return found.day if found else None


def three_sigma(days: Days, figure: str) -> date | None:
    """The last day, if it is more than three standard deviations from the mean of as many days before it."""
    values = [(day, float(value)) for day, value in days]
    if figure.startswith("mrr:"):
        values = [(day, (after - before) / before) for (_, before), (day, after) in pairwise(values)]
    *history, (day, value) = values[-DEFAULTS.unusual_days - 1 :]
    numbers = [number for _, number in history]
    return day if abs(value - fmean(numbers)) > _SIGMAS * pstdev(numbers) else None


def judge(
    company: Company, rule: Callable[[Days, str], date | None], *, sees: bool
) -> Iterator[tuple[str, date, Incident | None]]:
    """Every run that a rule flags, and the incident that it is about. `sees`: it knows of outages."""
    for figure in FIGURES:
        days = company.days[figure] if sees else _with_zeros(company, figure)
        last: date | None = None
        for at in range(_FIRST_JUDGED, len(days)):
            day = days[at][0]
            if sees and _hidden(company, figure, day):
                continue
            flagged = rule(days[max(0, at - DEFAULTS.unusual_days - 16) : at + 1], figure)
            if flagged is not None and (last is None or (day - last).days > 2):
                about = [one for one in company.incidents if one.holds(figure, day, slack=1)]
                yield figure, day, about[0] if about else None
            last = day if flagged is not None else last


def _with_zeros(company: Company, figure: str) -> list[tuple[date, int]]:
    """What was not synced is zero to whoever does not know of it."""
    return [(day, 0 if _hidden(company, figure, day) else value) for day, value in company.days[figure]]


def _hidden(company: Company, figure: str, day: date) -> bool:
    return any(outage.holds(figure, day) for outage in company.outages)


def is_right(count: int, years: int) -> None:
    """Both rules on the same days."""
    rules = {"ours": (ours, True), "3 sigma": (three_sigma, False)}
    said = {name: Verdicts() for name in rules}
    planted: list[tuple[int, Incident]] = []
    months = 0.0
    for number, company in enumerate(companies(count, years, seed=11)):
        planted += [(number, incident) for incident in company.incidents]
        months += (365 * years - _FIRST_JUDGED) / 30.4
        for name, (rule, sees) in rules.items():
            for figure, _, about in judge(company, rule, sees=sees):
                if about is None:
                    said[name].wrong[figure] += 1
                    said[name].by_company[number] += 1
                else:
                    said[name].right += 1
                    said[name].hits.add((number, about))
    each = months / count
    rows = []
    for name, verdicts in said.items():
        wrong = sum(verdicts.wrong.values())
        worst = max((verdicts.by_company[number] / each for number in range(count)), default=0.0)
        rows.append([
            name,
            f"{verdicts.right / max(1, verdicts.right + wrong):.2f}",
            f"{len(verdicts.hits) / len(planted):.2f}",
            f"{wrong / months:.2f}",
            f"{worst:.2f}",
        ])  # fmt: skip
    columns = ["rule", "precision", "recall", "false a month", "worst company"]
    show(f"Unusual days: {count} companies, {years} years, {len(planted)} incidents", columns, rows)
    by_kind = defaultdict(lambda: [0, 0, 0])
    for number, incident in planted:
        row = by_kind[incident.name]
        row[0] += 1
        for place, name in enumerate(rules, start=1):
            row[place] += (number, incident) in said[name].hits
    show(
        "Found of each sort",
        ["incident", "planted", *rules],
        [[kind, *map(str, row)] for kind, row in by_kind.items()],
    )


async def is_fast(count: int) -> None:
    """Changes a minute on one core: the failures, recoveries and all that is no news of a busy company."""
    with tempfile.TemporaryDirectory() as folder:
        places = await asyncio.to_thread(Databases, "SQLite", Path(folder))
        db = Database.connect(places.fresh())
        keys = f"sqlite+aiosqlite:///{folder}/keys.sqlite3"
        master = LocalMasterKeys({1: secrets.token_bytes(32)}, where="the benchmark")
        async with Vault(KeyStore(keys), master) as vault:
            world = await make_world(db, vault)
            changes = await _changes(world, count)
            took, thoughts = await _evaluated(world, changes)
        await db.dispose()
    per_batch = sorted(took)
    rate = len(changes) / sum(took) * 60
    rows = [[f"{len(changes):,}", f"{rate:,.0f}", f"{percentile(per_batch, 0.5) * 1e3:.0f}",
             f"{percentile(per_batch, 0.99) * 1e3:.0f}", f"{thoughts:,}"]]  # fmt: skip
    columns = ["changes", "changes a minute", "p50 ms a batch", "p99", "thoughts"]
    show(f"Evaluated on one core, {_BATCH} changes a batch", columns, rows)


async def _changes(world: World, count: int) -> list[Change]:
    """One in ten is a failed payment, one in ten a success, the others are what nobody wants to hear."""
    now = datetime.now(UTC)
    called = [f"C{number}" for number in range(_CUSTOMERS)]
    failed = records.PaymentStatus.FAILED
    for start in range(0, len(called), 250):
        part = called[start : start + 250]
        await world.write(
            product("Growth"), price(), *map(customer, part), *map(subscription, part),
            *(payment(int(one[1:]), one, status=failed, created_at=now) for one in part), at=now,
        )  # fmt: skip
    await derive(world.db, world.account_id, world.source_id, vault=world.vault)
    ids = [
        (await world.id_of("customer", f"cus_{one}"), await world.id_of("payment", f"ch_{one[1:]}"))
        for one in called
    ]
    draw = random.Random(1)
    made = []
    for number in range(count):
        who, paid = draw.choice(ids)
        kind = number % 10
        if kind < 2:
            new = {"attempt_of": None, "status": ("failed", "succeeded")[kind], "amount": 4_900,
                   "currency": "usd", "created_at": now, "failure": None}  # fmt: skip
            made.append(
                Change(kind="payment", source_id=world.source_id, id=paid, at=now, new=new, customer_id=who)
            )
        else:
            new = {"status": "active", "cancel_at_period_end": False, "cancel_at": None}
            kinds = ("subscription", "conversation", "invoice", "deal")
            made.append(
                Change(
                    kind=kinds[kind % 4],
                    source_id=world.source_id,
                    id=paid,
                    at=now,
                    new=new,
                    old=dict(new),
                    customer_id=who,
                )
            )
    return made


async def _evaluated(world: World, changes: Sequence[Change]) -> tuple[list[float], int]:
    """Processor seconds of each batch, and how many thoughts came of all."""
    asking = Asking(world.account_id, "usd", "UTC", datetime.now(UTC) + timedelta(minutes=1))
    took, thoughts = [], 0
    for start in range(0, len(changes), _BATCH):
        began = process_time()
        async with world.db.tenant(world.account_id) as session:
            thoughts += len(await on_changes(session, asking, changes[start : start + _BATCH]))
        took.append(process_time() - began)
    return took, thoughts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="few companies, few changes")
    parser.add_argument("--changes", type=int, help="how many changes to evaluate")
    given = parser.parse_args()
    is_right(8 if given.short else 40, 2)
    asyncio.run(is_fast(given.changes or (20_000 if given.short else 200_000)))


if __name__ == "__main__":
    main()
