"""Customers whose MRR must be recomputed: a row each, written with the change that caused it."""

from collections.abc import Iterable

from sqlalchemy import func, select, union
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import insert_new
from storage.session import Database


async def mark_customers_stale(
    session: AsyncSession, account_id: int, source_id: int, customers: Iterable[bytes]
) -> None:
    """Notes that these customers' MRR must be recomputed."""
    rows = [
        {"account_id": account_id, "source_id": source_id, "customer_id": customer}
        for customer in sorted(customers)
    ]
    if rows:
        await insert_new(session, models.StaleCustomer, rows)


async def mark_all_stale(session: AsyncSession, account_id: int, source_id: int) -> None:
    """Marks every customer of a source, also those that only subscriptions and payments still name."""
    customer, subscription = models.Customer, models.Subscription
    everyone = union(
        select(customer.account_id, customer.source_id, customer.id.label("customer_id")).where(
            customer.account_id == account_id, customer.source_id == source_id
        ),
        select(subscription.account_id, subscription.source_id, subscription.customer_id).where(
            subscription.account_id == account_id, subscription.source_id == source_id
        ),
    ).subquery()
    stale = models.StaleCustomer.__table__
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = select(everyone.c.account_id, everyone.c.source_id, everyone.c.customer_id).where(
        everyone.c.customer_id.is_not(None)
    )
    connection = await session.connection()
    await connection.execute(
        dialect.insert(stale)
        .from_select(["account_id", "source_id", "customer_id"], rows)
        .on_conflict_do_nothing()
    )


async def mark_split_profiles_stale(session: AsyncSession, account_id: int, source_id: int) -> None:
    """Marks records that share an address but no profile: after look-up keys have changed."""
    customer = models.Customer
    of_source = (customer.account_id == account_id, customer.source_id == source_id)
    split = (
        select(customer.email_key)
        .where(*of_source, customer.email_key.is_not(None))
        .group_by(customer.email_key)
        .having(func.count(customer.profile_id.distinct()) > 1)
    )
    found = await session.scalars(select(customer.id).where(*of_source, customer.email_key.in_(split)))
    await mark_customers_stale(session, account_id, source_id, found)


async def stale_sources(db: Database, account_id: int, but: int) -> list[int]:
    """The account's other active sources that have stale customers."""
    stale, source = models.StaleCustomer, models.Source
    async with db.tenant(account_id, read_only=True) as session:
        found = await session.scalars(
            select(stale.source_id)
            .join(source, (source.account_id == stale.account_id) & (source.source_id == stale.source_id))
            .where(stale.source_id != but, source.state == models.SourceState.ACTIVE)
            .distinct()
            .order_by(stale.source_id)
        )
        return list(found)
