"""Shares: a part of a figure, or its groups, over the whole of it. Pure."""

from fractions import Fraction

from storage.metrics import conversion
from storage.metrics.catalog import Unit
from storage.metrics.figures import Breakdown, Number
from storage.metrics.filters import fields_of
from storage.metrics.plan import Plan
from storage.metrics.scope import Unanswerable


def check(plan: Plan, whole: Number) -> None:
    """Raises Unanswerable where currencies are to be set against each other that cannot be added up."""
    if len(whole.values) > 1 and ("currency" in plan.by or "currency" in fields_of(plan.part)):
        raise Unanswerable("Currencies have no share in one another without exchange rates.")


def of_part(part: Number, whole: Number) -> Number:
    """What part of the whole it is, per currency where there are several; none of nothing."""
    return Number(
        unit=Unit.RATIO,
        value=_over(part.value or 0, whole.value) if whole.value else None,
        values={code: _over(part.values.get(code, 0), of) for code, of in whole.values.items() if of},
        rows_counted=part.rows_counted,
        left_out=part.left_out,
        conversion=conversion.together((part.conversion, whole.conversion)),
    )


def of_groups(breakdown: Breakdown, whole: Number) -> Breakdown:
    """The share of each group. Of counts, whose groups may overlap, they may be more than the whole."""
    groups = tuple((key, _of_group(number, whole)) for key, number in breakdown.groups)
    return Breakdown(unit=Unit.RATIO, groups=groups)


def _of_group(part: Number, whole: Number) -> Number:
    """A group that pays in one currency has its share of that currency."""
    values = {
        code: _over(amount, of) for code, amount in part.values.items() if (of := whole.values.get(code))
    }
    return Number(
        unit=Unit.RATIO,
        value=_over(part.value, whole.value) if part.value is not None and whole.value else None,
        values=values,
        rows_counted=part.rows_counted,
        conversion=conversion.together((part.conversion, whole.conversion)),
    )


def _over(part: float, whole: float) -> float:
    return float(Fraction(part) / Fraction(whole))
