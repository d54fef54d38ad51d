"""Messages that wait for their platform: in order, once, and gone with whom they name."""

import asyncio
from datetime import datetime, timedelta

import pytest

from storage import outgoing
from storage.models import Outgoing
from storage.outgoing import HELD_FOR, WAITS
from storage.trust.mentions import forget_conversations
from tests.world import NOW, World

SOON = NOW + timedelta(seconds=30)


async def _put(
    world: World, lane: str, *contents: bytes, due_at: datetime = NOW, personal: bool = True
) -> None:
    await outgoing.put_outgoing(
        world.db,
        world.vault,
        world.account_id,
        lane,
        [(lane.encode(), content) for content in contents],
        due_at=due_at,
        now=NOW,
        personal=personal,
    )


async def _take(world: World, now: datetime = NOW) -> list[outgoing.Waiting]:
    return await outgoing.take_outgoing(world.db, world.vault, world.account_id, now=now)


async def test_a_lane_keeps_its_order(world: World) -> None:
    """The second message of a channel is not taken before the first is done with; channels do not wait for
    each other."""
    await _put(world, "C1", b"one", b"two")
    await _put(world, "C1", b"three")
    await _put(world, "C2", b"else")
    first = await _take(world)
    assert {one.content for one in first} == {b"one", b"else"}
    assert await _take(world) == []
    for one in first:
        await outgoing.done_with(world.db, world.account_id, one.item_id)
    assert [one.content for one in await _take(world)] == [b"two"]


async def test_what_is_postponed_stays_first(world: World) -> None:
    """A message that is not due yet holds back those behind it, and is tried again at its time."""
    await _put(world, "C1", b"one", b"two")
    [taken] = await _take(world)
    await outgoing.postpone(world.db, world.account_id, taken.item_id, due_at=SOON)
    assert await _take(world) == []
    assert await outgoing.next_outgoing(world.db, world.account_id) == SOON
    [again] = await _take(world, SOON)
    assert (again.content, again.attempts) == (b"one", 2)


async def test_several_senders_take_a_message_once(world: World) -> None:
    """Of senders that look at the same moment, one gets each message."""
    await _put(world, "C1", b"one")
    found = await asyncio.gather(*(_take(world) for _ in range(6)))
    assert sum(map(len, found)) == 1


async def test_what_a_killed_sender_held_is_free_again(world: World) -> None:
    """A message whose sender never came back is taken again after a minute."""
    await _put(world, "C1", b"one")
    await _take(world)
    assert await _take(world, NOW + HELD_FOR / 2) == []
    assert len(await _take(world, NOW + HELD_FOR)) == 1


async def test_a_lane_says_whether_something_waits(world: World) -> None:
    """Whoever would post in a channel learns that something waits there already."""
    place = (world.db, world.vault, world.account_id)
    await _put(world, "C1", b"one", due_at=SOON)
    assert await outgoing.lane_waits(*place, "C1")
    assert not await outgoing.lane_waits(*place, "C2")
    assert (await _take(world, NOW)) == []


async def test_what_may_name_a_deleted_customer_is_emptied(world: World) -> None:
    """With any customer's deletion personal messages lose their content, not their address; the
    others keep both."""
    await _put(world, "C1", b"Acme pays $5")
    await _put(world, "C2", b"MRR is $5", personal=False)
    async with world.db.tenant(world.account_id) as session:
        await forget_conversations(session, world.account_id)
    taken = await _take(world)
    assert {(one.address, one.content) for one in taken} == {(b"C1", None), (b"C2", b"MRR is $5")}


@pytest.mark.parametrize("secret", [b"Acme pays"])
async def test_contents_are_sealed(world: World, secret: bytes) -> None:
    """The table holds no word of a message, nor the channel that it is for."""
    await _put(world, "C0SECRET", secret)
    [row] = await world.rows(Outgoing)
    assert secret not in row.sealed
    assert b"C0SECRET" not in row.lane + row.address
    assert row.until == NOW + WAITS
