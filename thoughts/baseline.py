"""What was to be expected of a day, from the days before it: a trend, the weekday, the day of the month.

All from medians, so that the incidents of the past do not become what is usual. Counts are looked at on the
scale of Anscombe's transform, 2 * sqrt(x + 3/8): there, what comes by chance alone spreads by 1 at any size.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from statistics import median

Days = Sequence[tuple[date, float]]

_MAD = 1.4826
_TAILS = ((0.9, 1.645), (0.97, 2.17))
"""How many deviations the middle half, and larger shares, of chance lie within."""
_WEEKDAY_PRIOR = 2
"""A weekday's own level counts for n / (n + this), n being how often it has been seen."""
_USUAL = 2.0
"""How many deviations either way a usual day lies within: what people are told as the range."""
_SAME_DAY_TIMES = 2


@dataclass(frozen=True, slots=True)
class Expected:
    """`score`: how many robust deviations the day is off. `low` and `high`: where a usual day lies."""

    value: float
    low: float
    high: float
    score: float


@dataclass(frozen=True, slots=True)
class Scale:
    """How a figure is looked at: its values to where they spread evenly, back, and the least spread there."""

    to: Callable[[float], float]
    back: Callable[[float], float]
    least: float


COUNTS = Scale(lambda x: 2 * sqrt(max(x, 0) + 3 / 8), lambda y: max(0.0, (y / 2) ** 2 - 3 / 8), 1.0)
SHARES = Scale(lambda x: x, lambda y: y, 0.0025)


def expected(history: Days, day: date, value: float, scale: Scale = COUNTS) -> Expected:
    """What `day` should have been by the days before it, of which there must be at least 28."""
    seen = [(one, scale.to(number)) for one, number in history]
    slope, level = _trend(seen, day)
    flat = [(one, number - level - slope * (one - day).days) for one, number in seen]
    weekdays = _weekdays(flat)
    left = [(one, number - weekdays[one.weekday()]) for one, number in flat]
    spread = max(scale.least, _spread([number for _, number in left]))
    centre = level + weekdays[day.weekday()] + _day_of_month(left, day, spread)
    return Expected(
        value=scale.back(centre),
        low=scale.back(centre - _USUAL * spread),
        high=scale.back(centre + _USUAL * spread),
        score=(scale.to(value) - centre) / spread,
    )


def _trend(seen: Days, day: date) -> tuple[float, float]:
    """Slope a day and level on `day`: Theil and Sen's median of slopes, over the medians of weeks."""
    weeks: dict[int, list[float]] = defaultdict(list)
    for one, number in seen:
        weeks[(day - one).days // 7].append(number)
    points = [(-7 * week - 4, median(numbers)) for week, numbers in sorted(weeks.items())]
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for i, later in enumerate(points)
        for earlier in points[i + 1 :]
    ]
    slope = median(slopes) if slopes else 0.0
    return slope, median(number - slope * at for at, number in points)


def _weekdays(flat: Days) -> list[float]:
    """How far each weekday lies off."""
    by_day: list[list[float]] = [[] for _ in range(7)]
    for one, number in flat:
        by_day[one.weekday()].append(number)
    return [median(found) * len(found) / (len(found) + _WEEKDAY_PRIOR) if found else 0.0 for found in by_day]


def _spread(numbers: Sequence[float]) -> float:
    """A robust standard deviation: by the middle half, or by nine tenths where the tails are heavier."""
    sizes = sorted(abs(number) for number in numbers)
    return max(
        _MAD * median(sizes),
        *(sizes[int(share * (len(sizes) - 1))] / normal for share, normal in _TAILS),
    )


def _day_of_month(left: Days, day: date, spread: float) -> float:
    """What a day of the month does by itself (bills on the first): the least that it did each time, if it
    did so at least twice and always the same way."""
    same = [number for one, number in left if one.day == day.day]
    if len(same) < _SAME_DAY_TIMES:
        return 0.0
    least = min(same, key=abs)
    alike = all(number * least > 0 for number in same)
    return least if alike and abs(least) > spread else 0.0
