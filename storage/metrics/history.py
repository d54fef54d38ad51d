"""The MRR of one subscription over time, as spans: what it was, what it is, and what is already settled.

Before a source was connected, value comes from the recurring lines of invoices, spread over the line's
period; since then from what was observed. When a subscription counted comes from its own dates and
statuses (`lifetimes`). The two are found apart and laid over each other (`_overlay`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from storage.intake.stored import StoredItem, StoredLine
from storage.metrics.lifetimes import (
    NEVER_STARTED,
    Agreement,
    Change,
    Window,
    counting_windows,
    trial_of,
)
from storage.metrics.line_states import PriceBook, Step, line_steps
from storage.metrics.money import interval_name, main_item, mrr
from storage.metrics.parts import Parts, parts_at

__all__ = ["Agreement", "Change", "Span", "customer_spans", "spans"]


class Span(Struct, frozen=True, kw_only=True, gc=False):
    """MRR that is constant over [starts_at, ends_at); None is open. A trial's span has MRR 0.

    A span that is no trial counts even where its MRR is 0 (a discount of 100%): its customer is no trial.
    `product_id` is its plan, to which it belongs whole; `parts` are what each product brings of it, where
    that is not all the plan's own.
    """

    subscription_id: bytes
    starts_at: datetime
    ends_at: datetime | None
    mrr: int
    currency: str
    product_id: bytes | None
    interval: str | None
    trial: bool = False
    parts: Parts = ()


def spans(
    agreement: Agreement,
    book: PriceBook,
    lines: Sequence[StoredLine] = (),
    changes: Sequence[Change] = (),
) -> list[Span]:
    """The spans of one subscription in order of time; they never overlap.

    `lines` are its recurring invoice lines in any order, whatever became of the invoices; `changes` what was
    observed of it, in order of time, the first being what it was at first sight and the last what it is now;
    none if it never changed. Spans may reach into the future, where a discount ends without further notice.
    """
    if agreement.status in NEVER_STARTED:
        return []
    seen = changes or (_as_seen(agreement),)
    trial = trial_of(agreement, seen)
    windows = counting_windows(agreement, trial, lines, seen)
    found: list[Span] = []
    if windows:
        billed = line_steps(agreement.items, trial, lines, book, until=seen[0].at)
        steps = _steps(agreement.started_at, billed, seen, book.add_ons)
        found.extend(_overlay(agreement, windows, steps))
    if trial is not None:
        found.append(
            _span(agreement, trial, Step(trial[0], 0, *_plan(agreement.items, book.add_ons)), trial=True)
        )
        found.sort(key=lambda span: span.starts_at)
    return found


def customer_spans(
    agreements: Iterable[Agreement],
    lines: Iterable[StoredLine],
    changes: Mapping[bytes, Sequence[Change]],
    book: PriceBook,
) -> list[Span]:
    """`spans` of all subscriptions of one customer; `changes` are by subscription id."""
    by_subscription: dict[bytes, list[StoredLine]] = {}
    for line in lines:
        by_subscription.setdefault(line.subscription_id, []).append(line)
    return [
        span
        for agreement in agreements
        for span in spans(
            agreement, book, by_subscription.get(agreement.id, ()), changes.get(agreement.id, ())
        )
    ]


def _as_seen(agreement: Agreement) -> Change:
    """One that never changed since first sight is what it was then."""
    return Change(
        at=agreement.first_seen_at,
        status=agreement.status,
        items=agreement.items,
        discounts=agreement.discounts,
    )


def _steps(
    started_at: datetime, billed: list[Step], seen: Sequence[Change], add_ons: frozenset[bytes]
) -> list[Step]:
    """What it was worth while it counted: as billed until first sight, from then on as it was seen."""
    ends = [*(state.at for state in seen[1:]), None]
    observed = [
        step for state, end in zip(seen, ends, strict=True) for step in _value(state, state.at, end, add_ons)
    ]
    if billed:
        return _settle_rounding(billed, observed[0]) + observed
    return _value(seen[0], started_at, seen[0].at, add_ons) + observed


def _value(state: Change, start: datetime, end: datetime | None, add_ons: frozenset[bytes]) -> list[Step]:
    """The steps of one observed state over [start, end): one, and one wherever a discount begins or ends."""
    if end is not None and end <= start:
        return []
    plan = _plan(state.items, add_ons)
    moments = {start}
    for discounts in (state.discounts, *(item.discounts for item in state.items)):
        for discount in discounts:
            for at in (discount.starts_at, discount.ends_at):
                if at is not None and start < at and (end is None or at < end):
                    moments.add(at)
    return [_step(state, at, plan) for at in sorted(moments)]


def _step(state: Change, at: datetime, plan: tuple[bytes | None, str | None]) -> Step:
    worth = mrr(state.items, state.discounts, at)
    parts = parts_at(state.items, state.discounts, at, total=worth, main=plan[0])
    return Step(at, worth, *plan, parts)


def _plan(items: Sequence[StoredItem], add_ons: frozenset[bytes]) -> tuple[bytes | None, str | None]:
    item = main_item(items, add_ons)
    if item is None or item.price.interval is None:
        return None, None
    return item.price.product_id, interval_name(item.price.interval, item.price.interval_count)


def _settle_rounding(billed: list[Step], seen: Step) -> list[Step]:
    """Takes the observed value where the last billed one differs by rounding only: bills round each line,
    MRR is rounded once."""
    last = billed[-1]
    before, now = dict(last.parts), dict(seen.parts)
    if before.keys() != now.keys() or any(abs(before[of] - now[of]) > last.slack for of in now):
        return billed
    if abs(last.mrr - seen.mrr) > last.slack:
        return billed
    return [*billed[:-1], msgspec.structs.replace(last, mrr=seen.mrr, parts=seen.parts)]


def _overlay(agreement: Agreement, windows: Sequence[Window], steps: Sequence[Step]) -> Iterator[Span]:
    """The steps within the windows, equal neighbours as one; the first step reaches back without end."""
    for start, end in windows:
        current: Step | None = None
        since = start
        for step in steps:
            if end is not None and step.at >= end:
                break
            if current is None or step.at <= start:
                current = step
            elif not step.same_as(current):
                yield _span(agreement, (since, step.at), current)
                current, since = step, step.at
        current = current or steps[0]
        yield _span(agreement, (since, end), current)


def _span(agreement: Agreement, window: Window, step: Step, *, trial: bool = False) -> Span:
    return Span(
        subscription_id=agreement.id,
        starts_at=window[0],
        ends_at=window[1],
        mrr=step.mrr,
        currency=agreement.currency,
        product_id=step.product_id,
        interval=step.interval,
        trial=trial,
        parts=step.parts,
    )
