"""Days, weeks, months, quarters and years: boundaries, keys and the parts of a period."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.metrics.grains import PeriodError, buckets, describe, floor, key_of, midnight, shift, unit_of
from storage.metrics.plan import Grain, Period

BERLIN = ZoneInfo("Europe/Berlin")
CAIRO = ZoneInfo("Africa/Cairo")  # clocks jump from midnight to one
HAVANA = ZoneInfo("America/Havana")  # clocks fall back from one to midnight
ZONES = st.sampled_from([ZoneInfo("UTC"), BERLIN, CAIRO, HAVANA, ZoneInfo("Australia/Lord_Howe")])
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
GRAINS = st.sampled_from(Grain)


def over(start: datetime, end: datetime) -> Period:
    return Period(start=start, end=end, label="")


def test_keys() -> None:
    """The forms of the answer contract; weeks are ISO weeks, which have their own years."""
    assert [key_of(date(2026, 10, 31), grain) for grain in Grain] == [
        "2026-10-31", "2026-W44", "2026-10", "2026-Q4", "2026",
    ]  # fmt: skip
    assert key_of(date(2027, 1, 1), Grain.WEEK) == "2026-W53"


@given(DAYS, GRAINS)
def test_a_key_names_its_unit(day: date, grain: Grain) -> None:
    """Read back, a key gives the first day of the unit that it was made of."""
    assert unit_of(key_of(day, grain)) == (floor(day, grain), grain)


@pytest.mark.parametrize(
    "key", ["", "26", "2026-13", "2026-02-30", "2026-W54", "2026-Q5", "2026-1", "0000", "x" * 99]
)
def test_what_is_no_key_is_refused(key: str) -> None:
    """Dates that do not exist are no period."""
    with pytest.raises(PeriodError):
        unit_of(key)


@given(DAYS, GRAINS)
def test_units_follow_each_other(day: date, grain: Grain) -> None:
    """A unit ends where the next begins, and holds its days."""
    first = floor(day, grain)
    after = shift(first, grain, 1)
    assert first <= day < after
    assert floor(after, grain) == after
    assert shift(after, grain, -1) == first


@given(DAYS, st.sampled_from([Grain.MONTH, Grain.QUARTER, Grain.YEAR]), st.integers(-40, 40))
def test_a_shifted_day_stays_in_its_month(day: date, grain: Grain, count: int) -> None:
    """31 January and a month is the last of February, never March."""
    moved = shift(day, grain, count)
    assert floor(moved, Grain.MONTH) == shift(floor(day, Grain.MONTH), grain, count)
    assert moved.day == day.day or shift(moved, Grain.DAY, 1).day == 1


def test_leap_days() -> None:
    """29 February and a year is 28 February."""
    assert shift(date(2024, 2, 29), Grain.YEAR, 1) == date(2025, 2, 28)
    assert shift(date(2023, 2, 28), Grain.YEAR, 1) == date(2024, 2, 28)


def test_days_with_23_and_25_hours() -> None:
    """A day is from midnight to midnight, however many hours the clocks make it."""
    lengths = [
        midnight(date(2026, month, day + 1), BERLIN).astimezone(UTC)
        - midnight(date(2026, month, day), BERLIN)
        for month, day in ((3, 29), (10, 25), (7, 1))
    ]
    assert lengths == [timedelta(hours=hours) for hours in (23, 25, 24)]


def test_a_midnight_that_clocks_skip_or_repeat() -> None:
    """The day begins with the moment that clocks jump to, or with the first of two midnights."""
    assert midnight(date(2026, 4, 24), CAIRO).hour == 1
    first = midnight(date(2026, 11, 1), HAVANA)
    assert (first.hour, first.fold) == (0, 0)


@given(DAYS, st.integers(0, 400), GRAINS, ZONES)
def test_buckets_cover_a_period_without_gap(day: date, length: int, grain: Grain, zone: ZoneInfo) -> None:
    """They are half-open, touch each other, begin and end with the period, and their keys differ."""
    period = over(midnight(day, zone), midnight(day + timedelta(days=length), zone))
    found = buckets(period, grain, zone)
    if not length:
        assert found == []
        return
    assert (found[0].start, found[-1].end) == (period.start, period.end)
    assert all(one.end == other.start and one.key < other.key for one, other in pairwise(found))
    assert all(bucket.start.astimezone(UTC) < bucket.end.astimezone(UTC) for bucket in found)


def test_no_bucket_begins_in_the_future() -> None:
    """A series over this year ends with the running month."""
    year = over(midnight(date(2026, 1, 1), BERLIN), midnight(date(2027, 1, 1), BERLIN))
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    keys = [bucket.key for bucket in buckets(year, Grain.MONTH, BERLIN, now)]
    assert keys == [f"2026-{month:02}" for month in range(1, 12)]


def test_the_first_and_last_bucket_are_cut() -> None:
    """The last 36 hours by day are parts of three days."""
    now = datetime(2026, 11, 23, 6, tzinfo=UTC)
    found = buckets(over(now - timedelta(hours=36), now), Grain.DAY, ZoneInfo("UTC"))
    assert [(bucket.key, bucket.end - bucket.start) for bucket in found] == [
        ("2026-11-21", timedelta(hours=6)),
        ("2026-11-22", timedelta(hours=24)),
        ("2026-11-23", timedelta(hours=6)),
    ]


def test_too_many_buckets_are_refused() -> None:
    """A century by day is no chart."""
    century = over(datetime(1926, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(PeriodError):
        buckets(century, Grain.DAY, UTC)


@pytest.mark.parametrize(
    ("first", "after", "words"),
    [
        (date(2026, 10, 31), date(2026, 11, 1), "on 31 October 2026"),
        (date(2026, 11, 16), date(2026, 11, 23), "in the week of 16 November 2026"),
        (date(2026, 10, 1), date(2026, 11, 1), "in October 2026"),
        (date(2026, 7, 1), date(2026, 10, 1), "in Q3 2026"),
        (date(2026, 1, 1), date(2027, 1, 1), "in 2026"),
        (date(2024, 1, 1), date(2026, 1, 1), "from 2024 to 2025"),
        (date(2026, 8, 1), date(2026, 11, 1), "from August to October 2026"),
        (date(2025, 11, 1), date(2026, 2, 1), "from November 2025 to January 2026"),
        (date(2026, 3, 3), date(2026, 4, 15), "from 3 March to 14 April 2026"),
        (date(2025, 12, 24), date(2026, 1, 7), "from 24 December 2025 to 6 January 2026"),
    ],
)
def test_periods_in_words(first: date, after: date, words: str) -> None:
    """Whole units have names; other days are said from the first to the last."""
    assert describe(first, after) == words
