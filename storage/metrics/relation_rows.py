"""What measures and lists of support and sales share: their rows, whose they are, what they are cut by."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, func, select, type_coerce
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.comparing import compare
from storage.metrics.filters import matches, source_kind
from storage.metrics.joins import of_customer
from storage.metrics.plan import Condition
from storage.metrics.scope import Column, Query, Scope
from storage.types import HexId


def counts() -> tuple[Any, ...]:
    return func.count().label("amount"), func.count().label("rows")


def hex_id(column: Any) -> Column:
    """A column of ids as plans name them."""
    found: Column = type_coerce(column, HexId)
    return found


def ticket_fields(ticket: Any) -> dict[str, Column]:
    return {
        "source": source_kind(ticket),
        "status": ticket.state,
        "opened": ticket.opened_at,
        "created": ticket.opened_at,
        "assignee": hex_id(ticket.assignee_id),
        "response_seconds": ticket.reply_seconds,
        "answered": ticket.reply_seconds.is_not(None),
    }


def deal_fields(deal: Any, stage: Any) -> dict[str, Column]:
    return {
        "source": source_kind(deal),
        "status": deal.state,
        "currency": deal.currency,
        "amount": deal.amount,
        "created": deal.created_at,
        "closes": deal.closes_at,
        "owner": hex_id(deal.owner_id),
        "owned": deal.owner_id.is_not(None),
        "stage": stage.name,
        "pipeline": stage.pipeline,
    }


def joins_stage(deal: Any, stage: Any) -> Column:
    return and_(
        stage.account_id == deal.account_id, stage.source_id == deal.source_id, stage.id == deal.stage_id
    )


def _has_tag(kind: Any, owner: str, row: Any) -> Callable[[Condition], Column]:
    """The test of a row by its tags, of which it may have several."""

    def test(term: Condition) -> Column:
        tag = aliased(kind)
        found = select(tag.tag).where(_is_tag_of(tag, owner, row), compare(tag.tag, term.op, term.value))
        return found.correlate_except(tag).exists()

    return test


def _is_tag_of(tag: Any, owner: str, row: Any) -> Column:
    return and_(
        tag.account_id == row.account_id, tag.source_id == row.source_id, getattr(tag, owner) == row.id
    )


def ticket_tests() -> dict[str, Callable[[Condition], Column]]:
    """`Scope.row_tests` of tickets."""
    return {"tag": _has_tag(models.TicketTag, "ticket_id", models.Ticket)}


def ticket_rows(scope: Scope, *columns: Any) -> tuple[Query, list[Any]]:
    """Tickets that match the filters, with the plan's dimensions and these columns; and the dimensions. A
    ticket of several tags is in the group of each."""
    ticket, tag = models.Ticket, models.TicketTag
    scope = replace(scope, row_tests=ticket_tests())
    fields = ticket_fields(ticket)
    query, cuts = _rows(scope, ticket, *columns, fields=fields, cut_by={**fields, "tag": tag.tag})
    return (query.outerjoin(tag, _is_tag_of(tag, "ticket_id", ticket)) if "tag" in scope.by else query), cuts


def deal_rows(scope: Scope, *columns: Any) -> tuple[Query, list[Any]]:
    """The same for deals, with their stages."""
    deal, stage = models.Deal, models.Stage
    fields = deal_fields(deal, stage)
    query, cuts = _rows(scope, deal, *columns, fields=fields, cut_by=fields)
    if scope.filters is not None or {"stage", "pipeline"} & set(scope.by):
        query = query.outerjoin(stage, joins_stage(deal, stage))
    return query, cuts


def _rows(
    scope: Scope, row: Any, *columns: Any, fields: Mapping[str, Column], cut_by: Mapping[str, Any]
) -> tuple[Query, list[Any]]:
    customer, profile = models.Customer, models.Profile
    of_profile = {
        "country": profile.country,
        "owner": hex_id(profile.owner_id),
        "customer": profile.profile_id,
    }
    cuts = [{**of_profile, **cut_by}[name].label(f"by_{name}") for name in scope.by]
    query = select(*cuts, *columns).select_from(row).where(row.account_id == scope.asking.account_id)
    if scope.filters is not None:
        scope = replace(scope, row_fields=dict(fields))
        query = query.where(matches(scope, customer.profile_id))
    if scope.filters is not None or not cut_by.keys() >= set(scope.by):
        query = query.outerjoin(customer, of_customer(row, customer)).outerjoin(
            profile,
            and_(profile.account_id == customer.account_id, profile.profile_id == customer.profile_id),
        )
    return query, cuts
