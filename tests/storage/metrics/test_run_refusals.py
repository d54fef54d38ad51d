"""What the cache cannot say, in the sentences that people read."""

import pytest

from storage.metrics import periods
from storage.metrics.grains import Grain
from storage.metrics.plan import And, Compare, Condition, Op, Or, Order
from storage.metrics.scope import Unanswerable
from tests.storage.metrics.plans import (
    AUGUST_TO_NOW,
    OCTOBER,
    both,
    counting,
    during,
    is_,
    listing,
    more,
    no,
    one_of,
    over,
)
from tests.world import NOW, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEXT_MONTH = over(periods.unit(Grain.MONTH, 1))
CENTURY = over(periods.between("1950-01-01", "2026-11-01"))


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (counting("revenue"), "Say a period for revenue, such as last month."),
        (counting("new_customers"), "Say a period for new customers, such as last month."),
        (counting("outstanding", None, OCTOBER), "Outstanding is known for now only; ask without a period."),
        (counting("overdue", None, OCTOBER), "Overdue is known for now only; ask without a period."),
        (
            counting("mrr", None, NEXT_MONTH),
            "MRR of the future cannot be known; ask about a time that has begun.",
        ),
        (
            counting("revenue", None, NEXT_MONTH),
            "Revenue of the future cannot be known; ask about a time that has begun.",
        ),
        (
            listing("payment", None, NEXT_MONTH),
            "Payments of the future cannot be known; ask about a time that has begun.",
        ),
        (
            counting("mrr", compare=Compare.PREVIOUS_PERIOD),
            "Say which period to compare MRR with, such as last month.",
        ),
        (
            counting("outstanding", compare=Compare.PREVIOUS_PERIOD, compare_period=OCTOBER),
            "Outstanding is known for now only; ask without a period.",
        ),
        (
            counting("mrr", None, OCTOBER, by=("plan",), compare=Compare.PREVIOUS_PERIOD),
            "I can compare single figures, not charts or groups.",
        ),
        (
            counting("mrr", None, OCTOBER, grain=Grain.WEEK, compare=Compare.PREVIOUS_PERIOD),
            "I can compare single figures, not charts or groups.",
        ),
        (
            counting("mrr", None, OCTOBER, grain=Grain.WEEK, by=("plan",)),
            "I can split MRR by time or by group, one at a time.",
        ),
        (counting("mrr", grain=Grain.MONTH), "Say over which time to show MRR, such as this year."),
        (
            counting("mrr", None, CENTURY, grain=Grain.DAY),
            "I cannot look there: that is too long a time to show by day.",
        ),
        (
            counting("customers", is_("failing", True), OCTOBER),
            "Whose latest payment failed is known for now only; ask without a period.",
        ),
        (
            counting("mrr", no(is_("overdue", True)), AUGUST_TO_NOW, grain=Grain.MONTH),
            "Who is overdue is known for now only; ask without a period.",
        ),
        (
            listing("customer", both(one_of("status", "active", "past_due"), is_("country", "US")), OCTOBER),
            "Which subscriptions are past due, unpaid or paused is known for now only; ask without a period.",
        ),
        (
            listing("subscription", is_("status", "unpaid"), OCTOBER),
            "Which subscriptions are past due, unpaid or paused is known for now only; ask without a period.",
        ),
        (
            listing("subscription", during("trial_ends", OCTOBER)),
            "Only trials and renewals that are still to come are known.",
        ),
        (counting("signups", more("amount", 1), OCTOBER), "Sign-ups cannot be narrowed down by amount."),
        (
            counting("mrr", is_("failure", "card_declined")),
            "MRR cannot be narrowed down by reason of failure.",
        ),
        (listing("customer", more("remaining", 1)), "Customers cannot be narrowed down by amount remaining."),
        (
            listing("customer", order=Order(field="due")),
            "Customers cannot be sorted by due; by MRR, customer since, signed up or country they can.",
        ),
        (
            listing("payment", order=Order(field="mrr")),
            "Payments cannot be sorted by MRR; by created or amount they can.",
        ),
    ],
)
async def test_sentences(shared_world: World, plan, said):
    """Each is one sentence that says what to ask instead."""
    with pytest.raises(Unanswerable) as refused:
        await shared_world.ask(plan)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "plan",
    [
        counting("outstanding", None, over(periods.unit(Grain.MONTH))),
        counting("customers", is_("failing", True), over(periods.unit(Grain.MONTH))),
        counting("customers", is_("failing", True), over(periods.NOW)),
        counting("revenue", is_("failing", True), OCTOBER),
        counting("customers", is_("status", "active"), OCTOBER),
        listing("customer", both(during("churned", OCTOBER), is_("failing", True)), OCTOBER),
        listing("invoice", is_("overdue", True), OCTOBER),
        listing("payment", is_("status", "failed"), OCTOBER),
    ],
)
async def test_what_is_known_then_is_answered(shared_world: World, plan):
    """Not every question of a time and a state is turned down: these are about now, or about what stays."""
    await shared_world.ask(plan)


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("mrr", Op.IS, "much"),
        ("mrr", Op.IS, True),
        ("mrr", Op.IS, float("nan")),
        ("mrr", Op.IS, (1, 2)),
        ("mrr", Op.WITHIN, (1, 2, 3)),
        ("mrr", Op.OVER, (1, 2)),
        ("country", Op.IS, 5),
        ("country", Op.IS, "D\0E"),
        ("country", Op.OVER, "DE"),
        ("country", Op.IN, ()),
        ("country", Op.IN, "DE"),
        ("country", Op.WITHIN, ("A", "B")),
        ("failing", Op.IS, "yes"),
        ("churned", Op.OVER, "soon"),
        ("churned", Op.OVER, NOW.replace(tzinfo=None)),
        ("colour", Op.IS, "red"),
    ],
)
async def test_conditions_that_make_no_sense_cannot_be_made(field, op, value):
    """A condition whose value does not fit its field is refused when it is written, not by the database."""
    with pytest.raises(ValueError, match="Condition"):
        Condition(field=field, op=op, value=value)


@pytest.mark.parametrize("junction", [And, Or])
async def test_a_filter_joins_something(junction):
    """Neither "and" nor "or" of nothing is a filter."""
    with pytest.raises(ValueError, match="at least 1"):
        junction(terms=())


@pytest.mark.parametrize("value", ["'; DROP TABLE profile; --", "%", "\\", "\U0001f680", "x" * 10_000])
async def test_hostile_values_are_only_values(shared_world: World, value):
    """Text of a condition is compared, and nothing else happens with it."""
    for field in ("plan", "country", "currency", "status", "source", "interval"):
        assert (await shared_world.ask(counting("customers", is_(field, value)))).value == 0
        assert (await shared_world.ask(listing("customer", is_(field, value)))).rows == ()
