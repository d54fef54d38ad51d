"""Which products are sold together: what tells add-ons from plans."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage import models

_ID_BYTES = 16


async def combinations(session: AsyncSession, account_id: int, source_id: int) -> list[frozenset[bytes]]:
    """The combinations of products that subscriptions of a source are made of, each once.

    Read from one to the next along their index: as many steps as there are combinations, however many
    subscriptions there are.
    """
    subscription, following = models.Subscription, aliased(models.Subscription)
    first = (
        select(subscription.products)
        .where(subscription.account_id == account_id, subscription.source_id == source_id)
        .order_by(subscription.products)
        .limit(1)
    ).subquery()
    found = select(first.c.products).cte("combination", recursive=True)
    after = (
        select(following.products)
        .where(
            following.account_id == account_id,
            following.source_id == source_id,
            following.products > found.c.products,
        )
        .order_by(following.products)
        .limit(1)
        .correlate(found)
        .scalar_subquery()
    )
    found = found.union_all(select(after).where(found.c.products.is_not(None)))
    every = await session.scalars(select(found.c.products).where(found.c.products.is_not(None)))
    return [_split(bytes(products)) for products in every]


def _split(products: bytes) -> frozenset[bytes]:
    return frozenset(products[i : i + _ID_BYTES] for i in range(0, len(products), _ID_BYTES))
