"""What a follow-up takes along: who the customers are that "their tickets" or "which of them" speaks of."""

from __future__ import annotations

from bot.questions import filters, readings, refusals
from bot.questions.draft import Turned
from bot.questions.frame import Frame
from bot.questions.words import K
from storage.metrics import catalog
from storage.metrics.plan import Condition, Filter, Op, Plan

PORTABLE = frozenset(
    {"plan", "interval", "country", "currency", "mrr", "failing", "overdue", "customer", "source"}
)
"""Who customers are, not what happened to them: carried over to another subject of its own."""

_OF_CUSTOMERS = PORTABLE | {
    "at_risk", "canceling", "cancels", "churned", "customer_since", "downsized", "expanded", "open_deals",
    "open_tickets", "owned", "owner", "reactivated", "signed_up", "tag", "tickets", "domain",
}  # fmt: skip
_PAYING = Condition(field="status", value="active")


_SAYS_ITSELF = {"churned_mrr": "churned"}


def beyond(measure: str | None, carried: list[Filter]) -> list[Filter]:
    """Without what the figure is of anyway: the MRR of those who left is churned MRR."""
    own = _SAYS_ITSELF.get(measure or "")
    return [term for term in carried if own is None or filters.field_of(term) != own]


def terms(frame: Frame, context: Plan, listed: Plan) -> list[Filter]:
    """The terms of the plan before that still hold; `listed` is that plan as a list.

    "Their tickets" are those of exactly the customers before. Raises Turned where they cannot be told.
    """
    if K.THEM not in frame.kinds:
        return [term for term in filters.terms_of(context.filters) if filters.field_of(term) in PORTABLE]
    carried = list(filters.terms_of(listed.filters))
    if listed.entity == "customer" and _PAYING in carried:
        carried.remove(_PAYING)
    if any(filters.field_of(term) not in _OF_CUSTOMERS for term in carried) or _is_cut(listed):
        raise Turned(
            refusals.because("I cannot tell that of those alone. Name the customers, or ask of all.")
        )
    return carried


def _is_cut(listed: Plan) -> bool:
    """Whether "them" are only the first few rows of a list, which no condition tells."""
    return listed.entity is not None and listed.limit is not None and listed.limit < 1000  # noqa: PLR2004 - "all"


def picked_out(frame: Frame, context: Plan) -> tuple[Filter, ...]:
    """ "Which of them have open tickets": a state that narrows the customers before; else nothing."""
    asks = {K.LIST, K.COUNT} & frame.kinds and K.THEM in frame.kinds
    of_customers = context.entity == "customer" or (
        context.measure is not None
        and catalog.METRICS[context.measure].entity in ("customer", "subscription")
    )
    if not asks or not of_customers or not any(token.word == "of" for token in frame.text.tokens):
        return ()
    atoms = frame.atoms - {"customer"}
    return tuple(readings.condition(test) for needs, test in filters.STATES if needs == atoms)


_ALL = frozenset({"all", "everything", "everyone"})
_MOST_ROWS = 1000


def limit(frame: Frame, plan: Plan) -> int | None:
    """How many rows are wanted now; None for as many as before. Raises Turned.

    "make it 20" is a number of rows only where no other number was said before it that it may mean.
    """
    if frame.limit is None:
        everything = any(token.word in _ALL for token in frame.text.tokens)
        return _MOST_ROWS if everything and plan.entity else None
    bare = frame.superlative is None and not frame.has_subject
    has_rows = plan.entity is not None or bool(plan.by)
    told = plan.limit is not None or (plan.period is None and not any(map(_has_number, plan.conditions())))
    if bare and not (has_rows and told):
        raise Turned(refusals.because("I do not see which number that is to take the place of."))
    return frame.limit


def _has_number(condition: Condition) -> bool:
    return condition.op not in (Op.IS, Op.IN)
