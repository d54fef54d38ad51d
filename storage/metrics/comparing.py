"""How a condition of a plan compares a column, and the values that it compares with."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Double, and_, bindparam

from storage.metrics.plan import Condition, Op

_LARGEST = 2**63 - 1


def compare(column: Any, op: Op, value: Any) -> Any:
    """`column op value`, exhaustively."""
    if isinstance(value, tuple):
        values = [_bound(part) for part in value]
        if op is Op.IN:
            return column.in_(value)
        low, high = values
        upper = column < high if isinstance(value[1], datetime) else column <= high
        return and_(column >= low, upper)
    return _SIMPLE[op](column, _bound(value))


_SIMPLE: dict[Op, Callable[[Any, Any], Any]] = {
    Op.IS: lambda column, value: column == value,
    Op.OVER: lambda column, value: column > value,
    Op.AT_LEAST: lambda column, value: column >= value,
    Op.UNDER: lambda column, value: column < value,
    Op.AT_MOST: lambda column, value: column <= value,
}


def _bound(value: Any) -> Any:
    """A value as the database takes it: no stored amount lies beyond 64 bits, so no bound need be."""
    if isinstance(value, float):
        return bindparam(None, value, type_=Double)
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_LARGEST, min(value, _LARGEST))
    return value


def values_of(term: Condition) -> tuple[Any, ...]:
    return term.value if isinstance(term.value, tuple) else (term.value,)
