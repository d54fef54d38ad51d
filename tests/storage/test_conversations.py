"""What chats leave for a day: which events came, and the sealed context of follow-ups."""

import asyncio
from datetime import timedelta

from storage import conversations
from tests.world import NOW, World

DAY = timedelta(days=1)


async def test_an_event_comes_for_the_first_time_once(world: World) -> None:
    """Of many who ask about the same event at once, one is told that it is new; another event is new too."""
    told = await asyncio.gather(
        *(conversations.first_time(world.db, world.account_id, "T1:message:C1:1.5", NOW) for _ in range(8))
    )
    assert sorted(told) == [False] * 7 + [True]
    assert await conversations.first_time(world.db, world.account_id, "T1:message:C1:1.6", NOW)


async def test_an_event_is_forgotten_after_a_day(world: World) -> None:
    """What was seen a day ago is no longer kept: Slack gives up long before."""
    assert await conversations.first_time(world.db, world.account_id, "T1:message:C1:1.5", NOW)
    assert not await conversations.first_time(world.db, world.account_id, "T1:message:C1:1.5", NOW + DAY / 2)
    assert await conversations.first_time(world.db, world.account_id, "T1:message:C1:1.5", NOW + DAY)


async def test_a_button_may_be_pressed_again(world: World) -> None:
    """A click counts once within a few seconds; later it is another one."""
    again = timedelta(seconds=5)

    async def pressed(after: timedelta) -> bool:
        return await conversations.first_time(
            world.db, world.account_id, "T1:action", NOW + after, again_after=again
        )

    assert await pressed(timedelta())
    assert not await pressed(again / 2)
    assert await pressed(again * 2)
    assert not await pressed(again * 2.5)


async def test_a_context_is_kept_sealed_for_a_day(world: World) -> None:
    """The latest one is read back; a day later, or once it is forgotten, there is none."""
    place = (world.db, world.vault, world.account_id, "T1:C1:U1")
    await conversations.save_context(*place, b"first", NOW)
    await conversations.save_context(*place, b"second", NOW)
    assert await conversations.load_context(*place, NOW + DAY / 2) == b"second"
    assert await conversations.load_context(*place, NOW + DAY) is None
    await conversations.forget_context(*place)
    assert await conversations.load_context(*place, NOW) is None
