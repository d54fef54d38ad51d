"""What would have been thought of in the past, told again from the cache."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from storage import models, records
from storage.metrics.scope import Asking
from tests.world import NOW, World, customer, invoice, payment, price, product, subscription
from thoughts.base import Thought
from thoughts.replay import replay

DAY = timedelta(days=1)
CALLED = ("Fails", "Tries", "Gives", "Renews", "Leaves", "Late")
YEAR = records.Interval.YEAR
FAILED = records.PaymentStatus.FAILED
CANCELED = records.SubscriptionStatus.CANCELED


@pytest.fixture
async def past(world: World) -> World:
    """A month of everything that a billing source tells."""
    yearly = price("Growth", 240_000, interval=YEAR)
    trial = {"trial_start": NOW - 20 * DAY, "trial_end": NOW - 6 * DAY}
    await world.sync(
        product("Growth"), price(), yearly, *map(customer, CALLED),
        subscription("Fails", started_at=NOW - 300 * DAY),
        subscription("Tries", started_at=NOW - 6 * DAY, **trial),
        subscription("Gives", started_at=NOW - 20 * DAY, status=CANCELED, ended_at=NOW - 6 * DAY,
                     canceled_at=NOW - 6 * DAY, **trial),
        subscription("Renews", of_price=yearly, started_at=NOW - 340 * DAY,
                     current_period_start=NOW - 340 * DAY, current_period_end=NOW + 25 * DAY),
        subscription("Leaves", started_at=NOW - 300 * DAY, canceled_at=NOW - 9 * DAY, ended_at=NOW - 2 * DAY,
                     status=CANCELED),
        payment(1, "Fails", status=FAILED, intent_id="pi_1", created_at=NOW - 4 * DAY),
        payment(2, "Fails", status=FAILED, intent_id="pi_1", created_at=NOW - 3 * DAY),
        payment(3, "Fails", intent_id="pi_1", created_at=NOW - DAY),
        invoice(9, "Late", due_at=NOW - 20 * DAY, paid_at=NOW - 3 * DAY, amount_due=90_000),
    )  # fmt: skip
    source = models.Source
    async with world.db.tenant(world.account_id) as session:
        await session.execute(update(source).where(source.source_id == world.source_id).values(synced_at=NOW))
    return world


async def told(world: World, days: int) -> list[Thought]:
    async with world.db.tenant(world.account_id, read_only=True) as session:
        return await replay(session, Asking(world.account_id, "usd", "UTC", NOW), NOW - days * DAY)


async def test_a_month_is_told_again(past: World) -> None:
    """Failures with their recovery, trials to their end, renewals, cancellations, late bills: each once."""
    found = await told(past, 30)
    kinds = [thought.kind for thought in found]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "cancellation_scheduled": 1,
        "churned": 1,
        "invoice_overdue": 2,
        "new_customer": 1,
        "payment_failed": 2,
        "payment_recovered": 1,
        "renewal_ahead": 1,
        "trial_converted": 1,
        "trial_ending": 6,
        "trial_expired": 1,
        "unusual_day": 2,  # a churn and a trial that converts are much of the MRR of so small a company
    }
    assert [thought.at for thought in found] == sorted(thought.at for thought in found)
    assert len({thought.key for thought in found}) == len(found)


async def test_a_day_is_not_told_what_was_before(past: World) -> None:
    """Since two and a half days ago: no failure, no trial; a churn, a recovery."""
    async with past.db.tenant(past.account_id, read_only=True) as session:
        found = await replay(session, Asking(past.account_id, "usd", "UTC", NOW), NOW - 2.5 * DAY)
    assert {"churned", "payment_recovered"} <= {thought.kind for thought in found}
    assert not {"payment_failed", "trial_expired", "invoice_overdue"} & {thought.kind for thought in found}


async def test_it_is_the_same_told_twice(past: World) -> None:
    """A replay changes nothing: asked again, it says the same."""
    assert json.dumps([one.key for one in await told(past, 20)]) == json.dumps(
        [one.key for one in await told(past, 20)]
    )
