"""Lists of conversations, deals and contacts, filtered and ordered by their own columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.figures import Cell, SealedRef, Table
from storage.metrics.filters import source_kind
from storage.metrics.joins import not_anonymous, of_customer
from storage.metrics.listing import Listing, table
from storage.metrics.plan import Plan
from storage.metrics.relation_rows import deal_fields, joins_stage, ticket_fields, ticket_tests
from storage.metrics.scope import Column, Query, Scope


async def conversations(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    row, customer = models.Ticket, models.Customer
    fields = ticket_fields(row)
    query = (
        select(
            customer.profile_id, row.source_id, row.id, row.state, fields["source"], row.opened_at,
            row.reply_seconds, row.assignee_id,
        )
        .select_from(row)
        .outerjoin(customer, of_customer(row, customer))
    )  # fmt: skip
    order = {"opened": row.opened_at, "created": row.opened_at, "response_seconds": row.reply_seconds}
    listing = _listing("conversation", row, _within(query, row.opened_at, plan, scope), fields, order)
    found = await table(session, listing, plan, replace(scope, row_tests=ticket_tests()))
    return _with_cells(found, _conversation)


def _conversation(source_id: int, row_id: bytes, *rest: Any) -> Sequence[Cell]:
    *cells, assignee = rest
    return (
        SealedRef("ticket", source_id, row_id, "subject"),
        *cells,
        SealedRef("owner", source_id, assignee, "name") if assignee else None,
    )


async def deals(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    """Within a period: those that were won or lost in it, and open ones that are expected to close in it."""
    row, stage, customer = models.Deal, models.Stage, models.Customer
    query = (
        select(
            customer.profile_id, row.source_id, row.id, row.state, stage.name, row.amount, row.currency,
            row.closes_at, row.owner_id,
        )
        .select_from(row)
        .outerjoin(customer, of_customer(row, customer))
        .outerjoin(stage, joins_stage(row, stage))
    )  # fmt: skip
    order = {"amount": row.amount, "closes": row.closes_at, "created": row.created_at}
    within = _within(query, row.closes_at, plan, scope)
    found = await table(session, _listing("deal", row, within, deal_fields(row, stage), order), plan, scope)
    return _with_cells(found, _deal)


def _deal(source_id: int, row_id: bytes, *rest: Any) -> Sequence[Cell]:
    *cells, owner = rest
    return (
        SealedRef("deal", source_id, row_id, "name"),
        *cells,
        SealedRef("owner", source_id, owner, "name") if owner else None,
    )


async def contacts(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    """People, each at every customer that they are at."""
    row, at, customer = models.Contact, models.ContactCustomer, models.Customer
    is_at = and_(at.account_id == row.account_id, at.source_id == row.source_id, at.contact_id == row.id)
    fields: dict[str, Column] = {"source": source_kind(row), "created": row.created_at}
    query = (
        select(customer.profile_id, row.source_id, row.id, fields["source"], row.created_at)
        .select_from(row)
        .join(at, is_at)
        .join(customer, of_customer(at, customer))
    )
    order = {"created": row.created_at}
    within = _within(query, row.created_at, plan, scope)
    found = await table(session, _listing("contact", row, within, fields, order, named_by=at), plan, scope)
    return _with_cells(found, _contact)


def _contact(source_id: int, row_id: bytes, source: str, created: Any) -> Sequence[Cell]:
    sealed = [SealedRef("contact", source_id, row_id, name) for name in ("name", "title", "email")]
    return (*sealed, source, created)


def _within(query: Query, at: Any, plan: Plan, scope: Scope) -> Query:
    if plan.period is None:
        return query
    return query.where(at >= scope.start, at < scope.end)


def _listing(
    entity: str,
    row: Any,
    query: Query,
    fields: Mapping[str, Column],
    order: Mapping[str, Any],
    named_by: Any = None,
) -> Listing:
    customer = models.Customer
    return Listing(
        entity=entity,
        row=row,
        query=query,
        fields=fields,
        order=order,
        amount="amount",
        profile=customer.profile_id,
        known=not_anonymous(named_by or row, customer),
        key=(row.source_id, row.id),
    )


def _with_cells(found: Table, cells_of: Callable[..., Sequence[Cell]]) -> Table:
    """Behind the customer, every row has its source and its id: of them the sealed cells are made."""
    return replace(found, rows=tuple((profile, *cells_of(*rest)) for profile, *rest in found.rows))
