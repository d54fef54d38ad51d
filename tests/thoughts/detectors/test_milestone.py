"""Round numbers of MRR, and days that were the best of a year."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.thoughts.surroundings import days, detected, figures, plain
from thoughts.detectors.milestone import DETECTOR, milestone_below


@given(st.integers(100_000, 10**14))
def test_a_milestone_is_the_nearest_round_number_below(amount: int) -> None:
    """A milestone is never above the amount, nor less than half of it."""
    reached = milestone_below(amount, "usd")
    assert reached <= amount < reached * 2
    assert milestone_below(reached, "usd") == reached


@pytest.mark.parametrize(
    ("amount", "currency", "reached"), [(99_999, "usd", 0), (100_000, "usd", 100_000), (1_600, "jpy", 1_500)]
)
def test_milestones_begin_at_a_thousand_of_the_currency(amount: int, currency: str, reached: int) -> None:
    """Below a thousand there is none; yen have no minor unit."""
    assert milestone_below(amount, currency) == reached


def test_the_first_day_above_a_round_number_is_told() -> None:
    """MRR that ends a day above 50,000 for the first time says so."""
    (thought,) = detected(DETECTOR, figures(daily={"mrr:usd": days([4_800_000, 4_990_000, 5_010_000])}))
    assert plain(DETECTOR.say(thought).news) == (
        "MRR passed 50000.00 usd: it was 50100.00 usd at the end of 2026-11-22."
    )


@pytest.mark.parametrize(
    "values", [[5_100_000, 4_900_000, 5_010_000], [5_010_000, 5_020_000], [5_010_000], [0, 5_010_000]]
)
def test_a_number_passed_before_is_none(values: list[float]) -> None:
    """MRR that was above it before, or of which no day before is known, passes nothing."""
    assert detected(DETECTOR, figures(daily={"mrr:usd": days(values)})) == []


def test_the_best_day_of_a_year_is_a_record() -> None:
    """More new customers than on any of at least half a year's days are told; as many are not."""
    usual = [3.0, 5.0, 2.0, 6.0] * 50
    (thought,) = detected(DETECTOR, figures(daily={"new_customers": days([*usual, 9])}))
    assert plain(DETECTOR.say(thought).news) == "2026-11-22 was a record day: 9 new customers."
    assert detected(DETECTOR, figures(daily={"new_customers": days([*usual, 6])})) == []
    assert detected(DETECTOR, figures(daily={"new_customers": days([*usual[:100], 9])})) == []


def test_a_record_of_mrr_must_move_it() -> None:
    """The largest growth of a year is told only where it is a fiftieth of MRR."""
    flat = [1_010_000 + n for n in range(200)]
    assert detected(DETECTOR, figures(daily={"mrr:usd": days([*flat, flat[-1] + 5_000])})) == []
    (thought,) = detected(DETECTOR, figures(daily={"mrr:usd": days([*flat, flat[-1] + 40_000])}))
    assert thought.kind == "record_day"
