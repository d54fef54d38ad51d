"""Figures that are one sum over another: the rows of their measures have the divisor as `base`."""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from storage.metrics import conversion
from storage.metrics.catalog import Metric, Unit
from storage.metrics.figures import Number

THE_REST = frozenset({"customer_retention_rate", "gross_mrr_churn_rate", "net_mrr_churn_rate"})
"""Rates that are what is missing of their measure to the whole: 1 - share."""


def number(metric: Metric, rows: Iterable[Any]) -> Number:
    """One ratio from a measure's rows, per currency where the rows have one; none of nothing."""
    rows = list(rows)
    sums: dict[str | None, list[int]] = defaultdict(lambda: [0, 0])
    counted = 0
    for row in rows:
        of_currency = sums[getattr(row, "currency", None)]
        of_currency[0] += int(row.amount or 0)
        of_currency[1] += int(row.base or 0)
        counted += row.rows
    shares = {currency: _share(metric, amount, base) for currency, (amount, base) in sums.items() if base}
    plain = shares.pop(None, None)
    values = {currency: value for currency, value in sorted(shares.items()) if currency is not None}
    return Number(
        unit=Unit.RATIO, value=plain, values=values, rows_counted=counted, conversion=conversion.of_rows(rows)
    )


def duration(rows: Iterable[Any]) -> Number:
    """Seconds, to the nearest whole one: those of the rows over their number; none of nothing."""
    found = [(int(row.amount or 0), int(row.base or 0), int(row.rows or 0)) for row in rows]
    base = sum(number for _, number, _ in found)
    seconds = round(Fraction(sum(amount for amount, _, _ in found), base)) if base else None
    return Number(unit=Unit.DURATION, value=seconds, rows_counted=sum(counted for _, _, counted in found))


def _share(metric: Metric, amount: int, base: int) -> float:
    share = Fraction(amount, base)
    return float(1 - share if metric.name in THE_REST else share)
