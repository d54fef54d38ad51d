"""What anyone writes first: the vendor's SDK, page after page, and inserts of 100. Started by `sync.py`."""

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import stripe
from sqlalchemy import BigInteger, Column, MetaData, String, Table
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.measure import costs, report

_BATCH = 100
_LISTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "products": (stripe.Product, ("id", "name", "created")),
    "prices": (stripe.Price, ("id", "product", "currency", "unit_amount", "created")),
    "customers": (stripe.Customer, ("id", "name", "email", "phone", "currency", "created")),
    "subscriptions": (
        stripe.Subscription,
        (
            "id",
            "customer",
            "status",
            "currency",
            "start_date",
            "trial_end",
            "canceled_at",
            "ended_at",
            "created",
        ),
    ),
    "invoices": (
        stripe.Invoice,
        ("id", "customer", "status", "currency", "total", "amount_due", "amount_paid", "due_date", "created"),
    ),
    "charges": (
        stripe.Charge,
        ("id", "customer", "status", "currency", "amount", "failure_code", "created"),
    ),
    "refunds": (stripe.Refund, ("id", "charge", "status", "currency", "amount", "created")),
    "disputes": (stripe.Dispute, ("id", "charge", "status", "currency", "amount", "created")),
}
_NUMBERS = ("amount", "created", "start_date", "total", "trial_end", "canceled_at", "ended_at", "due_date")
_metadata = MetaData()
_TABLES = {
    name: Table(
        f"plain_{name}",
        _metadata,
        *(
            Column(column, BigInteger if "amount" in column or column in _NUMBERS else String)
            for column in columns[1:]
        ),
        Column("id", String, primary_key=True),
    )
    for name, (_, columns) in _LISTS.items()
}


async def main(database: str, url: str, seconds: float) -> None:
    """Copies for so many seconds, or until there is no more."""
    stripe.api_base, stripe.api_key, stripe.max_network_retries = url, "sk_live_benchmark", 5
    engine = create_async_engine(database)
    async with engine.begin() as connection:
        await connection.run_sync(_metadata.drop_all)
        await connection.run_sync(_metadata.create_all)
    count, until = 0, perf_counter() + seconds
    with costs() as cost:
        for name, rows in _batches():
            async with engine.begin() as connection:
                await connection.execute(_TABLES[name].insert(), rows)
            count += len(rows)
            if perf_counter() > until:
                break
    report(cost, read=count, pages=count / _BATCH)
    await engine.dispose()


def _batches() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The lists take turns, so that a part of the whole is a fair sample of it."""
    walks = {name: _rows(name) for name in _LISTS}
    while walks:
        for name, walk in list(walks.items()):
            rows = list(itertools.islice(walk, _BATCH))
            if rows:
                yield name, rows
            else:
                del walks[name]


def _rows(name: str) -> Iterator[dict[str, Any]]:
    resource, columns = _LISTS[name]
    query = {"status": "all"} if name == "subscriptions" else {}
    for found in resource.list(limit=_BATCH, **query).auto_paging_iter():
        yield {column: getattr(found, column, None) for column in columns}


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
