"""What would have been thought of in the past, told again from the cache: for `chewbotta thoughts preview`.

What the cache still knows of the past is replayed: payments, refunds, disputes, movements, trials,
cancellations, renewals, due dates, daily figures. Facts of customers are those of today. Trouble, deals and
quiet sources are looked at as they are now: of them no past is kept.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.news import WATCHED, Change
from storage.metrics.grains import midnight
from storage.metrics.joins import of_customer
from storage.metrics.scope import Asking
from thoughts.base import Every, Money, Thought
from thoughts.customer_facts import load_customers
from thoughts.daily import load_daily
from thoughts.detect import thoughts_from, thoughts_of
from thoughts.figures import Ending, Figures, Overdue
from thoughts.load_figures import load_figures
from thoughts.loading import load_about
from thoughts.registry import watching
from thoughts.replay_subscriptions import ended_trials, planned_ends, renewals, trials
from thoughts.thresholds import DEFAULTS, Thresholds

_DAY = timedelta(days=1)
_DATED = {
    "payment": (models.Payment, "created_at"),
    "refund": (models.Refund, "created_at"),
    "dispute": (models.Dispute, "created_at"),
    "movement": (models.Movement, "at"),
}
_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the scheduled detectors are shown of the past, day by day."""

    trials: Sequence[Ending]
    renewals: Sequence[Ending]
    bills: Sequence[tuple[Overdue, datetime | None]]
    daily: Mapping[str, Sequence[tuple[date, int]]]


async def replay(
    session: AsyncSession, asking: Asking, since: datetime, thresholds: Thresholds = DEFAULTS
) -> list[Thought]:
    """All thoughts since a moment, in order of time, each once."""
    old = thresholds.model_copy(update={"fresh_hours": 24 * ((asking.now - since).days + 2)})
    found = await _of_changes(session, asking, since, old)
    found += await _of_days(session, asking, since, thresholds)
    now = await load_figures(session, asking, thresholds, Every.HOUR)
    found += thoughts_from(now, Every.HOUR)
    once = {thought.key: thought for thought in reversed(found)}
    return sorted(once.values(), key=lambda thought: (thought.at, thought.key))


async def _of_changes(
    session: AsyncSession, asking: Asking, since: datetime, thresholds: Thresholds
) -> list[Thought]:
    changes: list[Change] = []
    for kind, (model, at) in _DATED.items():
        changes += await _changes(session, asking, kind, model, at, since)
    changes += await ended_trials(session, asking, since)
    changes += await planned_ends(session, asking, since)
    watched = sorted((one for one in changes if watching(one)), key=lambda one: (one.at, one.id))
    found: list[Thought] = []
    for start in range(0, len(watched), _AT_ONCE):
        batch = watched[start : start + _AT_ONCE]
        found += thoughts_of(batch, await load_about(session, asking, batch, thresholds))
    return found


async def _changes(
    session: AsyncSession, asking: Asking, kind: str, model: Any, at: str, since: datetime
) -> list[Change]:
    """Rows of a table since a moment, as they would have been news."""
    names = sorted(WATCHED[kind])
    is_movement = model is models.Movement
    who = (model.profile_id, None) if is_movement else (model.id, getattr(model, "customer_id", None))
    columns = [getattr(model, name).label(name) for name in names]
    more = [
        column.label(label)
        for label, column in zip(("row", "customer"), who, strict=True)
        if column is not None
    ]
    moment = getattr(model, at)
    rows = await session.execute(
        select(*columns, *more, moment.label("happened"), model.source_id.label("of"))
        .where(model.account_id == asking.account_id, moment > since, moment <= asking.now)
        .order_by(moment)
    )
    return [
        Change(
            kind=kind,
            source_id=row["of"] or 0,
            id=row["row"],
            at=row["happened"],
            new={name: row[name] for name in names},
            customer_id=row.get("customer"),
            profile_id=row["row"] if is_movement else None,
        )
        for row in rows.mappings()
    ]


async def _of_days(
    session: AsyncSession, asking: Asking, since: datetime, thresholds: Thresholds
) -> list[Thought]:
    """What each day's figures would have given, from one loading of all of them."""
    days = (asking.now - since).days + 1
    more = thresholds.model_copy(
        update={
            "unusual_days": thresholds.unusual_days + days,
            "record_days": thresholds.record_days + days,
        }
    )
    figures = await load_figures(session, asking, thresholds, Every.DAY)
    past = Past(
        trials=await trials(session, asking, since),
        renewals=await renewals(session, asking, since),
        bills=await _bills(session, asking, since - timedelta(days=max(thresholds.overdue_days, default=0))),
        daily=await load_daily(session, asking, more, figures.sources),
    )
    named = {one.profile_id for one in (*past.trials, *past.renewals)}
    named |= {bill.profile_id for bill, _ in past.bills}
    customers = await load_customers(session, asking, named)
    figures = replace(figures, customers={**figures.customers, **customers})
    return await asyncio.to_thread(lambda: list(_each_day(figures, past, since)))


def _each_day(figures: Figures, past: Past, since: datetime) -> Iterator[Thought]:
    day = figures.day(since)
    while day <= figures.day(figures.now):
        now = min(midnight(day, figures.zone) + timedelta(hours=9), figures.now)
        yield from thoughts_from(_as_of(figures, past, now), Every.DAY)
        day += _DAY


def _as_of(figures: Figures, past: Past, now: datetime) -> Figures:
    """The figures as they were at a moment."""
    limits, day = figures.thresholds, figures.day(now)
    is_now = now + _DAY > figures.now
    return replace(
        figures,
        now=now,
        trials=_between(past.trials, now, max(limits.trial_days, default=0) + 1),
        renewals=_between(past.renewals, now, limits.renewal_days),
        overdue=tuple(
            bill for bill, settled in past.bills if bill.due < now and (settled is None or settled > now)
        ),
        won=figures.won if is_now else (),
        started=figures.started if is_now else (),
        daily={name: tuple(one for one in days if one[0] < day) for name, days in past.daily.items()},
    )


def _between(endings: Iterable[Ending], now: datetime, days: int) -> tuple[Ending, ...]:
    return tuple(one for one in endings if now < one.at <= now + timedelta(days=days))


async def _bills(
    session: AsyncSession, asking: Asking, since: datetime
) -> list[tuple[Overdue, datetime | None]]:
    """Invoices with a due date since a moment, and when each was paid or voided."""
    row, customer = models.Invoice, models.Customer
    rows = await session.execute(
        select(
            row.source_id, row.id, customer.profile_id, row.due_at, row.amount_due, row.currency, row.paid_at,
            row.voided_at, row.status,
        )
        .join(customer, of_customer(row, customer))
        .where(
            row.account_id == asking.account_id,
            row.due_at > since,
            row.due_at <= asking.now,
            row.amount_due > 0,
            row.status.in_(("open", "paid", "void")),
        )
        .order_by(row.due_at, row.id)
    )  # fmt: skip
    return [
        (
            Overdue(
                bill=(one.source_id, one.id),
                profile_id=one.profile_id,
                due=one.due_at,
                remaining=Money(one.amount_due, one.currency),
            ),
            one.paid_at or one.voided_at or (None if one.status == "open" else one.due_at),
        )
        for one in rows
    ]
