"""Whether the cache can answer a plan at all: a figure from half-read data would be a wrong one."""

from collections.abc import Sequence

from connectors.registry import connector_class
from storage.metrics.catalog import ENTITIES, METRICS
from storage.metrics.plan import Plan
from storage.metrics.scope import Unanswerable
from storage.models import Source

_BILLING = frozenset({"customers", "subscriptions", "invoices", "payments", "refunds", "disputes"})


def require(plan: Plan, sources: Sequence[Source]) -> None:
    """Raises Unanswerable where no source was read completely yet, or none may be read for what is asked."""
    if not sources:
        raise Unanswerable("no system is connected yet: `chewbotta source add stripe` connects one")
    ready = [source for source in sources if source.synced_at is not None]
    if not ready:
        raise Unanswerable("your data is still being read for the first time: ask again when it is complete")
    for need in sorted(_needs(plan)):
        if not any(need in _held(source) for source in ready):
            raise Unanswerable(_ABSENT.get(need, f"no connected system holds {need}"))
        without = [source for source in ready if need in _left_out(source)]
        if without:
            labels = " and ".join(source.label for source in without)
            raise Unanswerable(
                f"that needs {need}, which the key of {labels} may not read: give it that permission, "
                "then run `chewbotta sync --full`"
            )


_SUPPORT = "that needs a support source such as Intercom or Zendesk, and none is connected"
_SALES = "that needs a CRM such as HubSpot, and none is connected"
_ABSENT = {
    "conversations": _SUPPORT,
    "ratings": _SUPPORT,
    "deals": _SALES,
    "contacts": _SALES,
    "owners": _SALES,
}


def _held(source: Source) -> frozenset[str]:
    """The kinds of record, in the plural, that a source of this kind has."""
    kinds = {f"{stream.record.KIND}s" for stream in connector_class(source.kind).streams}
    return frozenset(kinds | ({"ratings"} if "conversations" in kinds else set()))


_OF_FIELDS = {
    **dict.fromkeys(("open_tickets", "tickets", "assignee", "answered"), "conversations"),
    **dict.fromkeys(("open_deals", "stage", "pipeline", "closes"), "deals"),
    **dict.fromkeys(("owner", "owned"), "owners"),
}
"""What a condition or a split by these needs, whatever is counted."""


def _needs(plan: Plan) -> frozenset[str]:
    fields = {*(condition.field for condition in plan.conditions()), *plan.by}
    asked = frozenset(_OF_FIELDS[name] for name in fields if name in _OF_FIELDS)
    if plan.measure is not None:
        return asked.union(METRICS[plan.measure].needs)
    if plan.entity is not None:
        return asked.union(ENTITIES[plan.entity].needs)
    return asked | {"customers"}


def _left_out(source: Source) -> frozenset[str]:
    """The kinds of record, in the plural, that this source's key may not read or its server does not have."""
    streams = {stream.name: stream for stream in connector_class(source.kind).streams}
    kinds = {f"{streams[name].record.KIND}s" for name in source.left_out if name in streams}
    return _BILLING & kinds
