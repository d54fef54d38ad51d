"""As little as a sync can do: typed pages, one COPY and one upsert for ten of them. Started by `sync.py`.

No keys, no encryption, no checkpoints, no change detection, no history: what is left is the speed of the
machine, to measure ours by. PostgreSQL only.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import asyncpg
import msgspec

from benchmarks.measure import costs, report
from connectors.stripe.streams import READINGS
from connectors.stripe.wire import ListOf

_WINDOWS, _WORKERS = 16, 16
_ROWS_A_WRITE = 1000
_COLUMNS = ("id", "customer", "charge", "status", "currency", "amount", "total", "created")
_NAMES = ", ".join(_COLUMNS)
_NUMBERS = frozenset({"amount", "total", "created"})


async def main(database: str, url: str) -> None:
    """Reads every list in windows of creation dates and stores a few columns of each object."""
    pool = await asyncpg.create_pool(database.replace("+asyncpg", ""), min_size=4, max_size=4)
    columns = ", ".join(f"{name} {'bigint' if name in _NUMBERS else 'text'}" for name in _COLUMNS)
    for reading in READINGS:
        await pool.execute(f"CREATE TABLE bare_{reading.stream.name} ({columns}, PRIMARY KEY (id))")
    work: asyncio.Queue[tuple[Any, tuple[int, int]]] = asyncio.Queue()
    for window in _windows():
        for reading in READINGS:
            work.put_nowait((reading, window))
    counted = {"read": 0, "pages": 0}
    headers = {"Authorization": "Bearer sk_live_benchmark"}
    async with aiohttp.ClientSession(url, headers=headers, read_bufsize=2**20) as session:
        with costs() as cost:
            await asyncio.gather(*(_worker(session, pool, work, counted) for _ in range(_WORKERS)))
    report(cost, **counted)
    await pool.close()


def _windows() -> list[tuple[int, int]]:
    """The time in which the company of the benchmark lived, in equal parts; the first is open to the past."""
    end = datetime(2026, 12, 1, tzinfo=UTC)
    cuts = [int((end - timedelta(days=n * 40)).timestamp()) for n in range(_WINDOWS)]
    return [*zip(cuts[1:], cuts[:-1], strict=True), (0, cuts[-1])]


async def _worker(session: Any, pool: Any, work: Any, counted: dict[str, int]) -> None:
    while not work.empty():
        reading, (start, end) = work.get_nowait()
        decoder = msgspec.json.Decoder(ListOf[reading.rows])
        query = [("limit", "100"), ("created[gte]", str(start)), ("created[lt]", str(end)), *reading.query]
        query += [("expand[]", f"data.{field}") for field in reading.expand]
        after: list[tuple[str, str]] = []
        rows: list[tuple[Any, ...]] = []
        has_more = True
        while has_more:
            async with session.get(reading.stream.path, params=[*query, *after]) as answer:
                page = decoder.decode(await answer.read())
            rows += [tuple(getattr(row, column, None) for column in _COLUMNS) for row in page.data]
            counted["read"] += len(page.data)
            counted["pages"] += 1
            has_more = page.has_more
            if rows and (len(rows) >= _ROWS_A_WRITE or not has_more):
                await _store(pool, reading.stream.name, rows)
                rows = []
            if has_more:
                after = [("starting_after", page.data[-1].id)]


async def _store(pool: Any, name: str, rows: list[tuple[Any, ...]]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS s_{name} (LIKE bare_{name}) ON COMMIT DELETE ROWS"
        )
        await connection.copy_records_to_table(f"s_{name}", records=rows, columns=_COLUMNS)
        updates = ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS[1:])
        await connection.execute(
            f"INSERT INTO bare_{name} ({_NAMES}) SELECT {_NAMES} FROM s_{name}"  # noqa: S608 - names of ours
            f" ON CONFLICT (id) DO UPDATE SET {updates}"
        )


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
