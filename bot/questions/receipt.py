"""The receipt of an answer, as far as its plan and its figures tell: no question to the database."""

from collections.abc import Iterable

from bot.answer import LeftOut, Receipt
from bot.questions.converted import conversion_of, sentences
from storage.metrics import catalog
from storage.metrics.figures import Breakdown, Comparison, Figures, Number, Series, Table
from storage.metrics.plan import Plan

_INCOMPARABLE = "billed in a currency that cannot be compared with the others"


def receipt(plan: Plan, figures: Figures) -> Receipt | None:
    """None where there is nothing to account for: a card of one customer."""
    if plan.measure is None and plan.entity is None:
        return None
    left_out = _left_out(figures)
    return Receipt(
        definition=_definition(plan),
        counted=_counted(figures),
        noun=_noun(plan),
        left_out=(LeftOut(count=left_out, noun="customers", reason=_INCOMPARABLE),) if left_out else (),
        rates=tuple(sentences(conversion_of(figures))),
    )


def _definition(plan: Plan) -> str:
    if plan.measure is not None:
        metric = catalog.metric(plan.measure)
        return f"{metric.label}: {metric.formula}"
    return f"A list of {_noun(plan)}"


def _noun(plan: Plan) -> str:
    entity = catalog.metric(plan.measure).entity if plan.measure is not None else str(plan.entity)
    return catalog.ENTITIES[entity].plural if entity in catalog.ENTITIES else "rows"


def _counted(figures: Figures) -> int | None:
    match figures:
        case Table():
            return figures.total_rows
        case Number():
            return figures.rows_counted
        case Comparison():
            return figures.now.rows_counted
        case Series():
            return _sum(number for _, number in figures.points)
        case Breakdown():
            return _sum(number for _, number in figures.groups)
        case _:
            return None


def _sum(numbers: Iterable[Number]) -> int:
    return sum(number.rows_counted or 0 for number in numbers)


def _left_out(figures: Figures) -> int:
    match figures:
        case Table() | Number():
            return figures.left_out
        case Comparison():
            return figures.now.left_out
        case _:
            return 0
