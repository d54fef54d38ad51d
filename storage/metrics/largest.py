"""The customers with the largest MRR of all, read from an index in their order."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, distinct, func, or_, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.plan import Plan
from storage.metrics.ranking import Ranking
from storage.metrics.scope import Asking, instant
from storage.metrics.tally import LISTED


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


def _in_force(asking: Asking) -> Any:
    row, now = models.CustomerMrr, instant(asking.now)
    return and_(row.starts_at <= now, or_(row.ends_at.is_(None), row.ends_at > now))


async def _first(session: AsyncSession, limit: int, asking: Asking, currency: str) -> list[bytes]:
    """Of those whose MRR is to stay and of those whose will change, the first ones each; then together."""
    row = models.CustomerMrr
    parts = []
    for open_end in (row.ends_at.is_(None), row.ends_at > instant(asking.now)):
        first = select(row.profile_id, row.mrr, row.total).where(
            row.account_id == asking.account_id,
            row.currency == currency,
            open_end,
            row.starts_at <= instant(asking.now),
        )
        ordered = first.order_by(row.mrr.desc(), row.total.desc(), row.profile_id.desc())
        parts.append(select(ordered.limit(limit).subquery()))
    both = union_all(*parts).subquery().c
    found = await session.scalars(
        select(both.profile_id)
        .order_by(both.mrr.desc(), both.total.desc(), both.profile_id.desc())
        .limit(limit)
    )
    return list(found)


async def _counted(session: AsyncSession, asking: Asking, currency: str) -> tuple[int, int]:
    """How many customers pay in the currency, and in any: those whose MRR is to stay are counted already,
    what changes after now is looked at."""
    row, day = models.CustomerMrr, models.CustomerDay
    now = instant(asking.now)
    kept = await session.execute(
        select(day.currency, day.customers).where(
            day.account_id == asking.account_id, day.what == LISTED, day.currency.in_((currency, ""))
        )
    )
    known = {code: int(count) for code, count in kept}
    of_account = row.account_id == asking.account_id
    changing = union(
        select(row.profile_id).where(of_account, row.ends_at > now),
        select(row.profile_id).where(of_account, row.starts_at > now),
    )
    in_force, stays, own = _in_force(asking), row.ends_at.is_(None), row.currency == currency
    found = (
        await session.execute(
            select(
                *(
                    func.count(distinct(row.profile_id)).filter(which)
                    for which in (in_force, stays, and_(in_force, own), and_(stays, own))
                )
            ).where(of_account, row.profile_id.in_(changing), or_(stays, row.ends_at > now))
        )
    ).one()
    more, fewer, more_own, fewer_own = tuple(found)
    return known.get(currency, 0) + more_own - fewer_own, known.get("", 0) + more - fewer
