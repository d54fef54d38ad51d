"""How PostgreSQL looks things up among many customers: by an index, where a question names one or a time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import md5
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event

from storage.metrics import periods
from storage.metrics.grains import Grain
from storage.metrics.plan import Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking
from tests.storage.metrics.crowd import gather
from tests.storage.metrics.plans import MONTHLY, both, counting, during, is_, listing, one_of, over
from tests.world import NOW, World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_postgres]

CUSTOMERS = 20_000
SOMEONE = md5(b"customer-77", usedforsecurity=False).hexdigest()
FRIDAY = over(periods.on(date(2026, 11, 20)))
NEXT_DAYS = over(periods.upcoming(3, Grain.DAY))
SMALL = {"product", "source", "stage", "customer_day", "mrr_day"}
COUNTING = one_of("status", "active", "past_due")


@pytest.fixture(scope="module")
def shared_url(shared_postgres_url: str) -> str:
    return shared_postgres_url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowd(shared_world: World) -> World:
    await gather(shared_world.db.engine, shared_world.account_id, CUSTOMERS)
    return shared_world


@contextmanager
def statements(world: World) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database meanwhile."""
    sent: list[tuple[str, Any]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        sent.append((statement, parameters))

    event.listen(world.db.engine.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(world.db.engine.sync_engine, "before_cursor_execute", note)


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    """The tables that a plan reads from end to end."""
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for below in node.get("Plans", ()):
        yield from _scanned(below)


async def scanned(world: World, plan: Plan) -> set[str]:
    asking = Asking(world.account_id, "usd", "UTC", NOW)
    async with world.db.tenant(world.account_id, read_only=True) as session:
        with statements(world) as sent:
            await run(session, plan, asking)
        connection = await session.connection()
        tables: set[str] = set()
        for statement, parameters in sent:
            explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            found = explained.scalar_one()
            tables.update(_scanned((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))
    return tables - SMALL


@pytest.mark.parametrize(
    "plan",
    [
        Plan(customer=SOMEONE),
        *(
            counting(measure, None, period, customer=SOMEONE)
            for measure, period in {
                "mrr": None,
                "arpa": None,
                "customers": None,
                "trialing_customers": None,
                "new_customers": FRIDAY,
                "churned_customers": FRIDAY,
                "signups": FRIDAY,
                "revenue": FRIDAY,
                "refunds": FRIDAY,
                "failed_payments": FRIDAY,
                "outstanding": None,
                "overdue": None,
                "overdue_customers": None,
                "net_new_mrr": FRIDAY,
                "customer_churn_rate": FRIDAY,
                "nrr": FRIDAY,
                "subscriptions": None,
                "trial_conversion_rate": FRIDAY,
                "disputes": FRIDAY,
                "payment_recovery_rate": FRIDAY,
                "invoiced": FRIDAY,
            }.items()
        ),
        counting("mrr", customer=SOMEONE, **MONTHLY),
        counting("mrr", is_("plan", "Plan 1"), customer=SOMEONE, by=("interval",)),
        *(
            listing(entity, customer=SOMEONE, limit=10)
            for entity in ("customer", "subscription", "invoice", "payment")
        ),
    ],
)
async def test_a_question_that_names_a_customer_reads_no_whole_table(crowd: World, plan: Plan):
    """Figures, lists and the profile of one customer are looked up."""
    assert await scanned(crowd, plan) == set()


@pytest.mark.parametrize(
    "plan",
    [
        *(
            counting(measure, filters, FRIDAY)
            for measure in ("new_customers", "churned_customers", "signups", "revenue", "refunds")
            for filters in (None, is_("currency", "usd"))
            if (measure, filters) != ("signups", is_("currency", "usd"))
        ),
        counting("failed_payments", None, FRIDAY, by=("country",)),
        counting("new_customers", is_("plan", "Plan 1"), FRIDAY, by=("plan",)),
        counting("churned_customers", is_("plan", "Plan 1"), FRIDAY),
        counting("revenue", None, over(periods.last(4, Grain.DAY)), grain=Grain.DAY),
        counting("expansion_mrr", None, FRIDAY),
        counting("net_new_mrr", None, FRIDAY, by=("movement_type",)),
        counting("net_new_mrr", is_("plan", "Plan 1"), FRIDAY, by=("plan",)),
        counting("payment_recovery_rate", None, FRIDAY),
        counting("disputed_amount", None, FRIDAY, by=("country",)),
        counting("invoiced", None, FRIDAY, by=("status",)),
        counting("failing_customers"),
        listing("movement", is_("movement_type", "churn"), FRIDAY, limit=10),
        listing("customer", during("churned", FRIDAY), limit=10),
        listing("customer", during("customer_since", FRIDAY), FRIDAY, limit=10),
        listing("customer", during("signed_up", FRIDAY), limit=10),
        listing("subscription", both(is_("status", "trialing"), during("trial_ends", NEXT_DAYS)), limit=10),
        listing("subscription", both(COUNTING, during("renews", NEXT_DAYS)), limit=10),
        listing("invoice", None, FRIDAY, limit=10),
        listing("invoice", both(is_("status", "open"), during("due", NEXT_DAYS)), limit=10),
        listing("payment", is_("status", "failed"), FRIDAY, limit=10),
    ],
)
async def test_a_question_that_names_a_period_reads_no_whole_table(crowd: World, plan: Plan):
    """Figures and lists of a few days are looked up by their time."""
    assert await scanned(crowd, plan) == set()
