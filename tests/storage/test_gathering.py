"""Work for many at once: what comes meanwhile gathers, and everybody is told what became of theirs."""

import asyncio
from collections.abc import Sequence

import pytest

from storage.gathering import Gathered


async def test_what_comes_while_one_is_worked_on_is_done_at_once() -> None:
    """The first waits for nobody; all that come meanwhile are one batch, each with its own result."""
    batches = list[list[int]]()

    async def double(_: str, numbers: Sequence[int]) -> Sequence[int]:
        batches.append(list(numbers))
        await asyncio.sleep(0.01)
        return [2 * number for number in numbers]

    gathered = Gathered(double)
    first = asyncio.create_task(gathered.do("a", 1))
    await asyncio.sleep(0.001)
    rest = await asyncio.gather(*(gathered.do("a", number) for number in (2, 3, 4)))
    assert (await first, rest, batches) == (2, [4, 6, 8], [[1], [2, 3, 4]])


async def test_keys_do_not_wait_for_each_other() -> None:
    """What is under way for one key keeps no other waiting, and no batch mixes two."""
    go_on = asyncio.Event()

    async def work(key: str, items: Sequence[int]) -> Sequence[str]:
        if key == "slow":
            await go_on.wait()
        return [f"{key}{item}" for item in items]

    gathered = Gathered(work)
    slow = asyncio.create_task(gathered.do("slow", 1))
    assert await gathered.do("quick", 1) == "quick1"
    go_on.set()
    assert await slow == "slow1"


async def test_an_error_reaches_its_batch_alone() -> None:
    """Those whose items it had are told; the next batch goes on."""

    async def work(_: str, items: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0)
        if 0 in items:
            raise ValueError("zero")
        return items

    gathered = Gathered(work)
    with pytest.raises(ValueError, match="zero"):
        await gathered.do("a", 0)
    assert await gathered.do("a", 1) == 1


async def test_who_gives_up_keeps_nobody_else_from_theirs() -> None:
    """An item is worked on to the end, though whoever brought it is gone."""
    done = list[int]()

    async def work(_: str, items: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0.01)
        done.extend(items)
        return items

    gathered = Gathered(work)
    impatient = asyncio.create_task(gathered.do("a", 1))
    patient = asyncio.create_task(gathered.do("a", 2))
    await asyncio.sleep(0.001)
    impatient.cancel()
    assert await patient == 2
    assert done == [1, 2]
