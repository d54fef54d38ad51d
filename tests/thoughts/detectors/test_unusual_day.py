"""Days unlike what was to be expected."""

import random
from datetime import timedelta

import pytest

from tests.thoughts.surroundings import TODAY, days, detected, figures, plain
from thoughts.base import Stage
from thoughts.detectors.unusual_day import DETECTOR

WEEK = (40, 42, 41, 39, 35, 12, 10)


def usual(count: int = 126, seed: int = 3) -> list[float]:
    """Sign-ups of weekdays and weekends, as chance spreads them, of days up to the day before yesterday."""
    draw = random.Random(seed)
    first = TODAY - timedelta(days=count + 1)
    means = [WEEK[(first + timedelta(days=n)).weekday()] for n in range(count)]
    return [float(max(0, round(draw.gauss(mean, mean**0.5)))) for mean in means]


def test_a_usual_sunday_is_no_news() -> None:
    """A Sunday with as few sign-ups as Sundays have is no drop."""
    assert detected(DETECTOR, figures(daily={"signups": days([*usual(), 9])})) == []


@pytest.mark.parametrize(("value", "way"), [(60, "up"), (0, "down")])
def test_an_unusual_day_says_what_was_expected(value: int, way: str) -> None:
    """A Sunday far from what Sundays bring is told, with the range of a usual one."""
    (thought,) = detected(DETECTOR, figures(daily={"signups": days([*usual(), value])}))
    assert thought.matter == f"unusual:signups:{way}:2026-11-22"
    low, high = (thought.facts[name].value for name in ("low", "high"))
    assert low < WEEK[6] < high < 30
    assert plain(DETECTOR.say(thought).news) == f"{value} sign-ups on 2026-11-22."


def test_a_run_is_one_matter_and_says_since_when() -> None:
    """The third unusual day in a row belongs to the matter of the first, and is the same thought all week."""
    daily = [*usual(124), 120, 110, 90]
    (thought,) = detected(DETECTOR, figures(daily={"signups": days(daily)}))
    assert (thought.matter, thought.occurrence) == ("unusual:signups:up:2026-11-20", "week:0")
    assert thought.stage is Stage.CONTINUES
    assert plain(DETECTOR.say(thought).why).endswith("; so since 2026-11-20.")


def test_bills_of_the_first_are_no_wave() -> None:
    """Failed payments that come in number on every first of the month are usual then, and a wave later."""
    first = TODAY.replace(day=1)
    for last, told in ((first, 0), (first + timedelta(days=4), 1)):
        before = [last - timedelta(days=number) for number in range(126, 0, -1)]
        values = [30.0 if day.day == 1 else 4.0 for day in before]
        daily = {"failed_payments": days([*values, 30], last)}
        assert len(detected(DETECTOR, figures(daily=daily))) == told


def test_a_rise_of_failures_is_critical_and_a_rise_of_sign_ups_is_not() -> None:
    """Very many failed payments pass any budget; very many sign-ups do not."""
    waves = {name: days([*[5.0, 4.0, 6.0] * 42, 60]) for name in ("failed_payments", "signups")}
    critical = {t.matter.split(":")[1]: t.critical for t in detected(DETECTOR, figures(daily=waves))}
    assert critical == {"failed_payments": True, "signups": False}


def test_mrr_is_judged_by_how_far_it_moves() -> None:
    """A drop of 4% where days move MRR by a tenth of that is told with both, in money and share."""
    levels = [1_000_000.0 + (n % 3) * 900 for n in range(126)]
    (thought,) = detected(DETECTOR, figures(daily={"mrr:usd": days([*levels, 960_000])}))
    assert plain(DETECTOR.say(thought).news) == "MRR moved by -418.00 usd on 2026-11-22 (-4.2%)."


def test_mrr_in_a_currency_that_few_pay_in_is_not_watched() -> None:
    """Where a currency is less than a fifth of all MRR, each of its customers would make a day unusual."""
    levels = [100_000.0 + (n % 3) * 90 for n in range(126)]
    assert detected(DETECTOR, figures(daily={"mrr:usd": days([*levels, 80_000])})) == []


def test_too_short_a_past_tells_nothing() -> None:
    """With less than a third of the days that are looked back, nothing is judged."""
    assert detected(DETECTOR, figures(daily={"signups": days([10.0] * 41 + [500])})) == []
