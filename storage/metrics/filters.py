"""A plan's filters as one SQL condition over the rows that are counted, and the customers behind them.

A condition tests a column of the rows (the currency of a payment), a subscription of the row's customer
(its plan), or the customer itself (its country). Conditions on a subscription that are joined by "and" must
hold for one and the same. An amount is compared with rows of its own currency alone: others neither pass a
test nor its opposite.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, false, func, not_, or_, select, true, type_coerce
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics import catalog
from storage.metrics.catalog import FieldType
from storage.metrics.comparable import amount_in
from storage.metrics.comparing import compare
from storage.metrics.customer_filters import Behind
from storage.metrics.joins import joins_product
from storage.metrics.plan import And, Condition, Filter, Not, Or
from storage.metrics.scope import Column, Scope
from storage.types import HexId

Terms = Sequence[Filter]

_SPAN_FIELDS = frozenset({"plan", "interval", "currency", "source"})


def fields_of(term: Filter | None) -> frozenset[str]:
    """The catalog's fields that a filter tests, wherever they stand."""
    match term:
        case None:
            return frozenset()
        case Condition():
            return frozenset({term.field})
        case Not():
            return fields_of(term.term)
        case And() | Or():
            return frozenset().union(*(fields_of(part) for part in term.terms))


def without(term: Filter | None, dropped: frozenset[str]) -> Filter | None:
    """The filter less its conditions on these fields; what cannot be taken apart goes as a whole."""
    if isinstance(term, And):
        kept = [left for part in term.terms if (left := without(part, dropped)) is not None]
        return And(terms=tuple(kept)) if kept else None
    return None if fields_of(term) & dropped else term


def span_fields(span: Any, product: Any) -> dict[str, Column]:
    """The fields of a subscription that spans say over time."""
    return {
        "plan": product.name,
        "interval": span.interval,
        "currency": span.currency,
        "source": source_kind(span),
    }


def profile_fields(profile: Any) -> dict[str, Column]:
    """The fields of a customer that profiles say."""
    return {
        "country": profile.country,
        "owner": type_coerce(profile.owner_id, HexId),
        "signed_up": profile.signed_up_at,
        "customer_since": profile.customer_since,
        "failing": profile.failing,
    }


@lru_cache(maxsize=32)
def source_kind(row: Any) -> Column:
    """The kind of source ("stripe") that a row came from. Making this takes longer than most answers."""
    source = aliased(models.Source)
    kind = (
        select(source.kind)
        .where(source.account_id == row.account_id, source.source_id == row.source_id)
        .correlate_except(source)
    )
    return kind.scalar_subquery()


def matches(scope: Scope, profile_id: Any) -> Column:
    """The plan's filters as one condition over the rows, whose customer is `profile_id`."""
    if scope.filters is None:
        return true()
    return _Filtering(scope, profile_id).where(scope.filters)


def _plain(term: Filter) -> Filter:
    """A term that is negated twice is not negated."""
    while isinstance(term, Not) and isinstance(term.term, Not):
        term = term.term.term
    return term


def _flat(terms: Terms) -> list[Filter]:
    """The terms of nested "and"s side by side."""
    plain = [_plain(term) for term in terms]
    return [part for term in plain for part in (_flat(term.terms) if isinstance(term, And) else [term])]


def _negated(term: Filter) -> Filter:
    return _plain(Not(term=term))


def _is_of_span(term: Filter) -> bool:
    return fields_of(term) <= _SPAN_FIELDS


@dataclass(frozen=True, slots=True)
class _Columns:
    """Rows that have the fields of a filter as columns."""

    columns: Mapping[str, Column]
    scope: Scope

    def have(self, term: Filter) -> bool:
        return fields_of(term) <= self.columns.keys()

    def where(self, term: Filter, *, opposite: bool = False) -> Column:
        """The condition that `term` holds of a row, or that it does not; an unknown value is not the same."""
        match term:
            case Not():
                return self.where(term.term, opposite=not opposite)
            case Condition():
                return self._test(term, opposite=opposite)
            case And() | Or():
                parts = [self.where(part, opposite=opposite) for part in term.terms]
                return and_(*parts) if isinstance(term, And) != opposite else or_(*parts)

    def _test(self, term: Condition, *, opposite: bool) -> Column:
        column = self.columns[term.field]
        kind = catalog.field(term.field).type
        if kind is FieldType.FLAG:
            return column if term.value is not opposite else not_(func.coalesce(column, false()))
        if kind is FieldType.MONEY:
            into = term.currency or self.scope.asking.currency
            comparable, column = amount_in(self.scope, into, column, self.columns["currency"])
            found = compare(column, term.op, term.value)
            return and_(comparable, not_(found) if opposite else found)
        found = compare(column, term.op, term.value)
        return or_(column.is_(None), not_(found)) if opposite else found


class _Filtering:
    """Turns a filter into SQL for the rows of one scope.

    `beside` are the terms that stand beside a term, joined by "and": they may say of what time it is.
    """

    def __init__(self, scope: Scope, profile_id: Any) -> None:
        self.scope = scope
        self.row = _Columns(scope.row_fields, scope)
        self.behind = Behind(scope, profile_id)

    def where(self, term: Filter, *, opposite: bool = False, beside: Terms = ()) -> Column:
        """The condition that `term` holds, or that it does not."""
        if _is_of_span(term):
            return self._spans([_negated(term) if opposite else _plain(term)], beside)
        match term:
            case Not():
                return self.where(term.term, opposite=not opposite, beside=beside)
            case Condition():
                return self._one(term, opposite=opposite, beside=beside)
            case And():
                terms = _flat(term.terms)
                return self._none_of(terms) if opposite else self._all_of(terms, (*beside, *terms))
            case Or():
                parts = [self.where(part, opposite=opposite, beside=beside) for part in term.terms]
                return and_(*parts) if opposite else or_(*parts)

    def _all_of(self, terms: Terms, beside: Terms) -> Column:
        of_span = [term for term in terms if _is_of_span(term)]
        others = [self.where(term, beside=beside) for term in terms if not _is_of_span(term)]
        return and_(self._spans(of_span, beside), *others) if of_span else and_(*others)

    def _none_of(self, terms: Terms) -> Column:
        """That not all terms hold: one does not, or no one subscription has what they ask of it."""
        of_span = tuple(term for term in terms if _is_of_span(term))
        others = [self.where(term, opposite=True, beside=terms) for term in terms if not _is_of_span(term)]
        return or_(self._spans([Not(term=And(terms=of_span))], terms), *others) if of_span else or_(*others)

    def _spans(self, terms: Terms, beside: Terms) -> Column:
        """Terms about a subscription: the row's own, or one of its customer's.

        "Not on Growth" alone is about all subscriptions of a customer; beside "annual" it is about the same.
        """
        named = any(not isinstance(term, Not) for term in terms)
        whole = self.scope.of_customers and not named
        parts = [self.row.where(term) for term in terms if self.row.have(term) and not whole]
        asked = [term for term in terms if not self.row.have(term) or whole]
        if any(not isinstance(term, Not) for term in asked):
            parts.append(self._has_span(asked, beside))
        else:
            parts.extend(not_(self._has_span([_negated(term)], beside)) for term in asked)
        return and_(*parts)

    def _has_span(self, terms: Terms, beside: Terms) -> Column:
        """Whether one subscription of the customer fits all terms."""
        span, product = aliased(models.MrrSpan), aliased(models.Product)
        columns = _Columns(span_fields(span, product), self.scope)
        found = (
            select(span.profile_id)
            .outerjoin(product, joins_product(span, product))
            .where(
                span.account_id == self.scope.asking.account_id,
                span.profile_id == self.behind.profile_id,
                self.behind.at_the_time(span, beside),
                *(columns.where(term) for term in terms),
            )
            .correlate_except(span, product)
        )
        return found.exists()

    def _one(self, term: Condition, *, opposite: bool, beside: Terms) -> Column:
        if self.row.have(term):
            return self.row.where(term, opposite=opposite)
        if test := self.scope.row_tests.get(term.field):
            return not_(test(term)) if opposite else test(term)
        if term.field == "mrr":
            return self.behind.mrr(term, beside, opposite=opposite)
        found = self.behind.customer(term)
        if term.field == "customer" and opposite:
            return or_(self.behind.profile_id.is_(None), not_(found))
        return not_(found) if opposite else found
