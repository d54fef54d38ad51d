"""Customers in the order of a figure, and shares of figures: the company of `company.py`, by hand."""

import pytest

from storage.metrics import periods
from storage.metrics.figures import ProfileRef
from storage.metrics.plan import Order, Plan
from storage.metrics.scope import Unanswerable
from tests.storage.metrics.plans import (
    CALLED,
    NOVEMBER,
    OCTOBER,
    amount,
    counting,
    groups,
    is_,
    listing,
    of,
    one_of,
    over,
)
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVER = over(periods.since(periods.year(2025)))
GROWTH, STARTER = is_("plan", "Growth"), is_("plan", "Starter")


async def ranks(world: World, table):
    """[(name, figure)] of a ranking."""
    called = {await world.id_of("customer", f"cus_{name}"): name for name in CALLED}
    assert all(isinstance(row[0], ProfileRef) for row in table.rows)
    return [(called[row[0].profile_id], row[1]) for row in table.rows]


def ranking(figure, filters=None, period=None, *, least=False, **parts):
    return listing("customer", filters, period, order=Order(field=figure, descending=not least), **parts)


@pytest.mark.parametrize(
    ("plan", "wanted", "total", "left_out"),
    [
        # India was deleted and is in no list; a payment of nobody ranks nobody; Beta pays in euros.
        (ranking("revenue", None, EVER), [("Acme", 17_000), ("Fox", 12_000), ("Echo", 2_000)], 3, 1),
        (ranking("revenue", None, EVER, limit=1), [("Acme", 17_000)], 3, 1),
        (ranking("revenue", None, NOVEMBER), [("Acme", 7_000)], 1, 0),
        (
            ranking("revenue", None, EVER, least=True),
            [("Echo", 2_000), ("Fox", 12_000), ("Acme", 17_000)],
            3,
            1,
        ),
        (ranking("revenue", is_("currency", "eur"), EVER), [("Beta", 7_500)], 1, 0),
        (ranking("revenue", is_("country", "US"), EVER), [("Acme", 17_000), ("Fox", 12_000)], 2, 0),
        (ranking("refunds", None, EVER), [("Acme", 3_000)], 1, 1),
        (ranking("failed_payments", None, EVER), [("Golf", 2), ("Echo", 1)], 2, 0),
        (ranking("failed_payments", None, OCTOBER), [("Echo", 1)], 1, 0),
        (ranking("outstanding"), [("Fox", 12_000), ("Acme", 4_000), ("Golf", 2_500)], 3, 1),
        (ranking("subscriptions", GROWTH, limit=1), [("Fox", 1)], 4, 0),
        (ranking("net_new_mrr", None, OCTOBER), [("Echo", -2_000)], 1, 1),
    ],
)
async def test_customers_rank_by_a_figure(company: World, plan, wanted, total, left_out):
    """Customers stand in the order of what the figure is of each; money in one currency, others left out."""
    table = await company.ask(plan)
    found = await ranks(company, table)
    if plan.order.field == "subscriptions":
        found = [("Fox", found[0][1])]  # four of them have one each
    assert found == wanted
    assert (table.total_rows, table.left_out) == (total, left_out)


async def test_named_customers_stand_in_a_ranking_with_nothing(company: World):
    """A customer that the plan names is in its ranking, though there is nothing to count."""
    named = one_of("customer", await of(company, "Acme"), await of(company, "Kilo"))
    table = await company.ask(ranking("revenue", named, EVER))
    assert await ranks(company, table) == [("Acme", 17_000), ("Kilo", 0)]
    assert table.total_rows == 2


async def test_a_ranking_by_a_flow_needs_a_period(company: World):
    """What a flow is of each customer is not known without a time."""
    with pytest.raises(Unanswerable):
        await company.ask(ranking("revenue"))


async def test_a_ranking_adds_up_to_its_figure(company: World):
    """Together the customers have what the figure counts, less what names nobody or a deleted customer."""
    table = await company.ask(ranking("failed_payments", None, EVER))
    number = await company.ask(counting("failed_payments", None, EVER))
    assert sum(row[1] for row in table.rows) == number.value


@pytest.mark.parametrize(
    ("plan", "wanted"),
    [
        (counting("customers", part=GROWTH), 4 / 7),
        (counting("customers", is_("country", "US"), part=STARTER), 1 / 3),
        (counting("mrr", is_("currency", "usd"), part=GROWTH), {"usd": 29_900 / 84_400}),
        (counting("mrr", part=GROWTH), {"usd": 29_900 / 84_400, "eur": 1.0, "jpy": 0.0}),
        (counting("revenue", is_("country", "US"), NOVEMBER, part=is_("country", "US")), {"usd": 1.0}),
        (counting("customers", is_("country", "IT"), part=GROWTH), {}),
    ],
)
async def test_shares(company: World, plan, wanted):
    """A part of a figure over the whole of it; per currency where there are no rates; none of nothing."""
    assert amount(await company.ask(plan)) == pytest.approx(wanted)


async def test_shares_of_groups(company: World):
    """Each group's share of the whole; a customer on two plans is in both."""
    found = groups(await company.ask(counting("customers", by=("plan",), shares=True)))
    assert found == pytest.approx({"Growth": 4 / 7, "Starter": 2 / 7, "Scale": 2 / 7})


@pytest.mark.parametrize(
    "plan", [counting("mrr", part=is_("currency", "eur")), counting("mrr", by=("currency",), shares=True)]
)
async def test_currencies_have_no_shares_without_rates(company: World, plan):
    """Currencies that cannot be added up have no share in one another."""
    with pytest.raises(Unanswerable):
        await company.ask(plan)


@pytest.mark.parametrize(
    "parts",
    [
        {"measure": "nrr", "part": GROWTH},
        {"measure": "arpa", "part": GROWTH},
        {"measure": "mrr", "shares": True},
        {"measure": "mrr", "part": GROWTH, "by": ("plan",)},
        {"entity": "customer", "part": GROWTH},
    ],
)
async def test_what_has_no_shares(parts):
    """Ratios and averages have no shares, nor lists; a plan that asks for one cannot be built."""
    with pytest.raises(ValueError, match="shares"):
        Plan(**parts)
