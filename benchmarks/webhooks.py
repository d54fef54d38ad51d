"""How many webhooks one process takes, durable before it says so: benchmarks/webhooks.py [--short].

Stripe's events of 3.9 kB, signature checked, sealed, committed by PostgreSQL with fsync. "commit for each" is
the same code with a transaction for each request, in turns in the same run. Rates are of the median round.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, as well as with -m

from benchmarks.measure import percentile, show
from benchmarks.places import ROOT, Databases
from benchmarks.webhooks_served import MASTER
from storage import accounts
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.session import Database
from storage.sources import SourceSecret, add_source
from tests.vendors.signing import signed

SECRET = "whsec_of_the_benchmark"
SIZE = 3_900
COLUMNS = ("way", "connections", "events/s", "p50 ms", "p99 ms", "x commit for each", "target")


class Round(NamedTuple):
    """Events a second, and the seconds that each waited for its answer."""

    rate: float
    waits: list[float]


def event(number: str) -> bytes:
    """As Stripe sends it: an envelope and an object that is most of its size."""
    made = {"id": f"evt_{number}", "type": "customer.updated", "created": 1_764_000_000}
    item = {"id": f"cus_{number}", "object": "customer", "metadata": {"filler": ""}}
    bare = len(json.dumps(made | {"data": {"object": item}}))
    item["metadata"] = {"filler": "x" * (SIZE - bare)}
    return json.dumps(made | {"data": {"object": item}}).encode()


def request(path: str, body: bytes) -> bytes:
    headers = signed("stripe", body, SECRET, datetime.now(UTC), url="") | {
        "host": "bot.example.com",
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def send(port: int, requests: list[bytes], connections: int) -> Round:
    """All requests, over so many connections that each has one under way."""
    left, waits = iter(requests), []

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for sent in left:
            start = perf_counter()
            writer.write(sent)
            answer = await reader.readuntil(b"\r\n\r\n")
            waits.append(perf_counter() - start)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"not acknowledged: {answer[:40]!r}")
        writer.close()

    start = perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return Round(len(requests) / (perf_counter() - start), waits)


@contextmanager
def served(**arguments: str) -> Iterator[int]:
    """The port of a server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.webhooks_served", json.dumps(arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def prepared(url: str, keystore: str) -> str:
    """An account with a Stripe source that takes webhooks; the path of their address."""
    db = Database.connect(url)
    async with Vault(KeyStore(keystore), LocalMasterKeys(MASTER, where="here")) as vault:
        account_id = await accounts.create_account(db, vault, name="Bench", now=datetime.now(UTC))
        source_id = await add_source(
            db, vault, account_id, kind="stripe", label="Stripe", secret=SourceSecret("sk_test_1", (SECRET,)),
            base_url=None, now=datetime.now(UTC),
        )  # fmt: skip
    await db.dispose()
    return f"/webhooks/{account_id}/{source_id}"


def rounds(
    path: str, ports: dict[str, int], connections: int, events: int, times: int
) -> dict[str, list[Round]]:
    """The ways in turns, so that a busy moment of the machine is everyone's."""
    found: dict[str, list[Round]] = {way: [] for way in ports}
    for turn in range(times + 1):
        for way, port in ports.items():
            sent = [request(path, event(f"{way}{connections}x{turn}x{number}")) for number in range(events)]
            done = asyncio.run(send(port, sent, connections))
            if turn:  # the first one warms up
                found[way].append(done)
    return found


def lines(found: dict[str, list[Round]], connections: int) -> Iterator[tuple[str, ...]]:
    each = median(one.rate for one in found["each"])
    for way, name in (("ours", "Chewbotta"), ("each", "commit for each")):
        rate = median(one.rate for one in found[way])
        p50, p99 = (median(percentile(one.waits, share) for one in found[way]) for share in (0.5, 0.99))
        is_met = rate >= 4_000 and rate >= 1.8 * each and p99 < 0.05
        target = "4,000/s, 1.8x, 50 ms: " + ("met" if is_met else "missed")
        yield (
            name, str(connections), f"{rate:,.0f}", f"{1000 * p50:.1f}", f"{1000 * p99:.1f}",
            f"{rate / each:.1f}", target if way == "ours" and connections == 64 else "",
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--short", action="store_true", help="fewer events and rounds")
    short = parser.parse_args().short
    events, times = (2_000, 3) if short else (10_000, 5)
    with tempfile.TemporaryDirectory() as folder:
        databases = Databases("PostgreSQL", Path(folder))
        try:
            url, keystore = databases.fresh(), f"sqlite+aiosqlite:///{folder}/keys.sqlite3"
            path = asyncio.run(prepared(url, keystore))
            with (
                served(url=url, keystore=keystore, way="ours") as ours,
                served(url=url, keystore=keystore, way="each") as each,
            ):
                table = [
                    line
                    for connections in (16, 64)
                    for line in lines(
                        rounds(path, {"ours": ours, "each": each}, connections, events, times), connections
                    )
                ]
            show(f"Webhooks of {SIZE:,} bytes into PostgreSQL, load {os.getloadavg()[0]:.1f}", COLUMNS, table)
        finally:
            databases.stop()


if __name__ == "__main__":
    main()
