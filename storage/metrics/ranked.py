"""Customers in the order of a figure that can be summed by customer: of revenue, of tickets, of what is owed.

The figure's own measure is cut by customer and its sums are ordered, so that a ranking adds up to the figure.
Customers of whom there is nothing to count are not ranked, unless the plan names them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, case, func, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics import conversion
from storage.metrics.catalog import Metric, Unit
from storage.metrics.comparable import worth_now
from storage.metrics.comparing import values_of
from storage.metrics.customer_filters import profile_id
from storage.metrics.customer_rows import cells_of, facts_of
from storage.metrics.figures import Conversion, ProfileRef, Table
from storage.metrics.measures import MEASURES
from storage.metrics.plan import Condition, Plan
from storage.metrics.ranking import Ranking
from storage.metrics.rows import rows_of
from storage.metrics.scope import Query, Scope

_COLUMNS = {"outstanding": "remaining", "overdue": "remaining", "pipeline": "amount"}
"""What a column is called where a field of that name says something else."""

_FEW = 1_000
_BESIDE_MONEY = ("plan", "status", "country", "customer_since")
_BESIDE_COUNTS = ("plan", "mrr", "currency", "status", "country", "customer_since")

Sums = Sequence[tuple[bytes, int]]


async def customers(session: AsyncSession, plan: Plan, metric: Metric, scope: Scope) -> Table:
    """Profiles by what the metric is of each. `scope` is over the plan's period, with its filters.

    Money is compared in one currency; `left_out` says how many customers have none of it in that one.
    """
    ranking = Ranking.of(plan, scope.asking)
    scope = replace(scope, by=("customer",))
    descending = plan.order is None or plan.order.descending
    if metric.unit is Unit.MONEY and scope.asking.rated:
        sums, total, left_out, converted = await _converted(session, metric, scope, ranking.currency)
        sums = sorted(sums, key=lambda one: ((-one[1] if descending else one[1]), one[0]))[: plan.rows]
    else:
        converted = None
        sums, total, left_out = await _page(session, plan, metric, scope, ranking.currency)
    sums, total = _with_named(plan, sums, total)
    facts = await facts_of(session, scope, [profile for profile, _ in sums]) if sums else {}
    rates = worth_now(scope, ranking.currency)
    cells = {profile: cells_of(of_one, ranking.currency, rates) for profile, of_one in facts.items()}
    money = metric.unit is Unit.MONEY
    beside = _BESIDE_MONEY if money else _BESIDE_COUNTS
    figure = (_COLUMNS.get(metric.name, metric.name), *(["currency"] if money else []))
    rows = [
        (
            ProfileRef(profile),
            amount,
            *([ranking.currency] if money else []),
            *(cells.get(profile, {}).get(name) for name in beside),
        )
        for profile, amount in sums
    ]
    return Table(
        columns=("customer", *figure, *beside),
        rows=tuple(rows),
        total_rows=total,
        left_out=left_out,
        conversion=converted,
    )


def _with_named(plan: Plan, sums: Sums, total: int) -> tuple[Sums, int]:
    """The customers that a plan names stand in its list with nothing, where they have nothing."""
    named = [
        profile_id(str(value))
        for term in _plain(plan.filters)
        if term.field == "customer"
        for value in values_of(term)
    ]
    missing = [(one, 0) for one in named if one not in {profile for profile, _ in sums}]
    return [*sums, *missing], total + len(missing)


def _plain(term: Any) -> list[Condition]:
    if isinstance(term, Condition):
        return [term]
    return [part for part in getattr(term, "terms", ()) if isinstance(part, Condition)]


async def _page(
    session: AsyncSession, plan: Plan, metric: Metric, scope: Scope, currency: str
) -> tuple[Sums, int, int]:
    """The first rows, how many there are, and how many customers have only amounts of other currencies."""
    parts = _summed(metric, scope, currency).subquery().c
    ranked = parts.own != 0
    order = parts.own.desc() if plan.order is None or plan.order.descending else parts.own.asc()
    query = (
        select(
            parts.profile_id,
            parts.own,
            func.count().filter(ranked).over().label("total"),
            func.count().filter(parts.own == 0, parts.other != 0).over().label("others"),
        )
        .order_by(case((ranked, 0), else_=1), order, parts.profile_id)
        .limit(plan.rows)
    )
    found = (await session.execute(query)).all()
    sums = [(bytes(row.profile_id), int(row.own)) for row in found if row.own]
    return sums, (found[0].total if found else 0), (found[0].others if found else 0)


def _summed(metric: Metric, scope: Scope, currency: str) -> Query:
    """One row a customer that is there: `own` in the currency (or of all, where there is none), `other`."""
    described = MEASURES[metric.name](scope)
    queries = described if isinstance(described, list) else [described]
    money = metric.unit is Unit.MONEY
    parts = [query.subquery().c for query in queries]
    code = [part.currency if money else null() for part in parts]
    every = union_all(
        *(
            select(part.by_customer.label("profile_id"), part.amount.label("amount"), of.label("currency"))
            for part, of in zip(parts, code, strict=True)
        )
    ).subquery()
    profile = models.Profile
    is_own = every.c.currency == currency if money else literal(value=True)
    return (
        select(
            every.c.profile_id,
            func.sum(case((is_own, every.c.amount), else_=0)).label("own"),
            func.sum(case((is_own, 0), else_=every.c.amount)).label("other"),
        )
        .join(
            profile,
            and_(
                profile.account_id == scope.asking.account_id,
                profile.profile_id == every.c.profile_id,
                profile.signed_up_at.is_not(None),
            ),
        )
        .group_by(every.c.profile_id)
    )


async def _converted(
    session: AsyncSession, metric: Metric, scope: Scope, into: str
) -> tuple[Sums, int, int, Conversion | None]:
    """The same with amounts in the account's own currency, as the figure itself is converted."""
    own: dict[bytes, int] = defaultdict(int)
    others: set[bytes] = set()
    rows = [row for row in await rows_of(session, metric.name, scope) if row.by_customer is not None]
    for row in rows:
        if row.currency == into:
            own[bytes(row.by_customer)] += int(row.amount)
        else:
            others.add(bytes(row.by_customer))
    there = await _there(session, scope, own)
    sums = [(profile, amount) for profile, amount in own.items() if amount and profile in there]
    return sums, len(sums), len(others - own.keys()), conversion.of_rows(rows)


async def _there(session: AsyncSession, scope: Scope, profiles: dict[bytes, int]) -> set[bytes]:
    """Those that a source still knows: what a deleted customer left is in no list."""
    profile = models.Profile
    query = select(profile.profile_id).where(
        profile.account_id == scope.asking.account_id, profile.signed_up_at.is_not(None)
    )
    if len(profiles) <= _FEW:
        query = query.where(profile.profile_id.in_(list(profiles)))
    return {bytes(one) for one in await session.scalars(query)}
