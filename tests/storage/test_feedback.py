"""Votes on answers, and long buttons."""

from datetime import timedelta

from storage.buttons import PRESSED_WITHIN, find_button, keep_button
from storage.feedback import count_feedback, list_feedback, vote
from storage.trust.mentions import forget_conversations
from tests.world import NOW, World


async def _vote(world: World, ballot: str, *, is_good: bool) -> None:
    await vote(
        world.db, world.vault, world.account_id, platform="slack", ballot=ballot, is_good=is_good,
        kind="number", interpreter="grammar", plan_text='{"measure": "mrr"}', now=NOW,
    )  # fmt: skip


async def test_a_person_has_one_vote_on_a_message(world: World) -> None:
    """Voting again changes the vote; another person's counts beside it."""
    await _vote(world, "C1/1.1/U1", is_good=True)
    await _vote(world, "C1/1.1/U1", is_good=False)
    await _vote(world, "C1/1.1/U2", is_good=True)
    assert await count_feedback(world.db, world.account_id) == (1, 1)
    rows = await list_feedback(world.db, world.account_id, since=NOW - timedelta(days=1))
    assert {row.plan for row in rows} == {'{"measure": "mrr"}'}
    assert b"U1" not in b"".join(row.feedback_id for row in rows)


async def test_a_long_button_is_kept_for_a_week(world: World) -> None:
    """What it stands for is found by its id until it expires."""
    place = (world.db, world.vault, world.account_id)
    button_id = await keep_button(*place, b"a plan", now=NOW)
    assert await find_button(*place, button_id, now=NOW) == b"a plan"
    assert await find_button(*place, bytes(16), now=NOW) is None
    assert await find_button(*place, button_id, now=NOW + PRESSED_WITHIN) is None


async def test_long_buttons_that_name_people_go_with_deletions(world: World) -> None:
    """A customer's deletion takes along what may name them, and leaves the rest."""
    place = (world.db, world.vault, world.account_id)
    named = await keep_button(*place, b"Acme", now=NOW)
    unnamed = await keep_button(*place, b"MRR", now=NOW, personal=False)
    async with world.db.tenant(world.account_id) as session:
        await forget_conversations(session, world.account_id)
    assert await find_button(*place, named, now=NOW) is None
    assert await find_button(*place, unnamed, now=NOW) == b"MRR"
