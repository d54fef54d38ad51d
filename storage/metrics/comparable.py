"""Amounts of several currencies side by side, where there are rates: in filters, in the order of a list.

Everything is compared in one currency at the rates of the day that is asked about. Without rates, and where
one of them is missing, only amounts of that one currency can be compared.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import CTE, String, and_, case, column, func, literal, values

from storage.exact import ExactRate, converted, converted_sum
from storage.metrics import catalog
from storage.metrics.catalog import FieldType
from storage.metrics.figures import Conversion
from storage.metrics.plan import Condition, Op, Plan
from storage.metrics.rates import Rate, RateBook
from storage.metrics.scope import Asking, Column, Query, Scope, local_day
from storage.types import Instant


def worth_at(asking: Asking, day: date, into: str) -> Mapping[str, Rate]:
    """By currency, what a minor unit of it is in minor units of another on a day.

    Always through the account's own currency, as totals are converted.
    """
    book, own = asking.book or RateBook(), asking.currency
    target = book.rate(into, own, day)
    if target is None:
        return {into: Rate(Fraction(1), day)}
    found = {code: book.rate(code, own, day) for code in sorted({*asking.rated, own, into})}
    return {
        code: Rate(rate.value / target.value, min(rate.day, target.day))
        for code, rate in found.items()
        if rate is not None
    }


def worth_now(scope: Scope, into: str) -> Mapping[str, Rate]:
    """The same on the day that a scope is about; of a series, on that of its latest moment."""
    latest = max(times.moment for times in scope.times.values())
    return worth_at(scope.asking, local_day(latest, scope.asking), into)


def compared_at(plan: Plan, scope: Scope, into: str) -> Conversion | None:
    """What to say of the rates that the plan's filters and its order compare by, if they do."""
    if not scope.asking.rated or not (_has_amounts(plan) or ranks(plan)):
        return None
    days = [rate.day for code, rate in worth_now(scope, into).items() if code != into]
    return Conversion(into=into, first=min(days), last=max(days)) if days else None


def _has_amounts(plan: Plan) -> bool:
    return any(catalog.field(c.field).type is FieldType.MONEY for c in plan.conditions())


def ranks(plan: Plan) -> bool:
    """Whether a list puts all that it shows in the order of an amount."""
    return plan.order is not None and plan.order.field in ("mrr", "amount")


def of_comparable(scope: Scope, into: str) -> Condition:
    """The filter for what can be compared with amounts of a currency."""
    if not scope.asking.rated:
        return Condition(field="currency", value=into)
    return Condition(field="currency", op=Op.IN, value=tuple(worth_now(scope, into)))


def amount_in(scope: Scope, into: str, amount: Any, currency: Any) -> tuple[Column, Column]:
    """Whether a row's amount can be compared with amounts of a currency, and how much it is in it."""
    if not scope.asking.rated:
        return currency == into, amount
    rates = worth_now(scope, into)
    foreign = {code: literal(rate.value, ExactRate()) for code, rate in rates.items() if code != into}
    inside = currency.in_(sorted(rates))
    if not foreign:
        return inside, amount
    return inside, case((currency == into, amount), else_=converted(amount, case(foreign, value=currency)))


def summed_in(query: Query, scope: Scope, span: Any, into: str) -> tuple[Query, Column]:
    """A query over spans, and the sum of their MRR in a currency; NULL or no row where it cannot be said."""
    if not scope.asking.rated:
        return query.where(span.currency == into), func.sum(span.mrr)
    worth = _worth(scope, into)
    joins = worth.c.currency == span.currency
    if "moment" in worth.c:
        joins = and_(joins, worth.c.moment == scope.moment)
    return query.outerjoin(worth, joins), converted_sum(span.mrr, worth.c.rate)


def _worth(scope: Scope, into: str) -> CTE:
    """What currencies are worth, by moment where the scope has several."""
    asking = scope.asking
    moments = sorted({times.moment for times in scope.times.values()})
    columns = (column("currency", String), column("rate", ExactRate))
    if len(moments) == 1:
        rates = worth_at(asking, local_day(moments[0], asking), into)
        return values(*columns).data([(code, rate.value) for code, rate in rates.items()]).cte()
    rows = [
        (moment, code, rate.value)
        for moment in moments
        for code, rate in worth_at(asking, local_day(moment, asking), into).items()
    ]
    return values(column("moment", Instant), *columns).data(rows).cte()
