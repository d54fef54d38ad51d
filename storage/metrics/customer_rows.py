"""What a list shows of a customer: what is known of those few that are shown, and the cells of their rows.

The statements are made once: making them would take longer than what they find.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Executable, Integer, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.catalog import ENTITIES
from storage.metrics.figures import Cell, ProfileRef
from storage.metrics.joins import in_force, joins_product, of_customer
from storage.metrics.rates import Rate
from storage.metrics.scope import Scope
from storage.session import kept
from storage.types import Instant, RecordId


@dataclass(slots=True)
class Facts:
    """What a row shows of one profile. `spans` are those in force: (product, currency, mrr, trial)."""

    profile_id: bytes
    country: str | None
    customer_since: datetime | None
    spans: list[tuple[str | None, str, int, bool]]
    statuses: set[str]


async def facts_of(session: AsyncSession, scope: Scope, profiles: Sequence[bytes]) -> dict[bytes, Facts]:
    """Three queries for all shown profiles together."""
    them = {"account": scope.asking.account_id, "profiles": profiles}
    moments = {times.moment for times in scope.times.values()}
    facts = {
        row.profile_id: Facts(row.profile_id, row.country, row.customer_since, [], set())
        for row in await session.execute(_profiles(), them)
    }
    for row in await session.execute(_spans_in_force(), {**them, "moment": moments.pop()}):
        facts[row.profile_id].spans.append((row.name, row.currency, row.mrr, row.trial))
    for profile_id, status in await session.execute(_statuses(), them):
        facts[profile_id].statuses.add(status)
    return facts


_ACCOUNT = bindparam("account", type_=Integer)
_PROFILES: BindParameter[Any] = bindparam("profiles", type_=RecordId, expanding=True)
_MOMENT = bindparam("moment", type_=Instant)


@cache
def _profiles() -> Executable:
    profile = models.Profile
    return kept(
        select(profile.profile_id, profile.country, profile.customer_since).where(
            profile.account_id == _ACCOUNT, profile.profile_id.in_(_PROFILES)
        )
    )


@cache
def _spans_in_force() -> Executable:
    span, product = models.MrrSpan, models.Product
    return kept(
        select(span.profile_id, product.name, span.currency, span.mrr, span.trial)
        .outerjoin(product, joins_product(span, product))
        .where(span.account_id == _ACCOUNT, span.profile_id.in_(_PROFILES), in_force(span, _MOMENT))
        .order_by(span.mrr.desc(), span.subscription_id)
    )


@cache
def _statuses() -> Executable:
    subscription, customer = models.Subscription, models.Customer
    return kept(
        select(customer.profile_id, subscription.status)
        .join(subscription, of_customer(subscription, customer))
        .where(customer.account_id == _ACCOUNT, customer.profile_id.in_(_PROFILES))
        .distinct()
    )


def customer_status(spans: Sequence[tuple[str | None, str, int, bool]], statuses: set[str]) -> str:
    """One word for a customer: past_due, active, trialing, churned, or what its subscriptions say."""
    if any(not trial for *_, trial in spans):
        return "past_due" if "past_due" in statuses else "active"
    if any(trial for *_, trial in spans):
        return "trialing"
    for status in ("paused", "unpaid", "incomplete"):
        if status in statuses:
            return status
    return "churned" if "canceled" in statuses else "none"


def customer_row(facts: Facts, own_currency: str, rates: Mapping[str, Rate]) -> tuple[Cell, ...]:
    """MRR in `own_currency` as far as there are rates; without one of them what is largest, as it is."""
    exact: dict[str, Fraction] = defaultdict(Fraction)
    for _, currency, mrr, trial in facts.spans:
        if not trial:
            rate = rates.get(currency)
            exact[own_currency if rate else currency] += mrr * (rate.value if rate else 1)
    totals = {currency: round(total) for currency, total in exact.items()}
    largest = max(totals, key=totals.__getitem__, default=own_currency)
    shown = own_currency if totals.get(own_currency) else largest
    plans = [plan for plan, *_ in facts.spans if plan]
    return (
        ProfileRef(facts.profile_id),
        plans[0] if plans else None,
        totals.get(shown, 0),
        shown,
        customer_status(facts.spans, facts.statuses),
        facts.country,
        facts.customer_since,
    )


def cells_of(facts: Facts, own_currency: str, rates: Mapping[str, Rate]) -> dict[str, Cell]:
    """What a row of customers shows of one of them, by the name of its column."""
    columns = ENTITIES["customer"].columns
    return dict(zip(columns, customer_row(facts, own_currency, rates), strict=True))


def ref(profile_id: bytes | None) -> ProfileRef | None:
    return ProfileRef(bytes(profile_id)) if profile_id else None
