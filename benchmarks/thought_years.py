"""Generated years of a company's daily figures, with incidents planted: what the unusual day is judged on.

Sign-ups and tickets follow the week and grow; bills, and with them failed payments, come on the first; summer
and Christmas are quiet. Counts spread more than chance alone would (negative binomial). Everything follows
from the seed.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

FIGURES = ("signups", "churned_customers", "failed_payments", "conversations", "mrr:usd")
FIRST = date(2024, 1, 1)
_OFFICE = (1.1, 1.2, 1.15, 1.1, 0.95, 0.35, 0.35)
_WEEK = {
    "signups": (1.1, 1.15, 1.1, 1.05, 0.95, 0.6, 0.65),
    "churned_customers": (1.0,) * 7,
    "failed_payments": (1.0,) * 7,
    "conversations": _OFFICE,
}
_QUIET = {"signups": 0.55, "conversations": 0.5}
"""What is left of a figure between Christmas and New Year."""


@dataclass(frozen=True, slots=True)
class Incident:
    """What was planted: in which figure, on which days, which way."""

    name: str
    figure: str
    first: date
    last: date

    def holds(self, figure: str, day: date, slack: int = 0) -> bool:
        return figure == self.figure and self.first <= day <= self.last + timedelta(days=slack)


@dataclass(slots=True)
class Company:
    """Days of every figure, the incidents in them, and the days that a source was not synced."""

    days: dict[str, list[tuple[date, int]]]
    incidents: list[Incident]
    outages: list[Incident] = field(default_factory=list)


def companies(count: int, years: int, seed: int) -> Iterator[Company]:
    """Companies of all sizes, from a few sign-ups a week to thousands a day."""
    for number in range(count):
        draw = random.Random(f"{seed}:{number}")
        yield _company(draw, size=math.exp(draw.uniform(math.log(0.3), math.log(300))), days=365 * years)


def _company(draw: random.Random, size: float, days: int) -> Company:
    growth = draw.uniform(-0.1, 0.9)
    incidents = list(_incidents(draw, days))
    company = Company({}, incidents)
    rates = {
        "signups": size,
        "churned_customers": size * draw.uniform(0.2, 0.5),
        "failed_payments": size * draw.uniform(0.3, 1.0),
        "conversations": size * draw.uniform(0.5, 2.0),
    }
    for figure, rate in rates.items():
        spread = draw.uniform(0.0, 0.12)
        company.days[figure] = [
            (day, _negative_binomial(draw, _mean(figure, rate, growth, day, number, incidents), spread))
            for number in range(days)
            for day in (FIRST + timedelta(days=number),)
        ]
    company.days["mrr:usd"] = _mrr(draw, size, growth, days, incidents)
    for _ in range(days // 120):
        first = FIRST + timedelta(days=draw.randrange(140, days - 5))
        company.outages.append(
            Incident("outage", "conversations", first, first + timedelta(days=draw.randrange(3)))
        )
    return company


def _mean(
    figure: str, rate: float, growth: float, day: date, number: int, incidents: list[Incident]
) -> float:
    mean = rate * (1 + growth) ** (number / 365) * _WEEK[figure][day.weekday()]
    if (day.month, day.day) >= (12, 23) or (day.month, day.day) <= (1, 2):
        mean *= _QUIET.get(figure, 1.0)
    if figure == "failed_payments" and day.day <= 3:
        mean *= (4.0, 1.8, 1.3)[day.day - 1]
    for incident in incidents:
        if incident.holds(figure, day):
            mean = mean * _TIMES[incident.name] + _PLUS[incident.name]
    return mean


_TIMES = {
    "failed-payment wave": 4.0,
    "churn spike": 3.5,
    "ticket storm": 3.5,
    "sign-ups stop": 0.05,
    "sign-up rush": 3.0,
    "mrr drop": 1.0,
}
_PLUS = {
    "failed-payment wave": 6,
    "churn spike": 6,
    "ticket storm": 6,
    "sign-ups stop": 0,
    "sign-up rush": 5,
    "mrr drop": 0,
}
_FIGURE = {
    "failed-payment wave": "failed_payments",
    "churn spike": "churned_customers",
    "ticket storm": "conversations",
    "sign-ups stop": "signups",
    "sign-up rush": "signups",
    "mrr drop": "mrr:usd",
}


def _incidents(draw: random.Random, days: int) -> Iterator[Incident]:
    """Of each sort two a year, none in the first five months, each of one to four days."""
    for name, figure in _FIGURE.items():
        for year in range(days // 365):
            for half in range(2):
                low = max(150, year * 365 + half * 182)
                first = FIRST + timedelta(
                    days=draw.randrange(low, max(low + 1, year * 365 + half * 182 + 170))
                )
                length = 1 if figure == "mrr:usd" else draw.choice((1, 1, 2, 3, 4))
                yield Incident(name, figure, first, first + timedelta(days=length - 1))


def _mrr(
    draw: random.Random, size: float, growth: float, days: int, incidents: list[Incident]
) -> list[tuple[date, int]]:
    """MRR in minor units: customers come and go with plans of very different size."""
    customers = max(30.0, 100 * size)
    mrr = customers * 8_000.0
    found = []
    for number in range(days):
        day = FIRST + timedelta(days=number)
        moves = _poisson(draw, customers * 0.004 * _WEEK["signups"][day.weekday()])
        mrr += mrr * growth / 365
        mrr += sum(
            8_000 * draw.lognormvariate(-0.5, 1.0) * draw.choice((1, 1, -1)) for _ in range(min(moves, 400))
        )
        if any(incident.holds("mrr:usd", day) for incident in incidents):
            mrr *= 0.95
        found.append((day, round(mrr)))
    return found


def _negative_binomial(draw: random.Random, mean: float, spread: float) -> int:
    """A count whose variance is mean + spread * mean squared."""
    if mean <= 0:
        return 0
    rate = draw.gammavariate(1 / spread, mean * spread) if spread > 0 else mean
    return _poisson(draw, rate)


def _poisson(draw: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(draw.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), draw.random(), 0
    while product > limit:
        product *= draw.random()
        count += 1
    return count
