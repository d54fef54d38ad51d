"""When a subscription counted: from its own dates and statuses, from its bills, from what was observed."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from msgspec import Struct

from storage.intake.stored import StoredDiscount, StoredItem, StoredLine
from storage.records import SubscriptionStatus

Window = tuple[datetime, datetime | None]
"""Half-open [start, end); an end of None is open."""

COUNTING = frozenset((SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE))
NEVER_STARTED = frozenset((SubscriptionStatus.INCOMPLETE, SubscriptionStatus.INCOMPLETE_EXPIRED))


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


def trial_of(agreement: Agreement, seen: Sequence[Change]) -> Window | None:
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


def counting_windows(
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
        if state.status in NEVER_STARTED:
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
