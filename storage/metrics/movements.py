"""How a profile's MRR moved: new, expansion, contraction, churn, reactivation, from its spans."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, tzinfo
from enum import StrEnum

from msgspec import Struct

from storage.metrics.history import Span


class MovementType(StrEnum):
    NEW = "new"
    REACTIVATION = "reactivation"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"


class Movement(Struct, frozen=True, kw_only=True, gc=False):
    """A net change of a profile's MRR in one currency on one calendar day of the account's time zone.

    `amount` is signed, never 0. `at` is the last change of that day.
    """

    currency: str
    day: date
    at: datetime
    type: MovementType
    amount: int


def movements(spans: Iterable[Span], zone: tzinfo, *, until: datetime | None = None) -> list[Movement]:
    """The movements of one profile in order of time, from the spans of all its subscriptions.

    Changes after `until` (now) have not happened yet. Each currency moves by itself: one that is new to a
    profile that already pays in another is `new` in that currency. For moments between which whole days
    lie, MRR at the later one is MRR at the earlier one and the sum of what moved between.
    """
    found = [
        movement
        for currency, deltas in _deltas(spans, until).items()
        for movement in _of_currency(currency, deltas, zone)
    ]
    found.sort(key=lambda movement: (movement.at, movement.currency))
    return found


def largest_span(movement: Movement, spans: Iterable[Span]) -> Span | None:
    """The span, of these of its profile, that a movement belongs to: the largest in its currency that is in
    force once it happened, or of a churn, that was until then."""

    def in_force(span: Span) -> bool:
        if movement.type is MovementType.CHURN:
            return span.starts_at < movement.at and (span.ends_at is None or movement.at <= span.ends_at)
        return span.starts_at <= movement.at and (span.ends_at is None or movement.at < span.ends_at)

    fitting = [span for span in spans if span.mrr and span.currency == movement.currency and in_force(span)]
    return max(fitting, key=lambda span: (span.mrr, span.subscription_id), default=None)


def mrr_at(spans: Iterable[Span], at: datetime) -> Counter[str]:
    """MRR at a moment by currency."""
    totals: Counter[str] = Counter()
    for span in spans:
        if span.mrr and span.starts_at <= at and (span.ends_at is None or at < span.ends_at):
            totals[span.currency] += span.mrr
    return totals


def _deltas(spans: Iterable[Span], until: datetime | None) -> dict[str, Counter[datetime]]:
    """By currency, by how much MRR changed at each moment up to `until`."""
    deltas: defaultdict[str, Counter[datetime]] = defaultdict(Counter)
    for span in spans:
        if not span.mrr:
            continue
        if until is None or span.starts_at <= until:
            deltas[span.currency][span.starts_at] += span.mrr
        if span.ends_at is not None and (until is None or span.ends_at <= until):
            deltas[span.currency][span.ends_at] -= span.mrr
    return deltas


def _of_currency(currency: str, deltas: Counter[datetime], zone: tzinfo) -> Iterator[Movement]:
    days: dict[date, tuple[datetime, int]] = {}
    for at in sorted(deltas):
        if deltas[at]:
            day = at.astimezone(zone).date()
            _, moved = days.get(day, (at, 0))
            days[day] = at, moved + deltas[at]
    before = 0
    paid = False
    for day, (at, moved) in days.items():
        if moved:
            after = before + moved
            kind = _type(before, after, paid=paid)
            yield Movement(currency=currency, day=day, at=at, type=kind, amount=moved)
            before, paid = after, True


def _type(before: int, after: int, *, paid: bool) -> MovementType:
    if after <= 0:
        return MovementType.CHURN
    if before <= 0:
        return MovementType.REACTIVATION if paid else MovementType.NEW
    return MovementType.EXPANSION if after > before else MovementType.CONTRACTION
