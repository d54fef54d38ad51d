"""What support and sales say of one customer: its owner, people, deals, and how much of it is open."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Executable, Integer, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.figures import ContactFigures, DealFigures, SealedRef
from storage.metrics.joins import of_customer
from storage.metrics.relation_filters import CLOSED
from storage.metrics.relation_rows import joins_stage
from storage.metrics.scope import Asking
from storage.records import DealState
from storage.session import kept
from storage.types import RecordId

ACCOUNT = bindparam("account", type_=Integer)
PROFILE = bindparam("profile", type_=RecordId)

Them = Mapping[str, Any]
"""What the statements are executed with: the `account` and the `profile`."""

_SHOWN = 10
_SUPPORT = ("intercom", "zendesk")


@cache
def _conversations() -> Executable:
    """How many are open, and whether a support source is connected."""
    ticket, customer, source = models.Ticket, models.Customer, models.Source
    counted = (
        select(func.count())
        .select_from(ticket)
        .join(customer, of_customer(ticket, customer))
        .where(
            customer.account_id == ACCOUNT,
            customer.profile_id == PROFILE,
            ticket.state.not_in(CLOSED),
        )
        .scalar_subquery()
    )
    connected = select(source.source_id).where(source.account_id == ACCOUNT, source.kind.in_(_SUPPORT))
    return kept(select(counted, connected.exists()))


async def open_conversations(session: AsyncSession, them: Them) -> int | None:
    """None where no support source is connected."""
    row = (await session.execute(_conversations(), them)).one()
    return int(row[0]) if row[1] else None


async def owner(session: AsyncSession, owner_id: bytes | None, asking: Asking) -> SealedRef | None:
    if owner_id is None:
        return None
    row = models.Owner
    source_id = await session.scalar(
        select(row.source_id).where(row.account_id == asking.account_id, row.id == owner_id)
    )
    return None if source_id is None else SealedRef("owner", source_id, owner_id, "name")


@cache
def _contacts() -> Executable:
    """The longest known first."""
    contact, at, customer = models.Contact, models.ContactCustomer, models.Customer
    is_at = and_(
        at.account_id == contact.account_id,
        at.source_id == contact.source_id,
        at.contact_id == contact.id,
    )
    return kept(
        select(contact.source_id, contact.id)
        .join(at, is_at)
        .join(customer, of_customer(at, customer))
        .where(customer.account_id == ACCOUNT, customer.profile_id == PROFILE)
        .group_by(contact.source_id, contact.id, contact.created_at)
        .order_by(contact.created_at, contact.source_id, contact.id)
        .limit(2 * _SHOWN)  # the same person may be known to several sources
    )


async def contacts(session: AsyncSession, them: Them) -> tuple[ContactFigures, ...]:
    rows = await session.execute(_contacts(), them)
    return tuple(
        ContactFigures(
            **{name: SealedRef("contact", row.source_id, row.id, name) for name in ("name", "title", "email")}
        )
        for row in rows
    )


@cache
def _deals() -> Executable:
    """Open ones first, then by their close date, the latest first."""
    deal, stage, customer = models.Deal, models.Stage, models.Customer
    return kept(
        select(
            deal.source_id,
            deal.id,
            deal.sealed,
            deal.state,
            deal.amount,
            deal.currency,
            deal.closes_at,
            stage.name.label("stage"),
        )
        .join(customer, of_customer(deal, customer))
        .outerjoin(stage, joins_stage(deal, stage))
        .where(customer.account_id == ACCOUNT, customer.profile_id == PROFILE)
        .order_by(deal.state != DealState.OPEN, deal.closes_at.desc().nulls_last(), deal.source_id, deal.id)
        .limit(_SHOWN)
    )


async def deals(session: AsyncSession, them: Them) -> tuple[DealFigures, ...]:
    return tuple(_deal(row) for row in await session.execute(_deals(), them))


def _deal(row: Any) -> DealFigures:
    return DealFigures(
        name=SealedRef("deal", row.source_id, row.id, "name") if row.sealed else None,
        state=row.state,
        stage=row.stage,
        amount=row.amount,
        currency=row.currency,
        closes=row.closes_at,
    )
