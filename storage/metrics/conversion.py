"""Amounts of several currencies as one total in the account's own, where the account has exchange rates.

Money that changed hands is converted at the rate of its own day, in the account's time zone; MRR, what is
owed and what follows from them at the rate of the day that is asked about. A total is rounded half-even to
a minor unit once, at the end. A currency without a rate is kept apart, and told.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from storage.metrics import catalog, grains
from storage.metrics.catalog import FieldType
from storage.metrics.figures import Conversion
from storage.metrics.grains import PeriodError
from storage.metrics.plan import Period, Plan
from storage.metrics.ranking import only_currency
from storage.metrics.rates import load_rates
from storage.metrics.scope import Asking, Scope, Times, just_before, local_day

BY_THE_DAY = frozenset(
    {
        "revenue",
        "average_payment",
        "refunds",
        "disputed_amount",
        "failed_payment_volume",
        "invoiced",
        "average_invoice",
    }
)
"""Money that is dated: the sum over a period is that over its days."""

_MOST_DAYS = 6_000
_DAY = timedelta(days=1)


async def for_plan(session: AsyncSession, plan: Plan, asking: Asking) -> Asking:
    """Who asks, with the rates that the plan's filters and its order need.

    Nothing is converted where the plan is about one currency, or about each of them.
    """
    rated = asking.rated
    if not rated or "currency" in plan.by or only_currency(plan.filters):
        return replace(asking, rated=())
    if not _compares_money(plan):
        return asking
    first, last = _days(plan.period, plan.grain is not None, asking)
    codes = {*rated, *(c.currency for c in plan.conditions() if c.currency is not None)}
    book = await load_rates(session, asking.account_id, codes, asking.currency, first, last)
    return replace(asking, book=book)


def _compares_money(plan: Plan) -> bool:
    money = any(catalog.field(c.field).type is FieldType.MONEY for c in plan.conditions())
    return money or plan.entity is not None or "mrr_band" in plan.by


def _days(period: Period | None, in_parts: bool, asking: Asking) -> tuple[date, date]:
    """The days that a plan looks back from: one, or the ends of a period's parts."""
    last = asking.now if period is None else just_before(period.end, asking.now)
    first = period.start if period is not None and in_parts else last
    return local_day(first, asking), local_day(last, asking)


def by_the_day(scope: Scope) -> dict[str, Times]:
    """The scope's times cut into days: by bucket and day, as `bucket|2026-10-31`.

    Customers are looked at as they are at the bucket's moment, whatever the day. Raises PeriodError.
    """
    zone = ZoneInfo(scope.asking.time_zone)
    parts: dict[str, Times] = {}
    for bucket, times in scope.times.items():
        start = times.start
        while grains.instant(start) < grains.instant(times.end):
            day = start.astimezone(zone).date()
            end = min(grains.midnight(day + _DAY, zone), times.end, key=grains.instant)
            parts[f"{bucket or ''}|{day.isoformat()}"] = replace(times, start=start, end=end)
            start = end
        if len(parts) > _MOST_DAYS:
            raise PeriodError("that is too long a time to convert day by day")
    return parts


@dataclass(slots=True)
class _Total:
    """What adds up to one row: exact sums in the currency that it is brought into."""

    amount: Fraction = Fraction(0)
    base: Fraction = Fraction(0)
    rows: int = 0
    days: set[date] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)


Key = tuple[str | None, tuple[Any, ...], str]
"""Bucket, values of the plan's dimensions, currency."""


async def convert(session: AsyncSession, scope: Scope, rows: Sequence[Any]) -> list[Any]:
    """Rows of a measure in many currencies as one a group in the account's; those without money as they are.

    Each has `conversion`, which says what was done to it: None where nothing was.
    """
    own = scope.asking.currency
    if not rows or not hasattr(rows[0], "currency"):
        return list(rows)
    placed = [(row, *_place(row, scope)) for row in rows]
    days = [day for _, _, day in placed]
    foreign = {row.currency for row in rows} - {own}
    book = await load_rates(session, scope.asking.account_id, foreign, own, min(days), max(days))
    totals: dict[Key, _Total] = defaultdict(_Total)
    missing: dict[Key, set[str]] = defaultdict(set)
    for row, bucket, day in placed:
        group = tuple(getattr(row, f"by_{name}") for name in scope.by)
        rate = book.rate(row.currency, own, day)
        into = own if rate else row.currency
        _add(totals[bucket, group, into], row, rate.value if rate else Fraction(1))
        if rate is None:
            missing[bucket, group, into].add(row.currency)
        elif row.currency != own:
            totals[bucket, group, own].currencies.add(row.currency)
            totals[bucket, group, own].days.add(rate.day)
    return [_row(scope, key, total, own, missing.get(key, set())) for key, total in totals.items()]


def _place(row: Any, scope: Scope) -> tuple[str | None, date]:
    """The bucket of a row and the day whose rate it takes."""
    bucket = getattr(row, "bucket", None)
    if bucket is not None and bucket not in scope.times:
        bucket, _, day = bucket.rpartition("|")
        return bucket or None, date.fromisoformat(day)
    return bucket, local_day(scope.times[bucket].moment, scope.asking)


def _add(total: _Total, row: Any, rate: Fraction) -> None:
    total.amount += int(row.amount or 0) * rate
    total.base += int(getattr(row, "base", None) or 0) * rate
    total.rows += row.rows


def _row(scope: Scope, key: Key, total: _Total, own: str, missing: Collection[str]) -> SimpleNamespace:
    bucket, group, currency = key
    dimensions = {f"by_{name}": value for name, value in zip(scope.by, group, strict=True)}
    conversion = None
    if total.currencies or missing:
        conversion = Conversion(
            into=own,
            currencies=tuple(sorted(total.currencies)),
            first=min(total.days, default=None),
            last=max(total.days, default=None),
            missing=tuple(sorted(missing)),
        )
    return SimpleNamespace(
        **dimensions,
        bucket=bucket,
        currency=currency,
        amount=round(total.amount),
        base=round(total.base),
        rows=total.rows,
        conversion=conversion,
    )


def together(conversions: Iterable[Conversion | None]) -> Conversion | None:
    """What several figures say of their conversion, as one."""
    found = [one for one in conversions if one is not None]
    if not found:
        return None
    return Conversion(
        into=found[0].into,
        currencies=_all(one.currencies for one in found),
        first=min((one.first for one in found if one.first), default=None),
        last=max((one.last for one in found if one.last), default=None),
        missing=_all(one.missing for one in found),
    )


def _all(codes: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({code for some in codes for code in some}))


def of_rows(rows: Iterable[Any]) -> Conversion | None:
    """What the rows of a figure say of their conversion."""
    return together(getattr(row, "conversion", None) for row in rows)
