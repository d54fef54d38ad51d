"""Deleted customers: gone with all that speaks of them, in whatever order the news arrives."""

import itertools
import random
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select, update

from storage import conversations, models, records
from storage.intake.derive import derive
from storage.intake.upsert import SourceGone
from storage.keys.vault import KeyDestroyed
from storage.metrics.figures import Number
from storage.metrics.plan import Period, Plan
from storage.sources import NoSourceError, SourceSecret, add_source
from storage.trust.messages import Content, Post, choose, keep, list_messages
from storage.trust.source_removal import half_removed, remove_source
from tests.world import EPOCH, NOW, World, customer, gone, invoice, payment, price, product, subscription

LEADS_TO_A_CUSTOMER = {
    models.Customer: "id",
    models.CustomerLink: "customer_id",
    models.Subscription: "customer_id",
    models.Invoice: "customer_id",
    models.Payment: "customer_id",
    models.MrrSpan: "customer_id",
    models.StaleCustomer: "customer_id",
}
ORDERS = 1_000
PAGES = 6
MAY = Period(start=datetime.fromisoformat("2026-05-01T00:00:00Z"), end=NOW, label="since May")


async def _leading_to(world: World, row_id: bytes) -> list[str]:
    """The tables that still have a row of this customer."""
    found = []
    for model, column in LEADS_TO_A_CUSTOMER.items():
        found += [model.__tablename__ for row in await world.rows(model) if getattr(row, column) == row_id]
    for model in (models.MrrSpan, models.Profile, models.Movement):
        found += [model.__tablename__ for row in await world.rows(model) if row.profile_id == row_id]
    return found


async def _figures(world: World) -> dict[str, Any]:
    plans = {"mrr": Plan(measure="mrr"), "revenue": Plan(measure="revenue", period=MAY)}
    then = Period(start=MAY.start, end=MAY.start, label="on 1 May")
    plans["mrr then"] = Plan(measure="mrr", period=then)
    found = {}
    for name, plan in plans.items():
        number = await world.ask(plan)
        assert isinstance(number, Number)
        found[name] = {currency: value for currency, value in number.values.items() if value}
    return found


@pytest.mark.promises("P1")
async def test_a_thousand_orders_of_the_news_end_the_same(world: World) -> None:
    """Each told up to three times, shuffled, cut into pages: no row leads to it, all its money is there."""
    chance = random.Random(20261123)
    await world.sync(product("Growth"), price())
    pages: list[list[records.Record]] = [[] for _ in range(PAGES)]
    for number in range(ORDERS):
        told = [item for item in _news_of(f"Acme{number}") for _ in range(chance.randint(1, 3))]
        chance.shuffle(told)
        places = sorted(chance.choices(range(PAGES), k=len(told)))
        for place, item in zip(places, told, strict=True):
            pages[place].append(item)
    for page in pages:
        await world.sync(*page)
    keys = await world.vault.source_keys(world.account_id, world.source_id)
    for model, column in LEADS_TO_A_CUSTOMER.items():
        named = {getattr(row, column) for row in await world.rows(model)}
        assert not named & {keys.record_id("customer", f"cus_Acme{n}") for n in range(ORDERS)}, model
    assert await world.rows(models.Customer) == []
    figures = await _figures(world)
    assert figures == {"mrr": {}, "revenue": {"usd": ORDERS * 10_700}, "mrr then": {"usd": ORDERS * 10_000}}


def _news_of(of: str) -> list[records.Record]:
    """All that is ever told of a customer: two versions of most objects, and the deletion."""
    bought = subscription(of)
    number = int(of.removeprefix("Acme")) * 10
    return [
        customer(of, links=(("hubspot_company", of),)),
        customer(of, name=f"{of} Incorporated"),
        bought,
        msgspec.structs.replace(bought, current_period_end=NOW + timedelta(days=50)),
        invoice(number, of, status=records.InvoiceStatus.OPEN, amount_paid=0, amount_remaining=10_000),
        invoice(number, of),
        payment(number, of),
        payment(number + 1, of, amount=700, created_at=NOW - timedelta(days=3)),
        gone(records.Customer, f"cus_{of}", at=NOW - timedelta(hours=1)),
    ]


async def test_what_is_deleted_while_it_pays_stops_paying_and_its_past_stays(world: World) -> None:
    """MRR ends with the deletion; what it was in May, and what was collected, stays to the cent."""
    await world.sync(product("Growth"), price(), *_news_of("Acme1")[:-1])
    before = await _figures(world)
    await world.sync(_news_of("Acme1")[-1])
    after = await _figures(world)
    assert (before["mrr"], after["mrr"]) == ({"usd": 10_000}, {})
    assert {name: after[name] for name in ("revenue", "mrr then")} == {
        name: before[name] for name in ("revenue", "mrr then")
    }
    assert await _leading_to(world, await world.id_of("customer", "cus_Acme1")) == []


async def test_late_parts_of_a_history_find_each_other(world: World) -> None:
    """A subscription and its invoice that arrive after the deletion, apart, are one anonymous customer."""
    await world.sync(gone(records.Customer, "cus_Acme"))
    await world.write(invoice(1, "Acme"))
    await world.write(subscription("Acme"))
    (bill,), (bought,) = await world.rows(models.Invoice), await world.rows(models.Subscription)
    assert bill.customer_id == bought.customer_id != await world.id_of("customer", "cus_Acme")


async def test_a_late_subscription_of_a_deleted_customer_has_ended(world: World) -> None:
    """A page that still calls it active, stored after the deletion, adds no MRR."""
    deleted_at = NOW - timedelta(hours=2)
    await world.sync(gone(records.Customer, "cus_Acme", at=deleted_at))
    await world.sync(product("Growth"), price(), subscription("Acme"))
    (bought,) = await world.rows(models.Subscription)
    assert (bought.status, bought.ended_at) == ("canceled", deleted_at)
    assert (await _figures(world))["mrr"] == {}


async def test_the_rest_of_a_profile_is_joined_without_it(world: World) -> None:
    """Three records of one customer; the one that joined the others goes: they are two customers."""
    await world.sync(
        customer("A", email="a@shared.example"),
        customer("B", email="a@shared.example", links=(("hubspot_company", "1"),)),
        customer("C", links=(("hubspot_company", "1"),)),
    )
    assert len(await world.rows(models.Profile)) == 1
    await world.sync(gone(records.Customer, "cus_B"))
    assert {row.profile_id for row in await world.rows(models.Profile)} == {
        row.id for row in await world.rows(models.Customer)
    }
    assert len(await world.rows(models.Profile)) == 2


async def test_many_are_deleted_in_few_statements(world: World) -> None:
    """Five hundred customers of one page go together."""
    await world.sync(*(customer(f"C{number}") for number in range(500)))
    await world.sync(*(gone(records.Customer, f"cus_C{number}") for number in range(500)))
    assert await world.rows(models.Customer) == []
    assert len(await world.rows(models.Tombstone)) == 500


async def test_the_first_deletion_starts_the_day_of_the_key(world: World) -> None:
    """The source notes when something sealed was first forgotten, and later deletions do not move it."""
    await world.write(customer("A"), customer("B"), at=NOW)
    await world.write(gone(records.Customer, "cus_A"), at=NOW + timedelta(hours=1))
    await world.write(gone(records.Customer, "cus_B"), at=NOW + timedelta(hours=2))
    (source,) = await world.rows(models.Source)
    assert source.rekey_since == NOW + timedelta(hours=1)


async def test_conversations_that_may_name_it_go(world: World) -> None:
    """A context with a customer in it goes with any customer; one about MRR alone stays."""
    place = (world.db, world.vault, world.account_id)
    await conversations.save_context(*place, "named", b"acme", NOW)
    await conversations.save_context(*place, "figures", b"mrr", NOW, personal=False)
    await world.sync(customer("Acme"))
    await world.sync(gone(records.Customer, "cus_Acme"))
    assert await conversations.load_context(*place, "named", NOW) is None
    assert await conversations.load_context(*place, "figures", NOW) == b"mrr"


async def test_bodies_of_webhooks_that_speak_of_it_are_emptied(world: World) -> None:
    """The event stays in the history, without its body and without the customer's id."""
    await world.sync(customer("Acme"), customer("Other"))
    ids = [await world.id_of("customer", f"cus_{name}") for name in ("Acme", "Other")]
    async with world.db.tenant(world.account_id) as session:
        for number, customer_id in enumerate(ids):
            session.add(
                models.WebhookEvent(
                    account_id=world.account_id,
                    source_id=world.source_id,
                    event_id=bytes([number]) * 16,
                    received_at=NOW,
                    type="customer.updated",
                    state="done",
                    attempts=1,
                    customer_id=customer_id,
                    sealed=b"sealed body",
                )
            )
    await world.sync(gone(records.Customer, "cus_Acme"))
    events = {row.event_id[0]: (row.sealed, row.customer_id) for row in await world.rows(models.WebhookEvent)}
    assert events == {0: (b"", None), 1: (b"sealed body", ids[1])}


@pytest.mark.parametrize("choice", ["keep", "redact", "delete"])
async def test_messages_follow_the_choice_of_the_account(world: World, choice: str) -> None:
    """Kept, emptied or gone from lists, in the transaction of the deletion; others are not touched."""
    await world.sync(customer("Acme"), customer("Other"))
    await choose(world.db, world.account_id, on_customer_deleted=choice)
    for name in ("Acme", "Other"):
        await keep(
            world.db, world.vault, world.account_id, kind="profile", platform="slack",
            content=Content(f"{name} pays"), posts=[Post("C1", name)],
            about=[await world.id_of("customer", f"cus_{name}")], now=NOW,
        )  # fmt: skip
    await world.write(gone(records.Customer, "cus_Acme"))
    found = await list_messages(world.db, world.vault, world.account_id)
    texts = sorted(message.content.text if message.content else "" for message in found)
    assert (
        texts
        == {"keep": ["Acme pays", "Other pays"], "redact": ["", "Other pays"], "delete": ["Other pays"]}[
            choice
        ]
    )


class TestSource:
    """Removing a source."""

    async def test_takes_everything_it_brought(self, world: World) -> None:
        """No row of any table names it any more; the other source's rows are all there."""
        other = await _second(world)
        await other.sync(*_news_of("Acme1")[:-1], product("Growth"), price())
        await world.sync(customer("Kept"))
        signed = await remove_source(
            world.db, world.vault, world.account_id, other.source_id, clock=lambda: NOW
        )
        for mapper in models.Base.registry.mappers:
            if issubclass(mapper.class_, models.OfSource) or mapper.class_ is models.Source:
                left = [row for row in await world.rows(mapper.class_) if row.source_id == other.source_id]
                assert left == [], mapper.class_.__tablename__
        assert len(await world.rows(models.Customer)) == 1
        assert {row.profile_id for row in await world.rows(models.Profile)} == {
            await world.id_of("customer", "cus_Kept")
        }
        counted = signed.receipt.deleted
        assert (counted["customer"], counted["subscription"], counted["payment"]) == (1, 1, 2)
        assert (counted["movement"], counted["profile"], counted["source"]) == (1, 1, 1)

    async def test_leaves_nobody_who_can_write(self, world: World) -> None:
        """A page on its way, a recomputation and a note of an error all come too late."""
        await world.write(customer("Acme"), subscription("Acme"))
        await remove_source(world.db, world.vault, world.account_id, world.source_id)
        with pytest.raises(KeyDestroyed):
            await world.write(customer("Late"))
        with pytest.raises((SourceGone, Exception)):
            await derive(world.db, world.account_id, world.source_id, vault=world.vault)
        assert await world.rows(models.Customer) == []
        assert await world.rows(models.MrrSpan) == []

    async def test_goes_on_where_it_was_interrupted(self, world: World) -> None:
        """Stopped after the first rows, the same call finishes, and its receipt counts all of them."""
        await world.sync(*_news_of("Acme1")[:-1], product("Growth"), price())
        async with world.db.tenant(world.account_id) as session:
            await session.execute(update(models.Source).values(state="active"))
        whole = {
            table: len(await world.rows(model))
            for table, model in (("customer", models.Customer), ("invoice", models.Invoice))
        }
        calls = itertools.count()

        def clock() -> datetime:
            if next(calls) == 1:
                raise RuntimeError("killed")
            return NOW

        with pytest.raises(RuntimeError, match="killed"):
            await remove_source(world.db, world.vault, world.account_id, world.source_id, clock=clock)
        assert await half_removed(world.db, world.account_id) == [world.source_id]
        signed = await remove_source(world.db, world.vault, world.account_id, world.source_id, clock=clock)
        assert {name: signed.receipt.deleted[name] for name in whole} == whole
        assert await world.rows(models.Customer) == []
        assert await half_removed(world.db, world.account_id) == []

    async def test_joins_profiles_of_several_sources_without_it(self, world: World) -> None:
        """A profile that another source's record shares is worked out anew from what is left."""
        other = await _second(world)
        await world.sync(customer("Acme"))
        await other.sync(customer("Acme", country="DE"))
        mine = await world.id_of("customer", "cus_Acme")
        async with world.db.tenant(world.account_id) as session:
            await session.execute(
                update(models.Customer)
                .where(models.Customer.source_id == other.source_id)
                .values(profile_id=mine)
            )
            theirs = models.Profile.profile_id == await other.id_of("customer", "cus_Acme")
            await session.execute(delete(models.Profile).where(theirs))
            await session.execute(update(models.Profile).values(country="DE"))
        await remove_source(world.db, world.vault, world.account_id, other.source_id)
        (profile,) = await world.rows(models.Profile)
        assert (profile.profile_id, profile.country) == (mine, "US")

    async def test_that_is_not_there_is_an_error(self, world: World) -> None:
        """Removing an unknown source says so and destroys nothing."""
        with pytest.raises(NoSourceError):
            await remove_source(world.db, world.vault, world.account_id, 99)
        assert await world.vault.source_keys(world.account_id, world.source_id)


async def _second(world: World) -> World:
    source_id = await add_source(
        world.db,
        world.vault,
        world.account_id,
        kind="stripe",
        label="Second",
        secret=SourceSecret("sk_test_second"),
        base_url=None,
        now=EPOCH,
    )
    return World(world.db, world.vault, world.account_id, source_id)


async def test_the_account_of_a_deleted_source_keeps_its_receipt(world: World) -> None:
    """The signed receipt is stored with the account; the unsigned draft is gone."""
    await world.sync(customer("Acme"))
    await remove_source(world.db, world.vault, world.account_id, world.source_id)
    async with world.db.tenant(world.account_id, read_only=True) as session:
        kept = (await session.scalars(select(models.Receipt))).all()
    assert [len(row.signature) for row in kept] == [64]
