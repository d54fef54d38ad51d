"""Movements, rates, trials and lifetime value of a small company, from the spans of the pure core alone."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from storage.metrics import periods
from storage.metrics.history import Span
from storage.metrics.money import round_half_even
from storage.metrics.movements import Movement, largest_span, movements, mrr_at
from storage.metrics.plan import Filter, Period, Plan
from tests.storage.metrics.plans import MONTHLY, NOVEMBER, OCTOBER, counting, over
from tests.world import NOW

JUST_BEFORE = timedelta(microseconds=1)
TYPES = {
    "new_mrr": "new",
    "expansion_mrr": "expansion",
    "contraction_mrr": "contraction",
    "churned_mrr": "churn",
    "reactivation_mrr": "reactivation",
}
COUNTED = {"upgrades": "expansion", "downgrades": "contraction", "reactivations": "reactivation"}
SHORT = "not enough history"

OfCustomers = dict[int, list[Span]]
Kept = Callable[[int, list[Span]], list[Span]]
"""The spans of a customer, by its number, that a filter keeps of those that it pays for."""


def paid(spans: Iterable[Span], at: datetime) -> list[Span]:
    return [s for s in spans if s.mrr and s.starts_at <= at and (s.ends_at is None or at < s.ends_at)]


def flows(spans: OfCustomers, filters: Filter | None, kept: Kept) -> Iterator[tuple[Plan, object]]:
    """Plans of what moved and of rates, each with what it must give."""
    for period in (OCTOBER, NOVEMBER):
        moved = [(m, s) for s in spans.values() for m in movements(s, UTC, until=NOW) if within(m.at, period)]
        yield counting("net_new_mrr", None, period), money((m.currency, m.amount) for m, _ in moved)
        for measure, kind in TYPES.items():
            of_kind = [(m.currency, abs(m.amount)) for m, _ in moved if m.type == kind]
            yield counting(measure, None, period), money(of_kind)
        for measure, kind in COUNTED.items():
            yield counting(measure, None, period), sum(m.type == kind for m, _ in moved)
        yield counting("net_new_mrr", None, period, by=("plan",)), by_plan(moved)
        yield counting("quick_ratio", None, period), quick_ratio(m for m, _ in moved)
        yield from rates(spans, period, filters, kept)
        yield from trials(spans, period)
    monthly = [over(periods.month(number)) for number in (8, 9, 10, 11)]
    yield (
        counting("customer_churn_rate", filters, **MONTHLY),
        [churn(cohort(spans, month, kept), month) for month in monthly],
    )
    yield (
        counting("nrr", filters, **MONTHLY),
        [retained(cohort(spans, month, kept), month, gross=False) for month in monthly],
    )
    yield counting("ltv"), lifetime(spans)


def within(at: datetime | None, period: Period) -> bool:
    return at is not None and period.start <= at < min(period.end, NOW)


def money(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for currency, amount in amounts:
        totals[currency] += amount
    return {currency: total for currency, total in totals.items() if total}


def by_plan(moved: list[tuple[Movement, list[Span]]]) -> dict[str | None, dict[str, int]]:
    groups = defaultdict(list)
    for movement, spans in moved:
        span = largest_span(movement, spans)
        assert span is not None
        assert span.product_id is not None
        groups[span.product_id.decode()].append((movement.currency, movement.amount))
    return {plan: money(amounts) for plan, amounts in groups.items()}


def quick_ratio(moved: Iterable[Movement]) -> dict[str, float]:
    gained, lost = Counter[str](), Counter[str]()
    for movement in moved:
        (gained if movement.amount > 0 else lost)[movement.currency] += abs(movement.amount)
    return {currency: float(Fraction(gained[currency], total)) for currency, total in lost.items()}


# --- rates -----------------------------------------------------------------------------------------------


def end_of(period: Period) -> datetime:
    return min(period.end - JUST_BEFORE, NOW)


def cohort(spans: OfCustomers, period: Period, kept: Kept) -> list[list[Span]]:
    before = period.start - JUST_BEFORE
    return [of_one for number, of_one in spans.items() if kept(number, paid(of_one, before))]


def rates(
    spans: OfCustomers, period: Period, filters: Filter | None, kept: Kept
) -> Iterator[tuple[Plan, object]]:
    there = cohort(spans, period, kept)
    lost = churn(there, period)
    yield counting("customer_churn_rate", filters, period), lost
    stayed = {} if lost == {} else sum(bool(paid(s, end_of(period))) for s in there) / len(there)
    yield counting("customer_retention_rate", filters, period), stayed
    yield counting("nrr", filters, period), retained(there, period, gross=False)
    yield counting("grr", filters, period), retained(there, period, gross=True)


def churn(there: list[list[Span]], period: Period) -> object:
    lost = sum(not paid(of_one, end_of(period)) for of_one in there)
    return float(Fraction(lost, len(there))) if there else {}


def retained(there: list[list[Span]], period: Period, *, gross: bool) -> dict[str, float]:
    was, then = Counter[str](), Counter[str]()
    for of_one in there:
        after = mrr_at(of_one, end_of(period))
        for currency, amount in mrr_at(of_one, period.start - JUST_BEFORE).items():
            was[currency] += amount
            then[currency] += min(amount, after[currency]) if gross else after[currency]
    return {currency: float(Fraction(then[currency], total)) for currency, total in was.items()}


def lifetime(spans: OfCustomers) -> object:
    months = [over(periods.month(number)) for number in (8, 9, 10)]
    losses = []
    for month in months:
        there = cohort(spans, month, lambda _, of_one: of_one)
        if there:
            losses.append(Fraction(sum(not paid(s, end_of(month)) for s in there), len(there)))
    paying = [mrr_at(of_one, NOW) for of_one in spans.values()]
    currencies = {currency for of_one in paying for currency in of_one}
    rate = sum(losses, Fraction(0)) / len(losses) if losses else Fraction(0)
    if not rate:
        return SHORT if currencies else {}
    return {
        currency: round_half_even(
            sum(of_one[currency] for of_one in paying) * rate.denominator,
            sum(currency in of_one for of_one in paying) * rate.numerator,
        )
        for currency in currencies
    }


# --- trials ----------------------------------------------------------------------------------------------


def trials(spans: OfCustomers, period: Period) -> Iterator[tuple[Plan, object]]:
    tried = [(span, of_one) for of_one in spans.values() for span in of_one if span.trial]
    ended = [(span, of_one) for span, of_one in tried if within(span.ends_at, period)]
    won = sum(converted(span, of_one) for span, of_one in ended)
    yield counting("trials_started", None, period), sum(within(span.starts_at, period) for span, _ in tried)
    yield counting("trials_ended", None, period), len(ended)
    yield counting("trials_converted", None, period), won
    rate = float(Fraction(won, len(ended))) if ended else {}
    yield counting("trial_conversion_rate", None, period), rate


def converted(trial: Span, of_one: list[Span]) -> bool:
    assert trial.ends_at is not None
    midnight = trial.ends_at.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + timedelta(days=1) - JUST_BEFORE
    return any(
        span.subscription_id == trial.subscription_id
        and not span.trial
        and span.starts_at <= at
        and (span.ends_at is None or at < span.ends_at)
        for span in of_one
    )
