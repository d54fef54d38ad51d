"""The vocabulary: every metric, entity and field that can be asked for, said once.

The compiler, the interpreters, `help`, the model's schema and docs/questions.md all read these
declarations, so they cannot drift apart.
"""

from types import MappingProxyType

from storage.metrics.catalog import metrics, rows, support
from storage.metrics.catalog.shapes import Entity, FieldInfo, FieldType, Metric, Span, Unit

__all__ = [
    "BY_CUSTOMER",
    "ENTITIES",
    "FIELDS",
    "METRICS",
    "Entity",
    "FieldInfo",
    "FieldType",
    "Metric",
    "Span",
    "Unit",
    "UnknownName",
    "entity",
    "field",
    "metric",
]


class UnknownName(ValueError):
    """A plan used a name that the catalog does not have."""


METRICS = MappingProxyType({m.name: m for m in metrics.DECLARED})
ENTITIES = MappingProxyType({e.name: e for e in (*rows.ENTITIES, *support.ENTITIES)})
FIELDS = MappingProxyType({f.name: f for f in (*rows.FIELDS, *support.FIELDS)})

BY_CUSTOMER = (
    "revenue", "payments", "refunds", "refund_count", "disputes", "disputed_amount", "failed_payments",
    "failed_payment_volume", "recovered_payments", "invoices", "invoiced", "outstanding", "open_invoices",
    "overdue", "overdue_invoices", "expansion_mrr", "contraction_mrr", "net_new_mrr", "upgrades",
    "downgrades", "subscriptions", "conversations", "open_conversations", "closed_conversations",
    "unanswered_conversations", "ratings", "pipeline", "open_deals", "deals_won", "won_amount", "deals_lost",
    "lost_amount", "deals_created",
)  # fmt: skip
"""The figures that are sums over what customers have: customers can be put in their order."""


def metric(name: str) -> Metric:
    """The metric of that name; raises UnknownName."""
    try:
        return METRICS[name]
    except KeyError:
        raise UnknownName(f"there is no metric named {name!r}; there are {', '.join(METRICS)}") from None


def entity(name: str) -> Entity:
    """The entity of that name; raises UnknownName."""
    try:
        return ENTITIES[name]
    except KeyError:
        raise UnknownName(f"there is no entity named {name!r}; there are {', '.join(ENTITIES)}") from None


def field(name: str) -> FieldInfo:
    """The field of that name; raises UnknownName."""
    try:
        return FIELDS[name]
    except KeyError:
        raise UnknownName(f"there is no field named {name!r}; there are {', '.join(FIELDS)}") from None
