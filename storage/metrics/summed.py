"""The statements on the summaries: each gives rows of `amount` and `rows`, by bucket, currency and group."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Date, case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.movement_measures import LOSSES
from storage.metrics.scope import Scope
from storage.metrics.summed_mrr import Change, Days, Found, levels, mrr
from storage.metrics.tally import FIRST, LOST

Reader = Callable[[AsyncSession, Scope, Sequence["Days"]], Awaitable[Found]]


async def customers(session: AsyncSession, scope: Scope, days: Sequence[Days]) -> Found:
    """Those who began to pay, less those who stopped and did not come back."""
    table = models.CustomerDay
    came = case((table.what == FIRST, table.customers), else_=-table.customers)
    of_account = table.account_id == scope.asking.account_id
    last = days[-1].last
    moved = select(*_day_or(days, table.day), func.sum(came)).where(
        of_account, table.what.in_((FIRST, LOST)), table.day <= last
    )
    back = select(*_day_or(days, table.until), func.sum(table.customers)).where(
        of_account, table.what == LOST, table.until <= last
    )
    if len(days) > 1:
        moved, back = moved.group_by(table.day), back.group_by(table.until)
    rows = await session.execute(union_all(moved, back))
    return levels(days, [Change(day, None, int(count), int(count)) for day, count in rows if count])


def _day_or(days: Sequence[Days], day: Any) -> list[Any]:
    """The day of a change, where there are several buckets to sort it into."""
    return [day.label("day") if len(days) > 1 else literal(days[0].last, Date).label("day")]


async def arpa(session: AsyncSession, scope: Scope, days: Sequence[Days]) -> Found:
    """MRR, with the paying customers of each currency as `rows`."""
    table = models.CustomerDay
    came = case((table.what == "churn", -table.customers), else_=table.customers)
    query = (
        select(*_day_or(days, table.day), table.currency, func.sum(came))
        .where(
            table.account_id == scope.asking.account_id,
            table.what.in_(("new", "reactivation", "churn")),
            table.day <= days[-1].last,
        )
        .group_by(table.currency)
    )
    if len(days) > 1:
        query = query.group_by(table.day)
    rows: list[Any] = list(await session.execute(query))
    paying = levels(days, [Change(day, currency, 0, int(count)) for day, currency, count in rows])
    return [row | {"rows": 0} for row in await mrr(session, scope, days)] + paying


async def new_customers(session: AsyncSession, scope: Scope, days: Sequence[Days]) -> Found:
    table = models.CustomerDay
    counted = func.sum(table.customers)
    return await _in_buckets(session, scope, days, (FIRST,), [counted.label("amount"), counted.label("rows")])


async def churned_customers(session: AsyncSession, scope: Scope, days: Sequence[Days]) -> Found:
    """Those who stopped paying in the bucket's days and had not come back by the last one's end."""
    table = models.CustomerDay
    counted = func.sum(table.customers)
    return await _in_buckets(
        session, scope, days, (LOST,), [counted.label("amount"), counted.label("rows")], still=True
    )


_TYPES = ("new", "reactivation", "expansion", "contraction", "churn")


def moved(*types: str) -> Reader:
    """As `movement_measures.moved_mrr`."""

    async def read(session: AsyncSession, scope: Scope, days: Sequence[Days]) -> Found:
        table = models.CustomerDay
        lost = bool(types) and set(types) <= set(LOSSES)
        columns = [
            table.currency.label("currency"),
            func.sum(-table.amount if lost else table.amount).label("amount"),
            func.sum(table.customers).label("rows"),
        ]
        return await _in_buckets(session, scope, days, types or _TYPES, columns, by=[table.currency])

    return read


def times(movement_type: str) -> Reader:
    """As `movement_measures.times_moved`."""

    async def read(session: AsyncSession, scope: Scope, days: Sequence[Days]) -> Found:
        counted = func.sum(models.CustomerDay.customers)
        columns = [counted.label("amount"), counted.label("rows")]
        return await _in_buckets(session, scope, days, (movement_type,), columns)

    return read


async def _in_buckets(
    session: AsyncSession,
    scope: Scope,
    days: Sequence[Days],
    what: Sequence[str],
    columns: Sequence[Any],
    *,
    by: Sequence[Any] = (),
    still: bool = False,
) -> Found:
    """Sums over the days of each bucket, which follow each other; with `still`, of what lasted beyond it."""
    table = models.CustomerDay
    ends = _end_of_bucket(days, table.day)
    query = (
        select(ends.label("in_bucket"), *columns)
        .where(
            table.account_id == scope.asking.account_id,
            table.what.in_(what),
            table.day >= days[0].first,
            table.day <= days[-1].last,
        )
        .group_by("in_bucket", *by)
    )
    if still:
        query = query.where(table.until > ends)
    keys = {of_bucket.last: of_bucket.key for of_bucket in days}
    found = (await session.execute(query)).mappings()
    return [dict(row) | {"bucket": keys[row["in_bucket"]]} for row in found if row["rows"]]


def _end_of_bucket(days: Sequence[Days], day: Any) -> Any:
    """The last day of the bucket that a day lies in. No table of values: those are compiled every time."""
    if len(days) == 1:
        return literal(days[0].last, Date)
    if all(of_bucket.first == of_bucket.last for of_bucket in days):
        return day
    ends = [(day <= of_bucket.last, literal(of_bucket.last, Date)) for of_bucket in days]
    return case(*ends[:-1], else_=ends[-1][1])
