"""Executes measures: the rows of a metric within a scope, or in each bucket of a series by one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, String, column, values
from sqlalchemy.ext.asyncio import AsyncSession

from storage.metrics.grains import Bucket
from storage.metrics.measures import MEASURES
from storage.metrics.plan import Filter
from storage.metrics.scope import Asking, Query, Scope, instant, just_before, opening_of
from storage.types import Instant


def scope_over(asking: Asking, start: datetime, end: datetime, moment: datetime, **more: Any) -> Scope:
    """A scope of bound times."""
    return Scope(
        asking=asking,
        moment=instant(moment),
        start=instant(start),
        end=instant(end),
        opening=instant(opening_of(start)),
        **more,
    )


def scope_in(
    buckets: Sequence[Bucket], asking: Asking, subject: str, filters: Filter | None, by: tuple[str, ...] = ()
) -> Scope:
    """A scope whose times are columns of a table of buckets, which ends each at now at the latest."""
    table = _bucket_table(buckets, asking).c
    return Scope(
        asking=asking,
        moment=table.moment,
        start=table.start,
        end=table.end,
        opening=table.opening,
        subject=subject,
        filters=filters,
        by=by,
        bucket=table.key,
    )


def _bucket_table(buckets: Sequence[Bucket], asking: Asking) -> CTE:
    columns = (
        column("key", String),
        column("start", Instant),
        column("end", Instant),
        column("moment", Instant),
        column("opening", Instant),
    )
    rows = [
        (b.key, b.start, min(b.end, asking.now), just_before(b.end, asking.now), opening_of(b.start))
        for b in buckets
    ]
    return values(*columns, name="bucket").data(rows).cte("bucket")


async def rows_of(session: AsyncSession, name: str, scope: Scope) -> Sequence[Any]:
    """All rows of a metric's statements; in buckets, each with its `bucket`."""
    described = MEASURES[name](scope)
    found: list[Any] = []
    for query in described if isinstance(described, list) else [described]:
        found.extend((await session.execute(_in_buckets(query, scope))).all())
    return found


def _in_buckets(query: Query, scope: Scope) -> Query:
    """Grouped by bucket, unless the measure sees to it itself."""
    if scope.bucket is None or "bucket" in query.selected_columns:
        return query
    key: Any = scope.bucket.label("bucket")
    return query.add_columns(key).group_by(key)
