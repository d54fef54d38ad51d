"""Looks whether rules fire: on what is new, on figures of now, and on the last 30 days to try one out."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.bulk import among
from storage.intake.news import Change
from storage.metrics.catalog import metric
from storage.metrics.figures import Number, Series, Table, profiles_in
from storage.metrics.grains import floor, midnight, shift
from storage.metrics.plan import And, Condition, Grain, Op, Period, Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking, Unanswerable
from thoughts.base import Money, Thought
from thoughts.facts import About, customer_behind
from thoughts.loading import load_about
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
from thoughts.thresholds import DEFAULTS

TRIED = timedelta(days=30)
_AT_ONCE = 900
_INSTANT = timedelta(microseconds=1)


async def on_changes(
    session: AsyncSession, asking: Asking, changes: Sequence[Change], rules: Iterable[Rule]
) -> list[Thought]:
    """The thoughts of rules about what customers do; changes that no rule waits for cost no query."""
    waiting = [(rule, rule.trigger) for rule in rules if isinstance(rule.trigger, Happens)]
    events = {trigger.event for _, trigger in waiting}
    told = [change for change in changes if any(_is(change, EVENTS[name]) for name in events)]
    if not told:
        return []
    about = await load_about(session, asking, told, DEFAULTS)
    found: list[Thought] = []
    for rule, trigger in waiting:
        found += await _happening(session, asking, told, about, rule, trigger)
    return found


def _is(change: Change, event: Event) -> bool:
    return change.kind == event.record and event.happens(change)


async def _happening(
    session: AsyncSession, asking: Asking, told: Sequence[Change], about: About, rule: Rule, trigger: Happens
) -> list[Thought]:
    """Two queries a rule at most, however many changes there are."""
    event = EVENTS[trigger.event]
    news = {_key(seen, event): seen for change in told if (seen := _seen(change, event, about)) is not None}
    source_of = {change.id: change.source_id for change in told}
    known = dict(news)
    if trigger.nth > 1:
        since = min((seen.at for seen in news.values()), default=asking.now) - _window(trigger)
        past = await _past(session, asking, event, since, {seen.profile_id for seen in news.values()})
        known = {_key(seen, event): seen for seen in past} | news
    now = [seen for seen in happenings(trigger, known.values()) if _key(seen, event) in news]
    before = min((seen.at for seen in now), default=asking.now) - _INSTANT
    through = await _passing(session, asking, rule, {seen.profile_id for seen in now}, event, before)
    return [
        happened(rule, trigger, seen, source_of.get(seen.record_id))
        for seen in now
        if seen.profile_id in through
    ]


def _key(seen: Seen, event: Event) -> tuple[bytes, datetime | None]:
    """What tells one from another: a movement has no id but its customer and its moment."""
    return (seen.profile_id, seen.at) if event.record == "movement" else (seen.record_id, None)


def _seen(change: Change, event: Event, about: About) -> Seen | None:
    if not _is(change, event) or not about.is_news(change.at):
        return None
    behind = None if event.behind is None else change.new.get(event.behind[0])
    customer = customer_behind(change, behind, about) if event.behind else about.customer(change)
    if customer is None:
        return None
    amount, currency = change.new.get("amount"), change.new.get("currency")
    money = None if amount is None or currency is None else Money(abs(amount), currency)
    return Seen(customer.profile_id, change.at, change.id, money)


def _window(trigger: Happens) -> timedelta:
    return timedelta(days=trigger.days or 3650)


async def _past(
    session: AsyncSession,
    asking: Asking,
    event: Event,
    since: datetime,
    profiles: Iterable[bytes] | None = None,
) -> list[Seen]:
    """What has happened since a moment, to these customers or to any."""
    query = past_of(event, asking)
    at = query.selected_columns["at"]
    query = query.where(at > since, at <= asking.now)
    if profiles is not None:
        query = query.where(among(session, query.selected_columns["profile_id"], profiles))
    rows = (await session.execute(query)).mappings()
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
    if event.record == "movement":
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


async def on_schedule(session: AsyncSession, asking: Asking, rules: Iterable[Rule]) -> list[Thought]:
    """The thoughts of rules about figures, as they are now; asked again, they have the same keys.

    A query a rule: each looks at its own figure. What the cache cannot answer (any more) fires nothing.
    """
    found = []
    for rule in rules:
        if isinstance(rule.trigger, Happens):
            continue
        measure, grain = str(rule.read_plan().measure), Grain(rule.trigger.grain)
        start = shift(_today(asking), grain, -2)
        try:
            hits = await _firings(session, asking, rule, rule.trigger, start)
        except Unanswerable:
            continue
        found += [fired(rule, measure, hit, asking.now) for hit in hits]
    return found


async def try_out(session: AsyncSession, asking: Asking, rule: Rule) -> list[tuple[str, bytes | None]] | None:
    """When it would have fired in the last 30 days, oldest first: the day (or week, or month), and whom it
    would have named, by who its customers are today. None: of this figure no past is kept."""
    trigger = rule.trigger
    since = asking.now - TRIED
    if isinstance(trigger, Happens):
        event = EVENTS[trigger.event]
        counted_from = since - _window(trigger) if trigger.nth > 1 else since
        past = await _past(session, asking, event, counted_from)
        hits = [seen for seen in happenings(trigger, past) if seen.at > since]
        through = await _passing(session, asking, rule, {seen.profile_id for seen in hits}, event, since)
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
