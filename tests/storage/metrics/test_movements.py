"""How a profile's MRR moved, day by day, currency by currency."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from storage.metrics.history import Span
from storage.metrics.movements import Movement, MovementType, movements, mrr_at

NEW_YORK = ZoneInfo("America/New_York")
DAY = timedelta(days=1)


def at(month: int, day: int = 1, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def span(
    start: datetime, end: datetime | None, mrr: int, currency: str = "usd", *, trial: bool = False
) -> Span:
    return Span(
        subscription_id=b"s", starts_at=start, ends_at=end, mrr=mrr, currency=currency,
        product_id=None, interval="month", trial=trial,
    )  # fmt: skip


def told(found: list[Movement]) -> list[tuple[str, str, int]]:
    return [(movement.currency, movement.type.value, movement.amount) for movement in found]


def test_the_life_of_a_customer() -> None:
    """New, up, down, gone and back again: one movement each."""
    spans = [
        span(at(1), at(2), 100),
        span(at(2), at(3), 300),
        span(at(3), at(4), 200),
        span(at(5), None, 50),
    ]
    assert told(movements(spans, UTC)) == [
        ("usd", "new", 100),
        ("usd", "expansion", 200),
        ("usd", "contraction", -100),
        ("usd", "churn", -200),
        ("usd", "reactivation", 50),
    ]


def test_a_second_subscription_of_a_profile_is_expansion() -> None:
    """Movements are of the customer, whose subscriptions add up; ending one of two is contraction."""
    spans = [span(at(1), None, 100), span(at(2), at(3), 40)]
    assert told(movements(spans, UTC)) == [
        ("usd", "new", 100),
        ("usd", "expansion", 40),
        ("usd", "contraction", -40),
    ]


def test_changes_of_one_day_are_one_net_movement() -> None:
    """Canceled in the morning and bought anew at night: the difference is left, at the last change."""
    spans = [span(at(1), at(2, 1, 8), 100), span(at(2, 1, 22), None, 130)]
    (_, net) = movements(spans, UTC)
    assert (net.type, net.amount, net.at) == (MovementType.EXPANSION, 30, at(2, 1, 22))
    same = [span(at(1), at(2, 1, 8), 100), span(at(2, 1, 22), None, 100)]
    assert told(movements(same, UTC)) == [("usd", "new", 100)]


def test_the_day_is_that_of_the_accounts_time_zone() -> None:
    """22:00 and 02:00 UTC are one afternoon and evening in New York, two days in UTC."""
    spans = [span(at(1), at(2, 1, 22), 100), span(at(2, 2, 2), None, 130)]
    assert len(movements(spans, UTC)) == 3
    (new, net) = movements(spans, NEW_YORK)
    assert (net.amount, net.day.isoformat()) == (30, "2026-02-01")
    assert new.day.isoformat() == "2025-12-31"


def test_currencies_move_by_themselves() -> None:
    """A change of currency is a churn in one and new in the other."""
    spans = [span(at(1), at(2), 100), span(at(2), None, 90, "eur")]
    assert told(movements(spans, UTC)) == [("usd", "new", 100), ("eur", "new", 90), ("usd", "churn", -100)]


def test_trials_and_free_months_move_nothing() -> None:
    """A customer is new when MRR is first above 0."""
    spans = [span(at(1), at(2), 0, trial=True), span(at(2), at(3), 0), span(at(3), None, 10)]
    (new,) = movements(spans, UTC)
    assert (new.type, new.at) == (MovementType.NEW, at(3))


def test_what_lies_ahead_has_not_moved_yet() -> None:
    """A discount that ends next month is no expansion today."""
    spans = [span(at(1), at(12), 50), span(at(12), None, 100)]
    assert told(movements(spans, UTC, until=at(11))) == [("usd", "new", 50)]


starts = st.integers(0, 400 * 24).map(lambda hours: at(1) + timedelta(hours=hours))
spans_of_a_profile = st.lists(
    st.builds(
        lambda start, hours, mrr, currency: span(
            start, None if hours is None else start + timedelta(hours=hours), mrr, currency
        ),
        starts,
        st.none() | st.integers(1, 3000),
        st.integers(0, 500),
        st.sampled_from(["usd", "eur"]),
    ),
    max_size=8,
)


@given(spans_of_a_profile, st.integers(0, 420), st.integers(0, 420), st.sampled_from([UTC, NEW_YORK]))
def test_mrr_later_is_mrr_before_and_what_moved_between(
    spans: list[Span], one: int, other: int, zone: ZoneInfo
) -> None:
    """MRR at t1 = MRR at t0 + the movements in (t0, t1], for the ends of any two days."""
    days = sorted(at(1).replace(tzinfo=zone) + n * DAY for n in (one, other))
    t0, t1 = (day.astimezone(UTC) - timedelta(microseconds=1) for day in days)
    total = Counter(mrr_at(spans, t0))
    for movement in movements(spans, zone):
        if t0 < movement.at <= t1:
            total[movement.currency] += movement.amount
    assert +total == +mrr_at(spans, t1)


@given(spans_of_a_profile)
def test_the_types_follow_from_each_other(spans: list[Span]) -> None:
    """In each currency: new comes first and once, churn ends at 0, and only then comes a reactivation."""
    level: Counter[str] = Counter()
    known: set[str] = set()
    for movement in movements(spans, UTC):
        before = level[movement.currency]
        level[movement.currency] += movement.amount
        after = level[movement.currency]
        assert (movement.type is MovementType.NEW) == (movement.currency not in known)
        assert (movement.type is MovementType.CHURN) == (after == 0)
        assert (movement.type is MovementType.REACTIVATION) == (movement.currency in known and before == 0)
        known.add(movement.currency)
