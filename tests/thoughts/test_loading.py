"""What detectors are told beside a change or of an account: loaded for all together, on both databases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from storage import models, records
from storage.intake.news import Change
from storage.metrics.scope import Asking
from storage.sources import SourceSecret, add_source
from storage.trust.error_log import record_error
from tests.world import NOW, World, customer, gone, invoice, payment, price, product, subscription
from thoughts.base import Every, Money
from thoughts.facts import About
from thoughts.figures import Figures
from thoughts.load_figures import load_figures
from thoughts.loading import load_about
from thoughts.thresholds import DEFAULTS

DAY = timedelta(days=1)
ASKING = Asking(1, "usd", "UTC", NOW)
FAILED = records.PaymentStatus.FAILED


async def about(world: World, *changes: Change) -> About:
    async with world.db.tenant(world.account_id, read_only=True) as session:
        return await load_about(session, replace(ASKING, account_id=world.account_id), changes, DEFAULTS)


async def figures(world: World, every: Every = Every.DAY) -> Figures:
    async with world.db.tenant(world.account_id, read_only=True) as session:
        return await load_figures(session, replace(ASKING, account_id=world.account_id), DEFAULTS, every)


@asynccontextmanager
async def counted(world: World) -> AsyncIterator[list[str]]:
    """The statements that run meanwhile."""
    ran: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        ran.append(statement)

    event.listen(world.db.engine.sync_engine, "before_cursor_execute", note)
    yield ran
    event.remove(world.db.engine.sync_engine, "before_cursor_execute", note)


async def with_support(world: World) -> World:
    source_id = await add_source(
        world.db, world.vault, world.account_id, kind="zendesk", label="Zendesk",
        secret=SourceSecret("token-of-the-tests"), base_url=None, now=NOW,
    )  # fmt: skip
    return replace(world, source_id=source_id)


async def failing(world: World, *called: str) -> list[Change]:
    """Customers whose bill failed twice and is to be tried again; returns the changes of the second try."""
    await world.sync(product("Growth"), price(), *map(customer, called), *map(subscription, called))
    for n, one in enumerate(called):
        bill = {"status": FAILED, "intent_id": f"pi_{n}"}
        await world.sync(
            payment(n, one, id=f"ch_old_{n}", amount=50_000),
            invoice(
                n, one, status=records.InvoiceStatus.OPEN, intent_id=f"pi_{n}", next_attempt_at=NOW + 3 * DAY
            ),
            payment(n, one, id=f"ch_{n}_1", created_at=NOW - DAY, **bill),
            payment(n, one, id=f"ch_{n}_2", created_at=NOW - 2 * DAY, **bill),
        )
    return [
        Change(
            kind="payment",
            source_id=world.source_id,
            id=await world.id_of("payment", f"ch_{n}_1"),
            at=NOW - DAY,
            customer_id=await world.id_of("customer", f"cus_{one}"),
            new={
                "attempt_of": await world.id_of("intent", f"pi_{n}"),
                "status": "failed",
                "amount": 10_000,
                "currency": "usd",
            },
        )
        for n, one in enumerate(called)
    ]


async def test_a_failed_payment_finds_its_bill_and_its_customer(world: World) -> None:
    """The bill's attempts in order, its next one, and what the customer pays and has paid are there."""
    (change,) = await failing(world, "Acme")
    known = await about(world, change)
    bill = known.bills[world.source_id, change.new["attempt_of"]]
    assert [attempt.id == change.id for attempt in bill.attempts] == [False, True]
    assert bill.next_attempt_at == NOW + 3 * DAY
    found = known.customer(change)
    assert found is not None
    assert (found.mrr, found.collected, found.open_tickets) == ({"usd": 10_000}, {"usd": 50_000}, None)


async def test_a_customer_is_known_before_anything_is_derived(world: World) -> None:
    """Whose record came a moment ago has a name already, and no history yet."""
    await world.write(customer("Acme"), payment(1, "Acme", status=FAILED))
    assert await world.rows(models.Profile) == []
    who = await world.id_of("customer", "cus_Acme")
    change = Change(kind="payment", source_id=world.source_id, id=b"p" * 16, at=NOW, customer_id=who, new={})
    found = (await about(world, change)).customer(change)
    assert found is not None
    assert (found.profile_id, found.since, found.mrr) == (who, None, {})


async def test_a_batch_costs_the_same_whatever_its_size(world: World) -> None:
    """Facts of five customers take as many statements as those of one."""
    changes = await failing(world, "Acme", "Bolt", "Cargo", "Dune", "Ember")
    costs = []
    for batch in (changes[:1], changes):
        async with counted(world) as ran:
            await about(world, *batch)
        costs.append(len(ran))
    assert costs[0] == costs[1]


async def test_a_refund_finds_its_customer_by_its_payment(world: World) -> None:
    """A refund and a rating name no customer: their payment and their ticket do."""
    await failing(world, "Acme")
    paid = await world.id_of("payment", "ch_old_0")
    change = Change(kind="refund", source_id=1, id=b"r" * 16, at=NOW, new={"payment_id": paid})
    known = await about(world, change)
    assert known.customer_of[world.source_id, paid] == await world.id_of("customer", "cus_Acme")
    assert len(known.customers) == 1


async def test_a_deleted_customer_is_nobody(world: World) -> None:
    """Of a customer that its source deleted no facts are told, though its MRR stays in the figures."""
    await failing(world, "Acme")
    (profile,) = await world.rows(models.Profile)
    await world.sync(gone(records.Customer, "cus_Acme"))
    change = Change(
        kind="movement",
        source_id=world.source_id,
        id=b"m" * 16,
        at=NOW,
        new={},
        profile_id=profile.profile_id,
    )
    assert (await about(world, change)).customers == {}


async def test_amounts_are_measured_by_what_is_usual(world: World) -> None:
    """Total and average MRR by currency come from the sums that every change keeps."""
    euro = price("Growth", 6_000, currency="eur")
    await world.sync(
        product("Growth"), price(), euro, *map(customer, "ABC"), subscription("A"), subscription("B"),
        subscription("C", of_price=euro),
    )  # fmt: skip
    scale = (await figures(world, Every.HOUR)).scale
    assert (scale.total, scale.typical) == ({"usd": 20_000, "eur": 6_000}, {"usd": 10_000, "eur": 6_000})


async def test_trials_and_renewals_ahead_are_found_with_their_worth(world: World) -> None:
    """A trial that ends within the announced days, and a yearly renewal within a month; nothing else."""
    yearly = price("Growth", 240_000, interval=records.Interval.YEAR)
    trialing = {"status": records.SubscriptionStatus.TRIALING, "trial_start": NOW - 9 * DAY}
    await world.sync(
        product("Growth"), price(), yearly, *map(customer, "ABCDE"),
        subscription("A", trial_end=NOW + 3 * DAY, **trialing),
        subscription("B", trial_end=NOW + 9 * DAY, **trialing),
        subscription("C", of_price=yearly, current_period_end=NOW + 29 * DAY),
        subscription("D", of_price=yearly, current_period_end=NOW + 29 * DAY, cancel_at_period_end=True),
        subscription("E"),
    )  # fmt: skip
    found = await figures(world)
    assert [(trial.at, trial.mrr, trial.seats) for trial in found.trials] == [
        (NOW + 3 * DAY, Money(10_000, "usd"), 1)
    ]
    assert [renewal.mrr for renewal in found.renewals] == [Money(20_000, "usd")]
    assert {row.profile_id for row in (*found.trials, *found.renewals)} <= found.customers.keys()


async def test_overdue_invoices_are_those_of_the_metric(world: World) -> None:
    """Past its due date, or without one since its first failed attempt; in the matter of its attempts."""
    unpaid = {"status": records.InvoiceStatus.OPEN, "amount_remaining": 10_000, "created_at": NOW - 20 * DAY}
    await world.sync(
        customer("A"),
        invoice(1, "A", due_at=NOW - DAY, **unpaid),
        invoice(2, "A", due_at=NOW + DAY, **unpaid),
        invoice(3, "A", intent_id="pi_3", **unpaid),
        payment(3, "A", status=FAILED, intent_id="pi_3", created_at=NOW - 15 * DAY),
    )
    found = {(row.due, row.dated, row.bill[1]) for row in (await figures(world)).overdue}
    assert found == {
        (NOW - DAY, True, await world.id_of("invoice", "in_1")),
        (NOW - 15 * DAY, False, await world.id_of("intent", "pi_3")),
    }


async def test_trouble_is_looked_for_in_support(world: World) -> None:
    """Who has many open tickets or rated badly is loaded with what they pay; who has few is not."""
    support = await with_support(world)
    await support.sync(
        *(records.Customer(id=one, name=one, created_at=NOW - 90 * DAY) for one in "XYZ"),
        *(
            records.Conversation(
                id=f"{of}{n}", state=records.ConversationState.OPEN, opened_at=NOW - DAY, customer_id=of
            )
            for of, many in (("X", 3), ("Y", 2), ("Z", 1))
            for n in range(many)
        ),
        records.Rating(id="Z0", conversation_id="Z0", good=False, rated_at=NOW - DAY),
    )
    found = await figures(world, Every.HOUR)
    assert sorted(facts.open_tickets or 0 for facts in found.customers.values()) == [1, 3]
    assert [rating.at for rating in found.ratings] == [NOW - DAY]


async def test_a_won_deal_knows_whether_it_is_billed(world: World) -> None:
    """A deal of a customer whose MRR rose lately is billed; one of somebody who never paid is not."""
    await world.sync(
        product("Growth"), price(), customer("A"), customer("B"), subscription("A", started_at=NOW - 5 * DAY),
        *(
            records.Deal(
                id=f"d{of}", name="Deal", state=records.DealState.WON, amount=500_000, currency="usd",
                customer_id=f"cus_{of}", created_at=NOW - 20 * DAY, closes_at=NOW - 8 * DAY,
            )
            for of in "AB"
        ),
    )  # fmt: skip
    found = await figures(world)
    assert sorted(deal.billed for deal in found.won) == [False, True]
    assert [facts.since for facts in found.started] == [NOW - 5 * DAY]


async def test_days_end_where_a_source_was_last_synced(world: World) -> None:
    """What was not seen is not taken for zero: days after the last complete sync are left out."""
    await world.sync(product("Growth"), price(), customer("A", created_at=NOW - 40 * DAY), subscription("A"))
    assert (await figures(world)).daily == {}
    source = models.Source
    for synced, last in ((NOW, NOW - DAY), (NOW - 3 * DAY, NOW - 4 * DAY)):
        async with world.db.tenant(world.account_id) as session:
            await session.execute(
                update(source).where(source.source_id == world.source_id).values(synced_at=synced)
            )
        daily = (await figures(world)).daily
        assert daily["mrr:usd"][-1] == (last.date(), 10_000)
        assert daily["signups"][0] == ((NOW - 40 * DAY).date(), 1)
        assert daily["signups"][-1] == (last.date(), 0)


async def test_a_refused_key_is_found_in_the_error_log(world: World) -> None:
    """A source that answered 401 since its last sync is known to refuse its key, since the first of them."""
    for hours in (5, 3):
        await record_error(
            world.db, world.account_id, world.source_id, at=NOW - timedelta(hours=hours), path="/v1/charges",
            status=401, code=None, request_id=None, attempt=1,
        )  # fmt: skip
    (source,) = (await figures(world, Every.HOUR)).sources
    assert source.refused == NOW - timedelta(hours=5)
    async with world.db.tenant(world.account_id) as session:
        row = (await session.scalars(select(models.Source))).one()
        row.synced_at = NOW - timedelta(hours=1)
    assert (await figures(world, Every.HOUR)).sources[0].refused is None


@pytest.mark.parametrize("every", list(Every))
async def test_an_empty_account_has_figures_of_nothing(world: World, every: Every) -> None:
    """An account without records loads, with nothing in it."""
    found = await figures(world, every)
    assert (found.customers, found.trials, found.daily) == ({}, (), {})


async def test_what_was_imported_by_hand_is_never_quiet(world: World) -> None:
    """A source that is a file is not synced: nobody waits for it."""
    async with world.db.tenant(world.account_id) as session:
        await session.execute(update(models.Source).values(kind="csv"))
    assert (await figures(world, Every.HOUR)).sources == ()
