"""The list of customers: which ones, in which order, how many in all; then what to show of those few."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from sqlalchemy import case, false, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.catalog import ENTITIES
from storage.metrics.comparable import summed_in, worth_now
from storage.metrics.figures import Cell, Conversion, ProfileRef, Table
from storage.metrics.filters import fields_of, matches, profile_fields
from storage.metrics.joins import in_force, joins_product, of_customer, paying
from storage.metrics.largest import Largest, largest
from storage.metrics.plan import Plan
from storage.metrics.ranking import Ranking, incomparable, sorted_by
from storage.metrics.rates import Rate
from storage.metrics.risks import reasons
from storage.metrics.scope import Query, Scope, Spans

_BEYOND_PAYING = frozenset(
    {
        "churned",
        "canceling",
        "cancels",
        "customer",
        "customer_since",
        "downsized",
        "expanded",
        "failing",
        "overdue",
        "reactivated",
        "signed_up",
        "status",
        "trial_ends",
    }
)
"""Filters that ask for customers whether they pay now or not."""

_FEW = _BEYOND_PAYING - {"status"}
"""Filters that find so few customers that the MRR of each is added up by itself."""


async def customers(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    """Profiles that pay at the scope's moment, or that a filter names; by MRR unless the plan says otherwise.

    Ranked by MRR, only profiles billed in one currency are compared (`Ranking`); `left_out` says how many
    there are besides, and how many a filter on MRR could not compare.
    """
    ranking = Ranking.of(plan, scope.asking)
    left_out = 0
    others = incomparable(plan, "mrr", scope)
    if others is not None:
        listed = _listed(replace(scope, filters=others), ranking.currency).subquery()
        left_out = await session.scalar(select(func.count()).select_from(listed)) or 0
    quick = await largest(session, plan, scope.asking, ranking)
    if quick is None:
        quick = await _first_page(session, plan, scope, ranking)
    profiles = quick.profiles
    facts = await facts_of(session, scope, profiles) if profiles else {}
    columns = ENTITIES["customer"].columns
    rates = worth_now(scope, ranking.currency)
    rows = [_customer_row(facts[profile_id], ranking.currency, rates) for profile_id in profiles]
    if "at_risk" in fields_of(scope.filters):
        columns = (*columns, "risks")
        why = await reasons(session, scope.asking, profiles)
        rows = [(*row, why.get(profile_id)) for profile_id, row in zip(profiles, rows, strict=True)]
    return Table(
        columns=columns,
        rows=tuple(rows),
        total_rows=quick.total,
        left_out=left_out + quick.left_out,
        conversion=_conversion(facts.values(), ranking.currency, rates),
    )


async def _first_page(session: AsyncSession, plan: Plan, scope: Scope, ranking: Ranking) -> Largest:
    found = (await session.execute(_page(_listed(scope, ranking.currency), plan, ranking))).all()
    return Largest(
        [row.profile_id for row in found if row.ranked],
        found[0].total if found else 0,
        found[0].others if ranking.ranks and found else 0,
    )


def _listed(scope: Scope, currency: str) -> Query:
    """The profiles that match the scope's filters; those that pay, unless a filter looks beyond them.

    Each has its MRR at the moment: `own` in the currency of the ranking, `total` in any (for "pays" alone).
    """
    profile = models.Profile
    fields = fields_of(scope.filters)
    beyond = bool(fields & _BEYOND_PAYING)
    spans = scope.spans if beyond else Spans.PAYING
    matching = matches(replace(scope, spans=spans, row_fields=profile_fields(profile)), profile.profile_id)
    columns = (profile.profile_id, profile.customer_since, profile.signed_up_at, profile.country)
    conditions = (
        profile.account_id == scope.asking.account_id,
        profile.signed_up_at.is_not(None),  # an anonymous profile leads to nobody: it is in no list
        matching,
    )
    mrr = _mrr(scope, currency)
    if fields & _FEW:
        of_each = mrr.where(models.MrrSpan.profile_id == profile.profile_id).correlate(profile)
        total, own = (
            of_each.with_only_columns(column, maintain_column_froms=True).scalar_subquery().label(name)
            for name, column in of_each.selected_columns.items()
        )
        return select(*columns, own, total).where(*conditions)
    by_profile = mrr.add_columns(models.MrrSpan.profile_id).group_by(models.MrrSpan.profile_id).subquery()
    query = (
        select(*columns, by_profile.c.own, by_profile.c.total)
        .outerjoin(by_profile, by_profile.c.profile_id == profile.profile_id)
        .where(*conditions)
    )
    return query if beyond else query.where(by_profile.c.total > 0)


def _mrr(scope: Scope, currency: str) -> Query:
    span = models.MrrSpan
    query = select(func.sum(span.mrr).label("total")).where(
        span.account_id == scope.asking.account_id, paying(span, scope.moment)
    )
    if scope.asking.rated:
        query, own = summed_in(query, scope, span, currency)
        return query.add_columns(func.coalesce(own, 0).label("own"))
    return query.add_columns(func.sum(case((span.currency == currency, span.mrr), else_=0)).label("own"))


def _page(query: Query, plan: Plan, ranking: Ranking) -> Query:
    """The rows to show, each with the numbers of all that there are, and of paying ones that are not ranked.

    Those come last, and only where too few others are there: the page says their number all the same.
    """
    listed = query.subquery().c
    ranked = listed.own > 0 if ranking.ranks else true()
    columns = {
        "mrr": listed.own,
        "customer_since": listed.customer_since,
        "signed_up": listed.signed_up_at,
        "country": listed.country,
    }
    return (
        select(
            listed.profile_id,
            func.coalesce(ranked, false()).label("ranked"),
            func.count().filter(ranked).over().label("total"),
            func.count().filter(listed.own == 0, listed.total > 0).over().label("others"),
        )
        .order_by(
            case((ranked, 0), else_=1),
            sorted_by("customer", columns, plan),
            listed.total.desc().nulls_last(),
            listed.profile_id.desc(),
        )
        .limit(plan.rows)
    )


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
    profile, span, product = models.Profile, models.MrrSpan, models.Product
    subscription, customer = models.Subscription, models.Customer
    account_id = scope.asking.account_id
    facts = {
        row.profile_id: Facts(row.profile_id, row.country, row.customer_since, [], set())
        for row in await session.execute(
            select(profile.profile_id, profile.country, profile.customer_since).where(
                profile.account_id == account_id, profile.profile_id.in_(profiles)
            )
        )
    }
    in_force_now = await session.execute(
        select(span.profile_id, product.name, span.currency, span.mrr, span.trial)
        .outerjoin(product, joins_product(span, product))
        .where(span.account_id == account_id, span.profile_id.in_(profiles), in_force(span, scope.moment))
        .order_by(span.mrr.desc(), span.subscription_id)
    )
    for row in in_force_now:
        facts[row.profile_id].spans.append((row.name, row.currency, row.mrr, row.trial))
    statuses = await session.execute(
        select(customer.profile_id, subscription.status)
        .join(subscription, of_customer(subscription, customer))
        .where(customer.account_id == account_id, customer.profile_id.in_(profiles))
        .distinct()
    )
    for profile_id, status in statuses:
        facts[profile_id].statuses.add(status)
    return facts


def _conversion(facts: Iterable[Facts], into: str, rates: Mapping[str, Rate]) -> Conversion | None:
    """What was converted in the rows, if anything was."""
    codes = {span[1] for of_one in facts for span in of_one.spans if not span[3]} - {into}
    days = [rates[code].day for code in codes & rates.keys()]
    if not days:
        return None
    return Conversion(
        into=into, currencies=tuple(sorted(codes & rates.keys())), first=min(days), last=max(days),
        missing=tuple(sorted(codes - rates.keys())),
    )  # fmt: skip


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


def _customer_row(facts: Facts, own_currency: str, rates: Mapping[str, Rate]) -> tuple[Cell, ...]:
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
    return dict(zip(columns, _customer_row(facts, own_currency, rates), strict=True))


def ref(profile_id: bytes | None) -> ProfileRef | None:
    return ProfileRef(bytes(profile_id)) if profile_id else None
