"""News that only fills in what was said: the post is edited, and nobody is called again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from storage import models
from tests.thoughts.bench import MINUTE, Bench, failed, recovered
from tests.world import NOW, World
from thoughts.base import Count, Fact, Moment, Money, Stage, Thought
from thoughts.ports import Gone, LetterKind
from thoughts.subscriptions import State, subscriptions

DAY = timedelta(days=1)


@pytest.fixture
async def bench(world: World) -> Bench:
    made = Bench(world)
    await made.subscribe()
    return made


def moved(bill: str = "1", days: int = 2) -> Thought:
    """The next attempt of a bill is on another day."""
    facts: dict[str, Fact] = {
        "amount": Money(10_000, "usd"),
        "attempt": Count(1),
        "next_attempt": Moment(NOW + days * DAY),
    }
    at = NOW + days * MINUTE
    return failed(bill, occurrence=f"retry:{days}", stage=Stage.AMENDS, facts=facts, at=at)


async def test_a_moved_retry_edits_the_post(bench: Bench) -> None:
    """The post says the new date under its old key, twice if it moves twice; nothing new is posted."""
    await bench.said(failed())
    for days in (2, 5):
        bench.now += MINUTE
        await bench.said(moved(days=days))
    (posted,) = bench.shelf.letters
    assert [one.key for one in bench.shelf.edits] == [posted.key, posted.key]
    last = bench.shelf.edits[-1]
    assert (last.kind, last.target.thread) == (LetterKind.THOUGHTS, None)
    assert [(one.thought.facts["next_attempt"], one.thought.stage) for one in last.items] == [
        (Moment(NOW + 5 * DAY), Stage.OPENS)
    ]


async def test_the_others_of_a_post_stay_as_they_are(bench: Bench) -> None:
    """Of several in one post only the one that changed says something else, also after another has."""
    await bench.said(failed("1"), failed("2"), failed("3"))
    await bench.said(moved("2"))
    bench.now += MINUTE
    await bench.said(moved("3"))
    (edit,) = bench.shelf.edits[1:]
    assert sorted((one.thought.matter, "next_attempt" in one.thought.facts) for one in edit.items) == [
        ("bill:1", False),
        ("bill:2", True),
        ("bill:3", True),
    ]


async def test_what_is_not_posted_yet_is_posted_as_amended(bench: Bench) -> None:
    """Failed and moved in one go is one post that says the new date."""
    assert await bench.said(failed(), moved()) == [("payment_failed", 1)]
    assert bench.shelf.edits == []
    assert "next_attempt" in bench.shelf.letters[0].items[0].thought.facts


async def test_what_follows_still_goes_into_the_thread(bench: Bench) -> None:
    """A recovery after an edit stands in the thread of the post that was edited."""
    await bench.said(failed())
    await bench.said(moved())
    bench.now += MINUTE
    await bench.said(recovered())
    assert [one.target.thread is not None for one in bench.shelf.letters] == [False, True]


async def test_a_post_that_is_gone_is_left_alone(bench: Bench) -> None:
    """A post that was deleted breaks no subscription, and one that somebody removes is not written anew."""
    await bench.said(failed("1"))
    bench.shelf.next = [Gone("message_not_found")]
    await bench.said(moved("1"))
    (one,) = await subscriptions(bench.world.db, bench.world.vault, bench.world.account_id)
    assert one.state is State.ON
    async with bench.world.db.tenant(bench.world.account_id) as session:
        for message in await session.scalars(select(models.Message)):
            message.due = "delete"
    await bench.said(moved("1", days=9))
    assert bench.shelf.edits == []
