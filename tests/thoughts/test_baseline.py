"""What was to be expected of a day, as pure functions."""

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thoughts.surroundings import TODAY, days
from thoughts.baseline import SHARES, expected

HISTORY = 126


def week(*levels: float, noise: int = 0, slope: float = 0.0) -> list[float]:
    """Days up to yesterday with a level a weekday, a slope a day and some noise."""
    draw = random.Random(5)
    first = TODAY - timedelta(days=HISTORY)
    return [
        levels[(first + timedelta(days=n)).weekday() % len(levels)] + slope * n + draw.randint(-noise, noise)
        for n in range(HISTORY)
    ]


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_a_steady_figure_is_expected_to_stay(level: int) -> None:
    """Days that are all alike let the same expect, and such a day scores nothing."""
    usual = expected(days(week(level)), TODAY, level)
    assert abs(usual.score) < 0.01
    assert usual.low <= level + 0.01
    assert level - 0.01 <= usual.high


def test_a_weekday_is_expected_as_it_usually_is() -> None:
    """A Monday is expected as Mondays are, though all other days are far higher."""
    usual = expected(days(week(20, 100, 100, 100, 100, 100, 100)), TODAY, 20)
    assert TODAY.weekday() == 0
    assert usual.value < 40
    assert expected(days(week(20, 100, 100, 100, 100, 100, 100)), TODAY, 100).score > 5


def test_growth_is_expected_to_go_on() -> None:
    """A figure that has grown all the time is expected where its trend leads, not at its average."""
    usual = expected(days(week(50, noise=3, slope=1.0)), TODAY, 176)
    assert abs(usual.score) < 2
    assert 160 < usual.value < 200


def test_incidents_of_the_past_are_not_what_is_usual() -> None:
    """Three wild days a month ago move what is expected by next to nothing."""
    calm = week(50, noise=4)
    wild = [*calm[:90], 400, 500, 300, *calm[93:]]
    assert abs(expected(days(wild), TODAY, 50).value - expected(days(calm), TODAY, 50).value) < 1


@given(st.lists(st.integers(0, 500), min_size=HISTORY, max_size=HISTORY), st.integers(0, 500))
@settings(max_examples=30)
def test_more_scores_more(history: list[int], value: int) -> None:
    """Whatever was before, a higher value scores higher, and the range holds what is expected."""
    seen = days([float(one) for one in history])
    low, high = expected(seen, TODAY, value), expected(seen, TODAY, value + 1)
    assert low.score < high.score
    assert low.low <= low.value <= low.high


def test_shares_spread_at_least_a_quarter_of_a_percent() -> None:
    """MRR that never moves does not make its first cent unusual."""
    assert abs(expected(days([0.0] * HISTORY), TODAY, 0.005, SHARES).score) == 2
