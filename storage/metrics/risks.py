"""Which paying customers may leave soon, and why: three signs, each a set of profiles."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.joins import of_customer
from storage.metrics.scope import Asking, Column, Query, instant

RECENTLY = timedelta(days=30)


def canceling(subscription: Any) -> Column:
    """Whether a subscription that counts is to end."""
    return and_(
        subscription.status.in_(("active", "past_due")),
        or_(subscription.cancel_at_period_end, subscription.cancel_at.is_not(None)),
    )


def ends_at(subscription: Any) -> Column:
    """When a subscription that is to end will; NULL of one that goes on."""
    return case(
        (subscription.cancel_at.is_not(None), subscription.cancel_at),
        (subscription.cancel_at_period_end, subscription.current_period_end),
    )


def _failing(asking: Asking) -> Query:
    profile = aliased(models.Profile)
    return select(profile.profile_id).where(profile.account_id == asking.account_id, profile.failing)


def _canceling(asking: Asking) -> Query:
    subscription, customer = aliased(models.Subscription), aliased(models.Customer)
    return (
        select(customer.profile_id)
        .join(subscription, of_customer(subscription, customer))
        .where(subscription.account_id == asking.account_id, canceling(subscription))
    )


def _downgraded(asking: Asking) -> Query:
    movement = aliased(models.Movement)
    return select(movement.profile_id).where(
        movement.account_id == asking.account_id,
        movement.type == "contraction",
        movement.at >= instant(asking.now - RECENTLY),
        movement.at <= instant(asking.now),
    )


_SIGNS: dict[str, Callable[[Asking], Query]] = {
    "failed payment": _failing,
    "cancellation scheduled": _canceling,
    "downgraded": _downgraded,
}


def cancels(asking: Asking, profile_id: Any) -> Column:
    found: Column = profile_id.in_(_canceling(asking))
    return found


def downgraded(asking: Asking, profile_id: Any) -> Column:
    found: Column = profile_id.in_(_downgraded(asking))
    return found


def is_at_risk(asking: Asking, profile_id: Any) -> Column:
    """Whether a profile shows one of the signs; only of one that pays does it mean a risk."""
    return or_(*(profile_id.in_(of_sign(asking)) for of_sign in _SIGNS.values()))


async def reasons(session: AsyncSession, asking: Asking, profiles: Sequence[bytes]) -> dict[bytes, str]:
    """The signs that each of these profiles shows, in words."""
    found: dict[bytes, list[str]] = {}
    for reason, of_sign in _SIGNS.items():
        query = of_sign(asking)
        column = query.selected_columns[0]
        for profile_id in await session.scalars(query.where(column.in_(profiles)).distinct()):
            found.setdefault(bytes(profile_id), []).append(reason)
    return {profile_id: ", ".join(shown) for profile_id, shown in found.items()}
