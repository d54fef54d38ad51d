"""Digests: due by the clock on the wall, once, also when clocks change; with what was kept for them."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.render.slack_thoughts import thought_message
from storage import models
from tests.bot.slack_schema import TYPES_ARE_HERE, assert_by_schema, assert_within_limits
from tests.thoughts.bench import Bench, failed
from tests.world import NOW, World, customer, price, product, subscription
from thoughts.digests import write_digests
from thoughts.ports import LetterKind
from thoughts.schedule import end_of_quiet, next_digest, period_of
from thoughts.wants import Rhythm, Wants

BERLIN = "Europe/Berlin"
ZONES = st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
MOMENTS = st.integers(1_735_000_000, 1_830_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


@settings(max_examples=60)
@given(MOMENTS, ZONES, st.integers(0, 23), st.sampled_from(Rhythm))
def test_the_next_digest_is_ahead_and_at_its_hour(at: datetime, zone: str, hour: int, rhythm: Rhythm) -> None:
    """It is later than now, no further than a period, and where that hour exists, at that hour."""
    due = next_digest(Wants(zone=zone, hour=hour, digest=rhythm), at)
    there = due.astimezone(ZoneInfo(zone))
    assert at < due <= at + timedelta(days={"daily": 2, "weekly": 8, "monthly": 32}[rhythm])
    assert (there.hour - hour) % 24 in (0, 1)


def test_a_day_whose_clocks_change_has_one_digest() -> None:
    """At 02:30 in Berlin, which one night does not exist and another twice, days go by one by one."""
    for month, day in ((3, 28), (10, 24)):
        at, found = datetime(2026, month, day, tzinfo=UTC), []
        for _ in range(3):
            at = next_digest(Wants(zone=BERLIN, hour=2, digest=Rhythm.DAILY), at)
            found.append(at.astimezone(ZoneInfo(BERLIN)).date())
        assert [(after - before).days for before, after in pairwise(found)] == [1, 1]


@settings(max_examples=60)
@given(MOMENTS, ZONES, st.integers(0, 23), st.integers(0, 23))
def test_quiet_hours_end(at: datetime, zone: str, begins: int, ends: int) -> None:
    """What is held back for them is due within a day, at a moment that is not quiet."""
    wants = Wants(zone=zone, quiet=(begins, ends))
    due = end_of_quiet(wants, at)
    assert at <= due <= at + timedelta(hours=26)
    assert not wants.is_quiet(due)


def test_periods_are_whole_days_before_it() -> None:
    """Yesterday, the seven days before today, the calendar month before."""
    due = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert period_of(Wants(digest=Rhythm.DAILY), due) == (date(2026, 11, 22), date(2026, 11, 22))
    assert period_of(Wants(digest=Rhythm.WEEKLY), due) == (date(2026, 11, 16), date(2026, 11, 22))
    assert period_of(Wants(digest=Rhythm.MONTHLY), due) == (date(2026, 10, 1), date(2026, 10, 31))


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


async def _write(bench: Bench) -> int:
    world = bench.world
    return await write_digests(world.db, world.vault, world.account_id, now=bench.now)


async def test_a_digest_is_posted_once_with_what_was_kept(bench: Bench) -> None:
    """The period's figures and what was over the budget; a second look writes no second one, and after a
    standstill there is one only."""
    world = bench.world
    await world.sync(customer("Ada"), product("Growth"), price(), subscription("Ada"))
    await bench.subscribe(digest=Rhythm.DAILY, budget=0)
    assert await bench.said(failed("1"), failed("2")) == []
    bench.now = NOW + timedelta(days=3)
    assert [await _write(bench), await _write(bench)] == [1, 0]
    await bench.post()
    (letter,) = bench.shelf.letters
    assert (letter.kind, len(letter.items)) == (LetterKind.DIGEST, 2)
    assert letter.digest is not None
    message = thought_message(letter)
    assert "Kept for this digest" in message["text"]
    assert_within_limits(dict(message))
    if TYPES_ARE_HERE:
        assert_by_schema(dict(message))


async def test_who_asked_for_none_gets_one_only_of_what_was_held_back(bench: Bench) -> None:
    """Weekly, and not at all where nothing was."""
    await bench.subscribe(budget=0)
    bench.now = NOW + timedelta(days=8)
    assert await _write(bench) == 0
    await bench.said(failed("1"))
    bench.now += timedelta(days=8)
    assert await _write(bench) == 1
    await bench.post()
    assert bench.shelf.said() == [("payment_failed", 1)]
    assert [row.state for row in await bench.world.rows(models.Letter)] == ["sent"]
