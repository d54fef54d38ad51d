"""The customers with the largest MRR of all, read from an index in their order."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Date,
    Executable,
    Integer,
    String,
    and_,
    bindparam,
    distinct,
    func,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.grains import midnight
from storage.metrics.plan import Plan
from storage.metrics.ranking import Ranking
from storage.metrics.scope import Asking, Column, opening_of
from storage.metrics.tally import LISTED
from storage.session import kept
from storage.types import Instant


class Largest(NamedTuple):
    """The first rows of the list, how many it has in all, and how many customers are not compared."""

    profiles: Sequence[bytes]
    total: int
    left_out: int


async def largest(session: AsyncSession, plan: Plan, asking: Asking, ranking: Ranking) -> Largest | None:
    """None where the plan asks for another time, order or choice, or amounts are converted to be compared."""
    by_mrr = plan.order is None or (plan.order.field == "mrr" and plan.order.descending)
    if plan.filters is not None or plan.period is not None or not by_mrr or asking.rated:
        return None
    profiles = await _first(session, plan.rows, asking, ranking.currency)
    own, everyone = await _counted(session, asking, ranking.currency)
    if not ranking.ranks and len(profiles) < min(plan.rows, everyone):
        return None
    return Largest(profiles, own if ranking.ranks else everyone, everyone - own if ranking.ranks else 0)


_ACCOUNT = bindparam("account", type_=Integer)
_CURRENCY = bindparam("currency", type_=String)
_NOW = bindparam("now", type_=Instant)
_LIMIT = bindparam("limit", type_=Integer)
_TODAY = bindparam("today", type_=Date)
_TOMORROW = bindparam("tomorrow", type_=Instant)
_LAST_INSTANT = bindparam("last_instant", type_=Instant)


def _in_force(moment: Column) -> Any:
    row = models.CustomerMrr
    return and_(row.starts_at <= moment, or_(row.ends_at.is_(None), row.ends_at > moment))


@cache
def _first_ones() -> Executable:
    """Of those whose MRR is to stay and of those whose will change, the first ones each; then together."""
    row = models.CustomerMrr
    parts = []
    for open_end in (row.ends_at.is_(None), row.ends_at > _NOW):
        first = select(row.profile_id, row.mrr, row.total).where(
            row.account_id == _ACCOUNT, row.currency == _CURRENCY, open_end, row.starts_at <= _NOW
        )
        ordered = first.order_by(row.mrr.desc(), row.total.desc(), row.profile_id.desc())
        parts.append(select(ordered.limit(_LIMIT).subquery()))
    both = union_all(*parts).subquery().c
    return kept(
        select(both.profile_id)
        .order_by(both.mrr.desc(), both.total.desc(), both.profile_id.desc())
        .limit(_LIMIT)
    )


async def _first(session: AsyncSession, limit: int, asking: Asking, currency: str) -> list[bytes]:
    given = {"account": asking.account_id, "currency": currency, "now": asking.now, "limit": limit}
    return list((await session.scalars(_first_ones(), given)).all())


@cache
def _counts() -> Executable:
    """Who pays at the end of today, in the currency and in any, is summed up already; then who pays now and
    at that end of those that change until then, in the currency and in any."""
    row, day = models.CustomerMrr, models.CustomerDay
    of_account = row.account_id == _ACCOUNT
    changing = union(
        *(
            select(row.profile_id).where(of_account, at > _NOW, at < _TOMORROW)
            for at in (row.ends_at, row.starts_at)
        )
    )
    pays = (_in_force(_NOW), _in_force(_LAST_INSTANT))
    counts = [
        func.count(distinct(row.profile_id)).filter(and_(when, *of))
        for of in ([row.currency == _CURRENCY], [])
        for when in pays
    ]
    sums = [
        select(func.coalesce(func.sum(day.customers), 0))
        .where(day.account_id == _ACCOUNT, day.what == LISTED, day.day <= _TODAY, day.currency == code)
        .scalar_subquery()
        for code in (_CURRENCY, "")
    ]
    return kept(select(*sums, *counts).where(of_account, row.profile_id.in_(changing), or_(*pays)))


async def _counted(session: AsyncSession, asking: Asking, currency: str) -> tuple[int, int]:
    """How many customers pay in the currency, and in any."""
    zone = ZoneInfo(asking.time_zone)
    today = asking.now.astimezone(zone).date()
    tomorrow = midnight(date.fromordinal(today.toordinal() + 1), zone)
    given = {
        "account": asking.account_id,
        "currency": currency,
        "now": asking.now,
        "today": today,
        "tomorrow": tomorrow,
        "last_instant": opening_of(tomorrow),
    }
    found = await session.execute(_counts(), given)
    own, everyone, own_now, own_then, now_any, then_any = map(int, found.one())
    return own + own_now - own_then, everyone + now_any - then_any
