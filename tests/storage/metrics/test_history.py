"""The MRR of a subscription over time: from its dates, from its invoices, and from what was observed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.intake.stored import StoredDiscount, StoredItem, StoredLine, StoredPrice
from storage.metrics.history import Agreement, Change, Span, customer_spans, spans
from storage.metrics.line_states import PriceBook
from storage.metrics.money import mrr
from storage.metrics.movements import mrr_at
from storage.records import DiscountDuration, Interval, SubscriptionStatus, Usage
from tests.storage.metrics.terms import amount_off, item, percent, price

STARTER = price("2900", product=b"starter")
GROWTH = price("9900", product=b"growth")
YEARLY = price("99000", Interval.YEAR, product=b"yearly")
SEAT = price("1500", product=b"seat")
CALLS = price("0.5", product=b"calls", usage=Usage.METERED)
SETUP = price("50000", None, product=b"setup")
BOOK = PriceBook({p.id: p for p in (STARTER, GROWTH, YEARLY, SEAT, CALLS, SETUP)}, frozenset((b"seat",)))
ID = b"subscription"
SEEN = datetime(2026, 11, 23, 12, tzinfo=UTC)


def on(month: int, day: int = 1, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


START = on(1, 10)


def agreement(*items: StoredItem, **fields: Any) -> Agreement:
    known: dict[str, Any] = {
        "id": ID,
        "status": SubscriptionStatus.ACTIVE,
        "currency": "usd",
        "items": items or (item(STARTER),),
        "started_at": START,
        "first_seen_at": SEEN,
    }
    return Agreement(**known | fields)


def line(of: StoredPrice | None, start: datetime, amount: int, *, days: int = 31, off: int = 0) -> StoredLine:
    return StoredLine(
        subscription_id=ID,
        price_id=None if of is None else of.id,
        product_id=None if of is None else of.product_id,
        quantity=1,
        amount=amount,
        period_start=start,
        period_end=start + timedelta(days=days),
        recurring_discount=off,
    )


def told(found: Sequence[Span]) -> list[tuple[Any, ...]]:
    return [(s.starts_at, s.ends_at, "trial" if s.trial else s.mrr) for s in found]


def test_one_that_never_changed_is_one_span() -> None:
    """Twelve equal invoices and the same items now make one open span."""
    lines = [line(STARTER, on(month, 10), 2900) for month in range(1, 12)]
    (span,) = spans(agreement(), BOOK, lines)
    assert span == Span(
        subscription_id=ID, starts_at=START, ends_at=None, mrr=2900, currency="usd",
        product_id=b"starter", interval="month",
    )  # fmt: skip


def test_lines_in_another_order_are_no_change() -> None:
    """A renewal that lists its lines in another order is the same state, rounding included."""
    items = (item(price("2900.5", product=b"starter")), item(SEAT))
    first = [line(STARTER, on(1, 10), 2901), line(SEAT, on(1, 10), 1500)]
    second = [line(SEAT, on(2, 10), 1500), line(STARTER, on(2, 10), 2901)]
    assert told(spans(agreement(*items), BOOK, first + second)) == [(START, None, 4400)]


@pytest.mark.parametrize(
    ("interval", "exact", "billed", "known"),
    [
        (Interval.MONTH, "1000.4", 1000, 1),
        (Interval.WEEK, "1000.4", 1000, 1),  # 4333.33 billed, 4335.07 agreed: half a cent, 52 times a year
        (Interval.DAY, "10.4", 10, 1),
        (Interval.WEEK, "1002", 1000, 2),
    ],
)
def test_rounding_of_bills_is_no_movement(interval: Interval, exact: str, billed: int, known: int) -> None:
    """Bills round each period, MRR is rounded once: only what rounding cannot explain is a change."""
    of = price(exact, interval, product=b"often")
    found = spans(agreement(item(of)), PriceBook({of.id: of}), [line(of, START, billed, days=7)])
    assert len(found) == known


def test_without_invoices_it_was_always_what_it_is() -> None:
    """Where invoices may not be read, the object's own dates and items are the history."""
    assert told(spans(agreement(), BOOK)) == [(START, None, 2900)]


def test_an_upgrade_shows_at_the_start_of_the_period_first_billed() -> None:
    """The new price counts from its first recurring line; lines may come in any order."""
    lines = [line(GROWTH, on(3, 25), 9900), line(STARTER, on(2, 10), 2900), line(STARTER, START, 2900)]
    assert told(spans(agreement(item(GROWTH)), BOOK, lines)) == [
        (START, on(3, 25), 2900),
        (on(3, 25), None, 9900),
    ]


def test_all_lines_of_one_period_are_one_state() -> None:
    """Plan and seats add up; the plan names the span, though the seats cost more."""
    lines = [line(STARTER, START, 2900), line(SEAT, START, 4500), line(CALLS, START, 777, days=30)]
    (span,) = spans(agreement(item(STARTER), item(SEAT, 3), item(CALLS)), BOOK, lines)
    assert (span.mrr, span.product_id) == (7400, b"starter")


def test_metered_and_one_off_lines_make_no_state() -> None:
    """A usage line of the period before, a setup fee and an empty period change nothing."""
    extras = [line(CALLS, on(2, 1), 9999), line(SETUP, on(2, 2), 50000), line(None, on(2, 3), 700, days=0)]
    assert told(spans(agreement(), BOOK, [line(STARTER, START, 2900), *extras])) == [(START, None, 2900)]


def test_recurring_discounts_on_lines_count_until_they_are_gone() -> None:
    """Half off for three months is half the MRR until the first line without it."""
    lines = [line(STARTER, on(month, 10), 2900, off=1450) for month in (1, 2, 3)]
    lines.append(line(STARTER, on(4, 10), 2900))
    assert told(spans(agreement(), BOOK, lines)) == [(START, on(4, 10), 1450), (on(4, 10), None, 2900)]


def test_a_price_that_is_no_longer_known_bills_as_its_period_is_long() -> None:
    """A line of a year from an unknown price is spread over twelve months."""
    (first, _) = spans(agreement(), BOOK, [line(None, START, 12000, days=365)])
    assert (first.mrr, first.interval, first.product_id) == (1000, "year", None)


def test_a_minor_unit_of_rounding_is_no_change() -> None:
    """Vendors round each line; where the object's MRR differs by one unit, it was that all along."""
    lines = [line(STARTER, on(month, 10), 2900, off=957) for month in range(1, 11)]
    found = spans(agreement(discounts=(percent("33.02"),)), BOOK, lines)
    assert told(found) == [(START, None, 1942)]


def test_what_lines_do_not_show_is_dated_at_first_sight() -> None:
    """A change since the last bill is known only since the subscription was first seen."""
    assert told(spans(agreement(item(GROWTH)), BOOK, [line(STARTER, START, 2900)])) == [
        (START, SEEN, 2900),
        (SEEN, None, 9900),
    ]


def test_items_of_different_intervals_are_carried_while_they_run() -> None:
    """A yearly item, billed once, counts beside the monthly one; replaced by an upgrade, it does not."""
    lines = [line(YEARLY, START, 99000, days=365), line(SEAT, START, 1500), line(SEAT, on(2, 10), 3000)]
    both = agreement(item(YEARLY), item(SEAT, 2))
    assert told(spans(both, BOOK, lines)) == [(START, on(2, 10), 9750), (on(2, 10), None, 11250)]
    swapped = [line(STARTER, START, 2900), line(YEARLY, on(1, 20), 99000, days=365)]
    assert told(spans(agreement(item(YEARLY), item(SEAT)), BOOK, swapped)) == [
        (START, on(1, 20), 2900),
        (on(1, 20), SEEN, 8250),
        (SEEN, None, 9750),
    ]


# --- when it counts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [SubscriptionStatus.INCOMPLETE, SubscriptionStatus.INCOMPLETE_EXPIRED])
def test_one_that_was_never_paid_never_counts(status: SubscriptionStatus) -> None:
    """A first payment that failed is no customer, whatever was billed."""
    assert spans(agreement(status=status, ended_at=on(1, 11)), BOOK, [line(STARTER, START, 2900)]) == []


def test_a_trial_counts_nothing_then_all() -> None:
    """The trial has a span of its own; the lines billed in it, of 0, are no state."""
    lines = [line(STARTER, START, 0, days=14), line(STARTER, on(1, 24), 2900)]
    found = spans(agreement(trial_start=START, trial_end=on(1, 24)), BOOK, lines)
    assert told(found) == [(START, on(1, 24), "trial"), (on(1, 24), None, 2900)]


def test_a_trial_that_runs_counts_only_once_it_is_seen_to() -> None:
    """What follows a trial is not known: its span is open, also past its planned end."""
    running = agreement(status=SubscriptionStatus.TRIALING, trial_start=START, trial_end=SEEN)
    assert told(spans(running, BOOK)) == [(START, None, "trial")]


def test_a_trial_that_was_canceled_never_counted() -> None:
    """Ended with its trial, or in it, it was never worth anything."""
    for ended in (on(1, 24), on(1, 20)):
        canceled = agreement(
            status=SubscriptionStatus.CANCELED, trial_start=START, trial_end=on(1, 24), ended_at=ended
        )
        assert told(spans(canceled, BOOK, [line(STARTER, START, 0)])) == [(START, ended, "trial")]


def test_a_trial_that_the_status_says_is_over_is_over() -> None:
    """An active subscription counts from when it was seen active, though a later end was planned."""
    early = agreement(trial_start=START, trial_end=on(12, 31))
    assert told(spans(early, BOOK)) == [(START, SEEN, "trial"), (SEEN, None, 2900)]


def test_billed_months_before_a_trial_count() -> None:
    """A trial given to a paying customer interrupts; a start that was only dated back does not count."""
    given = agreement(trial_start=on(3, 10), trial_end=on(4, 10))
    lines = [line(STARTER, START, 2900), line(STARTER, on(4, 10), 2900)]
    after = [(on(3, 10), on(4, 10), "trial"), (on(4, 10), None, 2900)]
    assert told(spans(given, BOOK, lines)) == [(START, on(3, 10), 2900), *after]
    assert told(spans(given, BOOK, lines[1:])) == after


def test_a_cancellation_counts_until_it_ends() -> None:
    """Ended at its own date; one that is only announced goes on."""
    ended = agreement(status=SubscriptionStatus.CANCELED, canceled_at=on(2), ended_at=on(3, 10))
    assert told(spans(ended, BOOK)) == [(START, on(3, 10), 2900)]
    announced = agreement(canceled_at=on(11, 20))
    assert told(spans(announced, BOOK)) == [(START, None, 2900)]


def test_unpaid_stopped_at_the_last_failed_attempt() -> None:
    """Where no attempt is known, at the start of the period that was never paid."""
    lines = [line(STARTER, START, 2900), line(STARTER, on(2, 10), 2900)]
    unpaid = {"status": SubscriptionStatus.UNPAID}
    assert told(spans(agreement(**unpaid, stopped_at=on(2, 24)), BOOK, lines)) == [(START, on(2, 24), 2900)]
    assert told(spans(agreement(**unpaid), BOOK, lines)) == [(START, on(2, 10), 2900)]


def test_paused_stopped_with_its_trial_or_with_what_was_billed() -> None:
    """A trial that ended without a card never counts; else it counted to the end of the last bill."""
    paused = {"status": SubscriptionStatus.PAUSED}
    after_trial = agreement(**paused, trial_start=START, trial_end=on(1, 24))
    assert told(spans(after_trial, BOOK, [line(STARTER, START, 0)])) == [(START, on(1, 24), "trial")]
    billed = [line(STARTER, START, 2900)]
    assert told(spans(agreement(**paused), BOOK, billed)) == [(START, on(2, 10), 2900)]


def test_past_due_counts() -> None:
    """A late payment is still a customer."""
    assert told(spans(agreement(status=SubscriptionStatus.PAST_DUE), BOOK)) == [(START, None, 2900)]


def test_a_free_subscription_counts_with_nothing() -> None:
    """100% off is a counting span of 0, so that its customer is not on trial."""
    assert told(spans(agreement(discounts=(percent("100"),)), BOOK)) == [(START, None, 0)]


# --- what is observed ---------------------------------------------------------------------------------


def change(
    at: datetime,
    *items: StoredItem,
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE,
    off: tuple[StoredDiscount, ...] = (),
) -> Change:
    return Change(at=at, status=status, items=items or (item(STARTER),), discounts=off)


def test_a_discount_that_ends_later_needs_no_further_notice() -> None:
    """The span reaches into the future and ends where the discount does."""
    half = percent("50", DiscountDuration.REPEATING, START, on(12, 10))
    found = spans(agreement(discounts=(half,)), BOOK, [line(STARTER, START, 2900, off=1450)])
    assert told(found) == [(START, on(12, 10), 1450), (on(12, 10), None, 2900)]


def test_observed_changes_count_from_their_own_moment() -> None:
    """Since first sight lines no longer speak: a change in mid-cycle is dated when it was seen."""
    first, later = on(2, 1), on(2, 15, 9)
    lines = [line(STARTER, START, 2900), line(GROWTH, on(3, 10), 9900)]
    found = spans(
        agreement(item(GROWTH), first_seen_at=first),
        BOOK,
        lines,
        [change(first), change(later, item(GROWTH))],
    )
    assert told(found) == [(START, later, 2900), (later, None, 9900)]


def test_a_discounts_end_between_two_observations_is_dated_by_itself() -> None:
    """It ended on 10 March; that it was gone we only saw a month later."""
    half = percent("50", DiscountDuration.REPEATING, START, on(3, 10))
    seen = [change(on(2), off=(half,)), change(on(4))]
    assert told(spans(agreement(first_seen_at=on(2)), BOOK, [], seen)) == [
        (START, on(3, 10), 1450),
        (on(3, 10), None, 2900),
    ]


def test_a_trial_seen_to_have_converted_counts_from_its_end() -> None:
    """The sync that sees it may come hours late."""
    seen = [change(START, status=SubscriptionStatus.TRIALING), change(on(1, 24, 5))]
    found = spans(agreement(trial_start=START, trial_end=on(1, 24), first_seen_at=START), BOOK, [], seen)
    assert told(found) == [(START, on(1, 24), "trial"), (on(1, 24), None, 2900)]


def test_an_observed_interruption_is_a_gap() -> None:
    """Unpaid for a while and then paid again: it did not count in between."""
    seen = [change(on(2)), change(on(3), status=SubscriptionStatus.UNPAID), change(on(4))]
    assert told(spans(agreement(first_seen_at=on(2)), BOOK, [], seen)) == [
        (START, on(3), 2900),
        (on(4), None, 2900),
    ]


def test_paused_after_it_was_seen_active_stopped_when_it_was_seen() -> None:
    """An observed stop needs no guess."""
    seen = [change(on(2)), change(on(3), status=SubscriptionStatus.PAUSED)]
    paused = agreement(status=SubscriptionStatus.PAUSED, first_seen_at=on(2))
    assert told(spans(paused, BOOK, [line(STARTER, START, 2900)], seen)) == [(START, on(3), 2900)]


def test_a_first_payment_that_took_long_counts_from_when_it_was_made() -> None:
    """Incomplete at first sight, active later: nothing counts before."""
    seen = [change(on(1, 10, 1), status=SubscriptionStatus.INCOMPLETE), change(on(1, 10, 9))]
    assert told(spans(agreement(first_seen_at=on(1, 10, 1)), BOOK, [], seen)) == [(on(1, 10, 9), None, 2900)]


def test_subscriptions_of_a_customer_have_their_own_lines_and_changes() -> None:
    """Lines go to the subscription that they name."""
    other = agreement(item(SEAT), id=b"other", started_at=on(5))
    found = customer_spans([agreement(), other], [line(GROWTH, START, 9900)], {}, BOOK)
    assert [(span.subscription_id, span.mrr) for span in found] == [(ID, 9900), (ID, 2900), (b"other", 1500)]


# --- whatever comes ------------------------------------------------------------------------------------

moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given
statuses = st.sampled_from(SubscriptionStatus)
item_sets = st.sampled_from([(item(STARTER),), (item(GROWTH), item(SEAT, 4)), (item(YEARLY), item(SEAT)), ()])
offs = st.one_of(
    st.just(()),
    st.just((amount_off(500),)),
    st.builds(
        lambda a, b: (percent("50", DiscountDuration.REPEATING, min(a, b), max(a, b)),), moments, moments
    ),
)
histories = st.lists(
    st.builds(Change, at=moments, status=statuses, items=item_sets, discounts=offs), max_size=5
)
bills = st.lists(
    st.builds(
        line, st.sampled_from([STARTER, GROWTH, YEARLY, SEAT, CALLS, None]), moments, st.integers(0, 9999)
    ),
    max_size=8,
)
optional = st.none() | moments
agreements = st.builds(
    agreement,
    status=statuses,
    items=item_sets,
    discounts=offs,
    started_at=moments,
    trial_start=optional,
    trial_end=optional,
    canceled_at=optional,
    ended_at=optional,
    first_seen_at=moments,
    stopped_at=optional,
)


@given(agreements, bills, histories)
def test_spans_are_in_order_and_never_overlap(
    of: Agreement, lines: list[StoredLine], changes: list[Change]
) -> None:
    """Whatever a source says, there is at most one span at a time, and none is empty or negative."""
    changes.sort(key=lambda change: change.at)
    found = spans(of, BOOK, lines, changes)
    assert all(span.mrr >= 0 for span in found)
    for before, after in pairwise(found):
        assert before.ends_at is not None
        assert before.ends_at <= after.starts_at
    assert all(span.ends_at is None or span.starts_at < span.ends_at for span in found)
    assert len({span.starts_at for span in found}) == len(found)


counting = st.sampled_from([SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE])


@given(agreements, counting, bills, histories)
def test_now_is_what_the_object_says(
    of: Agreement, status: SubscriptionStatus, lines: list[StoredLine], changes: list[Change]
) -> None:
    """Whatever was billed and seen before, MRR now is that of the items of a subscription that counts."""
    at = max(filter(None, [SEEN, of.started_at, of.trial_start, of.trial_end])) + timedelta(days=999)
    of = msgspec.structs.replace(of, status=status, ended_at=None, first_seen_at=SEEN)
    seen = [
        *sorted(changes, key=lambda change: change.at),
        Change(at=at, status=status, items=of.items, discounts=of.discounts),
    ]
    expected = mrr(of.items, of.discounts, at)
    assert mrr_at(spans(of, BOOK, lines), at)["usd"] == expected
    assert mrr_at(spans(of, BOOK, lines, seen), at)["usd"] == expected
