"""Conditions on a customer by its support and sales: who owns it, how it is tagged, its open tickets."""

import operator
from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, func, not_, select, true, type_coerce
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.comparing import compare, values_of
from storage.metrics.joins import of_customer
from storage.metrics.plan import Condition, Op
from storage.metrics.scope import Asking, Column, instant
from storage.records import DealState
from storage.types import HexId

Test = Callable[[Asking, Any, Condition], Column]

CLOSED = ("solved", "closed")


def owned_by(asking: Asking, profile_id: Any, term: Condition) -> Column:
    return _profile(
        asking, profile_id, lambda row: compare(type_coerce(row.owner_id, HexId), term.op, term.value)
    )


def is_owned(asking: Asking, profile_id: Any, term: Condition) -> Column:
    found = _profile(asking, profile_id, lambda row: row.owner_id.is_not(None))
    return found if term.value else and_(profile_id.is_not(None), not_(found))


def _profile(asking: Asking, profile_id: Any, test: Callable[[Any], Column]) -> Column:
    profile = aliased(models.Profile)
    found = select(profile.profile_id).where(
        profile.account_id == asking.account_id, profile.profile_id == profile_id, test(profile)
    )
    return found.correlate_except(profile).exists()


def is_tagged(asking: Asking, profile_id: Any, term: Condition) -> Column:
    """One of its records has the tag."""
    customer, tag = aliased(models.Customer), aliased(models.CustomerTag)
    found = (
        select(customer.profile_id)
        .join(tag, of_customer(tag, customer))
        .where(customer.account_id == asking.account_id, compare(tag.tag, term.op, term.value))
    )
    return and_(profile_id.is_not(None), profile_id.in_(found.correlate_except(customer, tag)))


def open_tickets(asking: Asking, profile_id: Any, term: Condition) -> Column:
    return _many(models.Ticket, lambda row: row.state.not_in(CLOSED), asking, profile_id, term)


def tickets(asking: Asking, profile_id: Any, term: Condition) -> Column:
    return _many(models.Ticket, lambda _: true(), asking, profile_id, term)


def open_deals(asking: Asking, profile_id: Any, term: Condition) -> Column:
    return _many(models.Deal, lambda row: row.state == DealState.OPEN, asking, profile_id, term)


def moved(movement_type: str) -> Test:
    """Whether a movement of that type lies in the condition's time."""

    def test(asking: Asking, profile_id: Any, term: Condition) -> Column:
        movement = aliased(models.Movement)
        found = select(movement.profile_id).where(
            movement.account_id == asking.account_id,
            movement.profile_id == profile_id,
            movement.type == movement_type,
            movement.at <= instant(asking.now),
            compare(movement.at, term.op, term.value),
        )
        return found.correlate_except(movement).exists()

    return test


def _many(
    model: Any, which: Callable[[Any], Column], asking: Asking, profile_id: Any, term: Condition
) -> Column:
    """How many rows a customer has, compared. Who has none is in no row: where that passes the test, it is
    enough not to be among those who fail it."""
    row, customer = aliased(model), aliased(models.Customer)
    passes = compare(func.count(), term.op, term.value)
    counted = (
        select(customer.profile_id)
        .join(row, of_customer(row, customer))
        .where(customer.account_id == asking.account_id, row.account_id == asking.account_id, which(row))
        .group_by(customer.profile_id)
        .correlate_except(row, customer)
    )
    if _holds_of_none(term):
        return and_(profile_id.is_not(None), profile_id.not_in(counted.having(not_(passes))))
    return and_(profile_id.is_not(None), profile_id.in_(counted.having(passes)))


_OPS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.IS: operator.eq,
    Op.OVER: operator.gt,
    Op.AT_LEAST: operator.ge,
    Op.UNDER: operator.lt,
    Op.AT_MOST: operator.le,
}


def _holds_of_none(term: Condition) -> bool:
    """Whether the test passes where there is nothing to count."""
    values: tuple[Any, ...] = values_of(term)
    match term.op:
        case Op.IN:
            return 0 in values
        case Op.WITHIN:
            return bool(values[0] <= 0 <= values[1])
        case _:
            return _OPS[term.op](0, values[0])
