"""Customers whose trial ends at a time, by MRR: most have never had any, which need not be looked up."""

from typing import Any

from sqlalchemy import BigInteger, and_, case, cast, func, null, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.comparing import compare
from storage.metrics.largest import Largest
from storage.metrics.plan import Condition, Plan
from storage.metrics.scope import Asking, Column, Query, instant


async def on_trial(session: AsyncSession, plan: Plan, asking: Asking, currency: str) -> Largest | None:
    """None where the plan asks for more than when trials end, or amounts are converted to be compared."""
    term = plan.filters
    if not isinstance(term, Condition) or term.field != "trial_ends":
        return None
    if plan.period is not None or plan.order is not None or asking.rated:
        return None
    row = models.ProfileTrial
    matches = and_(row.account_id == asking.account_id, compare(row.ends_at, term.op, term.value))
    both = union_all(
        select(_never_paid(matches, plan.rows).subquery()), _paid(matches, asking, currency)
    ).subquery()
    every = select(row.profile_id).where(matches).distinct().subquery()
    found = await session.execute(
        select(both.c.profile_id, select(func.count()).select_from(every).scalar_subquery().label("total"))
        .order_by(both.c.own.desc().nulls_last(), both.c.total.desc().nulls_last(), both.c.profile_id.desc())
        .limit(plan.rows)
    )
    rows = found.all()
    return Largest([row.profile_id for row in rows], rows[0].total if rows else 0, 0)


def _never_paid(matches: Column, limit: int) -> Query:
    row, nothing = models.ProfileTrial, cast(null(), BigInteger)
    return (
        select(row.profile_id, nothing.label("own"), nothing.label("total"))
        .where(matches, row.paid.is_(False))
        .distinct()
        .order_by(row.profile_id.desc())
        .limit(limit)
    )


def _paid(matches: Column, asking: Asking, currency: str) -> Query:
    """With what they are worth now, in the currency and in all."""
    row, worth = models.ProfileTrial, models.CustomerMrr
    some: Any = select(row.profile_id).where(matches, row.paid.is_(True)).distinct().subquery().c
    now = instant(asking.now)
    in_force = and_(
        worth.account_id == asking.account_id,
        worth.profile_id == some.profile_id,
        worth.starts_at <= now,
        or_(worth.ends_at.is_(None), worth.ends_at > now),
    )
    own = case((worth.profile_id.is_(None), None), (worth.currency == currency, worth.mrr), else_=0)
    return (
        select(some.profile_id, func.sum(own).label("own"), func.sum(worth.mrr).label("total"))
        .outerjoin(worth, in_force)
        .group_by(some.profile_id)
    )
