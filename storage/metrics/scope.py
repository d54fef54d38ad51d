"""Where and when a plan looks: one account, a moment or a period, and its filters as SQL conditions.

A filter tests either a column of the rows that are counted (the plan of a subscription span, the currency
of a payment) or the customer behind them (its country, its MRR). `Scope.row_fields` says which columns the
rows have; everything else is asked of the customer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from storage import models
from storage.metrics.plan import And, Condition, Filter, Not, Op, Or
from storage.types import Instant

Column = SQLColumnExpression[Any]
Query = Select[*tuple[Any, ...]]

_INSTANT_STEP = timedelta(microseconds=1)
_SPAN_FIELDS = frozenset({"plan", "interval", "currency", "source"})


class Unanswerable(ValueError):
    """The plan is sound but the cache cannot answer it; the text says what can be asked instead."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks and when. `now` is an aware datetime; `currency` the account's own."""

    account_id: int
    currency: str
    time_zone: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One look at the data. `moment`, `start` and `end` are SQL: bound values, or columns of buckets."""

    asking: Asking
    moment: Column
    start: Column
    end: Column
    filters: Filter | None = None
    by: tuple[str, ...] = ()
    row_fields: Mapping[str, Column] = field(default_factory=dict)


def instant(value: datetime) -> Column:
    return bindparam(None, value, type_=Instant)


def just_before(end: datetime, now: datetime) -> datetime:
    """The moment at which a stock "in" a period is read: its last instant, or now while it runs."""
    return now if end > now else end - _INSTANT_STEP


def in_force(span: Any, moment: Column) -> Column:
    """Whether a span holds `moment`."""
    return and_(span.starts_at <= moment, or_(span.ends_at.is_(None), span.ends_at > moment))


def counting(span: Any, moment: Column) -> Column:
    return and_(in_force(span, moment), span.trial.is_(False))


def paying_profiles(account_id: int, moment: Column) -> Any:
    """SELECT of the profiles with MRR above 0 at `moment`."""
    span = models.MrrSpan
    return select(span.profile_id).where(span.account_id == account_id, counting(span, moment), span.mrr > 0)


def matches(scope: Scope, profile_id: Column) -> Column:
    """The plan's filters as one condition over the rows, whose customer is `profile_id`."""
    if scope.filters is None:
        return true()
    return _Filtering(scope, profile_id).condition(scope.filters)


def compare(column: Any, op: Op, value: Any) -> Any:
    """`column op value`, exhaustively."""
    match op:
        case Op.IS:
            return column == value
        case Op.IN:
            return column.in_(value)
        case Op.OVER:
            return column > value
        case Op.AT_LEAST:
            return column >= value
        case Op.UNDER:
            return column < value
        case Op.AT_MOST:
            return column <= value
        case Op.WITHIN:
            low, high = value
            upper = column < high if isinstance(high, datetime) else column <= high
            return and_(column >= low, upper)


class _Filtering:
    """Turns a filter into SQL for rows of one scope."""

    def __init__(self, scope: Scope, profile_id: Column) -> None:
        self.scope = scope
        self.account_id = scope.asking.account_id
        self.profile_id = profile_id

    def condition(self, term: Filter) -> Column:
        match term:
            case Condition():
                return self._all_of([term])
            case And():
                return self._all_of(term.terms)
            case Or():
                return or_(false(), *(self.condition(part) for part in term.terms))
            case Not():
                return not_(self.condition(term.term))

    def _all_of(self, terms: Sequence[Filter]) -> Column:
        """Conditions on a customer's subscription that are joined by "and" must hold for the same one."""
        of_one_span: list[Condition] = []
        parts: list[Column] = []
        for term in terms:
            if not isinstance(term, Condition):
                parts.append(self.condition(term))
            elif term.field in self.scope.row_fields:
                parts.append(compare(self.scope.row_fields[term.field], term.op, term.value))
            elif term.field in _SPAN_FIELDS:
                of_one_span.append(term)
            else:
                parts.append(self._of_customer(term))
        if of_one_span:
            parts.append(self._has_span(of_one_span))
        return and_(true(), *parts)

    def _has_span(self, terms: Sequence[Condition]) -> Column:
        span, product = models.MrrSpan, models.Product
        columns: dict[str, Any] = {
            "plan": product.name,
            "interval": span.interval,
            "currency": span.currency,
            "source": span.source_id,
        }
        query = (
            select(span.profile_id)
            .outerjoin(product, joins_product(span, product))
            .where(
                span.account_id == self.account_id,
                in_force(span, self.scope.moment),
                *(compare(columns[term.field], term.op, term.value) for term in terms),
            )
        )
        return self.profile_id.in_(query)

    def _of_customer(self, term: Condition) -> Column:
        try:
            build = _CUSTOMER_FIELDS[term.field]
        except KeyError:
            raise Unanswerable(f"{term.field} cannot be asked of this") from None
        return build(self, term)

    def _profile_column(self, term: Condition, column: Any) -> Column:
        profile = models.Profile
        return self.profile_id.in_(
            select(profile.profile_id).where(
                profile.account_id == self.account_id, compare(column, term.op, term.value)
            )
        )

    def country(self, term: Condition) -> Column:
        return self._profile_column(term, models.Profile.country)

    def signed_up(self, term: Condition) -> Column:
        return self._profile_column(term, models.Profile.signed_up_at)

    def customer_since(self, term: Condition) -> Column:
        return self._profile_column(term, models.Profile.customer_since)

    def failing(self, term: Condition) -> Column:
        return self._profile_column(term, models.Profile.failing)

    def customer(self, term: Condition) -> Column:
        return self.profile_id == bytes.fromhex(str(term.value))

    def mrr(self, term: Condition) -> Column:
        """MRR of the whole customer, in the condition's currency alone: amounts of others cannot be compared."""
        span = models.MrrSpan
        query = (
            select(span.profile_id)
            .where(
                span.account_id == self.account_id,
                counting(span, self.scope.moment),
                span.currency == (term.currency or self.scope.asking.currency),
            )
            .group_by(span.profile_id)
            .having(compare(func.sum(span.mrr), term.op, term.value))
        )
        return self.profile_id.in_(query)

    def trial_ends(self, term: Condition) -> Column:
        return self._has_subscription(
            models.Subscription.status == "trialing",
            compare(models.Subscription.trial_end, term.op, term.value),
        )

    def renews(self, term: Condition) -> Column:
        return self._has_subscription(
            models.Subscription.status.in_(("active", "past_due")),
            models.Subscription.cancel_at_period_end.is_(False),
            compare(models.Subscription.current_period_end, term.op, term.value),
        )

    def churned(self, term: Condition) -> Column:
        """Lost within the condition's time, and not paying at its end (or now)."""
        movement = models.Movement
        lost = select(movement.profile_id).where(
            movement.account_id == self.account_id,
            movement.type == "churn",
            compare(movement.at, term.op, term.value),
        )
        end = (
            term.value[1] if term.op is Op.WITHIN and isinstance(term.value, tuple) else self.scope.asking.now
        )
        if not isinstance(end, datetime):
            raise Unanswerable("churned needs dates")
        paying = paying_profiles(self.account_id, instant(just_before(end, self.scope.asking.now)))
        return and_(self.profile_id.in_(lost), self.profile_id.not_in(paying))

    def overdue(self, term: Condition) -> Column:
        invoice, customer = models.Invoice, models.Customer
        late = (
            select(customer.profile_id)
            .join(invoice, of_customer(invoice, customer))
            .where(customer.account_id == self.account_id, is_overdue(invoice, self.scope.asking))
        )
        found = self.profile_id.in_(late)
        return found if term.value else not_(found)

    def status(self, term: Condition) -> Column:
        values = term.value if isinstance(term.value, tuple) else (term.value,)
        return or_(false(), *(self._status(str(value)) for value in values))

    def _status(self, status: str) -> Column:
        paying = self.profile_id.in_(paying_profiles(self.account_id, self.scope.moment))
        match status:
            case "active":
                return paying
            case "trialing":
                return self.profile_id.in_(trialing_profiles(self.account_id, self.scope.moment))
            case "churned" | "canceled":
                movement = models.Movement
                was = select(movement.profile_id).where(movement.account_id == self.account_id)
                return and_(self.profile_id.in_(was), not_(paying))
            case _:
                return self._has_subscription(models.Subscription.status == status)

    def _has_subscription(self, *conditions: Column) -> Column:
        subscription, customer = models.Subscription, models.Customer
        return self.profile_id.in_(
            select(customer.profile_id)
            .join(subscription, of_customer(subscription, customer))
            .where(customer.account_id == self.account_id, *conditions)
        )


_CUSTOMER_FIELDS = {
    "country": _Filtering.country,
    "signed_up": _Filtering.signed_up,
    "customer_since": _Filtering.customer_since,
    "failing": _Filtering.failing,
    "customer": _Filtering.customer,
    "mrr": _Filtering.mrr,
    "trial_ends": _Filtering.trial_ends,
    "renews": _Filtering.renews,
    "churned": _Filtering.churned,
    "overdue": _Filtering.overdue,
    "status": _Filtering.status,
}


def trialing_profiles(account_id: int, moment: Column) -> Any:
    """SELECT of the profiles with a trial at `moment` and no counting subscription."""
    trial, other = models.MrrSpan, models.MrrSpan.__table__.alias("counting")
    counts = select(other.c.profile_id).where(
        other.c.account_id == account_id,
        other.c.starts_at <= moment,
        or_(other.c.ends_at.is_(None), other.c.ends_at > moment),
        other.c.trial.is_(False),
    )
    return select(trial.profile_id).where(
        trial.account_id == account_id,
        trial.trial.is_(True),
        in_force(trial, moment),
        trial.profile_id.not_in(counts),
    )


def joins_product(row: Any, product: Any) -> Column:
    return and_(
        product.account_id == row.account_id, product.source_id == row.source_id, product.id == row.product_id
    )


def of_customer(row: Any, customer: Any) -> Column:
    """Joins a billing row to the customer record that it names."""
    return and_(
        customer.account_id == row.account_id,
        customer.source_id == row.source_id,
        customer.id == row.customer_id,
    )


def attempts(payment: Any, invoice: Any) -> Column:
    """Joins a payment to the invoice that it tries to collect."""
    return and_(
        payment.account_id == invoice.account_id,
        payment.source_id == invoice.source_id,
        or_(payment.attempt_of == invoice.id, payment.attempt_of == invoice.intent_id),
    )


def is_overdue(invoice: Any, asking: Asking) -> Column:
    """Open, and its due date (or, without one, its first failed attempt) lies before now."""
    payment = models.Payment
    failed_before = exists().where(
        attempts(payment, invoice),
        payment.status == "failed",
        payment.created_at < instant(asking.now),
    )
    return and_(
        invoice.status == "open",
        or_(
            invoice.due_at < instant(asking.now),
            and_(invoice.due_at.is_(None), failed_before),
        ),
    )
