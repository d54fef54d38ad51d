"""Lifetime value: what an account pays a month, over the share of customers that a month loses."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from storage.metrics import grains
from storage.metrics.grains import Bucket
from storage.metrics.money import round_half_even
from storage.metrics.plan import Grain
from storage.metrics.rows import rows_of, scope_in
from storage.metrics.scope import Scope, Unanswerable

_MONTHS = 3

Group = tuple[Any, ...]


async def rows(
    session: AsyncSession, scope: Scope, ends: Mapping[str | None, datetime]
) -> list[SimpleNamespace]:
    """Lifetime value by currency, group and bucket; two statements.

    `ends` says by bucket (None: there are none) when its last full months must be over. Raises Unanswerable
    where a single figure is asked for and the months lost nobody.
    """
    zone = ZoneInfo(scope.asking.time_zone)
    months = {bucket: _months_before(end, zone) for bucket, end in ends.items()}
    churn = await _churn(session, scope, sorted({month for of_one in months.values() for month in of_one}))
    paying = await rows_of(session, "arpa", scope)
    found = []
    for row in paying:
        bucket = getattr(row, "bucket", None)
        group = tuple(getattr(row, f"by_{name}") for name in scope.by)
        rate = _average([churn[month, group] for month in months[bucket] if (month, group) in churn])
        if rate:
            worth = round_half_even(int(row.amount) * rate.denominator, row.rows * rate.numerator)
            found.append(SimpleNamespace(**{**_fields(row), "amount": worth}))
    if paying and not found and not scope.by and scope.bucket is None:
        raise Unanswerable(
            "There is not enough history for a lifetime value: no customer was lost in the last "
            f"{_MONTHS} full months."
        )
    return found


def _fields(row: Any) -> dict[str, Any]:
    """What a row of a database, or a converted one, says."""
    return dict(row._mapping) if hasattr(row, "_mapping") else vars(row)


def _months_before(end: datetime, zone: ZoneInfo) -> list[date]:
    """The first days of the last full months that are over at `end`."""
    this = grains.floor(end.astimezone(zone).date(), Grain.MONTH)
    return [grains.shift(this, Grain.MONTH, -ago) for ago in range(1, _MONTHS + 1)]


async def _churn(
    session: AsyncSession, scope: Scope, months: Sequence[date]
) -> dict[tuple[date, Group], Fraction]:
    """The customer churn rate of each month and group that had customers to lose."""
    if not months:
        return {}
    zone = ZoneInfo(scope.asking.time_zone)
    month_of = {grains.key_of(month, Grain.MONTH): month for month in months}
    buckets = [
        Bucket(key, grains.midnight(first, zone), grains.midnight(grains.shift(first, Grain.MONTH, 1), zone))
        for key, first in month_of.items()
    ]
    monthly = scope_in(buckets, scope.asking, scope.subject, scope.filters, scope.by)
    return {
        (month_of[row.bucket], tuple(getattr(row, f"by_{name}") for name in scope.by)): Fraction(
            row.amount, row.base
        )
        for row in await rows_of(session, "customer_churn_rate", monthly)
        if row.base
    }


def _average(rates: Sequence[Fraction]) -> Fraction:
    return sum(rates, Fraction(0)) / len(rates) if rates else Fraction(0)
