"""What else goes with a customer or a person: contacts, the names in tickets and deals, links by hand.

Tickets and deals of the deleted stay as facts that name nobody (times, states, amounts), so that figures of
the past do not change; their sealed documents are emptied, as a subject or a name may speak of anyone.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among, insert_new
from storage.intake.neighbours import customers_of_people
from storage.models.base import table_of
from storage.trust.keys_due import renew_account_key_since, renew_key_since
from storage.trust.mentions import empty_messages, forget_conversations

EMPTY = b""


async def forget_relations(
    session: AsyncSession, account_id: int, source_id: int, customers: Collection[bytes]
) -> None:
    """In the transaction that deletes these customers: what their source's tables say of them besides."""
    at, link = models.ContactCustomer, models.ProfileLink
    theirs = (at.account_id == account_id, at.source_id == source_id)
    contacts = set(
        await session.scalars(select(at.contact_id).where(*theirs, among(session, at.customer_id, customers)))
    )
    await session.execute(delete(at).where(*theirs, among(session, at.customer_id, customers)))
    elsewhere = set(
        await session.scalars(select(at.contact_id).where(*theirs, among(session, at.contact_id, contacts)))
    )
    await _delete_contacts(session, account_id, source_id, contacts - elsewhere)
    for model in (models.Ticket, models.Deal):
        table = table_of(model)
        named = among(session, table.c.customer_id, customers)
        await _empty(session, account_id, source_id, model, named, customer_id=None)
    await session.execute(
        delete(link).where(
            link.account_id == account_id,
            or_(
                and_(link.one_source_id == source_id, among(session, link.one_id, customers)),
                and_(link.other_source_id == source_id, among(session, link.other_id, customers)),
            ),
        )
    )


async def forget_contacts(
    session: AsyncSession,
    account_id: int,
    source_id: int,
    deleted: Mapping[bytes, datetime | None],
    *,
    noticed_at: datetime,
) -> set[bytes]:
    """Deletes these people (id → when the source deleted them; None: on request) and keeps them away.

    Returns the customers that may be joined otherwise without them.
    """
    ids = list(deleted)
    if not ids:
        return set()
    found = await customers_of_people(session, account_id, source_id, ids)
    rows = [
        {"account_id": account_id, "source_id": source_id, "customer_id": contact, "deleted_at": when}
        for contact, when in deleted.items()
    ]
    await insert_new(session, models.Tombstone, rows)
    await forget_conversations(session, account_id)
    named = among(session, models.MessageProfile.profile_id, found)
    on_request = any(when is None for when in deleted.values())
    await empty_messages(session, account_id, named, on_request=on_request)
    await _empty(session, account_id, source_id, models.Ticket, among(session, models.Ticket.contact_id, ids))
    await _delete_contacts(session, account_id, source_id, ids)
    await renew_key_since(session, account_id, source_id, noticed_at)
    await renew_account_key_since(session, account_id, noticed_at)
    return found


async def _delete_contacts(
    session: AsyncSession, account_id: int, source_id: int, contacts: Collection[bytes]
) -> None:
    of: tuple[tuple[Any, str], ...] = ((models.Contact, "id"), (models.ContactCustomer, "contact_id"))
    for model, column in of if contacts else ():
        table = table_of(model)
        await session.execute(
            delete(table).where(
                table.c.account_id == account_id,
                table.c.source_id == source_id,
                among(session, table.c[column], contacts),
            )
        )


async def _empty(
    session: AsyncSession,
    account_id: int,
    source_id: int,
    model: Any,
    which: ColumnElement[bool],
    **columns: None,
) -> None:
    """Leaves of these rows what names nobody; a ticket whose person went stays with its customer."""
    table = table_of(model)
    gone: dict[str, Any] = {"sealed": EMPTY, **columns}
    if model is models.Ticket:
        gone["contact_id"] = None
    await session.execute(
        update(table)
        .where(table.c.account_id == account_id, table.c.source_id == source_id, which)
        .values(gone)
    )
