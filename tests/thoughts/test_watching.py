"""What is news, and what is not: thoughts are decided in the transaction of the change, once."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.news import AWAY, Change
from storage.intake.rows import Writing
from storage.intake.upsert import write_records
from storage.records import PaymentStatus
from tests.world import NOW, World, customer, gone, payment, price, product, subscription
from thoughts.watching import Watcher

HOUR = timedelta(hours=1)


class Listener:
    """Writes down what it is told."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at
        self.told: list[Change] = []
        self.late: list[bool] = []

    def now(self) -> datetime:
        return self.at

    async def observe(
        self, session: AsyncSession, account_id: int, changes: Sequence[Change], *, late: bool
    ) -> None:
        self.told += changes
        self.late.append(late)


async def loaded(world: World, at: datetime = NOW - HOUR) -> World:
    """The world, its source loaded for the first time and synced at `at`."""
    source = models.Source
    async with world.db.tenant(world.account_id) as session:
        await session.execute(
            update(source)
            .where(source.account_id == world.account_id)
            .values(news_since=at, synced_at=at, backfilled_at=at)
        )
    return world


async def listen(world: World) -> Listener:
    world.db.observer = Listener()
    return world.db.observer  # type: ignore[no-any-return]  # the Database takes any observer


def told_of(listener: Listener, kind: str) -> list[Change]:
    return [change for change in listener.told if change.kind == kind]


async def test_a_new_row_and_a_changed_one_are_told_with_what_they_were(world: World) -> None:
    """A new payment has no old values; one that changes has both, of the watched columns alone."""
    listener = await listen(await loaded(world))
    await world.write(customer("Ada"), payment(1, "Ada", created_at=NOW, status=PaymentStatus.PENDING))
    await world.write(customer("Ada"), payment(1, "Ada", created_at=NOW, status=PaymentStatus.FAILED))
    first, second = told_of(listener, "payment")
    assert (first.old, first.new["status"]) == (None, "pending")
    assert second.became("status", "failed")
    assert second.before("status") == "pending"
    assert second.customer_id == await world.id_of("customer", "cus_Ada")
    assert set(second.new) == {"attempt_of", "status", "currency", "amount", "created_at", "failure"}


async def test_a_page_that_is_read_again_is_no_news(world: World) -> None:
    """The same records, written twice, are told of once."""
    listener = await listen(await loaded(world))
    for _ in range(2):
        await world.write(payment(1, "Ada", created_at=NOW))
    assert len(listener.told) == 1


@pytest.mark.parametrize("since", [None, NOW + HOUR])
async def test_a_first_load_is_no_news(world: World, since: datetime | None) -> None:
    """Nothing is told before a source was loaded, nor of what happened before that."""
    if since is not None:
        await loaded(world, since)
    listener = await listen(world)
    await world.sync(customer("Ada"), product("Growth"), price(), subscription("Ada"), payment(1, "Ada"))
    assert listener.told == []


async def test_movements_are_told_once_with_their_subscription(world: World) -> None:
    """An upgrade is one movement, with the subscription and the customer record that moved; recomputing it
    again tells nothing."""
    await loaded(world)
    await world.sync(customer("Ada"), product("Growth"), price(), subscription("Ada"), at=NOW - 30 * HOUR)
    listener = await listen(world)
    await world.sync(subscription("Ada", of_price=price(amount=30_000)))
    await world.sync(customer("Ada", phone="+15550101"))
    moved = told_of(listener, "movement")
    assert [(one.new["type"], one.new["amount"]) for one in moved] == [("expansion", 20_000)]
    assert moved[0].id == await world.id_of("subscription", "sub_Ada")
    assert moved[0].customer_id == await world.id_of("customer", "cus_Ada")


async def test_a_deleted_customer_is_nobodys_news(world: World) -> None:
    """The MRR of a customer whom the source deleted ends without a word."""
    await loaded(world)
    await world.sync(customer("Ada"), product("Growth"), price(), subscription("Ada"), at=NOW - 30 * HOUR)
    listener = await listen(world)
    await world.sync(gone(type(customer("Ada")), "cus_Ada"))
    assert listener.told == []


async def test_a_source_that_was_away_says_so(world: World) -> None:
    """What is read after a long silence is marked as late."""
    listener = await listen(await loaded(world, NOW - AWAY - HOUR))
    await world.write(payment(1, "Ada", created_at=NOW))
    await loaded(world, NOW - HOUR)
    await world.write(payment(2, "Ada", created_at=NOW))
    assert listener.late == [True, False]


async def thoughts(world: World) -> list[Any]:
    return await world.rows(models.Thought)


async def test_a_thought_is_decided_once(world: World) -> None:
    """A failed payment is one thought, whatever is read again and whoever reads it."""
    await loaded(world)
    world.db.observer = Watcher(lambda: NOW)
    await world.sync(customer("Ada"))
    for _ in range(2):
        await world.write(payment(1, "Ada", created_at=NOW, status=PaymentStatus.FAILED))
        async with world.db.tenant(world.account_id) as session:  # as if it had never been seen
            await session.execute(update(models.Payment).values(fingerprint=bytes(16), status="pending"))
    decided = await thoughts(world)
    assert [one.kind for one in decided] == ["payment_failed"]
    assert [row.profile_id for row in await world.rows(models.ThoughtProfile)] == [
        await world.id_of("customer", "cus_Ada")
    ]


async def test_what_is_rolled_back_was_never_decided(world: World) -> None:
    """A batch that fails leaves no thought behind."""
    await loaded(world)
    world.db.observer = Watcher(lambda: NOW)
    failed = payment(1, "Ada", created_at=NOW, status=PaymentStatus.FAILED)
    with suppress(ZeroDivisionError):
        async with world.db.tenant(world.account_id) as session:
            writing = Writing(
                world.account_id,
                world.source_id,
                await world.vault.source_keys(world.account_id, world.source_id),
                NOW,
            )
            await write_records(session, writing, [failed])
            assert len((await session.scalars(select(models.Thought))).all()) == 1
            raise ZeroDivisionError
    assert await thoughts(world) == []


async def test_a_thought_goes_with_its_customer_and_its_source(world: World) -> None:
    """Deleted at the source, a customer takes the thoughts along that are about them."""
    await loaded(world)
    world.db.observer = Watcher(lambda: NOW)
    await world.sync(customer("Ada"), customer("Bob"))
    await world.write(
        *(
            payment(n, who, created_at=NOW, status=PaymentStatus.FAILED)
            for n, who in enumerate(("Ada", "Bob"))
        )
    )
    assert len(await thoughts(world)) == 2
    await world.write(gone(type(customer("Ada")), "cus_Ada"))
    assert len(await thoughts(world)) == 1
