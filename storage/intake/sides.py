"""What a record has several of (links, tags, the customers of a contact), and whose a ticket is."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models, records
from storage.intake.bulk import Stored, among, insert_new
from storage.intake.writing import Target, Writing
from storage.models.base import table_of


async def replace_sides(
    session: AsyncSession,
    writing: Writing,
    target: Target,
    changed: Sequence[records.Record],
    touched: Iterable[Stored],
) -> None:
    """Puts the sides of these records in place of those they had; new ones had none."""
    had = [stored.id for stored in touched if not stored.inserted]
    for side in target.sides:
        if had:
            table = table_of(side.model)
            await session.execute(
                delete(table).where(
                    table.c.account_id == writing.account_id,
                    table.c.source_id == writing.source_id,
                    among(session, table.c[side.owner], had),
                )
            )
        if rows := [row for record in changed for row in side.to_rows(record, writing)]:
            await insert_new(session, side.model, rows)


async def name_customers(
    session: AsyncSession, writing: Writing, record_class: type[records.Record], ids: Collection[bytes]
) -> None:
    """Gives tickets that name no customer the main one of who asked: these tickets, or those of these
    contacts. Whichever of the two comes later does it. A customer who was deleted is nobody's."""
    ticket, at, tombstone = (
        table_of(model) for model in (models.Ticket, models.ContactCustomer, models.Tombstone)
    )
    of_source = (at.c.account_id == writing.account_id, at.c.source_id == writing.source_id)
    if record_class is records.Contact:
        buried = select(tombstone.c.customer_id).where(
            tombstone.c.account_id == writing.account_id, tombstone.c.source_id == writing.source_id
        )
        await session.execute(
            delete(at).where(*of_source, among(session, at.c.contact_id, ids), at.c.customer_id.in_(buried))
        )
    main = (
        select(at.c.customer_id)
        .where(*of_source, at.c.contact_id == ticket.c.contact_id)
        .order_by(at.c.place)
        .limit(1)
        .scalar_subquery()
    )
    column: Any = ticket.c.contact_id if record_class is records.Contact else ticket.c.id
    await session.execute(
        update(ticket)
        .where(
            ticket.c.account_id == writing.account_id,
            ticket.c.source_id == writing.source_id,
            ticket.c.named.is_(False),
            among(session, column, ids),
        )
        .values(customer_id=main)
    )
