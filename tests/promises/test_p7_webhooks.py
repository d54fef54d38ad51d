"""P7: received webhooks are kept for 30 days at most, sealed; deletions come first."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from storage.intake.source_lock import SourceGone
from storage.keys.source_keys import KeyDestroyed
from storage.models import WebhookEvent
from storage.retention import RULES, Purge, purge
from storage.trust import webhook_events
from storage.trust.deletion import forget_customers
from storage.trust.source_removal import remove_source
from storage.trust.webhook_events import Event, EventState, Incoming, list_events
from tests.promises.canaries import find
from tests.promises.sweep import Stage

pytestmark = pytest.mark.promises("P7")

RULE = next(rule for rule in RULES if rule.purge is Purge.WEBHOOKS)
LIMIT = timedelta(days=30)


def _body(stage: Stage) -> bytes:
    return f'{{"object":{{"name":"{stage.canaries.kept} Ltd"}}}}'.encode()


async def _receive(
    stage: Stage,
    event: str,
    *,
    customer: str | None = None,
    type_: str = "customer.updated",
    age: timedelta = timedelta(0),
) -> bool:
    keys = await stage.vault.source_keys(stage.account_id, stage.source_id)
    async with stage.db.tenant(stage.account_id) as session:
        incoming = Incoming(event, type_, _body(stage), customer, datetime.now(UTC) - age)
        return bool(await webhook_events.store(session, keys, [incoming]))


async def _body_of(stage: Stage, event: str) -> bytes | None:
    keys = await stage.vault.source_keys(stage.account_id, stage.source_id)
    async with stage.db.tenant(stage.account_id, read_only=True) as session:
        return await webhook_events.open_body(session, keys, keys.record_id("event", event))


async def _listed(stage: Stage, state: EventState | None = None) -> list[Event]:
    return list(await list_events(stage.db, stage.account_id, source_id=stage.source_id, state=state))


async def _forget(stage: Stage, customer: str) -> None:
    keys = await stage.vault.source_keys(stage.account_id, stage.source_id)
    now = datetime.now(UTC)
    async with stage.db.tenant(stage.account_id) as session:
        deleted = {keys.record_id("customer", customer): now}
        await forget_customers(session, stage.account_id, stage.source_id, deleted, noticed_at=now)


async def test_an_event_is_stored_once_and_sealed(stage: Stage) -> None:
    """Of twenty deliveries at once one is the first; the body opens with the source's key and not without."""
    first = await asyncio.gather(*(_receive(stage, "evt_1", customer="cus_1") for _ in range(20)))
    assert sorted(first) == [False] * 19 + [True]
    assert await _body_of(stage, "evt_1") == _body(stage)
    (row,) = await stage.world.rows(WebhookEvent)
    told = repr([getattr(row, name) for name in WebhookEvent.__table__.c.keys()]).encode()  # noqa: SIM118
    assert find(stage.canaries.all, told) == []
    assert b"evt_1" not in told
    assert b"cus_1" not in told


async def test_an_event_can_be_looked_at_until_its_last_day(stage: Stage) -> None:
    """The view for redelivery lists every state, newest first, up to the last minute of the 30 days."""
    ages = {"evt_1": timedelta(0), "evt_2": timedelta(days=15), "evt_3": LIMIT - timedelta(minutes=1)}
    for event, age in ages.items():
        await _receive(stage, event, age=age)
    keys = await stage.vault.source_keys(stage.account_id, stage.source_id)
    async with stage.db.tenant(stage.account_id) as session:
        failed = keys.record_id("event", "evt_2")
        problem = ValueError(f"billing@{stage.canaries.kept}.example")
        await webhook_events.note_attempt(session, keys, failed, EventState.FAILED, problem)
    await purge(stage.db, RULE)
    listed = await _listed(stage)
    assert [event.event_id for event in listed] == [keys.record_id("event", event) for event in ages]
    assert [(event.state, event.attempts, event.failure) for event in listed] == [
        ("received", 0, None),
        ("failed", 1, "ValueError"),
        ("received", 0, None),
    ]
    assert [event.event_id for event in await _listed(stage, EventState.FAILED)] == [failed]
    assert await _body_of(stage, "evt_3") == _body(stage)


@pytest.mark.parametrize("state", list(EventState))
async def test_events_go_after_thirty_days_in_every_state(stage: Stage, state: EventState) -> None:
    """By the database's clock, worked on or not, also after ten days without a worker."""
    for number, age in enumerate((timedelta(seconds=5), timedelta(days=5), timedelta(days=10))):
        await _receive(stage, f"evt_{number}", age=LIMIT + age)
    await _receive(stage, "evt_young", age=LIMIT - timedelta(minutes=1))
    async with stage.db.tenant(stage.account_id) as session:
        await session.execute(update(WebhookEvent).values(state=state, attempts=5))
    assert await purge(stage.db, RULE) == 3
    assert len(await _listed(stage)) == 1


async def test_a_deleted_customers_bodies_go_at_once(stage: Stage) -> None:
    """P1 comes first: bodies that speak of the customer are gone, others stay; a retry brings none back."""
    await _receive(stage, "evt_1", customer="cus_1")
    await _receive(stage, "evt_2", customer="cus_2")
    await _forget(stage, "cus_1")
    assert await _body_of(stage, "evt_1") is None
    assert await _body_of(stage, "evt_2") == _body(stage)
    assert not await _receive(stage, "evt_1", customer="cus_1")
    assert await _body_of(stage, "evt_1") is None
    assert [event.has_body for event in sorted(await _listed(stage), key=lambda e: not e.has_body)] == [
        True,
        False,
    ]


async def test_a_late_event_of_a_deleted_customer_has_no_body(stage: Stage) -> None:
    """An event that arrives after the deletion is known by its id, so that it is worked on once; no more."""
    await _forget(stage, "cus_1")
    assert await _receive(stage, "evt_9", customer="cus_1", type_="customer.deleted")
    assert await _body_of(stage, "evt_9") is None
    (row,) = await stage.world.rows(WebhookEvent)
    assert (row.customer_id, row.sealed) == (None, b"")


async def test_a_removed_source_takes_its_webhooks_along(stage: Stage) -> None:
    """P2 comes first: none is left, and none is taken any more."""
    await _receive(stage, "evt_1")
    keys = await stage.vault.source_keys(stage.account_id, stage.source_id)
    await remove_source(stage.db, stage.vault, stage.account_id, stage.source_id)
    assert await stage.world.rows(WebhookEvent) == []
    with pytest.raises((SourceGone, KeyDestroyed)):
        async with stage.db.tenant(stage.account_id) as session:
            await webhook_events.store(
                session, keys, [Incoming("evt_2", "x", b"{}", None, datetime.now(UTC))]
            )


@pytest.mark.parametrize(
    ("type_", "kept"),
    [
        ("customer.subscription.updated", "customer.subscription.updated"),
        ("billing@acme.example", "other"),
        ("Jane Doe", "other"),
        ("x" * 81, "other"),
        ("", "other"),
    ],
)
async def test_a_type_is_a_vendors_word(stage: Stage, type_: str, kept: str) -> None:
    """What does not look like the name of an event is not kept as one."""
    await _receive(stage, "evt_1", type_=type_)
    assert [event.type for event in await _listed(stage)] == [kept]
