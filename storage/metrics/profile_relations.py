"""What support and sales say of one customer: its owner, people, deals, and how much of it is open."""

from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.figures import ContactFigures, DealFigures, SealedRef
from storage.metrics.joins import of_customer
from storage.metrics.relation_filters import CLOSED
from storage.metrics.relation_rows import joins_stage
from storage.metrics.scope import Asking
from storage.records import DealState

_SHOWN = 10
_SUPPORT = ("intercom", "zendesk")


async def open_conversations(session: AsyncSession, profile_id: bytes, asking: Asking) -> int | None:
    """None where no support source is connected."""
    ticket, customer, source = models.Ticket, models.Customer, models.Source
    counted = (
        select(func.count())
        .select_from(ticket)
        .join(customer, of_customer(ticket, customer))
        .where(
            customer.account_id == asking.account_id,
            customer.profile_id == profile_id,
            ticket.state.not_in(CLOSED),
        )
        .scalar_subquery()
    )
    connected = select(source.source_id).where(
        source.account_id == asking.account_id, source.kind.in_(_SUPPORT)
    )
    row = (await session.execute(select(counted, connected.exists()))).one()
    return int(row[0]) if row[1] else None


async def owner(session: AsyncSession, owner_id: bytes | None, asking: Asking) -> SealedRef | None:
    if owner_id is None:
        return None
    row = models.Owner
    source_id = await session.scalar(
        select(row.source_id).where(row.account_id == asking.account_id, row.id == owner_id)
    )
    return None if source_id is None else SealedRef("owner", source_id, owner_id, "name")


async def contacts(session: AsyncSession, profile_id: bytes, asking: Asking) -> tuple[ContactFigures, ...]:
    """The longest known first."""
    contact, at, customer = models.Contact, models.ContactCustomer, models.Customer
    is_at = and_(
        at.account_id == contact.account_id,
        at.source_id == contact.source_id,
        at.contact_id == contact.id,
    )
    rows = await session.execute(
        select(contact.source_id, contact.id)
        .join(at, is_at)
        .join(customer, of_customer(at, customer))
        .where(customer.account_id == asking.account_id, customer.profile_id == profile_id)
        .group_by(contact.source_id, contact.id, contact.created_at)
        .order_by(contact.created_at, contact.source_id, contact.id)
        .limit(2 * _SHOWN)  # the same person may be known to several sources
    )
    return tuple(
        ContactFigures(**{name: SealedRef("contact", *row, name) for name in ("name", "title", "email")})
        for row in rows
    )


async def deals(session: AsyncSession, profile_id: bytes, asking: Asking) -> tuple[DealFigures, ...]:
    """Open ones first, then by their close date, the latest first."""
    deal, stage, customer = models.Deal, models.Stage, models.Customer
    rows = await session.execute(
        select(deal, stage.name)
        .join(customer, of_customer(deal, customer))
        .outerjoin(stage, joins_stage(deal, stage))
        .where(customer.account_id == asking.account_id, customer.profile_id == profile_id)
        .order_by(deal.state != DealState.OPEN, deal.closes_at.desc().nulls_last(), deal.source_id, deal.id)
        .limit(_SHOWN)
    )
    return tuple(_deal(row, stage_name) for row, stage_name in rows)


def _deal(row: Any, stage: str | None) -> DealFigures:
    return DealFigures(
        name=SealedRef("deal", row.source_id, row.id, "name") if row.sealed else None,
        state=row.state,
        stage=stage,
        amount=row.amount,
        currency=row.currency,
        closes=row.closes_at,
    )
