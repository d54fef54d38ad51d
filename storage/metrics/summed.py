"""The statements on the summaries: each gives rows of `amount` and `rows`, by bucket, currency and group."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Date, String, and_, case, column, func, literal, or_, select, union_all, values
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.filters import source_kind
from storage.metrics.joins import joins_product
from storage.metrics.movement_measures import LOSSES
from storage.metrics.scope import Query, Scope
from storage.metrics.tally import FIRST, LOST

Found = list[dict[str, Any]]
Reader = Callable[[AsyncSession, Scope, Sequence["Days"]], Awaitable[Found]]


class Days(NamedTuple):
    """The days of one bucket, the last one included; of a stock, whose value at the end of `last` is asked,
    `first` says nothing."""

    key: str | None
    first: date
    last: date


class _Change(NamedTuple):
    """What came to a sum on a day."""

    day: date
    currency: str | None
    amount: int
    rows: int


async def mrr(session: AsyncSession, scope: Scope, days: Sequence[Days]) -> Found:
    """MRR at the end of each bucket, of how many spans."""
    table = models.MrrDay
    currency = table.currency.label("currency")
    sums = func.sum(table.amount).label("amount"), func.sum(table.spans).label("rows")
    opening = _until(table, days[0].last)
    if len(days) == 1:
        totals: Query = select(currency, *sums)
        found = await session.execute(_cut(scope, totals.where(opening), currency))
        return [{**row, "bucket": days[0].key} for row in found.mappings() if row["rows"]]
    before = select(literal(days[0].last, Date).label("day"), currency, *sums).where(opening)
    after = select(table.day, currency, *sums).where(_between(table, days)).group_by(table.day)
    of_account = table.account_id == scope.asking.account_id
    both = union_all(*(part.where(of_account).group_by(currency) for part in (before, after)))
    return _levels(days, [_Change(*row) for row in await session.execute(both)])


def _until(table: Any, last: date) -> Any:
    """Rows of whole months before that of `last`, and of its days up to it."""
    month = last.replace(day=1)
    return or_(
        and_(table.whole_month.is_(True), table.day < month),
        and_(table.whole_month.is_(False), table.day >= month, table.day <= last),
    )


def _between(table: Any, days: Sequence[Days]) -> Any:
    """Rows after the first bucket, to the last one's end: whole months as far as buckets end with them."""
    whole = [of_bucket.last for of_bucket in days if _ends_month(of_bucket.last)]
    monthly = len(whole) >= len(days) - 1 and _ends_month(days[0].last)
    settled = whole[-1] if monthly else days[0].last
    return or_(
        and_(table.whole_month.is_(True), table.day > days[0].last, table.day <= settled),
        and_(table.whole_month.is_(False), table.day > settled, table.day <= days[-1].last),
    )


def _ends_month(day: date) -> bool:
    return day == date.max or date.fromordinal(day.toordinal() + 1).day == 1


def _cut(scope: Scope, query: Query, currency: Any) -> Query:
    """The query by the plan's dimensions."""
    table, product = models.MrrDay, models.Product
    if "plan" in scope.by:
        query = query.outerjoin(product, joins_product(table, product))
    columns: dict[str, Any] = {
        "plan": product.name,
        "interval": func.nullif(table.interval, ""),
        "currency": table.currency,
        "source": source_kind(table),
    }
    cuts: list[Any] = [columns[name].label(f"by_{name}") for name in scope.by]
    return (
        query.where(table.account_id == scope.asking.account_id).add_columns(*cuts).group_by(currency, *cuts)
    )


def _levels(days: Sequence[Days], changes: Iterable[_Change]) -> Found:
    """The sums at the end of each bucket, buckets in order of time."""
    waiting = sorted(changes, key=lambda change: change.day)
    sums: dict[str | None, tuple[int, int]] = {}
    found, at = [], 0
    for bucket in days:
        while at < len(waiting) and waiting[at].day <= bucket.last:
            change = waiting[at]
            amount, rows = sums.get(change.currency, (0, 0))
            sums[change.currency] = amount + int(change.amount), rows + int(change.rows)
            at += 1
        for currency, (amount, rows) in sums.items():
            found.append({"bucket": bucket.key, "currency": currency, "amount": amount, "rows": rows})
    return found


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
    return _levels(days, [_Change(day, None, int(count), int(count)) for day, count in rows if count])


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
    paying = _levels(days, [_Change(day, currency, 0, int(count)) for day, currency, count in rows])
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
    """Sums over the days of each bucket; with `still`, of what lasted beyond it."""
    table = models.CustomerDay
    names = (column("number", String), column("first", Date), column("last", Date))
    numbered = [(str(number), of_bucket.first, of_bucket.last) for number, of_bucket in enumerate(days)]
    bucket = values(*names, name="days").data(numbered).cte("days")
    query = (
        select(bucket.c.number, *columns)
        .join(table, and_(table.day >= bucket.c.first, table.day <= bucket.c.last))
        .where(table.account_id == scope.asking.account_id, table.what.in_(what))
        .group_by(bucket.c.number, *by)
    )
    if still:
        query = query.where(table.until > bucket.c.last)
    found = (await session.execute(query)).mappings()
    return [dict(row) | {"bucket": days[int(row["number"])].key} for row in found if row["rows"]]
