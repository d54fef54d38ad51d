import asyncio

from bot.slack.ports import SeenInMemory


async def test_a_key_is_new_once() -> None:
    """The first of many at the same time with one key is the only first."""
    seen = SeenInMemory()
    first = await asyncio.gather(*(seen.first_time("a") for _ in range(10)))
    assert sum(first) == 1


async def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    """Beyond its size the store forgets the key it has known for longest."""
    seen = SeenInMemory(size=2)
    assert [await seen.first_time(key) for key in "abcab"] == [True, True, True, True, True]
    assert not await seen.first_time("b")
