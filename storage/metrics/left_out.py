"""What a figure leaves out, and why: rows that its definition does not count, one statement a kind of row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.filters import matches, source_kind
from storage.metrics.joins import of_customer
from storage.metrics.plan import Plan
from storage.metrics.rows import scope_over
from storage.metrics.run import of_one_customer
from storage.metrics.scope import Asking, Column, Scope, just_before


@dataclass(frozen=True, slots=True)
class LeftOut:
    """So many rows that are not counted: "14 subscriptions: on trial"."""

    count: int
    noun: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """Rows of which `left` holds are not counted: those of the period where they are `dated`, else of now."""

    row: Any
    noun: str
    left: Callable[[Any], Column]
    dated: bool


_SUBSCRIPTIONS = _Rule(
    models.Subscription, "subscriptions", lambda row: row.status.not_in(("active", "past_due")), dated=False
)
_PAYMENTS = _Rule(models.Payment, "payments", lambda row: row.status != "succeeded", dated=True)
_REFUNDS = _Rule(models.Refund, "refunds", lambda row: row.status.in_(("failed", "canceled")), dated=True)
_INVOICES = _Rule(models.Invoice, "invoices", lambda row: row.status.in_(("draft", "void")), dated=True)
_OF_METRIC: Mapping[str, tuple[_Rule, ...]] = {
    **dict.fromkeys(("mrr", "arr", "arpa", "ltv", "customers", "subscriptions"), (_SUBSCRIPTIONS,)),
    "revenue": (_PAYMENTS, _REFUNDS),
    **dict.fromkeys(("payments", "average_payment"), (_PAYMENTS,)),
    **dict.fromkeys(("refunds", "refund_count"), (_REFUNDS,)),
    **dict.fromkeys(("invoiced", "average_invoice"), (_INVOICES,)),
}
_LISTED: Mapping[str, tuple[Any, str]] = {
    "invoice": (models.Invoice, "invoices"),
    "payment": (models.Payment, "payments"),
}
_REASONS = {
    "trialing": "on trial",
    "incomplete": "never paid for yet",
    "incomplete_expired": "never paid for",
    "canceled": "ended, or called off",
    "void": "made void",
    "draft": "not sent yet",
}
_ANONYMOUS = "of customers who were deleted: such a row leads to nobody"


async def left_out(session: AsyncSession, plan: Plan, asking: Asking) -> list[LeftOut]:
    """What stands beside the plan's figure and is not in it, most first; the plan's filters hold here too.

    Of the past only what is dated is known: which subscriptions were on trial then is not.
    """
    plan = of_one_customer(plan)
    start = plan.period.start if plan.period else asking.now
    end = min(plan.period.end, asking.now) if plan.period else asking.now
    moment = just_before(plan.period.end, asking.now) if plan.period else asking.now
    scope = scope_over(asking, start, end, moment, subject="What is left out", filters=plan.filters)
    if plan.entity in _LISTED:
        return await _anonymous(session, plan, scope)
    found: list[LeftOut] = []
    for rule in _OF_METRIC.get(plan.measure or "", ()):
        if rule.dated or moment == asking.now:
            found.extend(await _not_counted(session, rule, scope))
    return sorted(found, key=lambda one: (-one.count, one.noun, one.reason))


async def _not_counted(session: AsyncSession, rule: _Rule, scope: Scope) -> list[LeftOut]:
    row, customer = rule.row, models.Customer
    query = select(row.status, func.count()).where(row.account_id == scope.asking.account_id, rule.left(row))
    if rule.dated:
        query = query.where(row.created_at >= scope.start, row.created_at < scope.end)
    if scope.filters is not None:
        fields = {"currency": row.currency, "source": source_kind(row)}
        named = row if hasattr(row, "customer_id") else models.Payment
        if named is not row:
            query = query.outerjoin(
                named,
                (named.account_id == row.account_id)
                & (named.source_id == row.source_id)
                & (named.id == row.payment_id),
            )
        query = query.outerjoin(customer, of_customer(named, customer)).where(
            matches(replace(scope, row_fields=fields), customer.profile_id)
        )
    counted = await session.execute(query.group_by(row.status))
    return [LeftOut(count, rule.noun, _REASONS.get(status, status)) for status, count in counted]


async def _anonymous(session: AsyncSession, plan: Plan, scope: Scope) -> list[LeftOut]:
    row, noun = _LISTED[str(plan.entity)]
    customer = models.Customer
    query = (
        select(func.count(literal(1)))
        .select_from(row)
        .outerjoin(customer, of_customer(row, customer))
        .where(row.account_id == scope.asking.account_id, row.customer_id.is_not(None), customer.id.is_(None))
    )
    if plan.period is not None:
        query = query.where(row.created_at >= scope.start, row.created_at < scope.end)
    count = await session.scalar(query) or 0
    return [LeftOut(count, noun, _ANONYMOUS)] if count else []
