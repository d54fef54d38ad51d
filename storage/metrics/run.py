"""Runs a plan: typed plan in, raw figures out. The only place that executes what the measures describe.

A session is read-only, of one account, and has a time limit (`storage.session`); a plan costs a fixed
number of statements, a series too: its buckets are one table of values that the measure is joined to.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import String, column, func, select, values
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics import billing_lists, grains, lists, measures, periods, profile
from storage.metrics.catalog import METRICS, Metric, Span, Unit
from storage.metrics.figures import Breakdown, Comparison, Figures, Number, Series, Table
from storage.metrics.money import round_half_even
from storage.metrics.plan import Compare, Condition, Period, Plan
from storage.metrics.scope import (
    Asking,
    Query,
    Scope,
    Unanswerable,
    counting,
    instant,
    just_before,
)
from storage.types import Instant

_LISTS = {
    "customer": lists.customers,
    "subscription": billing_lists.subscriptions,
    "invoice": billing_lists.invoices,
    "payment": billing_lists.payments,
}


async def run(session: AsyncSession, plan: Plan, asking: Asking) -> Figures:
    """The plan's figures. Raises Unanswerable where the cache does not hold what it asks for."""
    if plan.entity is not None:
        return await _table(session, plan, asking)
    if plan.measure is None:
        return await profile.figures(session, plan, asking)
    metric = METRICS[plan.measure]
    plan = _of_one_customer(plan)
    if plan.compare is not None or plan.compare_period is not None:
        return await _comparison(session, metric, plan, asking)
    if plan.grain is not None:
        return await _series(session, metric, plan, asking)
    if plan.by:
        return await _breakdown(session, metric, plan, asking)
    return await _number(session, metric, plan, asking)


def _of_one_customer(plan: Plan) -> Plan:
    """A measure of one customer is the measure with a filter on it."""
    if plan.customer is None:
        return plan
    only = Condition(field="customer", value=plan.customer)
    return plan.model_copy(update={"filters": plan.filters_and(only), "customer": None})


def _scope(plan: Plan, asking: Asking, period: Period | None) -> Scope:
    """Stocks look at the period's last moment (or now), flows at its part that is over."""
    if period is None:
        start = end = moment = asking.now
    else:
        start, end = period.start, min(period.end, asking.now)
        moment = just_before(period.end, asking.now)
    return Scope(
        asking=asking,
        moment=instant(moment),
        start=instant(start),
        end=instant(end),
        filters=plan.filters,
        by=plan.by,
    )


async def _table(session: AsyncSession, plan: Plan, asking: Asking) -> Table:
    return await _LISTS[str(plan.entity)](session, plan, _scope(plan, asking, plan.period))


def _check_time(metric: Metric, period: Period | None, asking: Asking) -> None:
    if metric.span is Span.FLOW:
        if period is None:
            raise Unanswerable(f"{metric.label} needs a period, such as last month")
        if period.start > asking.now:
            raise Unanswerable(f"{metric.label} of the future is not known")
        return
    if period is not None and period.start > asking.now:
        raise Unanswerable(f"{metric.label} of the future is not known")
    if metric.name in measures.ONLY_NOW and period is not None and period.end <= asking.now:
        raise Unanswerable(f"{metric.label} is known for now only, not for the past")


async def _number(session: AsyncSession, metric: Metric, plan: Plan, asking: Asking) -> Number:
    _check_time(metric, plan.period, asking)
    scope = _scope(plan, asking, plan.period)
    number = _as_number(metric, await _rows(session, metric, scope))
    return replace(number, left_out=await _left_out(session, plan, scope))


async def _comparison(session: AsyncSession, metric: Metric, plan: Plan, asking: Asking) -> Comparison:
    alone = plan.model_copy(update={"compare": None, "compare_period": None})
    before = plan.compare_period or _compared(metric, plan, asking)
    return Comparison(
        now=await _number(session, metric, alone, asking),
        before=await _number(session, metric, alone.model_copy(update={"period": before}), asking),
    )


def _compared(metric: Metric, plan: Plan, asking: Asking) -> Period:
    if plan.period is None:
        raise Unanswerable(f"say which period to compare {metric.label} with")
    zone = ZoneInfo(asking.time_zone)
    if plan.compare is Compare.SAME_PERIOD_LAST_YEAR:
        return periods.year_before(plan.period, asking.now, zone)
    return periods.previous(plan.period, asking.now, zone)


async def _series(session: AsyncSession, metric: Metric, plan: Plan, asking: Asking) -> Series:
    _check_time(metric, plan.period, asking)
    if plan.period is None or plan.grain is None:
        raise Unanswerable(f"say over which time {metric.label} is to be shown")
    if plan.by:
        raise Unanswerable("a series is cut by time alone: ask for one group at a time")
    zone = ZoneInfo(asking.time_zone)
    buckets = grains.buckets(plan.period, plan.grain, zone, until=asking.now)
    table = (
        values(
            column("key", String),
            column("start", Instant),
            column("end", Instant),
            column("moment", Instant),
            name="bucket",
        )
        .data([(b.key, b.start, min(b.end, asking.now), just_before(b.end, asking.now)) for b in buckets])
        .cte("bucket")
    )
    scope = Scope(
        asking=asking, moment=table.c.moment, start=table.c.start, end=table.c.end, filters=plan.filters
    )
    rows = await _rows(session, metric, scope, extra=table.c.key.label("bucket"))
    by_bucket: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_bucket[row.bucket].append(row)
    return Series(
        unit=metric.unit, points=tuple((b.key, _as_number(metric, by_bucket[b.key])) for b in buckets)
    )


async def _breakdown(session: AsyncSession, metric: Metric, plan: Plan, asking: Asking) -> Breakdown:
    _check_time(metric, plan.period, asking)
    rows = await _rows(session, metric, _scope(plan, asking, plan.period))
    groups: dict[tuple[str | None, ...], list[Any]] = defaultdict(list)
    for row in rows:
        groups[tuple(getattr(row, f"by_{name}") for name in plan.by)].append(row)
    numbers = [(key, _as_number(metric, of_group)) for key, of_group in groups.items()]
    numbers.sort(key=lambda group: _rank(group[1], asking.currency))
    return Breakdown(unit=metric.unit, groups=tuple(numbers))


def _rank(number: Number, currency: str) -> tuple[float, float]:
    """Largest first: by the account's currency, then by the others."""
    if number.value is not None:
        return -number.value, 0
    return -number.values.get(currency, 0), -sum(number.values.values())


async def _rows(session: AsyncSession, metric: Metric, scope: Scope, extra: Any = None) -> Sequence[Any]:
    """All rows of the metric's statements; with `extra`, a bucket column they are also grouped by."""
    described = measures.MEASURES[metric.name](scope)
    found: list[Any] = []
    for query in described if isinstance(described, list) else [described]:
        found.extend((await session.execute(_in_buckets(query, extra))).all())
    return found


def _in_buckets(query: Query, extra: Any) -> Query:
    return query if extra is None else query.add_columns(extra).group_by(extra)


def _as_number(metric: Metric, rows: Iterable[Any]) -> Number:
    """One figure from a measure's rows: per currency for money, rounded once."""
    rows = list(rows)
    counted = sum(row.rows for row in rows)
    if metric.unit is not Unit.MONEY:
        return Number(unit=metric.unit, value=int(sum(row.amount for row in rows)), rows_counted=counted)
    totals: dict[str, int] = defaultdict(int)
    for row in rows:
        amount = int(row.amount)
        totals[row.currency] += round_half_even(amount, row.rows) if metric.name == "arpa" else amount
    return Number(
        unit=metric.unit,
        values={currency: total for currency, total in sorted(totals.items()) if total},
        rows_counted=counted,
    )


async def _left_out(session: AsyncSession, plan: Plan, scope: Scope) -> int:
    """How many paying customers a filter on MRR could not compare, being billed in other currencies."""
    condition = next((c for c in plan.conditions() if c.field == "mrr"), None)
    if condition is None:
        return 0
    span = models.MrrSpan
    in_it = select(span.profile_id).where(
        span.account_id == scope.asking.account_id,
        counting(span, scope.moment),
        span.mrr > 0,
        span.currency == (condition.currency or scope.asking.currency),
    )
    others = select(func.count(span.profile_id.distinct())).where(
        span.account_id == scope.asking.account_id,
        counting(span, scope.moment),
        span.mrr > 0,
        span.profile_id.not_in(in_it),
    )
    return await session.scalar(others) or 0

