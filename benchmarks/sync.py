"""How fast a source is loaded, beside a loop over the vendor's SDK: benchmarks/sync.py [--short].

Everything runs on this machine: the vendor's server, PostgreSQL (with fsync), and each contestant in a
process of its own, in turns. "plain" is the official SDK with SQLAlchemy inserts of 100; "bare" the least
that a sync can do, which tells what the machine can do. Ours does more than either: see docs/performance.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, as well as with -m

from benchmarks.measure import show
from benchmarks.places import Databases, measured, vendor
from benchmarks.stripe_world import CUSTOMERS, objects_in, write_world
from tests import postgres

COLUMNS = (
    "case",
    "who",
    "rows/s",
    "x plain",
    "pages/s",
    "with figures",
    "CPU s/1,000 rows",
    "peak MB",
    "longest stop",
)


@dataclass
class Bench:
    """What all cases share. `facts` are figures for the targets, by name."""

    folder: Path
    world: Path
    objects: int
    copies: int
    rounds: int
    plain_seconds: float
    rows: list[tuple[str, ...]] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)

    def ours(self, database: str, url: str, **more: Any) -> dict[str, Any]:
        keystore = f"sqlite+aiosqlite:///{self.folder}/keys-{database.rpartition('/')[2]}.sqlite3"
        found = measured("sync_ours", database=database, keystore=keystore, url=url, **more)
        assert not found["left_out"], found["left_out"]
        return found

    def plain(self, databases: Databases, url: str) -> dict[str, Any]:
        database = databases.fresh()
        found = measured("sync_plain", database=database, url=url, seconds=self.plain_seconds)
        databases.drop(database)
        return found

    def add(self, case: str, who: str, runs: list[dict[str, Any]], plain: list[dict[str, Any]]) -> None:
        """A line of the table: medians over the runs, the worst of peaks and stops."""
        speed = _speed(runs)
        figures = median(run["read"] / run["seconds"] for run in runs) if who == "ours" else None
        self.rows.append(
            (
                case,
                who,
                f"{speed:,.0f}",
                f"{speed / _speed(plain):.1f}" if plain else "",
                f"{median(_pages(run) / _seconds(run) for run in runs):.0f}",
                f"{figures:,.0f}" if figures else "",
                f"{1000 * _cpu_of(runs):.3f}",
                f"{max(run['peak_mb'] for run in runs):.0f}",
                f"{max(run['stall_ms'] for run in runs):.0f} ms" if who == "ours" else "",
            )
        )


def _seconds(run: dict[str, Any]) -> float:
    """Seconds of loading; of ours, the recomputing of figures comes after and is told apart."""
    return float(run.get("load_seconds") or run["seconds"])


def _cpu(run: dict[str, Any]) -> float:
    """Processor seconds of loading, in this process alone: the database's are not in it."""
    return float(run.get("load_cpu") or run["cpu"])


def _pages(run: dict[str, Any]) -> float:
    return float(run.get("pages") or run["read"] / 100)


def _cpu_of(runs: list[dict[str, Any]]) -> float:
    return median(_cpu(run) / run["read"] for run in runs)


def _speed(runs: list[dict[str, Any]]) -> float:
    return median(run["read"] / _seconds(run) for run in runs)


def free(bench: Bench, databases: Databases) -> None:
    """No latency, no limit: what the code costs. And again, with nothing changed."""
    ours, plain, bare, again = [], [], [], []
    with vendor(bench.world, bench.copies) as url:
        for _ in range(bench.rounds):
            database = databases.fresh()
            ours.append(bench.ours(database, url))
            again.append(bench.ours(database, url, account_id=ours[-1]["account_id"]))
            databases.drop(database)
            plain.append(bench.plain(databases, url))
            if databases.kind == "PostgreSQL":
                database = databases.fresh()
                bare.append(measured("sync_bare", database=database, url=url))
                databases.drop(database)
    case = f"{databases.kind}, no latency"
    bench.add(case, "ours", ours, plain)
    bench.add("", "plain", plain, plain)
    if bare:
        bench.add("", "bare", bare, plain)
        bench.facts["of the bare speed"] = _speed(ours) / _speed(bare)
        bench.facts["x plain"] = _speed(ours) / _speed(plain)
        bench.facts["less CPU"] = _cpu_of(plain) / _cpu_of(ours)
        bench.facts["longest stop"] = median(run["stall_ms"] for run in ours)
        bench.facts["figures per 1,000 customers"] = median(
            (run["seconds"] - run["load_seconds"]) / run["derived"] * 1000 for run in ours
        )
    bench.facts["peak"] = max(bench.facts.get("peak", 0), *(run["peak_mb"] for run in ours))
    share = median(second["seconds"] / first["seconds"] for first, second in zip(ours, again, strict=True))
    bench.facts[f"second sync, {databases.kind}"] = share


def far(bench: Bench, databases: Databases) -> None:
    """100 ms a request, and a server that answers 429 beyond 100 requests a second."""
    with vendor(bench.world, bench.copies, "--latency", "100", "--rate", "100") as url:
        database = databases.fresh()
        ours = [bench.ours(database, url)]
        databases.drop(database)
        plain = [bench.plain(databases, url)]
    bench.add(f"{databases.kind}, 100 ms, 100 requests/s", "ours", ours, plain)
    bench.add("", "plain", plain, plain)
    bench.facts["pages/s at 100 requests/s"] = _pages(ours[0]) / _seconds(ours[0])


def refused(bench: Bench, databases: Databases) -> None:
    """Every 50th request is answered 429: nothing may be missing afterwards."""
    with vendor(bench.world, bench.copies, "--every-429", "50") as url:
        database = databases.fresh()
        ours = [bench.ours(database, url)]
        databases.drop(database)
    bench.add(f"{databases.kind}, every 50th request 429", "ours", ours, [])
    bench.facts["rows lost to 429"] = bench.objects - ours[0]["stored"]


@dataclass(frozen=True)
class Target:
    """One line of what is aimed at; `fact` is the figure that tells."""

    wanted: str
    fact: str
    shown: str
    met: Callable[[float], bool]


TARGETS = (
    Target("at least 15 times the plain loop", "x plain", "{:.1f}", lambda x: x >= 15),
    Target("and in processor time", "less CPU", "{:.1f}", lambda x: x >= 15),
    Target("half of the bare speed", "of the bare speed", "{:.0%}", lambda x: x >= 0.5),
    Target("at least 80 pages/s", "pages/s at 100 requests/s", "{:.0f}", lambda x: x >= 80),
    Target("no row lost to 429", "rows lost to 429", "{:.0f}", lambda x: x == 0),
    Target("peak under 150 MB", "peak", "{:.0f} MB", lambda x: x < 150),
    Target("no stop of the event loop over 10 ms", "longest stop", "{:.0f} ms", lambda x: x <= 10),
    Target("a second sync under 5%", "second sync, PostgreSQL", "{:.1%}", lambda x: x < 0.05),
    Target("a second sync under 5%, SQLite", "second sync, SQLite", "{:.1%}", lambda x: x < 0.05),
    Target("figures (none given)", "figures per 1,000 customers", "{:.2f} s", lambda _: True),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="a smaller company, once: under a minute")
    parser.add_argument("--customers", type=int, help="about how many (default 9,000; 1,160 with --short)")
    parser.add_argument("--rounds", type=int, help="how often (default 3; 1 with --short)")
    options = parser.parse_args()
    customers = options.customers or (1_160 if options.short else 9_000)
    with tempfile.TemporaryDirectory(prefix="chewbotta-bench-") as made:
        folder = Path(made)
        world = folder / "world"
        world.mkdir()
        copies = max(1, round(customers / CUSTOMERS))
        bench = Bench(
            folder=folder,
            world=world,
            objects=objects_in(write_world(world), copies),
            copies=copies,
            rounds=options.rounds or (1 if options.short else 3),
            plain_seconds=2 if options.short else 15,
        )
        _run(bench, ["PostgreSQL", "SQLite"])
    show(f"Loading {bench.objects:,} objects of {copies * CUSTOMERS:,} customers", COLUMNS, bench.rows)
    lines = [
        (t.wanted, t.shown.format(bench.facts[t.fact]), _verdict(t, bench))
        for t in TARGETS
        if t.fact in bench.facts
    ]
    show("Targets", ("target", "reached", ""), lines)


def _run(bench: Bench, kinds: list[str]) -> None:
    for kind in kinds:
        if kind == "PostgreSQL" and not postgres.find_binaries():
            print("PostgreSQL's server programs are not here: its cases are left out.")
            continue
        databases = Databases(kind, bench.folder)
        try:
            free(bench, databases)
            if kind == "PostgreSQL":
                far(bench, databases)
                refused(bench, databases)
        finally:
            databases.stop()


def _verdict(target: Target, bench: Bench) -> str:
    return "met" if target.met(bench.facts[target.fact]) else "missed"


if __name__ == "__main__":
    main()
