"""The MRR of one subscription over time, as spans: what it was, what it is, and what is already settled.

Before a source was connected, value comes from the recurring lines of invoices, spread over the line's
period; since then from what was observed. When a subscription counted comes from its own dates and
statuses. The two are found apart (`_steps`, `_counting`) and laid over each other (`_overlay`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from msgspec import Struct

from storage.intake.stored import StoredDiscount, StoredItem, StoredLine
from storage.metrics.line_states import PriceBook, Step, line_steps
from storage.metrics.money import interval_name, main_item, mrr
from storage.records import SubscriptionStatus

Window = tuple[datetime, datetime | None]
"""Half-open [start, end); an end of None is open."""

COUNTING = frozenset((SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE))
_NEVER_STARTED = frozenset((SubscriptionStatus.INCOMPLETE, SubscriptionStatus.INCOMPLETE_EXPIRED))


class Agreement(Struct, frozen=True, kw_only=True, gc=False):
    """A subscription as its source has it now.

    `discounts`: its own or, where it has none, its customer's. `stopped_at`: the last failed attempt to
    collect of one that is `unpaid`, or any other known moment at which one that has not ended stopped
    counting. A customer's deletion is the `ended_at` of its subscriptions.
    """

    id: bytes
    status: str
    currency: str
    items: tuple[StoredItem, ...]
    discounts: tuple[StoredDiscount, ...] = ()
    started_at: datetime
    trial_start: datetime | None = None
    trial_end: datetime | None = None
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    first_seen_at: datetime
    stopped_at: datetime | None = None


class Change(Struct, frozen=True, kw_only=True, gc=False):
    """What a subscription was seen to be from `at` on, until the next change."""

    at: datetime
    status: str
    items: tuple[StoredItem, ...]
    discounts: tuple[StoredDiscount, ...] = ()


class Span(Struct, frozen=True, kw_only=True, gc=False):
    """MRR that is constant over [starts_at, ends_at); None is open. A trial's span has MRR 0.

    A span that is no trial counts even where its MRR is 0 (a discount of 100%): its customer is no trial.
    """

    subscription_id: bytes
    starts_at: datetime
    ends_at: datetime | None
    mrr: int
    currency: str
    product_id: bytes | None
    interval: str | None
    trial: bool = False


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
    if agreement.status in _NEVER_STARTED:
        return []
    seen = changes or (_as_seen(agreement),)
    trial = _trial(agreement, seen)
    windows = _counting(agreement, trial, lines, seen)
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


def _trial(agreement: Agreement, seen: Sequence[Change]) -> Window | None:
    """When it was on trial. A trial that runs is open: what follows it counts only once it is observed."""
    start = agreement.trial_start or agreement.started_at
    if agreement.status == SubscriptionStatus.TRIALING:
        return start, None
    if agreement.trial_end is None:
        return None
    end = min(agreement.trial_end, agreement.ended_at or agreement.trial_end)
    if agreement.status in COUNTING:
        end = min(end, seen[-1].at)  # the status says that the trial is over, whatever was planned
    return (start, end) if start < end else None


def _counting(
    agreement: Agreement, trial: Window | None, lines: Sequence[StoredLine], seen: Sequence[Change]
) -> list[Window]:
    """When it counted: from its start, or its trial's end, until it stopped, less the gaps that were seen."""
    end = _stop(agreement, lines, seen)
    windows: list[Window] = []
    if trial is None:
        windows.append((agreement.started_at, end))
    else:
        if _counted_before(agreement, trial[0], lines, seen):
            windows.append((agreement.started_at, trial[0]))
        if trial[1] is not None:
            windows.append((trial[1], end))
    for gap in _gaps(agreement, seen):
        windows = [part for window in windows for part in _without(window, gap)]
    return [window for window in windows if window[1] is None or window[0] < window[1]]


def _counted_before(
    agreement: Agreement, trial_start: datetime, lines: Sequence[StoredLine], seen: Sequence[Change]
) -> bool:
    """Whether a trial followed months that were billed or seen; a start merely dated back is none."""
    return agreement.started_at < trial_start and (
        any(agreement.started_at <= line.period_start < trial_start for line in lines)
        or any(change.status in COUNTING and change.at < trial_start for change in seen)
    )


def _stop(agreement: Agreement, lines: Sequence[StoredLine], seen: Sequence[Change]) -> datetime | None:
    """When it stopped counting for good; None while it counts, also if its cancellation is scheduled."""
    if agreement.ended_at is not None:
        return agreement.ended_at
    if agreement.status in COUNTING or agreement.status == SubscriptionStatus.TRIALING:
        return None
    known = agreement.canceled_at if agreement.status == SubscriptionStatus.CANCELED else None
    return known or agreement.stopped_at or _observed_stop(seen) or _billed_until(agreement, lines)


def _observed_stop(seen: Sequence[Change]) -> datetime | None:
    """When it was seen to count no more, if it was ever seen to count."""
    for counted, stopped in reversed(list(pairwise(seen))):
        if counted.status in COUNTING:
            return stopped.at
    return None


def _billed_until(agreement: Agreement, lines: Sequence[StoredLine]) -> datetime:
    """The likely end of one that stopped unseen: an unpaid one did at the start of the period that it never
    paid, a paused one at the end of the last period billed, or at that of its trial."""
    trial_end = agreement.trial_end or agreement.started_at
    billed = [line for line in lines if line.period_start >= trial_end]
    if not billed:
        return trial_end
    if agreement.status == SubscriptionStatus.UNPAID:
        return max(line.period_start for line in billed)
    return min(max(line.period_end for line in billed), agreement.first_seen_at)


def _gaps(agreement: Agreement, seen: Sequence[Change]) -> Iterator[tuple[datetime, datetime]]:
    """When it was seen not to count, though it did afterwards."""
    for state, following in pairwise(seen):
        if state.status in COUNTING:
            continue
        start, end = state.at, following.at
        if state.status in _NEVER_STARTED:
            start = min(start, agreement.started_at)
        elif state.status == SubscriptionStatus.TRIALING and agreement.trial_end is not None:
            end = min(end, max(agreement.trial_end, start))  # it ended then, not when we came to know
        yield start, end


def _without(window: Window, gap: tuple[datetime, datetime]) -> Iterator[Window]:
    start, end = window
    if gap[1] <= start or (end is not None and end <= gap[0]):
        yield window
        return
    if start < gap[0]:
        yield start, gap[0]
    if end is None or gap[1] < end:
        yield gap[1], end


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
    return [Step(at, mrr(state.items, state.discounts, at), *plan) for at in sorted(moments)]


def _plan(items: Sequence[StoredItem], add_ons: frozenset[bytes]) -> tuple[bytes | None, str | None]:
    item = main_item(items, add_ons)
    if item is None or item.price.interval is None:
        return None, None
    return item.price.product_id, interval_name(item.price.interval, item.price.interval_count)


def _settle_rounding(billed: list[Step], seen: Step) -> list[Step]:
    """Takes the observed value where the last billed one differs by a single minor unit of rounding only:
    vendors round each line, MRR is rounded once."""
    if not billed or billed[-1].mrr == seen.mrr or abs(billed[-1].mrr - seen.mrr) > 1:
        return billed
    return [*billed[:-1], Step(billed[-1].at, seen.mrr, billed[-1].product_id, billed[-1].interval)]


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
    )
