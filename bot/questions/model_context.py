"""The plan before a follow-up, for a language model: catalog words and placeholders, as the question itself.

What a follow-up to the model may use of it, and need not. Where a part of the plan has no such words, nothing
of it is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.questions import filters
from bot.questions.masking import GENERAL, Hidden
from storage.metrics import catalog
from storage.metrics.catalog import FieldType
from storage.metrics.plan import Condition, Filter, Not, Plan
from storage.names import How, NameMatch
from storage.plain_words import is_plain

SAME = "same"
"""A period that a model leaves as it was."""


class _Untellable(ValueError):
    """A part of the plan has no plain words."""


def told(before: Plan, hidden: dict[str, Hidden]) -> str | None:
    """The plan in words that may leave; its placeholders are added to `hidden`. None where it cannot be."""
    more: dict[str, Hidden] = {}
    try:
        words = " ".join(_words(before, hidden, more))
    except _Untellable:
        return None
    if not all(is_plain(word) for word in words.split()):
        return None
    hidden.update(more)
    return words


def _words(plan: Plan, hidden: dict[str, Hidden], more: dict[str, Hidden]) -> Iterator[str]:
    if plan.part is not None or plan.shares or plan.compare or plan.compare_period:
        raise _Untellable
    name = plan.measure or plan.entity
    if name is None:
        raise _Untellable
    yield name.replace("_", " ")
    if plan.customer is not None:
        match = NameMatch(plan.customer, "", 100.0, How.EXACT, None)
        yield f"of {_placeholder(Hidden('CUSTOMER', plan.customer, (match,)), hidden, more)}"
    for term in filters.terms_of(plan.filters):
        yield _term(term, hidden, more)
    for dimension in plan.by:
        yield f"by {catalog.field(dimension).name.replace('_', ' ')}"
    if plan.grain is not None:
        yield f"by {plan.grain}"
    if plan.period is not None:
        yield f"period {SAME}"


def _term(term: Filter, hidden: dict[str, Hidden], more: dict[str, Hidden]) -> str:
    if isinstance(term, Not):
        return f"not {_term(term.term, hidden, more)}"
    if not isinstance(term, Condition) or isinstance(term.value, tuple):
        raise _Untellable
    field = catalog.field(term.field)
    words = field.name.replace("_", " ")
    if field.type in (FieldType.INSTANT, FieldType.MONEY) or term.field in ("customer", "owner", "assignee"):
        raise _Untellable
    if field.type in (FieldType.FLAG, FieldType.COUNT) or term.field in GENERAL:
        return f"{words} {str(term.value).lower().replace('_', ' ')}"
    kind = term.field.upper().replace("_", "")
    return f"{words} {_placeholder(Hidden(kind, str(term.value)), hidden, more)}"


def _placeholder(found: Hidden, hidden: dict[str, Hidden], more: dict[str, Hidden]) -> str:
    number = 1 + sum(other.kind == found.kind for other in (*hidden.values(), *more.values()))
    name = f"[{found.kind}_{number}]"
    more[name] = found
    return name
