"""MRR from its sums by day: at the end of a day, of days one after the other, or now."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Date, Integer, and_, bindparam, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.scope import Query, Scope
from storage.session import kept
from storage.types import Instant

Found = list[dict[str, Any]]


class Days(NamedTuple):
    """The days of one bucket, the last one included; of a stock, whose value at the end of `last` is asked,
    `first` says nothing."""

    key: str | None
    first: date
    last: date


class Rest(NamedTuple):
    """What is left of today: until `tomorrow` begins."""

    now: datetime
    tomorrow: datetime


class Change(NamedTuple):
    """What came to a sum on a day."""

    day: date
    currency: str | None
    amount: int
    rows: int


async def mrr(session: AsyncSession, scope: Scope, days: Sequence[Days], rest: Rest | None = None) -> Found:
    """MRR at the end of each bucket, of how many spans; with `rest`, the last one's at its beginning."""
    given = {"account": scope.asking.account_id, "last": days[0].last, "month": days[0].last.replace(day=1)}
    if rest is not None:
        given |= {"now": rest.now, "tomorrow": rest.tomorrow}
    if len(days) == 1:
        found = await session.execute(_total(scope.by, rest is not None), given)
        return [{**row, "bucket": days[0].key} for row in found.mappings() if row["rows"]]
    both = union_all(_opening(), _after(days), *_later(days[-1].last, rest))
    return levels(days, [Change(*row) for row in await session.execute(both, given)])


_ACCOUNT = bindparam("account", type_=Integer)
_LAST, _MONTH = bindparam("last", type_=Date), bindparam("month", type_=Date)
_NOW, _TOMORROW = bindparam("now", type_=Instant), bindparam("tomorrow", type_=Instant)


@cache
def _total(by: tuple[str, ...], runs: bool) -> Query:
    """The sums up to a day, by these dimensions; `runs`: as they are now, before what changes later today."""
    names = sorted({"currency", *(column for name in by for column in _HOLDS[name])})
    table = models.MrrDay
    summed = select(*(getattr(table, name) for name in names), table.amount, table.spans).where(
        table.account_id == _ACCOUNT, _until(table)
    )
    parts = [summed, *(_changes(names) if runs else ())]
    return kept(_cut(by, union_all(*parts).subquery()))


def _opening() -> Query:
    table = models.MrrDay
    return (
        select(_LAST.label("day"), table.currency, func.sum(table.amount), func.sum(table.spans))
        .where(table.account_id == _ACCOUNT, _until(table))
        .group_by(table.currency)
    )


def _after(days: Sequence[Days]) -> Query:
    table = models.MrrDay
    return (
        select(table.day, table.currency, func.sum(table.amount), func.sum(table.spans))
        .where(table.account_id == _ACCOUNT, _between(table, days))
        .group_by(table.day, table.currency)
    )


def _later(today: date, rest: Rest | None) -> list[Query]:
    if rest is None:
        return []
    return [
        part.with_only_columns(literal(today, Date).label("day"), *part.selected_columns.values())
        for part in _changes(("currency",))
    ]


_HOLDS = {
    "currency": ("currency",),
    "interval": ("interval",),
    "plan": ("source_id", "product_id"),
    "source": ("source_id",),
}
"""The columns behind a dimension."""


def _changes(names: Sequence[str]) -> list[Query]:
    """What changes in the rest of today, taken back: the columns of `names`, amounts, numbers of spans."""
    span = models.MrrSpan
    return [
        select(
            *(getattr(span, name) for name in names),
            (sign * span.mrr).label("amount"),
            literal(sign, BigInteger).label("spans"),
        ).where(span.account_id == _ACCOUNT, span.trial.is_(False), span.mrr > 0, at > _NOW, at < _TOMORROW)
        for at, sign in ((span.starts_at, -1), (span.ends_at, 1))
    ]


def _until(table: Any) -> Any:
    """Rows of whole months before that of the last day, and of its days up to it."""
    return or_(
        and_(table.whole_month.is_(True), table.day < _MONTH),
        and_(table.whole_month.is_(False), table.day >= _MONTH, table.day <= _LAST),
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


def _cut(by: Sequence[str], worth: Any) -> Query:
    """The sums of `worth` by currency and by dimensions."""
    part, product, source = worth.c, models.Product, models.Source
    columns: dict[str, Any] = {"currency": part.currency}
    query: Query = select(
        part.currency.label("currency"),
        func.sum(part.amount).label("amount"),
        func.sum(part.spans).label("rows"),
    )
    if "interval" in by:
        columns["interval"] = func.nullif(part.interval, "")
    if "plan" in by:
        columns["plan"] = product.name
        query = query.outerjoin(product, and_(product.account_id == _ACCOUNT, product.id == part.product_id))
    if "source" in by:
        columns["source"] = source.kind
        query = query.outerjoin(
            source, and_(source.account_id == _ACCOUNT, source.source_id == part.source_id)
        )
    cuts = [columns[name].label(f"by_{name}") for name in by]
    return query.add_columns(*cuts).group_by(part.currency, *cuts)


def levels(days: Sequence[Days], changes: Iterable[Change]) -> Found:
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
