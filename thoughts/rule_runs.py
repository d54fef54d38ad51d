"""Looks whether rules fire: on what happened lately, on figures of now, on a month to try one out."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.catalog import metric
from storage.metrics.figures import Number, Series, Table, profiles_in
from storage.metrics.grains import floor, midnight, shift, unit_of
from storage.metrics.plan import And, Condition, Grain, Op, Period, Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking, Unanswerable
from thoughts.base import Money, Thought
from thoughts.rule_events import EVENTS, Event, past_of
from thoughts.rules import (
    Fired,
    Happens,
    Level,
    Moves,
    Rule,
    Seen,
    beyond,
    fired,
    firings,
    happened,
    happenings,
)

TRIED = timedelta(days=30)
_AT_ONCE = 900
_INSTANT = timedelta(microseconds=1)


async def on_events(session: AsyncSession, asking: Asking, rule: Rule, since: datetime) -> list[Thought]:
    """The thoughts of a rule about what customers do, of what they did since a moment; asked again, they have
    the same keys. Nothing of a rule about a figure."""
    if not isinstance(rule.trigger, Happens):
        return []
    trigger, event = rule.trigger, EVENTS[rule.trigger.event]
    hits = await _hits(session, asking, trigger, since)
    before = min((seen.at for seen in hits), default=asking.now) - _INSTANT
    through = await _passing(session, asking, rule, {seen.profile_id for seen in hits}, event, before)
    return [happened(rule, trigger, seen) for seen in hits if seen.profile_id in through]


async def _hits(session: AsyncSession, asking: Asking, trigger: Happens, since: datetime) -> list[Seen]:
    """What made it the nth time since a moment, to whomever."""
    counted_from = since - _window(trigger) if trigger.nth > 1 else since
    past = await _past(session, asking, EVENTS[trigger.event], counted_from)
    return [seen for seen in happenings(trigger, past) if seen.at > since]


def _window(trigger: Happens) -> timedelta:
    return timedelta(days=trigger.days or 3650)


async def _past(session: AsyncSession, asking: Asking, event: Event, since: datetime) -> list[Seen]:
    """What has happened since a moment, to customers who are known (still)."""
    query = past_of(event, asking)
    at = query.selected_columns["at"]
    rows = (await session.execute(query.where(at > since, at <= asking.now))).mappings()
    found = []
    for row in rows:
        amount, currency = row.get("amount"), row.get("currency")
        money = None if amount is None or currency is None else Money(abs(amount), currency)
        found.append(Seen(row["profile_id"], row["at"], row["id"], money))
    return found


async def _passing(
    session: AsyncSession,
    asking: Asking,
    rule: Rule,
    profiles: set[bytes],
    event: Event,
    before: datetime,
) -> set[bytes]:
    """Those of the customers that the rule is about. Who has left is looked at as they were before."""
    if rule.plan is None or not profiles:
        return profiles
    if event.row is models.Movement:
        asking = replace(asking, now=before)
    filters = rule.read_plan().filters
    through: set[bytes] = set()
    ordered = sorted(profiles)
    for start in range(0, len(ordered), _AT_ONCE):
        these = tuple(one.hex() for one in ordered[start : start + _AT_ONCE])
        only = Condition(field="customer", op=Op.IN, value=these)
        terms = (only,) if filters is None else (filters, only)
        table = await run(session, Plan(entity="customer", filters=And(terms=terms), limit=1_000), asking)
        if isinstance(table, Table):
            through |= set(profiles_in(table))
    return through


async def on_figures(session: AsyncSession, asking: Asking, rule: Rule, since: datetime) -> list[Thought]:
    """The thoughts of a rule about a figure, in periods that ended after a moment or run; asked again, they
    have the same keys. What the cache cannot answer (any more) fires nothing."""
    if isinstance(rule.trigger, Happens):
        return []
    measure, grain = str(rule.read_plan().measure), Grain(rule.trigger.grain)
    try:
        hits = await _firings(session, asking, rule, rule.trigger, shift(_today(asking), grain, -2))
    except Unanswerable:
        return []
    return [fired(rule, measure, hit, asking.now) for hit in hits if _end(hit.key, asking) > since]


def _end(key: str, asking: Asking) -> datetime:
    """When the period of a key ends."""
    first, grain = unit_of(key)
    return midnight(shift(first, grain, 1), ZoneInfo(asking.time_zone))


async def try_out(session: AsyncSession, asking: Asking, rule: Rule) -> list[tuple[str, bytes | None]] | None:
    """When it would have fired in the last 30 days, oldest first: the day (or week, or month), and whom it
    would have named, by who its customers are today. None: of this figure no past is kept."""
    trigger = rule.trigger
    since = asking.now - TRIED
    if isinstance(trigger, Happens):
        hits = await _hits(session, asking, trigger, since)
        event, whom = EVENTS[trigger.event], {seen.profile_id for seen in hits}
        through = await _passing(session, asking, rule, whom, event, since)
        zone = ZoneInfo(asking.time_zone)
        return [
            (seen.at.astimezone(zone).date().isoformat(), seen.profile_id)
            for seen in hits
            if seen.profile_id in through
        ]
    if metric(str(rule.read_plan().measure)).only_now:
        return None
    start = shift(
        (asking.now - TRIED).astimezone(ZoneInfo(asking.time_zone)).date(), Grain(trigger.grain), -1
    )
    return [(hit.key, None) for hit in await _firings(session, asking, rule, trigger, start)]


def _today(asking: Asking) -> date:
    return asking.now.astimezone(ZoneInfo(asking.time_zone)).date()


async def _firings(
    session: AsyncSession, asking: Asking, rule: Rule, trigger: Moves | Level, start: date
) -> list[Fired]:
    """The rule's figure by its days, weeks or months since `start`, and where it fires."""
    plan, grain, zone = rule.read_plan(), Grain(trigger.grain), ZoneInfo(asking.time_zone)
    measure = str(plan.measure)
    if metric(measure).only_now:
        number = await run(session, Plan(measure=measure, filters=plan.filters), asking)
        assert isinstance(number, Number)  # noqa: S101 - a measure alone gives a number
        value = _value(number, rule)
        is_beyond = isinstance(trigger, Level) and beyond(trigger, value)
        return [Fired(f"{_today(asking):%G-W%V}", value, None)] if is_beyond else []
    period = Period(
        start=midnight(floor(start, grain), zone),
        end=midnight(shift(floor(_today(asking), grain), grain, 1), zone),
        label="lately",
    )
    series = await run(
        session, Plan(measure=measure, filters=plan.filters, grain=grain, period=period), asking
    )
    assert isinstance(series, Series)  # noqa: S101 - a grain gives a series
    return firings(trigger, measure, [(key, _value(number, rule)) for key, number in series.points])


def _value(number: Number, rule: Rule) -> float:
    """The figure; of one in money that of the rule's currency. Nothing counted is zero."""
    if rule.currency is not None:
        return float(number.values.get(rule.currency, 0))
    return float(number.value or 0)
