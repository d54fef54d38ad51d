"""Conditions on the customer behind a row, each an EXISTS that never gives NULL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, false, not_, or_, select, true
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics import catalog, relation_filters, risks
from storage.metrics.comparable import summed_in
from storage.metrics.comparing import compare, values_of
from storage.metrics.joins import in_force, is_overdue, of_customer, paying, pays, tries, was_left
from storage.metrics.plan import Condition, Filter, Op
from storage.metrics.scope import Asking, Column, Scope, Spans, Unanswerable, instant, just_before

_LOST = frozenset({"churned", "canceled"})


def means_lost(term: Filter) -> bool:
    """Whether a condition asks for customers that left."""
    return isinstance(term, Condition) and (
        term.field == "churned" or (term.field == "status" and set(values_of(term)) <= _LOST)
    )


@dataclass(frozen=True, slots=True)
class Behind:
    """The customer `profile_id` behind the rows of a scope."""

    scope: Scope
    profile_id: Any

    @property
    def asking(self) -> Asking:
        return self.scope.asking

    def customer(self, term: Condition) -> Column:
        """The condition on the customer. Raises Unanswerable for a field that no customer has."""
        try:
            build = _FIELDS[term.field]
        except KeyError:
            label = catalog.field(term.field).label
            raise Unanswerable(f"{self.scope.subject} cannot be narrowed down by {label}.") from None
        return build(self, term)

    def at_the_time(self, span: Any, beside: Sequence[Filter]) -> Column:
        """When a customer's subscription is looked at: of one that left, when it left; of one that became a
        customer at a given time, when it did; else at the moment that is asked for."""
        scope = self.scope
        for term in beside:
            if isinstance(term, Condition) and means_lost(term):
                return self._as_it_left(span, term)
            if isinstance(term, Condition) and term.field == "customer_since":
                return self._as_it_began(span)
        match scope.spans:
            case Spans.IN_FORCE:
                return in_force(span, scope.moment)
            case Spans.PAYING:
                return paying(span, scope.moment)
            case Spans.BEGAN:
                return self._as_it_began(span)
            case Spans.LEFT:
                return self._as_it_left(span, None)

    def _as_it_left(self, span: Any, term: Condition | None) -> Column:
        movement = aliased(models.Movement)
        if term is None:
            when = and_(movement.at >= self.scope.start, movement.at < self.scope.end)
        else:
            when = compare(movement.at, term.op, term.value) if term.field == "churned" else true()
        left = select(movement.at).where(
            movement.account_id == self.asking.account_id,
            movement.profile_id == span.profile_id,
            movement.type == "churn",
            when,
            was_left(span, movement.at),
        )
        return left.correlate_except(movement).exists()

    def _as_it_began(self, span: Any) -> Column:
        profile = aliased(models.Profile)
        began = select(profile.customer_since).where(
            profile.account_id == self.asking.account_id,
            profile.profile_id == span.profile_id,
            paying(span, profile.customer_since),
        )
        return began.correlate_except(profile).exists()

    def mrr(self, term: Condition, beside: Sequence[Filter], *, opposite: bool) -> Column:
        """MRR of the whole customer in the condition's currency. Of one whose currency has no rate for it
        neither the condition nor its opposite holds."""
        span = aliased(models.MrrSpan)
        query = select(span.profile_id).where(
            span.account_id == self.asking.account_id,
            span.mrr > 0,
            self.at_the_time(span, beside),
        )
        query, total = summed_in(query, self.scope, span, term.currency or self.asking.currency)
        compared = compare(total, term.op, term.value)
        query = (
            query.group_by(span.profile_id)
            .having(not_(compared) if opposite else compared)
            .correlate_except(span)
        )
        if self.scope.in_buckets:
            return query.where(span.profile_id == self.profile_id).exists()
        found: Column = self.profile_id.in_(query)
        return found

    def has_profile(self, term: Condition, column: str) -> Column:
        profile = aliased(models.Profile)
        found = select(profile.profile_id).where(
            profile.account_id == self.asking.account_id,
            profile.profile_id == self.profile_id,
            compare(getattr(profile, column), term.op, term.value),
        )
        return found.correlate_except(profile).exists()

    def has_subscription(self, *, status: str) -> Column:
        """Whether a subscription of the customer has that status."""
        subscription, customer = aliased(models.Subscription), aliased(models.Customer)
        found = (
            select(customer.id)
            .join(subscription, of_customer(subscription, customer))
            .where(
                customer.account_id == self.asking.account_id,
                customer.profile_id == self.profile_id,
                subscription.status == status,
            )
        )
        return found.correlate_except(customer, subscription).exists()

    def is_of(self, row: Any, *conditions: Column) -> Column:
        """Whether the customer is one of the few with such a row: these are found first, by their index."""
        customer = aliased(models.Customer)
        found = (
            select(customer.profile_id)
            .join(row, of_customer(row, customer))
            .where(row.account_id == self.asking.account_id, *conditions)
        )
        return and_(self.profile_id.is_not(None), self.profile_id.in_(found.correlate_except(customer, row)))


def _on_profile(column: str) -> Callable[[Behind, Condition], Column]:
    return lambda behind, term: behind.has_profile(term, column)


def _customer(behind: Behind, term: Condition) -> Column:
    wanted = [profile_id(str(value)) for value in values_of(term)]
    found: Column = behind.profile_id.in_(wanted) if len(wanted) > 1 else behind.profile_id == wanted[0]
    return found


def profile_id(text: str) -> bytes:
    """The id that a plan names a customer by. Raises Unanswerable where it is none."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Unanswerable("This customer is not in the data any more.") from None


def _trial_ends(behind: Behind, term: Condition) -> Column:
    row = aliased(models.Subscription)
    return behind.is_of(row, row.status == "trialing", compare(row.trial_end, term.op, term.value))


def _renews(behind: Behind, term: Condition) -> Column:
    row = aliased(models.Subscription)
    return behind.is_of(
        row,
        row.status.in_(("active", "past_due")),
        row.cancel_at_period_end.is_(False),
        compare(row.current_period_end, term.op, term.value),
    )


def _churned(behind: Behind, term: Condition) -> Column:
    """Lost within the condition's time, and not paying at its end (or now)."""
    movement = aliased(models.Movement)
    left = select(movement.profile_id).where(
        movement.account_id == behind.asking.account_id,
        movement.profile_id == behind.profile_id,
        movement.type == "churn",
        movement.at <= instant(behind.asking.now),
        compare(movement.at, term.op, term.value),
    )
    bounds = [value for value in values_of(term) if isinstance(value, datetime)]
    end = bounds[-1] if term.op is Op.WITHIN else behind.asking.now
    at_the_end = instant(just_before(end, behind.asking.now))
    back = pays(behind.asking.account_id, behind.profile_id, at_the_end)
    return and_(left.correlate_except(movement).exists(), not_(back))


def _overdue(behind: Behind, term: Condition) -> Column:
    invoice = aliased(models.Invoice)
    late = behind.is_of(invoice, is_overdue(invoice, behind.asking))
    return late if term.value else not_(late)


def _sign(shown: Callable[[Asking, Any], Column]) -> Callable[[Behind, Condition], Column]:
    """A sign of risk, or that there is none."""

    def build(behind: Behind, term: Condition) -> Column:
        found = and_(behind.profile_id.is_not(None), shown(behind.asking, behind.profile_id))
        return found if term.value else not_(found)

    return build


def _at_risk(asking: Asking, profile_id: Any) -> Column:
    return and_(
        pays(asking.account_id, profile_id, instant(asking.now)), risks.is_at_risk(asking, profile_id)
    )


def _cancels(behind: Behind, term: Condition) -> Column:
    row = aliased(models.Subscription)
    return behind.is_of(row, risks.canceling(row), compare(risks.ends_at(row), term.op, term.value))


def _domain(behind: Behind, term: Condition) -> Column:
    """The e-mail domain of one of its records; named, as a customer is, by what is stored: its keyed hash."""
    customer = aliased(models.Customer)
    found = select(customer.id).where(
        customer.account_id == behind.asking.account_id,
        customer.profile_id == behind.profile_id,
        customer.domain_key.in_([profile_id(str(value)) for value in values_of(term)]),
    )
    return found.correlate_except(customer).exists()


def _related(test: relation_filters.Test) -> Callable[[Behind, Condition], Column]:
    return lambda behind, term: test(behind.asking, behind.profile_id, term)


def _status(behind: Behind, term: Condition) -> Column:
    return or_(false(), *(_has_status(behind, str(value)) for value in values_of(term)))


def _has_status(behind: Behind, status: str) -> Column:
    account_id, moment = behind.asking.account_id, behind.scope.moment
    match status:
        case "active":
            return pays(account_id, behind.profile_id, moment)
        case "trialing":
            return tries(account_id, behind.profile_id, moment)
        case "churned" | "canceled":
            movement = aliased(models.Movement)
            was = select(movement.profile_id).where(
                movement.account_id == account_id,
                movement.profile_id == behind.profile_id,
                movement.at <= moment,
            )
            back = pays(account_id, behind.profile_id, moment)
            return and_(was.correlate_except(movement).exists(), not_(back))
        case _:
            return behind.has_subscription(status=status)


_FIELDS: dict[str, Callable[[Behind, Condition], Column]] = {
    "country": _on_profile("country"),
    "signed_up": _on_profile("signed_up_at"),
    "customer_since": _on_profile("customer_since"),
    "failing": _on_profile("failing"),
    "customer": _customer,
    "trial_ends": _trial_ends,
    "renews": _renews,
    "churned": _churned,
    "expanded": _related(relation_filters.moved("expansion")),
    "downsized": _related(relation_filters.moved("contraction")),
    "reactivated": _related(relation_filters.moved("reactivation")),
    "overdue": _overdue,
    "status": _status,
    "cancels": _cancels,
    "canceling": _sign(risks.cancels),
    "downgraded": _sign(risks.downgraded),
    "at_risk": _sign(_at_risk),
    "domain": _domain,
    "owner": _related(relation_filters.owned_by),
    "owned": _related(relation_filters.is_owned),
    "tag": _related(relation_filters.is_tagged),
    "open_tickets": _related(relation_filters.open_tickets),
    "tickets": _related(relation_filters.tickets),
    "open_deals": _related(relation_filters.open_deals),
}
