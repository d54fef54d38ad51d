"""The figures of the example account, from its Stripe objects through the pure core alone."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest

from storage.metrics.history import Span
from storage.metrics.movements import Movement, MovementType, movements, mrr_at
from tests.numbers.world import QUESTIONS, World

pytestmark = pytest.mark.skipif(
    not QUESTIONS.is_dir(), reason="the example account (../shared/questions) is not beside this checkout"
)

OCTOBER, NOVEMBER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
JUST_BEFORE = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture(scope="module")
def moved(world: World) -> dict[str, list[Movement]]:
    """By profile."""
    return {profile: movements(spans, UTC, until=world.now) for profile, spans in world.spans.items()}


def totals(world: World, at: datetime, wanted: Callable[[Span], bool] = lambda span: True) -> dict[str, int]:
    return +mrr_at((span for spans in world.spans.values() for span in spans if wanted(span)), at)


def paying(world: World, at: datetime) -> dict[str, Counter[str]]:
    found = {profile: mrr_at(spans, at) for profile, spans in world.spans.items()}
    return {profile: mrr for profile, mrr in found.items() if mrr}


def summed(
    moved: dict[str, list[Movement]], start: datetime, end: datetime, *types: MovementType
) -> dict[str, int]:
    total: Counter[str] = Counter()
    for movement in (movement for of_one in moved.values() for movement in of_one):
        if start <= movement.at < end and (not types or movement.type in types):
            total[movement.currency] += movement.amount
    return total


def new_customers(moved: dict[str, list[Movement]], start: datetime, end: datetime) -> int:
    return sum(bool(of_one) and start <= of_one[0].at < end for of_one in moved.values())


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("d001", lambda world, span: True),
        ("d004", lambda world, span: span.currency == "usd"),
        ("d005", lambda world, span: span.interval == "year"),
        ("d008", lambda world, span: world.products[span.product_id] == "Scale"),
        ("d009", lambda world, span: world.products[span.product_id] == "Starter"),
        (
            "d010",
            lambda world, span: world.products[span.product_id] == "Starter" and span.interval == "month",
        ),
    ],
)
def test_mrr_now(world: World, question: str, wanted: Callable[[World, Span], bool]) -> None:
    """MRR now, whole and cut by currency, interval and plan, is what the answers say."""
    assert totals(world, world.now, lambda span: wanted(world, span)) == world.answers[question]["values"]


def test_arr(world: World) -> None:
    """ARR is twelve times MRR."""
    arr = {currency: 12 * mrr for currency, mrr in totals(world, world.now).items()}
    assert arr == world.answers["d002"]["values"]


def test_mrr_at_past_month_ends(world: World) -> None:
    """MRR at the end of each month of the year is rebuilt from invoices, dates and failed attempts."""
    for month, values in world.answers["d040"]["points"]:
        first = datetime.fromisoformat(f"{month}-01T00:00:00+00:00")
        after = (first + timedelta(days=31)).replace(day=1)
        assert totals(world, min(after - JUST_BEFORE, world.now)) == values, month


def test_mrr_by_plan(world: World) -> None:
    """Each subscription belongs, whole, to the plan of its main item: extra seats are no plan."""
    plans = {world.products[span.product_id] for spans in world.spans.values() for span in spans if span.mrr}
    by_plan = {
        plan: totals(world, world.now, lambda span, plan=plan: world.products[span.product_id] == plan)
        for plan in plans
    }
    expected = world.answers["d038"]["of"][0]["groups"]
    assert {plan: values for plan, values in by_plan.items() if values} == expected


def test_paying_customers(world: World) -> None:
    """Customers are profiles with MRR above 0; ARPA divides by those of the currency."""
    now = paying(world, world.now)
    dollars = [mrr["usd"] for mrr in now.values() if mrr["usd"]]
    assert len(now) == world.answers["d017"]["value"]
    assert len(dollars) == world.answers["d036"]["total_rows"]
    assert round(Fraction(sum(dollars), len(dollars))) == world.answers["d007"]["values"]["usd"]


def test_customers_on_a_plan(world: World) -> None:
    """A customer is on a plan with a subscription of it that pays now."""
    growth = {
        profile
        for profile, spans in world.spans.items()
        for span in spans
        if mrr_at([span], world.now) and world.products[span.product_id] == "Growth"
    }
    assert len(growth) == world.answers["d018"]["value"]


def test_movements_of_october(world: World, moved: dict[str, list[Movement]]) -> None:
    """Expansion and net new MRR of a month are what the answers say."""
    expansion = summed(moved, OCTOBER, NOVEMBER, MovementType.EXPANSION)
    assert expansion == world.answers["d011"]["values"]
    assert summed(moved, OCTOBER, NOVEMBER)["usd"] == world.answers["d013"]["values"]["usd"]


def test_new_mrr_of_the_quarter(world: World, moved: dict[str, list[Movement]]) -> None:
    """New MRR of the running quarter is what the answers say."""
    assert summed(moved, OCTOBER, world.now, MovementType.NEW) == world.answers["d012"]["values"]


def test_new_customers(world: World, moved: dict[str, list[Movement]]) -> None:
    """A profile is new in the month of its first movement."""
    months = [datetime(2026, month, 1, tzinfo=UTC) for month in range(5, 12)]
    points = [[f"{start:%Y-%m}", new_customers(moved, start, end)] for start, end in pairwise(months)]
    assert points == world.answers["d041"]["points"]
    assert new_customers(moved, months[3], NOVEMBER) == world.answers["d019"]["value"]


def test_churn_of_october(world: World, moved: dict[str, list[Movement]]) -> None:
    """Customers lost are those with a churn in the month that do not pay at its end; the rate follows the
    cohort that paid at its start."""
    before, after = paying(world, OCTOBER - JUST_BEFORE), paying(world, NOVEMBER - JUST_BEFORE)
    lost = {
        profile
        for profile, of_one in moved.items()
        for movement in of_one
        if movement.type is MovementType.CHURN and OCTOBER <= movement.at < NOVEMBER and profile not in after
    }
    names = sorted(world.customers[profile]["name"] for profile in lost)
    assert len(lost) == world.answers["d014"]["value"]
    assert names == sorted(row["customer"][0] for row in world.answers["d035"]["rows"])
    rate = len(before.keys() - after.keys()) / len(before)
    assert rate == pytest.approx(world.answers["d015"]["value"], abs=1e-9)


def test_net_revenue_retention(world: World) -> None:
    """NRR is what the start's cohort pays at the end, over what it paid at the start."""
    start = paying(world, datetime(2026, 7, 1, tzinfo=UTC) - JUST_BEFORE)
    end = paying(world, OCTOBER - JUST_BEFORE)
    cohort = [profile for profile, mrr in start.items() if mrr["usd"]]
    kept = sum(end[profile]["usd"] for profile in cohort if profile in end)
    nrr = kept / sum(start[profile]["usd"] for profile in cohort)
    assert nrr == pytest.approx(world.answers["d016"]["values"]["usd"], abs=1e-9)


def test_trialing_customers(world: World) -> None:
    """Customers on trial have an open trial and no subscription that counts."""

    def holds(span: Span) -> bool:
        return span.starts_at <= world.now and (span.ends_at is None or world.now < span.ends_at)

    now = {profile: [span for span in spans if holds(span)] for profile, spans in world.spans.items()}
    trialing = [p for p, spans in now.items() if spans and all(span.trial for span in spans)]
    assert len(trialing) == world.answers["d021"]["value"]


def test_trial_conversion(world: World) -> None:
    """A trial that ended in October converted if its subscription counted at the end of that day."""
    ended = converted = 0
    for spans in world.spans.values():
        for trial in spans:
            if trial.trial and trial.ends_at is not None and OCTOBER <= trial.ends_at < NOVEMBER:
                evening = trial.ends_at.replace(hour=23, minute=59, second=59)
                ended += 1
                converted += any(
                    not span.trial
                    and span.subscription_id == trial.subscription_id
                    and span.starts_at <= evening
                    and (span.ends_at is None or evening < span.ends_at)
                    for span in spans
                )
    assert converted / ended == pytest.approx(world.answers["d022"]["value"])


def test_mrr_is_the_sum_of_its_movements(world: World, moved: dict[str, list[Movement]]) -> None:
    """At the end of every day, MRR is the sum of all movements until then."""
    for days in range(0, 700, 7):
        at = NOVEMBER - timedelta(days=days)
        before = [movement for of_one in moved.values() for movement in of_one if movement.at < at]
        total: Counter[str] = Counter()
        for movement in before:
            total[movement.currency] += movement.amount
        assert +total == totals(world, at - JUST_BEFORE)
