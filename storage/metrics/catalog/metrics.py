"""Every figure that can be asked for. `formula` is worded for people: an answer's "Why this number?"."""

from storage.metrics.catalog import (
    invoice_metrics,
    movement_metrics,
    payment_metrics,
    rate_metrics,
    sales_metrics,
    subscription_metrics,
    support_metrics,
)

DECLARED = (
    *subscription_metrics.DECLARED,
    *movement_metrics.DECLARED,
    *rate_metrics.DECLARED,
    *payment_metrics.DECLARED,
    *invoice_metrics.DECLARED,
    *support_metrics.DECLARED,
    *sales_metrics.DECLARED,
)
