"""Loads what a digest is made of: figures as questions have them, a fixed number of queries."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.figures import Number, ProfileRef, Series, Table
from storage.metrics.grains import midnight, shift
from storage.metrics.plan import Condition, Grain, Op, Order, Plan
from storage.metrics.plan import Period as Window
from storage.metrics.run import run
from storage.metrics.scope import Asking
from thoughts.base import Money
from thoughts.digest import Ahead, Amounts, Digest, DigestFigures, Period, digest
from thoughts.load_scale import load_scale

_DAY = timedelta(days=1)
_MOVES = ("new_mrr", "expansion_mrr", "reactivation_mrr", "contraction_mrr", "churned_mrr")
_MOVERS = 50
_LONG = 27
"""From how many days on a period is a month."""
_WEEK_AHEAD, _MONTH_AHEAD = 7, 30


async def load_digest(session: AsyncSession, asking: Asking, first: date, last: date) -> Digest:
    """The digest of the days from `first` to `last`, in the account's time zone."""
    days = (last - first).days + 1
    grain = Grain.DAY if days == 1 else Grain.WEEK if days < _LONG else Grain.MONTH
    before = shift(first, grain, -1)
    ahead = _MONTH_AHEAD if grain is Grain.MONTH else _WEEK_AHEAD
    figures = DigestFigures(
        first=first,
        last=last,
        scale=await load_scale(session, asking),
        now=await _period(session, asking, _window(first, last, asking)),
        before=await _period(session, asking, _window(before, first - _DAY, asking)),
        movers=await _movers(session, asking, _window(first, last, asking)),
        trials=await _ahead(session, asking, "trial_ends", ahead),
        renewals=await _renewals(session, asking, ahead),
        ahead_days=ahead,
        mrr=await _mrr(session, asking, last, grain),
    )
    return digest(figures)


def _window(first: date, last: date, asking: Asking) -> Window:
    zone = ZoneInfo(asking.time_zone)
    return Window(start=midnight(first, zone), end=midnight(last + _DAY, zone), label="")


async def _number(session: AsyncSession, asking: Asking, measure: str, window: Window) -> Number:
    found = await run(session, Plan(measure=measure, period=window), asking)
    assert isinstance(found, Number)  # noqa: S101 - a measure alone gives a number
    return found


async def _period(session: AsyncSession, asking: Asking, window: Window) -> Period:
    async def amounts(measure: str) -> Amounts:
        number = await _number(session, asking, measure, window)
        return {code: round(value) for code, value in number.values.items()}

    async def count(measure: str) -> int:
        return int((await _number(session, asking, measure, window)).value or 0)

    return Period(
        net=await amounts("net_new_mrr"),
        moves={measure: await amounts(measure) for measure in _MOVES},
        signups=await count("signups"),
        failed=await count("failed_payments"),
        failed_amount=await amounts("failed_payment_volume"),
        recovered=await amounts("recovered_payments"),
    )


async def _movers(session: AsyncSession, asking: Asking, window: Window) -> tuple[tuple[bytes, Money], ...]:
    """The largest movements up and down, by currency as they are."""
    row, profile = models.Movement, models.Profile
    place = func.row_number().over(
        partition_by=(row.currency, row.amount > 0), order_by=func.abs(row.amount).desc()
    )
    ranked = (
        select(row.profile_id, row.amount, row.currency, place.label("place"))
        .join(profile, (profile.account_id == row.account_id) & (profile.profile_id == row.profile_id))
        .where(
            row.account_id == asking.account_id,
            row.at >= window.start,
            row.at < window.end,
            profile.signed_up_at.is_not(None),
        )
        .subquery()
    )
    rows = await session.execute(
        select(ranked.c.profile_id, ranked.c.amount, ranked.c.currency)
        .where(ranked.c.place <= _MOVERS)
        .order_by(ranked.c.place, ranked.c.profile_id)
    )
    return tuple((profile_id, Money(amount, currency)) for profile_id, amount, currency in rows)


async def _renewals(session: AsyncSession, asking: Asking, days: int) -> Ahead:
    return await _ahead(session, asking, "renews", days, Condition(field="interval", value="year"))


async def _ahead(session: AsyncSession, asking: Asking, field: str, days: int, *more: Condition) -> Ahead:
    """Subscriptions whose date lies within so many days, the largest first."""
    within = Condition(field=field, op=Op.WITHIN, value=(asking.now, asking.now + timedelta(days=days)))
    plan = Plan(entity="subscription", filters=within, order=Order(field="mrr"), limit=3)
    for condition in more:
        plan = plan.model_copy(update={"filters": plan.filters_and(condition)})
    table = await run(session, plan, asking)
    assert isinstance(table, Table)  # noqa: S101 - an entity gives a table
    at = {name: number for number, name in enumerate(table.columns)}
    shown = []
    for row in table.rows:
        who, mrr, currency = row[at["customer"]], row[at["mrr"]], row[at["currency"]]
        if isinstance(who, ProfileRef) and isinstance(mrr, int) and mrr and isinstance(currency, str):
            shown.append((who.profile_id, Money(mrr, currency)))
    return Ahead(count=table.total_rows, shown=tuple(shown))


async def _mrr(
    session: AsyncSession, asking: Asking, last: date, grain: Grain
) -> tuple[tuple[str, Amounts], ...]:
    """MRR at the end of the last 30 days, or of the last 12 weeks or months."""
    zone = ZoneInfo(asking.time_zone)
    start = shift(last, grain, -29 if grain is Grain.DAY else -11)
    period = Window(start=midnight(start, zone), end=midnight(last + _DAY, zone), label="")
    series = await run(session, Plan(measure="mrr", period=period, grain=grain), asking)
    assert isinstance(series, Series)  # noqa: S101 - a grain gives a series
    return tuple((key, {c: round(v) for c, v in number.values.items()}) for key, number in series.points)
