"""What the Home tab shows of thoughts, and to whom."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from bot.slack.extensions import HomeAsked
from bot.slack.home_thoughts import HomeThoughts
from storage.chat_access import Role
from storage.metrics.plan import Condition
from tests.bot.slack_schema import assert_by_schema, assert_within_limits
from tests.thoughts.bench import Bench, failed
from tests.vendors.slack import MEMBER, TEAM
from tests.world import NOW, World, customer
from thoughts.base import Money
from thoughts.matching import write_filter
from thoughts.subscriptions import State, Where, doer_of, set_state, subscribe
from thoughts.wants import Wants


@dataclass
class Tab:
    """A person's Home tab in an account whose channel C1 hears of thoughts."""

    bench: Bench

    async def subscribe(self, place: str, team: str = TEAM, **wants: Any) -> None:
        world = self.bench.world
        await subscribe(
            world.db,
            world.vault,
            world.account_id,
            Where("slack", team, place),
            Wants(**wants),
            by="U1",
            now=NOW,
        )

    async def blocks(self, user: str = MEMBER, role: Role = Role.MEMBER) -> Sequence[dict[str, Any]]:
        world = self.bench.world
        asked = HomeAsked(world.account_id, TEAM, user, None, role)  # type: ignore[arg-type]  # not used here
        return await HomeThoughts(world.db, world.vault, lambda: self.bench.now).section(asked)

    async def said(self, user: str = MEMBER, role: Role = Role.MEMBER) -> str:
        return json.dumps(await self.blocks(user, role), ensure_ascii=False)


@pytest.fixture
def tab(world: World) -> Tab:
    return Tab(Bench(world))


async def test_subscriptions_are_shown_to_whom_they_concern(tab: Tab) -> None:
    """Those of channels and one's own, as the list shows them; no others, of no other workspace."""
    await tab.subscribe("C1", over=Money(50_000, "usd"))
    await tab.subscribe(MEMBER)
    await tab.subscribe("U2BOB")
    await tab.subscribe("C9", team="T9")
    said = await tab.said()
    assert "<#C1>" in said
    assert "$500.00" in said
    assert "alert:pause" in said
    assert "alert:remove" in said
    assert [number in said for number in ("pause:1", "pause:2", "pause:3", "pause:4")] == [
        True,
        True,
        False,
        False,
    ]


async def test_a_paused_one_can_be_resumed(tab: Tab) -> None:
    """What is paused says so, and its button resumes it."""
    world = tab.bench.world
    await tab.subscribe("C1")
    await set_state(world.db, world.account_id, 1, State.PAUSED, by=doer_of("slack", "U1"))
    said = await tab.said()
    assert "(paused)" in said
    assert "resume:1" in said


async def test_who_sees_no_money_sees_neither(tab: Tab) -> None:
    """Thoughts and what is asked of them hold amounts: nothing of them is shown to a viewer."""
    await tab.subscribe("C1")
    await tab.bench.said(failed())
    assert await tab.said(role=Role.VIEWER) == "[]"


async def test_recent_thoughts_name_nobody(tab: Tab) -> None:
    """What was posted lately stands there once, with where and when, and without the customer's name."""
    world = tab.bench.world
    await world.sync(customer("Globex", country="DE"))
    globex = await world.id_of("customer", "cus_Globex")
    await tab.subscribe(
        "C1", filter=write_filter(Condition(field="country", value="DE")), filter_words="Globex"
    )
    await tab.subscribe("C2")
    await tab.subscribe("U2BOB")
    await tab.bench.said(failed("1", 12_300, customer=globex))
    blocks = list(await tab.blocks())
    said = json.dumps(blocks, ensure_ascii=False)
    assert said.count("$123.00") == 1
    assert "<!date^" in said
    assert "<#C1>, <!date" in said
    assert "Globex" not in said
    assert_within_limits({"text": "Home", "blocks": blocks})
    assert_by_schema({"text": "Home", "blocks": blocks})


async def test_what_was_posted_to_others_is_not_shown(tab: Tab) -> None:
    """A thought that went to somebody else's direct messages alone is nobody else's news."""
    await tab.subscribe("U2BOB")
    await tab.subscribe("C1", kinds=("churned",))
    await tab.bench.said(failed())
    assert "Nothing was posted" in await tab.said()
    assert "$100.00" in await tab.said("U2BOB")


async def test_many_subscriptions_leave_room_for_the_rest(tab: Tab) -> None:
    """The first ten are shown, and how many more there are."""
    for number in range(12):
        await tab.subscribe(f"C{number}")
    assert "And 2 more" in await tab.said()
    assert len(await tab.blocks()) < 30
