"""How SQLite, which keeps no count of rows here, looks things up: by the index of what is rare."""

from pathlib import Path

import pytest
from sqlalchemy import event

from storage.metrics import periods
from storage.metrics.grains import Grain
from storage.metrics.plan import Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking
from tests.storage.metrics.plans import NOVEMBER, both, counting, during, is_, listing, over
from tests.world import NOW, World

NEXT_WEEK = during("trial_ends", over(periods.upcoming(7, Grain.DAY)))
NEXT_RENEWALS = during("renews", over(periods.upcoming(7, Grain.DAY)))


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    file = tmp_path / "chewbotta.sqlite3"
    file.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite+aiosqlite:///{file}"


async def looked_up(world: World, plan: Plan) -> str:
    """What SQLite says of the plan's statements."""
    sent = []
    engine = world.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *call: sent.append((call[2], call[3])))
    said = []
    async with world.db.tenant(world.account_id, read_only=True) as session:
        await run(session, plan, Asking(world.account_id, "usd", "UTC", NOW))
        connection = await session.connection()
        for statement, bound in [one for one in sent if "FROM" in one[0]]:
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)
            said.extend(row[3] for row in rows)
    return "\n".join(said)


@pytest.mark.parametrize(
    "plan",
    [
        counting("overdue"),
        counting("overdue", by=("age",)),
        counting("overdue_customers"),
        listing("invoice", is_("overdue", True)),
        listing("customer", is_("overdue", True)),
    ],
)
async def test_what_is_overdue_is_found_among_open_invoices(world: World, plan: Plan):
    """Open invoices are looked up, and for each the attempts to collect it, not all payments ever made."""
    said = await looked_up(world, plan)
    assert "ix_invoice_open" in said
    assert "ix_payment_failed (account_id=? AND source_id=? AND attempt_of=?)" in said
    assert "ix_payment_created" not in said


@pytest.mark.parametrize(
    ("plan", "index"),
    [
        (listing("subscription", both(is_("status", "trialing"), NEXT_WEEK)), "ix_subscription_trial"),
        (listing("customer", NEXT_WEEK), "ix_profile_trial_ends"),
        (counting("trialing_customers", NEXT_WEEK), "ix_subscription_trial"),
        (listing("customer", NEXT_RENEWALS), "ix_subscription_renews"),
        (counting("customers_at_risk"), "ix_subscription_canceling"),
        (counting("trials_ended", None, NOVEMBER), "ix_mrr_span_time"),
        (counting("expansion_mrr", None, NOVEMBER, by=("plan",)), "ix_movement_at"),
        (counting("disputes", None, NOVEMBER), "ix_dispute_created"),
        (
            counting("payment_recovery_rate", None, NOVEMBER),
            "ix_payment_failed_at (account_id=? AND created_at",
        ),
    ],
)
async def test_what_is_dated_is_found_by_its_date(world: World, plan: Plan, index: str):
    """Rows of a few days are looked up once, not again for each customer."""
    line = next(line for line in (await looked_up(world, plan)).splitlines() if index in line)
    assert line.startswith("SEARCH")
