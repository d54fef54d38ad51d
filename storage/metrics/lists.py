"""The list of customers: which ones, in which order, how many in all; then what to show of those few."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import case, false, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.catalog import ENTITIES
from storage.metrics.comparable import summed_in, worth_now
from storage.metrics.customer_rows import Facts, customer_row, facts_of
from storage.metrics.ending_trials import on_trial
from storage.metrics.figures import Conversion, Table
from storage.metrics.filters import fields_of, matches, profile_fields
from storage.metrics.joins import paying
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
        quick = await on_trial(session, plan, scope.asking, ranking.currency)
    if quick is None:
        quick = await _first_page(session, plan, scope, ranking)
    profiles = quick.profiles
    facts = await facts_of(session, scope, profiles) if profiles else {}
    columns = ENTITIES["customer"].columns
    rates = worth_now(scope, ranking.currency)
    rows = [customer_row(facts[profile_id], ranking.currency, rates) for profile_id in profiles]
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
