"""Money by plan: of the subscription that is billed, as it was then."""

import pytest
import pytest_asyncio

from storage.records import Dispute, Interval, Refund
from tests.storage.metrics.company import day
from tests.storage.metrics.movers import PLANS, buys
from tests.storage.metrics.plans import OCTOBER, counting, groups
from tests.world import World, customer, invoice, payment, product

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(shared_world: World) -> World:
    """Ann pays Starter on 1 October and Growth since the 10th; Ben a year of Scale, named by its collection
    alone; Cal pays what is no bill."""
    await shared_world.sync(
        *map(product, PLANS), *map(customer, ("Ann", "Ben", "Cal")),
        buys("Ann", "Starter", 2_000, day(9, 1)),
        buys("Ben", "Scale", 120_000, day(10, 5), interval=Interval.YEAR),
        at=day(10, 6),
    )  # fmt: skip
    await shared_world.sync(
        buys("Ann", "Growth", 5_000, day(9, 1)),
        invoice(1, "Ann", total=2_000, created_at=day(10, 1)),
        payment(1, "Ann", amount=2_000, created_at=day(10, 1), invoice_id="in_1"),
        invoice(2, "Ann", total=5_000, created_at=day(10, 20)),
        payment(2, "Ann", amount=5_000, created_at=day(10, 20), invoice_id="in_2"),
        invoice(3, "Ben", total=120_000, created_at=day(10, 5), intent_id="pi_3"),
        payment(3, "Ben", amount=120_000, created_at=day(10, 5), intent_id="pi_3"),
        payment(4, "Cal", amount=700, created_at=day(10, 7)),
        Refund(id="re_1", payment_id="ch_2", status="succeeded", currency="usd", amount=1_000,
               created_at=day(10, 21)),
        Dispute(id="dp_1", payment_id="ch_3", status="won", currency="usd", amount=120_000,
                created_at=day(10, 25)),
        at=day(10, 10),
    )  # fmt: skip
    return shared_world


def usd(cents):
    return {"usd": cents}


@pytest.mark.parametrize(
    ("measure", "by", "wanted"),
    [
        (
            "revenue",
            "plan",
            {"Scale": usd(120_000), "Growth": usd(4_000), "Starter": usd(2_000), None: usd(700)},
        ),
        ("revenue", "interval", {"year": usd(120_000), "month": usd(6_000), None: usd(700)}),
        ("refunds", "plan", {"Growth": usd(1_000)}),
        ("payments", "plan", {"Scale": 1, "Growth": 1, "Starter": 1, None: 1}),
        ("disputes", "plan", {"Scale": 1}),
        ("invoiced", "plan", {"Scale": usd(120_000), "Growth": usd(5_000), "Starter": usd(2_000)}),
        ("invoices", "interval", {"year": 1, "month": 2}),
    ],
)
async def test_money_by_plan(world: World, measure, by, wanted):
    """A bill is of the plan that its subscription had; what pays no bill is of none. Groups add up."""
    assert groups(await world.ask(counting(measure, None, OCTOBER, by=(by,)))) == wanted
