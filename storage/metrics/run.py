"""Runs a plan: typed plan in, raw figures out. The only place that executes what the measures describe.

A session is read-only, of one account, and has a time limit (`storage.session`); a plan costs a fixed
number of statements, a series too: its buckets are one table of values that the measure is joined to.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.metrics import (
    billing_lists,
    catalog,
    conversion,
    grains,
    lists,
    ltv,
    measures,
    movement_rows,
    periods,
    profile,
    ranked,
    ratios,
    shares,
    summaries,
    support_lists,
)
from storage.metrics.catalog import Metric, Unit
from storage.metrics.checks import check_plan, check_time, name_of
from storage.metrics.comparable import compared_at
from storage.metrics.figures import Breakdown, Comparison, Figures, Number, Series, Table
from storage.metrics.grains import Bucket, PeriodError
from storage.metrics.plan import Compare, Condition, Period, Plan
from storage.metrics.ranking import figure_of, incomparable
from storage.metrics.rows import rows_of, scope_in, scope_over
from storage.metrics.scope import Asking, Scope, Unanswerable
from storage.metrics.summaries import Window

_LISTS = {
    "customer": lists.customers,
    "subscription": billing_lists.subscriptions,
    "invoice": billing_lists.invoices,
    "payment": billing_lists.payments,
    "refund": billing_lists.refunds,
    "dispute": billing_lists.disputes,
    "movement": movement_rows.movements,
    "conversation": support_lists.conversations,
    "deal": support_lists.deals,
    "contact": support_lists.contacts,
}
_COUNTED_BY = {"trialing_customers", "new_customers", "churned_customers"}


async def run(session: AsyncSession, plan: Plan, asking: Asking) -> Figures:
    """The plan's figures. Raises Unanswerable where the cache does not hold what it asks for, and
    sqlalchemy's DBAPIError where the database fails or takes longer than the session allows."""
    check_plan(plan, asking)
    try:
        return await _figures(session, plan, await conversion.for_plan(session, plan, asking))
    except PeriodError as error:
        raise Unanswerable(f"I cannot look there: {error}.") from error
    except OperationalError as error:
        if "integer overflow" in str(error.orig):
            raise Unanswerable("These amounts are too large to add up.") from error
        raise


async def _figures(session: AsyncSession, plan: Plan, asking: Asking) -> Figures:
    if plan.entity is not None:
        return await _table(session, plan.entity, of_one_customer(plan), asking)
    if plan.measure is None:
        return await profile.figures(session, plan, asking)
    return await _measured(session, catalog.metric(plan.measure), of_one_customer(plan), asking)


async def _measured(session: AsyncSession, metric: Metric, plan: Plan, asking: Asking) -> Figures:
    if plan.part is not None or plan.shares:
        return await _share(session, metric, plan, asking)
    if plan.compare is not None or plan.compare_period is not None:
        return await _comparison(session, metric, plan, asking)
    if plan.grain is not None and plan.period is not None:
        buckets = grains.buckets(plan.period, plan.grain, ZoneInfo(asking.time_zone), until=asking.now)
        return await _series(session, metric, plan, asking, buckets)
    if plan.by:
        return await _breakdown(session, metric, plan, asking)
    return await _number(session, metric, plan, asking)


async def _table(session: AsyncSession, entity: str, plan: Plan, asking: Asking) -> Table:
    subject = catalog.entity(entity).plural.capitalize()
    scope = _scope(plan, asking, plan.period, subject)
    by_figure = figure_of(plan)
    if by_figure is not None:
        return await ranked.customers(session, plan, by_figure, scope)
    return await _LISTS[entity](session, plan, scope)


def of_one_customer(plan: Plan) -> Plan:
    """A measure or a list of one customer is that with a filter on it."""
    if plan.customer is None:
        return plan
    only = Condition(field="customer", value=plan.customer)
    return plan.model_copy(update={"filters": plan.filters_and(only), "customer": None})


def _scope(plan: Plan, asking: Asking, period: Period | None, subject: str) -> Scope:
    """Stocks look at the period's last moment (or now), flows at its part that is over."""
    _, start, end, moment = _window(period, asking)
    return scope_over(asking, start, end, moment, subject=subject, filters=plan.filters, by=plan.by)


def _window(period: Period | Bucket | None, asking: Asking, key: str | None = None) -> Window:
    if period is None:
        return Window(key, asking.now, asking.now, asking.now)
    return Window.of(period.start, period.end, asking.now, key)


async def _number(session: AsyncSession, metric: Metric, plan: Plan, asking: Asking) -> Number:
    scope = _scope(plan, asking, plan.period, metric.label)
    number = _as_number(metric, await _rows(session, metric, scope, [_window(plan.period, asking)]))
    return replace(
        number,
        left_out=await _left_out(session, metric, plan, scope),
        conversion=number.conversion or compared_at(plan, scope, asking.currency),
    )


async def _comparison(session: AsyncSession, metric: Metric, plan: Plan, asking: Asking) -> Comparison:
    before = plan.compare_period or _compared(metric, plan, asking)
    check_time(metric, before, asking)
    earlier = plan.model_copy(update={"period": before})
    return Comparison(
        now=await _number(session, metric, plan, asking),
        before=await _number(session, metric, earlier, await conversion.for_plan(session, earlier, asking)),
    )


async def _share(session: AsyncSession, metric: Metric, plan: Plan, asking: Asking) -> Figures:
    """A part of the figure, or each of its groups, over the whole of it."""
    whole = await _number(session, metric, plan.model_copy(update={"by": ()}), asking)
    shares.check(plan, whole)
    if plan.part is None:
        return shares.of_groups(await _breakdown(session, metric, plan, asking), whole)
    narrowed = plan.model_copy(update={"filters": plan.filters_and(plan.part)})
    return shares.of_part(await _number(session, metric, narrowed, asking), whole)


def _compared(metric: Metric, plan: Plan, asking: Asking) -> Period:
    if plan.period is None:
        raise Unanswerable(f"Say which period to compare {name_of(metric)} with, such as last month.")
    zone = ZoneInfo(asking.time_zone)
    if plan.compare is Compare.SAME_PERIOD_LAST_YEAR:
        return periods.year_before(plan.period, asking.now, zone)
    return periods.previous(plan.period, asking.now, zone)


async def _series(
    session: AsyncSession, metric: Metric, plan: Plan, asking: Asking, buckets: Sequence[Bucket]
) -> Series:
    by_bucket: dict[str, list[Any]] = defaultdict(list)
    if buckets:
        scope = scope_in(buckets, asking, metric.label, plan.filters)
        windows = [_window(bucket, asking, bucket.key) for bucket in buckets]
        for row in await _rows(session, metric, scope, windows):
            by_bucket[row.bucket].append(row)
    return Series(
        unit=metric.unit, points=tuple((b.key, _as_number(metric, by_bucket[b.key])) for b in buckets)
    )


async def _breakdown(session: AsyncSession, metric: Metric, plan: Plan, asking: Asking) -> Breakdown:
    scope = _scope(plan, asking, plan.period, metric.label)
    rows = await _rows(session, metric, scope, [_window(plan.period, asking)])
    groups: dict[tuple[str | None, ...], list[Any]] = defaultdict(list)
    for row in rows:
        groups[tuple(getattr(row, f"by_{name}") for name in plan.by)].append(row)
    numbers = [(key, _as_number(metric, of_group)) for key, of_group in groups.items()]
    numbers.sort(key=lambda group: (_rank(group[1], asking.currency), [str(part) for part in group[0]]))
    return Breakdown(unit=metric.unit, groups=tuple(numbers))


def _rank(number: Number, currency: str) -> tuple[float, float]:
    """Largest first: by the account's currency, then by the others."""
    if number.value is not None:
        return -number.value, 0
    return -number.values.get(currency, 0), -sum(number.values.values())


async def _rows(
    session: AsyncSession, metric: Metric, scope: Scope, windows: Sequence[Window]
) -> Sequence[Any]:
    """The metric's rows, from summaries where they can tell; `windows` are those of the scope."""
    if metric.name == "ltv":
        return await ltv.rows(session, scope, {window.key: window.end for window in windows})
    found = await summaries.rows(session, metric.name, scope, windows)
    return await rows_of(session, metric.name, scope) if found is None else found


def _as_number(metric: Metric, rows: Iterable[Any]) -> Number:
    """One figure from a measure's rows: per currency for money, rounded once."""
    rows = list(rows)
    if metric.unit is Unit.RATIO:
        return ratios.number(metric, rows)
    if metric.unit is Unit.DURATION:
        return ratios.duration(rows)
    counted = sum(row.rows for row in rows)
    if metric.unit is not Unit.MONEY:
        return Number(unit=metric.unit, value=sum(row.amount for row in rows), rows_counted=counted)
    worth = measures.WORTH.get(metric.name)
    totals: dict[str, int] = defaultdict(int)
    for row in rows:
        totals[row.currency] += worth(int(row.amount), row.rows) if worth else int(row.amount)
    return Number(
        unit=metric.unit,
        values={currency: total for currency, total in sorted(totals.items()) if total},
        rows_counted=counted,
        conversion=conversion.of_rows(rows),
    )


async def _left_out(session: AsyncSession, metric: Metric, plan: Plan, scope: Scope) -> int:
    """How many customers a filter on MRR could not compare, being billed in other currencies."""
    others = incomparable(plan, "mrr", scope)
    if others is None:
        return 0
    counting = catalog.metric(metric.name if metric.name in _COUNTED_BY else "customers")
    rows = await rows_of(session, counting.name, replace(scope, filters=others, by=()))
    return sum(row.amount for row in rows)
