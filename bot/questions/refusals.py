"""How a question that cannot be answered is turned down: why, and what near it can be asked."""

from __future__ import annotations

from collections.abc import Iterable

from bot.questions import later
from bot.questions.outcome import Refuse
from storage.metrics import catalog
from storage.metrics.catalog import Metric

EXAMPLES = {metric.name: metric.example for metric in catalog.METRICS.values()}
_USUAL = ("mrr", "churned_customers", "revenue")
_MOST = 3


def suggestions(metrics: Iterable[str] = ()) -> tuple[str, ...]:
    """Two or three questions that can be answered, those named first."""
    near = dict.fromkeys((*metrics, *_USUAL))
    return tuple(EXAMPLES[name] for name in near if name in EXAMPLES)[:_MOST]


def unknown(words: Iterable[str], near: Iterable[str] = (), *, maybe_name: bool = False) -> Refuse:
    """Some word means nothing here: say which, rather than answer a question that was not asked."""
    said = " and ".join(f"“{word}”" for word in dict.fromkeys(w for w in words if w)) or "that"
    more = " No customer is called that either." if maybe_name else ""
    return Refuse(
        reason=f"I do not know what {said} means here.{more}", suggestions=suggestions(near), unsure=True
    )


def no_customer(text: str) -> Refuse:
    return Refuse(
        reason=f"I know no customer called “{text}”.",
        suggestions=("Who are our biggest customers?", *suggestions()[:2]),
    )


def not_yet(name: str) -> Refuse:
    """A figure that people know by name and that cannot be given, in words of its own."""
    figure = later.known()[name]
    return Refuse(reason=f"You ask for {figure.label}. {figure.needs}", suggestions=suggestions(figure.near))


def outside(reason: str) -> Refuse:
    return Refuse(reason=later.OUTSIDE[reason][0], suggestions=suggestions())


def not_cut_by(metric: Metric, dimension: str) -> Refuse:
    info = catalog.FIELDS[dimension]
    dimensions = [catalog.FIELDS[name].label for name in metric.dimensions]
    possible = f"{', '.join(dimensions[:-1])} or {dimensions[-1]}" if len(dimensions) > 1 else dimensions[0]
    return Refuse(
        reason=f"{metric.label} cannot be split by {info.label}; by {possible} it can.",
        suggestions=(f"{metric.label} by {dimensions[0]}", *suggestions((metric.name,))[:2]),
    )


def confused(near: Iterable[str] = ()) -> Refuse:
    return Refuse(
        reason="I understand the words, but not what they ask for together.",
        suggestions=suggestions(near),
        unsure=True,
    )


def because(reason: str, near: Iterable[str] = ()) -> Refuse:
    return Refuse(reason=reason, suggestions=suggestions(near))
