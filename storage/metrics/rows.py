"""Executes measures: the rows of a metric within a scope, or in each bucket of a series by one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, String, column, values
from sqlalchemy.ext.asyncio import AsyncSession

from storage.metrics import conversion, span_measures
from storage.metrics.grains import Bucket
from storage.metrics.measures import MEASURES
from storage.metrics.plan import Filter
from storage.metrics.scope import Asking, Query, Scope, Times, Unanswerable, instant, just_before, opening_of
from storage.types import Instant

MOST_ROWS = 200_000
"""A year by the day, in ten currencies, in fifty groups."""


def scope_over(asking: Asking, start: datetime, end: datetime, moment: datetime, **more: Any) -> Scope:
    """A scope of bound times."""
    times = Times(start, end, moment, opening_of(start))
    return Scope(
        asking=asking,
        moment=instant(times.moment),
        start=instant(times.start),
        end=instant(times.end),
        opening=instant(times.opening),
        times={None: times},
        **more,
    )


def scope_in(
    buckets: Sequence[Bucket], asking: Asking, subject: str, filters: Filter | None, by: tuple[str, ...] = ()
) -> Scope:
    """A scope whose times are columns of a table of buckets, which ends each at now at the latest."""
    now = asking.now
    times: dict[str | None, Times] = {
        b.key: Times(b.start, min(b.end, now), just_before(b.end, now), opening_of(b.start)) for b in buckets
    }
    return Scope(asking=asking, subject=subject, filters=filters, by=by, times=times, **_columns(times))


def _columns(times: Mapping[Any, Times]) -> dict[str, Any]:
    """Times as columns of a table of values."""
    table = _bucket_table(times).c
    return {
        "moment": table.moment,
        "start": table.start,
        "end": table.end,
        "opening": table.opening,
        "bucket": table.key,
    }


def _bucket_table(times: Mapping[Any, Times]) -> CTE:
    columns = (
        column("key", String),
        column("start", Instant),
        column("end", Instant),
        column("moment", Instant),
        column("opening", Instant),
    )
    rows = [(key, one.start, one.end, one.moment, one.opening) for key, one in times.items()]
    return values(*columns, name="bucket").data(rows).cte("bucket")


async def rows_of(session: AsyncSession, name: str, scope: Scope) -> Sequence[Any]:
    """All rows of a metric's statements; in buckets, each with its `bucket`. Where the account has exchange
    rates, amounts are in its own currency."""
    if not scope.asking.rated:
        return await _rows(session, name, scope)
    if name not in conversion.BY_THE_DAY:
        found = await conversion.convert(session, scope, await _rows(session, name, scope))
        return await _each_payer_once(session, scope, found) if name == "arpa" else found
    days = conversion.by_the_day(scope)
    rows = await _rows(session, name, replace(scope, **_columns(days))) if days else []
    return await conversion.convert(session, scope, rows)


async def _rows(session: AsyncSession, name: str, scope: Scope) -> Sequence[Any]:
    described = MEASURES[name](scope)
    found: list[Any] = []
    for query in described if isinstance(described, list) else [described]:
        found.extend((await session.execute(_in_buckets(query, scope).limit(MOST_ROWS + 1))).all())
        if len(found) > MOST_ROWS:
            raise Unanswerable("That has too many parts; ask for a shorter time or fewer groups.")
    return found


async def _each_payer_once(session: AsyncSession, scope: Scope, rows: list[Any]) -> list[Any]:
    """A customer who pays in two currencies is one of those that a converted total is divided by."""
    converted = [row for row in rows if row.conversion is not None and row.conversion.currencies]
    if not converted:
        return rows
    codes = sorted({scope.asking.currency, *(c for row in converted for c in row.conversion.currencies)})
    counts = await session.execute(_in_buckets(span_measures.payers(scope, codes), scope))
    payers = {_group(row, scope): row.rows for row in counts}
    for row in converted:
        row.rows = payers[_group(row, scope)]
    return rows


def _group(row: Any, scope: Scope) -> tuple[Any, ...]:
    return (getattr(row, "bucket", None), *(getattr(row, f"by_{name}") for name in scope.by))


def _in_buckets(query: Query, scope: Scope) -> Query:
    """Grouped by bucket, unless the measure sees to it itself."""
    if scope.bucket is None or "bucket" in query.selected_columns:
        return query
    key: Any = scope.bucket.label("bucket")
    return query.add_columns(key).group_by(key)
