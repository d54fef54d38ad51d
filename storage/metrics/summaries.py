"""Figures read from the summaries, for plans without filters that ask for whole days or for now.

The summaries know each day's end. Where a plan looks at now, the few customers who change later today (a
discount ends at midnight) are taken out of today's end and put in as they are now, by the statements that
answer every other plan.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics import summed, summed_mrr
from storage.metrics.grains import midnight
from storage.metrics.plan import Condition, Op
from storage.metrics.rows import rows_of, scope_over
from storage.metrics.scope import Asking, Scope, instant, just_before
from storage.metrics.summed_mrr import Days, Rest

_MOST_CHANGING = 500
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


class Window(NamedTuple):
    """What one figure looks at: flows at [start, end), stocks at `moment`; none of them lies after now."""

    key: str | None
    start: datetime
    end: datetime
    moment: datetime

    @classmethod
    def of(cls, start: datetime, end: datetime, now: datetime, key: str | None = None) -> "Window":
        return cls(key, start, min(end, now), just_before(end, now))


@dataclass(frozen=True, slots=True)
class _Summed:
    """A metric that summaries can answer: how, whether it is a stock, what it may be cut by."""

    read: Callable[[AsyncSession, Scope, Sequence[Days]], Awaitable[list[dict[str, Any]]]]
    is_stock: bool
    cuts: frozenset[str] = frozenset()
    adds_up: bool = False
    """Whether what changes later today can be taken off, span by span, by the same statement."""


_CUTS = frozenset({"plan", "interval", "currency", "source"})
_SUMMED = {
    "mrr": _Summed(summed_mrr.mrr, is_stock=True, cuts=_CUTS, adds_up=True),
    "arr": _Summed(summed_mrr.mrr, is_stock=True, cuts=_CUTS, adds_up=True),
    "arpa": _Summed(summed.arpa, is_stock=True),
    "customers": _Summed(summed.customers, is_stock=True),
    "new_customers": _Summed(summed.new_customers, is_stock=False),
    "churned_customers": _Summed(summed.churned_customers, is_stock=False),
    "net_new_mrr": _Summed(summed.moved(), is_stock=False),
    "new_mrr": _Summed(summed.moved("new"), is_stock=False),
    "expansion_mrr": _Summed(summed.moved("expansion"), is_stock=False),
    "contraction_mrr": _Summed(summed.moved("contraction"), is_stock=False),
    "churned_mrr": _Summed(summed.moved("churn"), is_stock=False),
    "reactivation_mrr": _Summed(summed.moved("reactivation"), is_stock=False),
    "upgrades": _Summed(summed.times("expansion"), is_stock=False),
    "downgrades": _Summed(summed.times("contraction"), is_stock=False),
    "reactivations": _Summed(summed.times("reactivation"), is_stock=False),
}


async def rows(
    session: AsyncSession, name: str, scope: Scope, windows: Sequence[Window]
) -> Sequence[Any] | None:
    """The rows that `rows_of` would give, added up from summaries; None where they cannot say."""
    how = _SUMMED.get(name)
    if (
        how is None
        or scope.filters is not None
        or set(scope.by) - how.cuts
        or not windows
        or scope.asking.rated
    ):
        return None
    asking = scope.asking
    zone = ZoneInfo(asking.time_zone)
    days = [_days(window, zone, asking.now, is_stock=how.is_stock) for window in windows]
    known = [of_window for of_window in days if of_window is not None]
    if len(known) < len(days):
        return None
    running = [window for window in windows if (window.moment if how.is_stock else window.end) == asking.now]
    if how.adds_up:
        rest = Rest(asking.now, _tomorrow(asking, zone)) if running else None
        return _added_up(scope, [(1, row) for row in await summed_mrr.mrr(session, scope, known, rest)])
    changing = await _changing(session, asking, zone) if running else ()
    if len(changing) > _MOST_CHANGING:
        return None
    found = [(1, row) for row in await how.read(session, scope, known)]
    for window in running if changing else ():
        found += await _corrections(session, name, scope, window, changing, zone)
    return _added_up(scope, found)


def _days(window: Window, zone: ZoneInfo, now: datetime, *, is_stock: bool) -> Days | None:
    """The window in whole days of the account's, today counted as one; None where it is not in whole days."""
    end = window.moment if is_stock else window.end
    if end == now:
        last: date | None = now.astimezone(zone).date()
    else:
        following = _first_instant(end + _INSTANT if is_stock else end, zone)
        last = following and following - _DAY
    first = last if is_stock else _first_instant(window.start, zone)
    return Days(window.key, first, last) if first is not None and last is not None else None


def _first_instant(at: datetime, zone: ZoneInfo) -> date | None:
    """The day that begins at this instant, if one does."""
    local = at.astimezone(zone)
    return local.date() if local.time() == time(0) else None


def _tomorrow(asking: Asking, zone: ZoneInfo) -> datetime:
    return midnight(asking.now.astimezone(zone).date() + _DAY, zone)


async def _changing(session: AsyncSession, asking: Asking, zone: ZoneInfo) -> Sequence[bytes]:
    """The customers whose MRR changes between now and the end of today, as far as that is known."""
    span = models.MrrSpan
    now, tomorrow = instant(asking.now), instant(_tomorrow(asking, zone))
    of_account = (span.account_id == asking.account_id, span.mrr > 0)
    begins = select(span.profile_id).where(*of_account, span.starts_at > now, span.starts_at < tomorrow)
    ends = select(span.profile_id).where(*of_account, span.ends_at > now, span.ends_at < tomorrow)
    return list(await session.scalars(union(begins, ends).limit(_MOST_CHANGING + 1)))


async def _corrections(
    session: AsyncSession, name: str, scope: Scope, window: Window, changing: Iterable[bytes], zone: ZoneInfo
) -> list[tuple[int, dict[str, Any]]]:
    """The changing customers as they are now, and taken away as they will be at the end of today."""
    them = Condition(field="customer", op=Op.IN, value=tuple(profile_id.hex() for profile_id in changing))
    tomorrow = _tomorrow(scope.asking, zone)
    later = window._replace(end=tomorrow, moment=tomorrow - _INSTANT)
    found: list[tuple[int, dict[str, Any]]] = []
    for sign, looked_at in ((1, window), (-1, later)):
        at = scope_over(scope.asking, looked_at.start, looked_at.end, looked_at.moment, subject=scope.subject)
        them_then = await rows_of(session, name, replace(at, filters=them, by=scope.by))
        found += [(sign, row._asdict() | {"bucket": window.key}) for row in them_then]
    return found


def _added_up(scope: Scope, found: Iterable[tuple[int, dict[str, Any]]]) -> list[SimpleNamespace]:
    """One row for each bucket, currency and group; those that nothing stands behind are none."""
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    names = ("bucket", "currency", *(f"by_{name}" for name in scope.by))
    for sign, row in found:
        of_group = sums[tuple(row.get(name) for name in names)]
        of_group[0] += sign * int(row["amount"])
        of_group[1] += sign * int(row["rows"])
    return [
        SimpleNamespace(**dict(zip(names, key, strict=True)), amount=amount, rows=count)
        for key, (amount, count) in sums.items()
        if count
    ]
