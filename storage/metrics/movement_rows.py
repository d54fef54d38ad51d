"""The fields of a movement, and the list of them: who moved, how, by how much, when."""

from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.figures import Table
from storage.metrics.filters import source_kind
from storage.metrics.joins import joins_product
from storage.metrics.listing import Listing, table
from storage.metrics.plan import Plan
from storage.metrics.scope import Column, Scope, instant


def movement_fields(movement: Any, product: Any) -> dict[str, Column]:
    """The catalog's fields that movements have; plan, interval and source are those of the customer's
    largest subscription then."""
    return {
        "movement_type": movement.type,
        "currency": movement.currency,
        "amount": movement.amount,
        "moved": movement.at,
        "plan": product.name,
        "interval": movement.interval,
        "source": source_kind(movement),
    }


async def movements(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    """Movements of the period, or all up to now; of those whom a source deleted there are none."""
    row, product, profile = models.Movement, models.Product, models.Profile
    fields = movement_fields(row, product)
    of_profile = and_(profile.account_id == row.account_id, profile.profile_id == row.profile_id)
    query = (
        select(row.profile_id, row.type, row.amount, row.currency, row.at, product.name)
        .select_from(row)
        .join(profile, of_profile)
        .outerjoin(product, joins_product(row, product))
        .where(row.at <= instant(scope.asking.now))
    )
    if plan.period is not None:
        query = query.where(row.at >= scope.start, row.at < scope.end)
    listing = Listing(
        entity="movement",
        row=row,
        query=query,
        fields=fields,
        order={name: fields[name] for name in ("moved", "amount")},
        amount="amount",
        profile=row.profile_id,
        known=profile.signed_up_at.is_not(None),
        key=(row.profile_id, row.currency, row.day),
    )
    return await table(session, listing, plan, scope)
