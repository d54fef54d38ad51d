"""What spans and movements add to the summaries: pure sums, by the keys of `storage/models/summary.py`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, tzinfo
from typing import NamedTuple, TypeVar

from storage.metrics.history import Span
from storage.models.summary import FOREVER

MrrKey = tuple[bool, date, str, bytes, str]
"""whole_month, day, currency, product, interval"""

CustomerKey = tuple[str, date, date, str]
"""what, day, until, currency"""

_Key = TypeVar("_Key", MrrKey, CustomerKey)

FIRST, LOST, LISTED = "first", "lost", "listed"


class Worth(NamedTuple):
    """A span that counts: its MRR above 0 over [starts_at, ends_at)."""

    starts_at: datetime
    ends_at: datetime | None
    product_id: bytes | None
    interval: str | None
    currency: str
    mrr: int


class Moved(NamedTuple):
    """A movement of one customer."""

    currency: str
    day: date
    at: datetime
    type: str
    amount: int


def mrr_by_day(gone: Iterable[Worth], fresh: Iterable[Worth], zone: tzinfo) -> dict[MrrKey, tuple[int, int]]:
    """By how much the sums of `MrrDay` change when these spans go and those come."""
    amounts: Counter[MrrKey] = Counter()
    counts: Counter[MrrKey] = Counter()
    for spans, sign in ((gone, -1), (fresh, 1)):
        for span in spans:
            kind = span.currency, span.product_id or b"", span.interval or ""
            for at, direction in ((span.starts_at, sign), (span.ends_at, -sign)):
                if at is not None:
                    day = at.astimezone(zone).date()
                    for key in ((False, day, *kind), (True, day.replace(day=1), *kind)):
                        amounts[key] += direction * span.mrr
                        counts[key] += direction
    return _changed(amounts, counts)


def customers_by_day(
    gone: Iterable[Iterable[Moved]], fresh: Iterable[Iterable[Moved]]
) -> dict[CustomerKey, tuple[int, int]]:
    """The same of `CustomerDay`, when the movements of customers go and others come; each customer's in the
    order of time."""
    amounts: Counter[CustomerKey] = Counter()
    counts: Counter[CustomerKey] = Counter()
    for customers, sign in ((gone, -1), (fresh, 1)):
        for moves in customers:
            for key, amount in _of_customer(list(moves)):
                amounts[key] += sign * amount
                counts[key] += sign
    return _changed(amounts, counts)


def _changed(amounts: Counter[_Key], counts: Counter[_Key]) -> dict[_Key, tuple[int, int]]:
    return {key: (amounts[key], counts[key]) for key in amounts if amounts[key] or counts[key]}


def _of_customer(moves: list[Moved]) -> Iterator[tuple[CustomerKey, int]]:
    """What one customer's movements are counted as, with the MRR moved."""
    for move in moves:
        yield (move.type, move.day, FOREVER, move.currency), move.amount
    if moves:
        yield (FIRST, moves[0].day, FOREVER, ""), 0
    mrr: defaultdict[str, int] = defaultdict(int)
    lost_on: date | None = None
    for day, of_day in _by_day(moves):
        paid = any(mrr.values())
        for move in of_day:
            mrr[move.currency] += move.amount
        pays = any(mrr.values())
        if paid and not pays:
            lost_on = day
        elif pays and lost_on is not None:
            yield (LOST, lost_on, day, ""), 0
            lost_on = None
    if lost_on is not None:
        yield (LOST, lost_on, FOREVER, ""), 0


def _by_day(moves: Iterable[Moved]) -> Iterator[tuple[date, list[Moved]]]:
    days: defaultdict[date, list[Moved]] = defaultdict(list)
    for move in moves:
        days[move.day].append(move)
    yield from sorted(days.items())


Step = tuple[str, datetime, datetime | None, int, int]
"""currency, starts_at, ends_at, mrr, total of all currencies"""


def steps(spans: Iterable[Span]) -> Iterator[Step]:
    """One customer's MRR over time by currency, constant in each step and above 0."""
    deltas: defaultdict[datetime, Counter[str]] = defaultdict(Counter)
    for span in spans:
        if span.mrr > 0 and not span.trial:
            deltas[span.starts_at][span.currency] += span.mrr
            if span.ends_at is not None:
                deltas[span.ends_at][span.currency] -= span.mrr
    mrr: Counter[str] = Counter()
    since: dict[str, tuple[datetime, int, int]] = {}
    for at in sorted(deltas):
        mrr.update(deltas[at])
        total = sum(mrr.values())
        for currency in mrr:
            before = since.get(currency)
            if before is not None and before[1:] != (mrr[currency], total):
                yield currency, before[0], at, *before[1:]
                del since[currency]
            if mrr[currency] > 0 and currency not in since:
                since[currency] = at, mrr[currency], total
    for currency, (at, *worth) in since.items():
        yield currency, at, None, worth[0], worth[1]


Listed = tuple[bytes, str, datetime, datetime | None]
"""profile, currency, starts_at, ends_at of a row of `CustomerMrr`"""


def listed(
    gone: Iterable[Listed], fresh: Iterable[Listed], zone: tzinfo
) -> dict[CustomerKey, tuple[int, int]]:
    """How `CustomerDay` changes when these rows of `CustomerMrr` go and those come; both hold all of a
    profile."""
    counts: Counter[CustomerKey] = Counter()
    for rows, sign in ((gone, -1), (fresh, 1)):
        of_profile: defaultdict[bytes, list[tuple[datetime, datetime | None]]] = defaultdict(list)
        for profile_id, currency, starts_at, ends_at in rows:
            _count_stay(counts, currency, starts_at, ends_at, sign, zone)
            of_profile[profile_id].append((starts_at, ends_at))
        for stays in of_profile.values():
            for starts_at, ends_at in _joined(stays):
                _count_stay(counts, "", starts_at, ends_at, sign, zone)
    return {key: (0, count) for key, count in counts.items() if count}


def _count_stay(
    counts: Counter[CustomerKey],
    currency: str,
    starts_at: datetime,
    ends_at: datetime | None,
    sign: int,
    zone: tzinfo,
) -> None:
    counts[LISTED, starts_at.astimezone(zone).date(), FOREVER, currency] += sign
    if ends_at is not None:
        counts[LISTED, ends_at.astimezone(zone).date(), FOREVER, currency] -= sign


def _joined(
    stays: Iterable[tuple[datetime, datetime | None]],
) -> Iterator[tuple[datetime, datetime | None]]:
    """The times that stays cover together."""
    since: datetime | None = None
    until: datetime | None = None
    for starts_at, ends_at in sorted(stays, key=lambda stay: stay[0]):
        if since is None or (until is not None and starts_at > until):
            if since is not None:
                yield since, until
            since, until = starts_at, ends_at
        elif until is not None and (ends_at is None or ends_at > until):
            until = ends_at
    if since is not None:
        yield since, until
