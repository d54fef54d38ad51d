"""What amounts are measured against: the account's rates, and where there are none, what is usual."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.rates import load_rates
from storage.metrics.scope import Asking, local_day
from thoughts.scale import Scale


async def load_scale(session: AsyncSession, asking: Asking) -> Scale:
    """From rows of sums alone: three small queries, however many customers there are."""
    today = local_day(asking.now, asking)
    customers = await _customers(session, asking, today)
    total = await _total(session, asking, today)
    foreign = set(customers) - {asking.currency}
    book = await load_rates(session, asking.account_id, foreign, asking.currency, today, today)
    rates = {code: rate.value for code in foreign if (rate := book.rate(code, asking.currency, today))}
    return Scale(
        currency=asking.currency,
        rates=rates,
        typical={code: total.get(code, 0) // count for code, count in customers.items() if count},
        total=total,
    )


async def _customers(session: AsyncSession, asking: Asking, today: date) -> Mapping[str, int]:
    """How many customers pay in each currency at the end of today."""
    row = models.CustomerDay
    rows = await session.execute(
        select(row.currency, func.sum(row.customers))
        .where(
            row.account_id == asking.account_id,
            row.what == "listed",
            row.day <= today,
            row.currency != "",
        )
        .group_by(row.currency)
    )
    return {currency: int(count) for currency, count in rows if count > 0}


async def _total(session: AsyncSession, asking: Asking, today: date) -> dict[str, int]:
    """MRR in each currency at the end of today."""
    row = models.MrrDay
    rows = await session.execute(
        select(row.currency, func.sum(row.amount))
        .where(
            row.account_id == asking.account_id,
            (row.whole_month.is_(True) & (row.day < today.replace(day=1)))
            | (row.whole_month.is_(False) & (row.day >= today.replace(day=1)) & (row.day <= today)),
        )
        .group_by(row.currency)
    )
    return {currency: int(amount) for currency, amount in rows if amount}
