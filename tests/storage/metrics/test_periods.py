"""Times as people name them: what each form is now, what it says, and what it is compared with."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.metrics.grains import PeriodError, midnight
from storage.metrics.period_forms import Form
from storage.metrics.periods import (
    NOW,
    ago,
    between,
    end_of,
    key,
    last,
    month,
    named,
    on,
    previous,
    quarter,
    resolve,
    since,
    to_date,
    unit,
    upcoming,
    year,
    year_before,
)
from storage.metrics.plan import Grain, Period

UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
DAY, WEEK, MONTH, QUARTER, YEAR = Grain


def dates(period: Period) -> tuple[str, str]:
    return _clock(period.start), _clock(period.end)


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}".removesuffix("T00:00")


@pytest.mark.parametrize(
    ("form", "start", "end", "label"),
    [
        (NOW, "2026-11-23T12:00", "2026-11-23T12:00", "now"),
        (unit(DAY), "2026-11-23", "2026-11-24", "today (23 November 2026)"),
        (unit(DAY, -1), "2026-11-22", "2026-11-23", "yesterday (22 November 2026)"),
        (unit(WEEK), "2026-11-23", "2026-11-30", "this week (the week of 23 November 2026)"),
        (unit(WEEK, -1), "2026-11-16", "2026-11-23", "in the week of 16 November 2026"),
        (unit(MONTH), "2026-11-01", "2026-12-01", "this month (November 2026)"),
        (unit(MONTH, -1), "2026-10-01", "2026-11-01", "in October 2026"),
        (unit(QUARTER, -1), "2026-07-01", "2026-10-01", "in Q3 2026"),
        (unit(YEAR, -1), "2025-01-01", "2026-01-01", "in 2025"),
        (unit(MONTH, 1), "2026-12-01", "2027-01-01", "in December 2026"),
        (last(7, DAY), "2026-11-16T12:00", "2026-11-23T12:00", "in the last 7 days"),
        (last(4, WEEK), "2026-10-26", "2026-11-23", "from 26 October to 22 November 2026"),
        (last(3, MONTH), "2026-08-01", "2026-11-01", "from August to October 2026"),
        (last(2, QUARTER), "2026-04-01", "2026-10-01", "from April to September 2026"),
        (upcoming(7, DAY), "2026-11-23T12:00", "2026-11-30T12:00", "in the next 7 days"),
        (upcoming(2, MONTH), "2026-11-23T12:00", "2027-01-23T12:00", "in the next 2 months"),
        (to_date(YEAR), "2026-01-01", "2026-11-23T12:00", "in 2026 so far"),
        (to_date(MONTH), "2026-11-01", "2026-11-23T12:00", "in November 2026 so far"),
        (month(11), "2026-11-01", "2026-12-01", "in November 2026"),
        (month(12), "2025-12-01", "2026-01-01", "in December 2025"),
        (month(3, 2025), "2025-03-01", "2025-04-01", "in March 2025"),
        (quarter(3), "2026-07-01", "2026-10-01", "in Q3 2026"),
        (quarter(1, 2025), "2025-01-01", "2025-04-01", "in Q1 2025"),
        (year(2025), "2025-01-01", "2026-01-01", "in 2025"),
        (key("2026-W41"), "2026-10-05", "2026-10-12", "in the week of 5 October 2026"),
        (on(date(2026, 10, 31)), "2026-10-31", "2026-11-01", "on 31 October 2026"),
        (between("2026-03-03", "2026-04-14"), "2026-03-03", "2026-04-15", "from 3 March to 14 April 2026"),
        (between("2026-01", "2026-02"), "2026-01-01", "2026-03-01", "from January to February 2026"),
        (since(month(5)), "2026-05-01", "2026-11-23T12:00", "since May 2026"),
        (since(on(date(2026, 5, 1))), "2026-05-01", "2026-11-23T12:00", "since 1 May 2026"),
        (end_of(month(10)), "2026-11-01", "2026-11-01", "at the end of October 2026"),
        (end_of(last(3, MONTH)), "2026-11-01", "2026-11-01", "at the end of 31 October 2026"),
        (ago(3, MONTH), "2026-08-23T12:00", "2026-08-23T12:00", "3 months ago (23 August 2026)"),
    ],
)  # fmt: skip
def test_every_form(form: Form, start: str, end: str, label: str) -> None:
    """What each form is on Monday 23 November 2026 at noon, and how it is said."""
    period = resolve(form, NOON, UTC_ZONE)
    assert (*dates(period), period.label) == (start, end, label)


def test_the_zone_decides_which_day_it_is() -> None:
    """At 03:00 UTC it is still yesterday in New York, where days begin at 05:00 UTC."""
    today = resolve(unit(DAY), NOON.replace(hour=3), NEW_YORK)
    assert dates(today) == ("2026-11-22", "2026-11-23")
    assert today.start.astimezone(UTC) == datetime(2026, 11, 22, 5, tzinfo=UTC)


def test_last_days_are_hours_through_a_change_of_clocks() -> None:
    """The last 2 days are 48 hours, also when clocks fell back in them; months keep local midnights."""
    now = datetime(2026, 11, 2, 17, tzinfo=UTC)
    period = resolve(last(2, DAY), now, NEW_YORK)
    assert period.end.astimezone(UTC) - period.start.astimezone(UTC) == timedelta(hours=48)
    assert dates(resolve(last(1, MONTH), now, NEW_YORK)) == ("2026-10-01", "2026-11-01")


@pytest.mark.parametrize(
    ("form", "start", "end"),
    [
        (unit(DAY, -1), "2026-11-21", "2026-11-22"),
        (unit(WEEK, -1), "2026-11-09", "2026-11-16"),
        (unit(MONTH), "2026-10-01", "2026-11-01"),
        (last(7, DAY), "2026-11-09T12:00", "2026-11-16T12:00"),
        (last(3, MONTH), "2026-05-01", "2026-08-01"),
        (to_date(MONTH), "2026-10-01", "2026-10-23T12:00"),
        (to_date(YEAR), "2025-01-01", "2025-11-23T12:00"),
        (month(12), "2025-11-01", "2025-12-01"),
        (key("2026-Q1"), "2025-10-01", "2026-01-01"),
        (between(date(2026, 3, 3), date(2026, 4, 14)), "2026-01-19", "2026-03-03"),
        (between("2026-01", "2026-02"), "2025-11-01", "2026-01-01"),
        (since(on(date(2026, 11, 13))), "2026-11-02T12:00", "2026-11-13"),
        (upcoming(7, DAY), "2026-11-16T12:00", "2026-11-23T12:00"),
        (end_of(month(10)), "2026-10-01", "2026-10-01"),
        (NOW, "2026-10-23T12:00", "2026-10-23T12:00"),
        (ago(1, YEAR), "2024-11-23T12:00", "2024-11-23T12:00"),
    ],
)  # fmt: skip
def test_the_period_before(form: Form, start: str, end: str) -> None:
    """A comparison is with as long a time just before; to-date with as far into the unit before."""
    before = previous(resolve(form, NOON, UTC_ZONE), NOON, UTC_ZONE)
    assert dates(before) == (start, end)


@pytest.mark.parametrize(
    ("form", "start", "end", "label"),
    [
        (unit(MONTH, -1), "2025-10-01", "2025-11-01", "in October 2025"),
        (unit(WEEK, -1), "2025-11-17", "2025-11-24", "in the week of 17 November 2025"),
        (key("2024-02"), "2023-02-01", "2023-03-01", "in February 2023"),
        (on(date(2024, 2, 29)), "2023-02-28", "2023-03-01", "on 28 February 2023"),
        (end_of(month(10)), "2025-11-01", "2025-11-01", "at the end of October 2025"),
        (to_date(YEAR), "2025-01-01", "2025-11-23T12:00", "in 2026 so far, a year earlier"),
    ],
)
def test_the_same_period_last_year(form: Form, start: str, end: str, label: str) -> None:
    """The same dates a year earlier; a week stays a whole week."""
    period = year_before(resolve(form, NOON, UTC_ZONE), NOON, UTC_ZONE)
    assert (*dates(period), period.label) == (start, end, label)


def test_a_year_before_a_day_without_midnight_is_a_whole_day() -> None:
    """In Cairo 24 April 2026 begins at one, but a year earlier the day after it did."""
    cairo = ZoneInfo("Africa/Cairo")
    day = resolve(key("2026-04-24"), NOON, cairo)
    assert dates(day) == ("2026-04-24T01:00", "2026-04-25")
    assert dates(year_before(day, NOON, cairo)) == ("2025-04-24", "2025-04-25T01:00")


def test_the_period_before_the_period_before() -> None:
    """Going back twice goes back two lengths."""
    once = previous(resolve(last(3, MONTH), NOON, UTC_ZONE), NOON, UTC_ZONE)
    assert dates(previous(once, NOON, UTC_ZONE)) == ("2026-02-01", "2026-05-01")


def test_a_period_without_words_compares_with_as_long_a_time() -> None:
    """Two bare moments are a window of their own."""
    bare = Period(start=NOON, end=NOON + timedelta(hours=5), label="some hours")
    assert dates(previous(bare, NOON, UTC_ZONE)) == ("2026-11-23T07:00", "2026-11-23T12:00")


def test_a_saved_period_means_the_same_words_later() -> None:
    """ "last month" moves with time; "October 2026" stays; "in October" is the latest October."""
    later = datetime(2027, 12, 5, tzinfo=UTC)
    saved = [resolve(form, NOON, UTC_ZONE).said for form in (unit(MONTH, -1), month(10, 2026), month(10))]
    again = [dates(resolve(named(said or ""), later, UTC_ZONE))[0] for said in saved]
    assert again == ["2027-11-01", "2026-10-01", "2027-10-01"]
    assert saved[0] == "last_month"


@pytest.mark.parametrize(
    "short", ["ytd", "qtd", "mtd", "today", "tomorrow", "last_week", "next_quarter", "this_year"]
)
def test_short_names(short: str) -> None:
    """Plans may say the usual short names."""
    assert resolve(named(short), NOON, UTC_ZONE).start <= NOON + timedelta(days=90)


@pytest.mark.parametrize(
    "said",
    [
        "", "soon", "last", "last:x:day", "last:0:day", "last:-3:month", "last:3:fortnight",
        "unit:day", "in:", "in:2026-13", "between:2026-03", "between:2026-03/2026-01", "latest:week:3",
        "latest:month:13", "ago:1", "window:2026-01-01/2026-01-02",
        "window:2026-01-02T00:00Z/2026-01-01T00:00Z", "since:in:2027-01", "end:",
        "last:99999999999:year", "unit:year:99999", "in:9999", "year_before:in:0001", "end:" * 60 + "now",
        "in:" + "2" * 5000, "last:" + "9" * 150 + ":day", "next:9999999:year", "to_date:year:5000",
    ],
)  # fmt: skip
def test_what_is_no_period_is_refused(said: str) -> None:
    """Text of a saved plan is not trusted: what cannot be is refused in one way."""
    with pytest.raises(PeriodError):
        resolve(named(said), NOON, UTC_ZONE)


def test_counts_and_numbers_are_checked_when_a_form_is_made() -> None:
    """No period is shorter than one unit; there are twelve months and four quarters."""
    for make in (lambda: last(0, DAY), lambda: upcoming(-1, DAY), lambda: month(13), lambda: quarter(0)):
        with pytest.raises(PeriodError):
            make()


grains = st.sampled_from(Grain)
days = st.dates(date(2000, 1, 1), date(2026, 11, 1))
basic = st.one_of(
    st.just(NOW),
    st.builds(unit, grains, st.integers(-30, 30)),
    st.builds(last, st.integers(1, 40), grains),
    st.builds(upcoming, st.integers(1, 40), grains),
    st.builds(ago, st.integers(1, 40), grains),
    st.builds(to_date, grains),
    st.builds(on, days),
    st.builds(month, st.integers(1, 12)),
    st.builds(quarter, st.integers(1, 4)),
    st.builds(lambda one, other: between(min(one, other), max(one, other)), days, days),
    st.builds(since, st.builds(on, days)),
)
forms = basic | st.builds(end_of, basic)
times = st.datetimes(datetime(2026, 11, 3), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given
zones = st.sampled_from(
    [UTC_ZONE, NEW_YORK, ZoneInfo("Africa/Cairo"), ZoneInfo("America/Havana"), ZoneInfo("Pacific/Apia")]
)


@given(forms, times, zones)
def test_said_names_the_same_period_again(form: Form, now: datetime, zone: ZoneInfo) -> None:
    """A form, its previous one and that of a year before all survive being written down."""
    period = resolve(form, now, zone)
    for one in (period, previous(period, now, zone), year_before(period, now, zone)):
        assert one.start.astimezone(UTC) <= one.end.astimezone(UTC)
        assert resolve(named(one.said or ""), now, zone) == one


@given(
    st.one_of(st.builds(unit, grains, st.integers(-30, 30)), st.builds(last, st.integers(1, 9), grains)),
    times,
    zones,
)
def test_a_period_begins_where_the_one_before_ends(form: Form, now: datetime, zone: ZoneInfo) -> None:
    """Half-open periods of calendar units and of last units touch without gap or overlap."""
    period = resolve(form, now, zone)
    assert previous(period, now, zone).end == period.start


@given(st.builds(unit, grains, st.integers(-30, 30)), times, zones)
def test_calendar_units_begin_and_end_at_midnight(form: Form, now: datetime, zone: ZoneInfo) -> None:
    """Whatever the clocks do, and a year earlier too."""
    period = resolve(form, now, zone)
    for one in (period, year_before(period, now, zone)):
        assert all(at == midnight(at.date(), zone) for at in (one.start, one.end))
