"""What subscriptions say of their past: trials that ended, cancellations that were scheduled, renewals."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.news import Change
from storage.metrics.joins import of_customer
from storage.metrics.scope import Asking
from thoughts.figures import Ending
from thoughts.loading import subscription_facts

_SOON = timedelta(days=1)
_AHEAD = timedelta(days=30)
_LEAST_PERIOD = timedelta(days=300)


async def ended_trials(session: AsyncSession, asking: Asking, since: datetime) -> list[Change]:
    """Trials that ended since, as changes from trialing to what they became."""
    row = models.Subscription
    found = await _subscriptions(
        session,
        asking,
        row.trial_start.is_not(None),
        row.trial_end > since,
        row.trial_end <= asking.now,
        row.status != "trialing",
    )
    return [
        _change(one, one.trial_end, {"status": _after_trial(one)}, {"status": "trialing"}) for one in found
    ]


def _after_trial(row: Any) -> str:
    """What a subscription was right after its trial, though it may have ended since."""
    lived_on = row.ended_at is not None and row.ended_at > row.trial_end + _SOON
    return "active" if lived_on else row.status


async def planned_ends(session: AsyncSession, asking: Asking, since: datetime) -> list[Change]:
    """Cancellations that were scheduled since, whether they took effect or not yet."""
    row = models.Subscription
    found = await _subscriptions(session, asking, row.canceled_at > since, row.canceled_at <= asking.now)
    planned = [one for one in found if _was_planned(one)]
    return [
        _change(
            one,
            one.canceled_at,
            {
                "status": "active",
                "cancel_at_period_end": True,
                "cancel_at": one.cancel_at or one.ended_at,
                "current_period_end": one.current_period_end,
            },
            {"cancel_at_period_end": False, "cancel_at": None},
        )
        for one in planned
    ]


def _was_planned(row: Any) -> bool:
    if row.ended_at is not None:
        return bool(row.ended_at > row.canceled_at + _SOON)
    return bool(row.cancel_at_period_end) or row.cancel_at is not None


def _change(row: Any, at: datetime, new: dict[str, Any], old: dict[str, Any]) -> Change:
    return Change(
        kind="subscription",
        source_id=row.source_id,
        id=row.id,
        at=at,
        new=new,
        old={**new, **old},
        customer_id=row.customer_id,
    )


async def trials(session: AsyncSession, asking: Asking, since: datetime) -> list[Ending]:
    """Trials that ended since, or end soon; one that was given up before its end did not come to it."""
    row = models.Subscription
    found = await _subscriptions(
        session,
        asking,
        row.trial_start.is_not(None),
        row.trial_end > since,
        row.trial_end <= asking.now + _AHEAD,
        or_(row.ended_at.is_(None), row.ended_at >= row.trial_end),
    )
    return [_ending(one, one.trial_end) for one in found]


async def renewals(session: AsyncSession, asking: Asking, since: datetime) -> list[Ending]:
    """Yearly subscriptions that have renewed since, or do within a month; those that are to end do not."""
    row = models.Subscription
    found = await _subscriptions(
        session,
        asking,
        row.status.in_(("active", "past_due")),
        row.cancel_at_period_end.is_(False),
        row.cancel_at.is_(None),
        or_(
            row.current_period_start > since,
            (row.current_period_end > asking.now) & (row.current_period_end <= asking.now + _AHEAD),
        ),
    )
    endings = [
        _ending(one, at)
        for one in found
        for at in (one.current_period_start, one.current_period_end)
        if at is not None and since < at <= asking.now + _AHEAD and at - one.started_at > _LEAST_PERIOD
    ]
    return [ending for ending in endings if ending.interval == "year"]


def _ending(row: Any, at: datetime) -> Ending:
    worth = subscription_facts(row.items, row.discounts, row.currency, at)
    return Ending(
        key=(row.source_id, row.id),
        profile_id=row.profile_id,
        at=at,
        interval=worth.interval,
        product_id=worth.product_id,
        mrr=worth.mrr,
        seats=worth.seats,
        customer_id=row.customer_id,
    )


async def _subscriptions(session: AsyncSession, asking: Asking, *tests: Any) -> list[Any]:
    row, customer = models.Subscription, models.Customer
    rows = await session.execute(
        select(
            row.source_id, row.id, row.customer_id, customer.profile_id, row.status, row.items, row.discounts,
            row.currency, row.started_at, row.trial_end, row.ended_at, row.canceled_at, row.cancel_at,
            row.cancel_at_period_end, row.current_period_start, row.current_period_end,
        )
        .join(customer, of_customer(row, customer))
        .where(row.account_id == asking.account_id, *tests)
        .order_by(row.id)
    )  # fmt: skip
    return list(rows)
