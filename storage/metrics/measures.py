"""Which function counts which metric of the catalog: the SELECT of it within a scope.

Every SELECT has the columns `amount` and `rows` (how many rows stand behind it), `currency` where the unit
is money, and one column `by_<dimension>` for each dimension that the plan cuts by. `run.py` adds the
buckets of a series and shapes the result.
"""

from collections.abc import Callable

from storage.metrics import billing_measures, span_measures
from storage.metrics.money import round_half_even
from storage.metrics.scope import Query, Scope

MEASURES: dict[str, Callable[[Scope], Query | list[Query]]] = {
    "mrr": span_measures.mrr,
    "arr": span_measures.mrr,
    "arpa": span_measures.arpa,
    "customers": span_measures.customers,
    "trialing_customers": span_measures.trialing_customers,
    "new_customers": span_measures.new_customers,
    "churned_customers": span_measures.churned_customers,
    "signups": span_measures.signups,
    "revenue": billing_measures.revenue,
    "refunds": billing_measures.refunds,
    "failed_payments": billing_measures.failed_payments,
    "outstanding": billing_measures.outstanding,
    "overdue": billing_measures.overdue,
}

WORTH: dict[str, Callable[[int, int], int]] = {
    "arr": lambda amount, _rows: 12 * amount,
    "arpa": round_half_even,
}
"""What metrics make of `amount` and `rows` in Python, where integers do not overflow; else it is `amount`."""

ONLY_NOW = frozenset({"outstanding", "overdue"})
"""Stocks whose past is not kept."""
