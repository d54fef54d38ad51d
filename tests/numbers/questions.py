"""What is asked of an invented company: plans, each with what the second opinion says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from storage.metrics.plan import And, Condition, Grain, Period, Plan
from tests.numbers import rates
from tests.numbers.oracle import Worth
from tests.numbers.oracle_figures import Company
from tests.numbers.worlds import NOW as SEEN

__all__ = ["NOW", "SEEN", "questions"]

NOW = SEEN + 3600
"""The company was read an hour ago."""

Asked = tuple[Plan, Any]


def between(start: int, end: int) -> Period:
    return Period(
        start=datetime.fromtimestamp(start, UTC), end=datetime.fromtimestamp(end, UTC), label="then"
    )


def months(zone: ZoneInfo, count: int) -> list[tuple[int, int]]:
    """The last full months and the one that runs, oldest first."""
    firsts = [_first_of_month(2026, 12 - back, zone) for back in range(count + 1)][::-1]
    return list(pairwise(firsts))


def _first_of_month(year: int, month: int, zone: ZoneInfo) -> int:
    more, number = divmod(month - 1, 12)
    return int(datetime(year + more, number + 1, 1, tzinfo=zone).timestamp())


def questions(company: Company, seed: int) -> Iterator[Asked]:
    """Some of all that can be asked, other moments and periods in every world."""
    rng = Random(seed)
    run = months(company.zone, 24)
    moments = [(None, NOW)] + [
        (between(at, at), at - 1) for at in (rng.randint(SEEN - 800 * 86_400, SEEN) for _ in range(2))
    ]
    moments += [(between(*run[-2]), run[-2][1] - 1), (between(*run[-1]), NOW)]
    for period, at in moments:
        yield from _stocks(company, period, at)
        yield from _cuts(company, period, at)
        yield from _filtered(company, period, at, rng)
        yield from rates.by_product(company, period, at)
    start = rng.randint(SEEN - 700 * 86_400, SEEN - 40 * 86_400)
    spans = [
        run[-1],
        run[-2],
        rng.choice(run),
        (run[0][0], run[11][1]),
        (start, start + 30 * 86_400),
        (NOW - 30 * 86_400, NOW),
    ]
    for span in spans:
        period, until = between(*span), min(span[1], NOW)
        yield from _flows(company, period, *span)
        yield from rates.movements(company, period, span[0], until)
        yield from rates.money(company, period, span[0], until)
        yield from rates.rates(company, period, *span)
    yield from _series(company, run)
    yield Plan(measure="outstanding"), company.outstanding()
    yield Plan(measure="overdue"), company.overdue()


def _stocks(company: Company, period: Period | None, at: int) -> Iterator[Asked]:
    mrr = company.mrr(at)
    yield Plan(measure="mrr", period=period), mrr
    yield Plan(measure="arr", period=period), {code: 12 * amount for code, amount in mrr.items()}
    yield Plan(measure="arpa", period=period), company.arpa(at)
    yield Plan(measure="customers", period=period), company.customers(at)
    yield Plan(measure="trialing_customers", period=period), company.trialing(at)


def _cuts(company: Company, period: Period | None, at: int) -> Iterator[Asked]:
    for name, by in (
        ("plan", lambda who, worth: company.names[worth.plan]),
        ("interval", lambda who, worth: worth.interval),
        ("country", lambda who, worth: company.country.get(who)),
        ("currency", lambda who, worth: worth.currency),
    ):
        yield Plan(measure="mrr", by=(name,), period=period), company.cut(at, by)


def _filtered(company: Company, period: Period | None, at: int, rng: Random) -> Iterator[Asked]:
    plan, interval = rng.choice(("Starter", "Growth", "Scale")), rng.choice(("month", "year", "quarter"))
    country, code = rng.choice(("US", "DE")), rng.choice(("usd", "eur", "jpy"))

    def on_plan(who: str, worth: Worth) -> bool:
        return company.names[worth.plan] == plan

    def both(who: str, worth: Worth) -> bool:
        return on_plan(who, worth) and worth.interval == interval

    def there(who: str, worth: Worth) -> bool:
        return company.country.get(who) == country

    def billed_in(who: str, worth: Worth) -> bool:
        return worth.currency == code

    is_plan, is_there = Condition(field="plan", value=plan), Condition(field="country", value=country)
    as_both = And(terms=(is_plan, Condition(field="interval", value=interval)))
    for term, keep in (
        (is_plan, on_plan),
        (as_both, both),
        (is_there, there),
        (Condition(field="currency", value=code), billed_in),
    ):
        yield Plan(measure="mrr", filters=term, period=period), company.mrr(at, keep)
        yield Plan(measure="customers", filters=term, period=period), company.customers(at, keep)


def _flows(company: Company, period: Period, start: int, end: int) -> Iterator[Asked]:
    until = min(end, NOW)
    for name, wanted in (
        ("revenue", company.revenue(start, until)),
        ("refunds", company.refunds(start, until)),
        ("failed_payments", company.failed(start, until)),
        ("new_customers", company.new_customers(start, until)),
        ("churned_customers", company.lost_customers(start, until)),
        ("signups", company.signups(start, until)),
    ):
        yield Plan(measure=name, period=period), wanted


def _series(company: Company, run: list[tuple[int, int]]) -> Iterator[Asked]:
    """Month by month over two years, in one statement each."""
    whole = between(run[0][0], run[-1][1])
    ends = [company.last(end) for _, end in run]
    yield Plan(measure="mrr", period=whole, grain=Grain.MONTH), [company.mrr(at) for at in ends]
    yield Plan(measure="customers", period=whole, grain=Grain.MONTH), [company.customers(at) for at in ends]
    revenue = [company.revenue(start, min(end, NOW)) for start, end in run]
    yield Plan(measure="revenue", period=whole, grain=Grain.MONTH), revenue
