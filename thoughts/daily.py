"""The figures of an account day by day, as questions would have them: what a usual day is found from."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from storage.metrics.figures import Series
from storage.metrics.grains import midnight
from storage.metrics.plan import Grain, Period, Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking
from thoughts.customer_facts import SALES, SUPPORT
from thoughts.figures import SourceFacts
from thoughts.thresholds import Thresholds

Days = tuple[tuple[date, int], ...]

MEASURES = ("mrr", "signups", "new_customers", "churned_customers", "failed_payments", "conversations")
"""What is looked at day by day."""

_SUPPORTED = frozenset({"conversations"})
"""Of these, what sources of support bring; all other come of billing."""


async def load_daily(
    session: AsyncSession, asking: Asking, thresholds: Thresholds, sources: Sequence[SourceFacts]
) -> dict[str, Days]:
    """By figure (`mrr` by currency: `mrr:usd`), its days up to yesterday; a measure costs one series.

    A day that a source has not been synced after is no day yet: what was not seen is not taken for zero.
    """
    zone = ZoneInfo(asking.time_zone)
    today = asking.now.astimezone(zone).date()
    found: dict[str, Days] = {}
    for measure in MEASURES:
        end = last_complete(today, zone, _bringing(measure, sources))
        if end is None:
            continue
        days = thresholds.record_days if measure in ("mrr", "new_customers") else thresholds.unusual_days
        start = end - timedelta(days=days + 1)
        period = Period(start=midnight(start, zone), end=midnight(end, zone), label="lately")
        series = await run(session, Plan(measure=measure, period=period, grain=Grain.DAY), asking)
        assert isinstance(series, Series)  # noqa: S101 - a plan with a grain gives a series
        found.update(_by_figure(measure, series))
    return found


def _bringing(measure: str, sources: Sequence[SourceFacts]) -> list[SourceFacts]:
    if measure in _SUPPORTED:
        return [source for source in sources if source.kind in SUPPORT]
    return [source for source in sources if source.kind not in SUPPORT | SALES]


def last_complete(today: date, zone: ZoneInfo, sources: Sequence[SourceFacts]) -> date | None:
    """The day before which all is known: today, or the day that a source was last synced on."""
    synced = [source.synced_at for source in sources]
    if not synced or None in synced:
        return None
    days = (at.astimezone(zone).date() for at in synced if isinstance(at, datetime))
    return min(today, *days)


def _by_figure(measure: str, series: Series) -> dict[str, Days]:
    points = [(date.fromisoformat(key), number) for key, number in series.points]
    if measure != "mrr":
        return {measure: _from_its_first(tuple((day, int(n.value or 0)) for day, n in points))}
    currencies = sorted({currency for _, number in points for currency in number.values})
    return {
        f"mrr:{currency}": _from_its_first(tuple((day, int(n.values.get(currency, 0))) for day, n in points))
        for currency in currencies
    }


def _from_its_first(days: Days) -> Days:
    """Without the days before there was anything: nothing was counted then."""
    first = next((number for number, (_, value) in enumerate(days) if value), len(days))
    return days[first:]
