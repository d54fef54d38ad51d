"""What a sound plan may ask that the cache cannot say: each in a sentence, with what can be asked instead."""

from datetime import datetime

from storage.metrics import catalog
from storage.metrics.catalog import Metric, Span
from storage.metrics.plan import Condition, Period, Plan
from storage.metrics.ranking import figure_of
from storage.metrics.scope import Asking, Unanswerable

_KNOWN_IN_THE_PAST = frozenset({"active", "trialing", "churned", "canceled"})
_DATED = frozenset(
    {"churned", "customer_since", "downsized", "expanded", "reactivated", "signed_up", "trial_converted",
     "trial_ended", "trial_started"}
)  # fmt: skip


def check_plan(plan: Plan, asking: Asking) -> None:
    """Raises Unanswerable for parts that do not go together, or that time has made unknown."""
    if plan.measure is not None:
        _check_shape(plan, catalog.metric(plan.measure))
        check_time(catalog.metric(plan.measure), plan.period, asking)
    elif plan.period is not None and plan.entity not in (None, "subscription", "customer"):
        _check_begun(f"{catalog.entity(str(plan.entity)).plural.capitalize()}", plan.period, asking)
    by_figure = figure_of(plan)
    if by_figure is not None:
        check_time(by_figure, plan.period, asking)
    _check_trials(plan, asking)
    if _looks_back(plan, asking):
        _check_known_then(plan)


def _check_shape(plan: Plan, metric: Metric) -> None:
    said = name_of(metric)
    if plan.grain is not None and plan.by:
        raise Unanswerable(f"I can split {said} by time or by group, one at a time.")
    if plan.grain is not None and metric.only_now:
        raise Unanswerable(f"{metric.label} is known for now only; ask without a period.")
    if plan.compare is None and plan.compare_period is None:
        if plan.grain is not None and plan.period is None:
            raise Unanswerable(f"Say over which time to show {said}, such as this year.")
        return
    if plan.grain is not None or plan.by:
        raise Unanswerable("I can compare single figures, not charts or groups.")
    if plan.period is None and plan.compare_period is None:
        raise Unanswerable(f"Say which period to compare {said} with, such as last month.")


def check_time(metric: Metric, period: Period | None, asking: Asking) -> None:
    """Raises Unanswerable where the metric has no value at that time."""
    if period is None:
        if metric.span is Span.FLOW:
            raise Unanswerable(f"Say a period for {name_of(metric)}, such as last month.")
        return
    _check_begun(metric.label, period, asking)
    if metric.only_now and period.end <= asking.now:
        raise Unanswerable(f"{metric.label} is known for now only; ask without a period.")


def _check_begun(subject: str, period: Period, asking: Asking) -> None:
    if period.start > asking.now:
        raise Unanswerable(f"{subject} of the future cannot be known; ask about a time that has begun.")


def name_of(metric: Metric) -> str:
    """A metric inside a sentence: MRR, revenue, new customers."""
    return metric.label if metric.label.isupper() else metric.label[0].lower() + metric.label[1:]


def _looks_back(plan: Plan, asking: Asking) -> bool:
    """Whether customers are looked at as they were, and not as they are."""
    if plan.period is None or plan.entity not in (None, "customer", "subscription"):
        return False
    if plan.measure is not None:
        exempt = catalog.metric(plan.measure).span is Span.FLOW
    else:
        exempt = any(condition.field in _DATED for condition in plan.conditions())
    return not exempt and (plan.grain is not None or plan.period.end < asking.now)


def _check_known_then(plan: Plan) -> None:
    for condition in plan.conditions():
        what = _WHO.get(condition.field)
        if what and (condition.field != "status" or _is_status_of_now(condition)):
            raise Unanswerable(f"{what} is known for now only; ask without a period.")


_WHO = {
    "failing": "Whose latest payment failed",
    "overdue": "Who is overdue",
    "status": "Which subscriptions are past due, unpaid or paused",
    "canceling": "Whose cancellation is scheduled",
    "cancels": "Whose cancellation is scheduled",
    "downgraded": "Who was downgraded lately",
    "at_risk": "Who is at risk",
}


def _is_status_of_now(condition: Condition) -> bool:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    return not _KNOWN_IN_THE_PAST.issuperset(map(str, values))


def _check_trials(plan: Plan, asking: Asking) -> None:
    for condition in plan.conditions():
        if condition.field in ("trial_ends", "renews") and isinstance(condition.value, tuple):
            end = condition.value[-1]
            if isinstance(end, datetime) and end <= asking.now:
                raise Unanswerable("Only trials and renewals that are still to come are known.")
