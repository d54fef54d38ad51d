"""Which function counts which metric of the catalog: the SELECT of it within a scope.

Every SELECT has the columns `amount` and `rows` (how many rows stand behind it), `currency` where the unit
is money, `base` where it is a ratio (`ratios.py`), and one column `by_<dimension>` for each dimension that
the plan cuts by. `run.py` adds the buckets of a series, where a SELECT has none yet, and shapes the result.
Lifetime value is made of two of them (`ltv.py`).
"""

from collections.abc import Callable

from storage.metrics import (
    billing_measures,
    cohorts,
    movement_measures,
    recovery,
    sales_measures,
    span_measures,
    support_measures,
    trials,
)
from storage.metrics.money import round_half_even
from storage.metrics.scope import Query, Scope

MEASURES: dict[str, Callable[[Scope], Query | list[Query]]] = {
    "mrr": span_measures.mrr,
    "arr": span_measures.mrr,
    "arpa": span_measures.arpa,
    "customers": span_measures.customers,
    "subscriptions": span_measures.subscriptions,
    "trialing_customers": span_measures.trialing_customers,
    "customers_at_risk": span_measures.customers_at_risk,
    "upcoming_cancellations": span_measures.upcoming_cancellations,
    "failing_customers": span_measures.failing_customers,
    "new_customers": span_measures.new_customers,
    "churned_customers": span_measures.churned_customers,
    "signups": span_measures.signups,
    "net_new_mrr": movement_measures.moved_mrr(),
    "new_mrr": movement_measures.moved_mrr("new"),
    "expansion_mrr": movement_measures.moved_mrr("expansion"),
    "contraction_mrr": movement_measures.moved_mrr("contraction"),
    "churned_mrr": movement_measures.moved_mrr("churn"),
    "reactivation_mrr": movement_measures.moved_mrr("reactivation"),
    "upgrades": movement_measures.times_moved("expansion"),
    "downgrades": movement_measures.times_moved("contraction"),
    "reactivations": movement_measures.times_moved("reactivation"),
    "upgraded_customers": movement_measures.customers_moved("expansion"),
    "downgraded_customers": movement_measures.customers_moved("contraction"),
    "reactivated_customers": movement_measures.customers_moved("reactivation"),
    "quick_ratio": movement_measures.quick_ratio,
    "customer_churn_rate": cohorts.churn,
    "customer_retention_rate": cohorts.churn,
    "nrr": cohorts.net_retained,
    "net_mrr_churn_rate": cohorts.net_retained,
    "grr": cohorts.gross_retained,
    "gross_mrr_churn_rate": cohorts.gross_retained,
    "trials_started": trials.started,
    "trials_ended": trials.ended,
    "trials_converted": trials.converted,
    "trial_conversion_rate": trials.conversion,
    "revenue": billing_measures.revenue,
    "payments": billing_measures.payments,
    "average_payment": billing_measures.collected,
    "refunds": billing_measures.refunds,
    "refund_count": billing_measures.refund_count,
    "disputes": billing_measures.disputes,
    "disputed_amount": billing_measures.disputed_amount,
    "failed_payments": billing_measures.failed_payments,
    "failed_payment_volume": billing_measures.failed_payment_volume,
    "recovered_payments": recovery.recovered,
    "payment_recovery_rate": recovery.recovery,
    "invoices": billing_measures.invoices,
    "invoiced": billing_measures.invoiced,
    "average_invoice": billing_measures.invoiced,
    "outstanding": billing_measures.outstanding,
    "open_invoices": billing_measures.open_invoices,
    "overdue": billing_measures.overdue,
    "overdue_invoices": billing_measures.overdue_invoices,
    "overdue_customers": billing_measures.overdue_customers,
    "open_conversations": support_measures.open_conversations,
    "unanswered_conversations": support_measures.unanswered_conversations,
    "conversations": support_measures.conversations,
    "closed_conversations": support_measures.closed_conversations,
    "response_time": support_measures.median_response_time,
    "average_response_time": support_measures.average_response_time,
    "csat": support_measures.csat,
    "ratings": support_measures.ratings,
    "pipeline": sales_measures.pipeline,
    "open_deals": sales_measures.open_deals,
    "deals_won": sales_measures.deals_won,
    "won_amount": sales_measures.won_amount,
    "deals_lost": sales_measures.deals_lost,
    "lost_amount": sales_measures.lost_amount,
    "win_rate": sales_measures.win_rate,
    "average_deal_size": sales_measures.won_amount,
    "deals_created": sales_measures.deals_created,
}

WORTH: dict[str, Callable[[int, int], int]] = {
    "arr": lambda amount, _rows: 12 * amount,
    "arpa": round_half_even,
    "average_payment": round_half_even,
    "average_invoice": round_half_even,
    "average_deal_size": round_half_even,
}
"""What metrics make of `amount` and `rows` in Python, where integers do not overflow; else it is `amount`."""
