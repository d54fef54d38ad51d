"""What administrators choose about who may see what."""

import pytest

from storage.chat_access import AccessError, Channel, Role, Rules, choose_access, read_rules
from storage.trust.audit import list_entries
from tests.world import NOW, World


async def _choose(world: World, whom: str, subject: str, allowed: str | None) -> None:
    await choose_access(world.db, world.account_id, "slack", whom, subject, allowed, now=NOW)


async def test_without_choices_every_member_may_ask_everywhere(world: World) -> None:
    """Nothing chosen: members are members, owners are admins, and every channel will do."""
    rules = await read_rules(world.db, world.account_id, "slack")
    assert rules == Rules()
    assert rules.role_of("U1", frozenset()) is Role.MEMBER
    assert rules.role_of("U1", frozenset(), runs_the_workspace=True) is Role.ADMIN
    assert rules.takes("C1")
    assert not rules.shows_figures_to_outsiders("C1")


async def test_choices_are_read_back(world: World) -> None:
    """A line can be set, changed and taken away; another platform's lines are its own."""
    await _choose(world, "everybody", "", "none")
    await _choose(world, "person", "U123", "admin")
    await _choose(world, "group", "S123", "viewer")
    await _choose(world, "channel", "C123", "listed")
    await _choose(world, "channel", "C123", "figures")
    await _choose(world, "channel", "C999", "listed")
    await _choose(world, "channel", "C999", None)
    assert await read_rules(world.db, world.account_id, "slack") == Rules(
        everybody=Role.NONE,
        people={"U123": Role.ADMIN},
        groups={"S123": Role.VIEWER},
        channels={"C123": Channel.FIGURES},
    )
    assert await read_rules(world.db, world.account_id, "discord") == Rules()


@pytest.mark.parametrize(
    ("groups", "runs", "role"),
    [
        ((), False, Role.NONE),
        (("S1",), False, Role.VIEWER),
        (("S1", "S2"), False, Role.MEMBER),
        ((), True, Role.ADMIN),
    ],
)
def test_the_best_of_somebodys_groups_counts(groups: tuple[str, ...], runs: bool, role: Role) -> None:
    """Without a line of their own, people get the best of what their groups and everybody may."""
    rules = Rules(everybody=Role.NONE, groups={"S1": Role.VIEWER, "S2": Role.MEMBER})
    assert rules.role_of("U1", frozenset(groups), runs_the_workspace=runs) is role


def test_a_line_of_ones_own_decides() -> None:
    """Somebody who is shut out stays so, whatever their groups may and whoever they are."""
    rules = Rules(people={"U1": Role.NONE}, groups={"S1": Role.ADMIN})
    assert rules.role_of("U1", frozenset({"S1"}), runs_the_workspace=True) is Role.NONE


@pytest.mark.parametrize(
    ("whom", "subject", "allowed"),
    [
        ("person", "alice", "admin"),
        ("person", "U123", "king"),
        ("channel", "C123", "admin"),
        ("group", "U123", "member"),
        ("everybody", "U123", "member"),
        ("planet", "U123", "member"),
    ],
)
async def test_what_makes_no_sense_is_refused(world: World, whom: str, subject: str, allowed: str) -> None:
    """A name in place of an id, or a word that means nothing there, changes nothing and says why."""
    with pytest.raises(AccessError):
        await _choose(world, whom, subject, allowed)
    assert await read_rules(world.db, world.account_id, "slack") == Rules()


async def test_a_choice_is_audited(world: World) -> None:
    """Who changed what is on the trail."""
    await _choose(world, "person", "U123", "viewer")
    async with world.db.tenant(world.account_id, read_only=True) as session:
        entry = (await list_entries(session))[-1]
    assert (entry.action, entry.details) == ("access:changed", {"setting": "person", "to": "viewer"})
