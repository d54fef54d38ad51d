"""What a deletion at the source takes away here, and what it leaves: amounts that lead to nobody.

Past money must not change when a customer goes (semantics: "What deletion leaves"). So a customer's
subscriptions, invoices and payments get a random anonymous id in place of the customer's, its
subscriptions end with the deletion, and a keyed tombstone keeps late pages and events from bringing the
customer back (`tombstones.py`).
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among, insert_new
from storage.intake.neighbours import customers_beside
from storage.intake.subscription_changes import keep_customer_discounts
from storage.intake.tallies import forget_profiles
from storage.models.base import table_of
from storage.records import SubscriptionStatus
from storage.trust.keys_due import renew_account_key_since, renew_key_since
from storage.trust.mentions import forget_mentions
from storage.trust.people import forget_relations

_NAMES_A_CUSTOMER: tuple[Any, ...] = (models.Subscription, models.Invoice, models.Payment, models.MrrSpan)
_LEADS_TO_IT: tuple[tuple[Any, str], ...] = (
    (models.Customer, "id"),
    (models.CustomerLink, "customer_id"),
    (models.CustomerTag, "customer_id"),
    (models.StaleCustomer, "customer_id"),
)

_HANGS_ON: dict[Any, tuple[tuple[Any, str], ...]] = {
    models.Ticket: ((models.TicketTag, "ticket_id"), (models.TicketRating, "ticket_id")),
}


async def forget_customers(
    session: AsyncSession,
    account_id: int,
    source_id: int,
    deleted: Mapping[bytes, datetime | None],
    *,
    noticed_at: datetime,
) -> set[bytes]:
    """Deletes these customers (id → when the source deleted them) and makes what they had anonymous.

    None in place of that moment: the person asked to be erased, and is still there at the source. Their
    subscriptions go on, anonymously, so that figures stay what the source's are.

    Returns the ids whose MRR must be recomputed: the new anonymous ones, and those of the records that
    shared a profile with the deleted ones. `noticed_at` starts the day within which the data key is renewed.
    """
    if not deleted:
        return set()
    ids = list(deleted)
    await _bury(session, account_id, source_id, deleted)
    asked = [customer_id for customer_id, at in deleted.items() if at is None]
    await forget_mentions(session, account_id, source_id, ids, asked=asked)
    mates = await _leave_profiles(session, account_id, source_id, ids)
    mates |= await customers_beside(session, account_id, source_id, ids)
    nobody = {customer_id: secrets.token_bytes(16) for customer_id in ids}
    await keep_customer_discounts(session, account_id, source_id, ids)
    await _make_anonymous(session, account_id, source_id, nobody)
    ended = {nobody[customer_id]: at for customer_id, at in deleted.items() if at is not None}
    await _end_subscriptions(session, account_id, source_id, ended)
    await forget_relations(session, account_id, source_id, ids)
    for model, column in _LEADS_TO_IT:
        await session.execute(
            delete(model).where(
                model.account_id == account_id,
                model.source_id == source_id,
                among(session, getattr(model, column), ids),
            )
        )
    await renew_key_since(session, account_id, source_id, noticed_at)
    await renew_account_key_since(session, account_id, noticed_at)
    return mates | set(nobody.values())


async def _bury(
    session: AsyncSession, account_id: int, source_id: int, deleted: Mapping[bytes, datetime | None]
) -> None:
    """The first deletion counts; one by the source counts also after one on request."""
    rows = [
        {"account_id": account_id, "source_id": source_id, "customer_id": customer_id, "deleted_at": at}
        for customer_id, at in deleted.items()
    ]
    await insert_new(session, models.Tombstone, rows)
    at_the_source = [{"who": customer_id, "at": at} for customer_id, at in deleted.items() if at is not None]
    if at_the_source:
        table = table_of(models.Tombstone)
        late = update(table).where(
            table.c.account_id == account_id,
            table.c.source_id == source_id,
            table.c.customer_id == bindparam("who"),
            table.c.deleted_at.is_(None),
        )
        connection = await session.connection()
        await connection.execute(
            late.values(deleted_at=bindparam("at", type_=table.c.deleted_at.type)), at_the_source
        )


async def _leave_profiles(
    session: AsyncSession, account_id: int, source_id: int, ids: Sequence[bytes]
) -> set[bytes]:
    """The other records of the customers' profiles, which are joined anew without them. Those of other
    sources are marked stale here; `derive` takes them along."""
    customer = models.Customer
    found = await session.scalars(
        select(customer.profile_id).where(
            customer.account_id == account_id,
            customer.source_id == source_id,
            among(session, customer.id, ids),
        )
    )
    profiles = {*found, *ids}  # who was never stored as a customer is a profile by its own id
    await forget_profiles(session, account_id, profiles)
    members = (
        await session.execute(
            select(customer.source_id, customer.id).where(
                customer.account_id == account_id, among(session, customer.profile_id, profiles)
            )
        )
    ).all()
    elsewhere = [
        {"account_id": account_id, "source_id": member.source_id, "customer_id": member.id}
        for member in members
        if member.source_id != source_id
    ]
    if elsewhere:
        await insert_new(session, models.StaleCustomer, elsewhere)
    return {member.id for member in members if member.source_id == source_id} - set(ids)


async def _make_anonymous(
    session: AsyncSession, account_id: int, source_id: int, nobody: Mapping[bytes, bytes]
) -> None:
    """Puts the anonymous id in place of the customer's, in every table that names customers."""
    connection = await session.connection()
    rows = [{"of_customer": customer_id, "anonymous": other} for customer_id, other in nobody.items()]
    for model in _NAMES_A_CUSTOMER:
        table = table_of(model)
        values: dict[str, Any] = {"customer_id": bindparam("anonymous")}
        if model is models.MrrSpan:
            values["profile_id"] = bindparam("anonymous")
        await connection.execute(
            update(table)
            .where(
                table.c.account_id == account_id,
                table.c.source_id == source_id,
                table.c.customer_id == bindparam("of_customer"),
            )
            .values(values),
            rows,
        )


async def _end_subscriptions(
    session: AsyncSession, account_id: int, source_id: int, ended: Mapping[bytes, datetime]
) -> None:
    if not ended:
        return
    table = table_of(models.Subscription)
    connection = await session.connection()
    await connection.execute(
        update(table)
        .where(
            table.c.account_id == account_id,
            table.c.source_id == source_id,
            table.c.customer_id == bindparam("anonymous"),
            table.c.ended_at.is_(None),
        )
        .values(ended_at=bindparam("at", type_=table.c.ended_at.type), status=SubscriptionStatus.CANCELED),
        [{"anonymous": anonymous, "at": at} for anonymous, at in ended.items()],
    )


async def remove_records(
    session: AsyncSession,
    model: type[models.SourceRecord],
    account_id: int,
    source_id: int,
    ids: Sequence[bytes],
    *,
    noticed_at: datetime | None = None,
) -> set[bytes]:
    """Deletes rows of any other kind (a product, a draft invoice, a ticket), and what hangs on them.

    Returns the customers whose MRR may have moved. `noticed_at` is needed for kinds that hold sealed values.
    """
    table: Any = model
    of_source = (table.account_id == account_id, table.source_id == source_id, among(session, table.id, ids))
    stale: set[bytes] = set()
    if hasattr(table, "customer_id"):
        stale = {
            found for found in await session.scalars(select(table.customer_id).where(*of_source)) if found
        }
    await session.execute(delete(table).where(*of_source))
    for hanging, column in _HANGS_ON.get(model, ()):
        await session.execute(
            delete(hanging).where(
                hanging.account_id == account_id,
                hanging.source_id == source_id,
                among(session, getattr(hanging, column), ids),
            )
        )
    if hasattr(table, "sealed") and noticed_at is not None:
        await renew_key_since(session, account_id, source_id, noticed_at)
    return stale
