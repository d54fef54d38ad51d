"""Values of buttons: signed or sealed, bound to an account, and over after a week."""

import secrets
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buttons import LONGEST, Press, StoredButtons
from storage.models import KeptButton
from tests.world import NOW, World, make_world

PRESS = Press(do="way", plan={"measure": "mrr"}, question="By plan")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def buttons(world: World, clock: Clock) -> StoredButtons:
    return StoredButtons(world.db, world.vault, clock)


@pytest.mark.parametrize("personal", [True, False])
async def test_a_value_is_read_back_until_it_ends(
    world: World, buttons: StoredButtons, clock: Clock, personal: bool
) -> None:
    """What was made is read back within a week, by that account alone."""
    [value] = await buttons.make(world.account_id, [PRESS], personal=personal)
    assert len(value) <= LONGEST
    found = await buttons.read(world.account_id, value)
    assert found is not None
    assert (found.do, found.plan, found.question) == (PRESS.do, PRESS.plan, PRESS.question)
    other = await make_world(world.db, world.vault)
    assert await buttons.read(other.account_id, value) is None
    clock.now += timedelta(days=7)
    assert await buttons.read(world.account_id, value) is None


async def test_a_name_is_not_in_the_value(world: World, buttons: StoredButtons) -> None:
    """What may name somebody is sealed: two values of the same plan have nothing in common."""
    one, two = await buttons.make(world.account_id, [PRESS, PRESS], personal=True)
    assert one != two
    assert one.startswith("s.")


async def test_what_is_too_long_is_kept(world: World, buttons: StoredButtons) -> None:
    """A plan that no button holds is kept sealed in the database; the value says where."""
    long = Press(do="way", plan={"filters": [secrets.token_hex(16) for _ in range(200)]})
    [value] = await buttons.make(world.account_id, [long], personal=True)
    assert len(value) < 50
    found = await buttons.read(world.account_id, value)
    assert found is not None
    assert found.plan == long.plan
    assert len(await world.rows(KeptButton)) == 1


async def test_a_changed_value_is_no_value(world: World, buttons: StoredButtons) -> None:
    """Any sign of a value changed, nothing is read."""
    for personal in (True, False):
        [value] = await buttons.make(world.account_id, [PRESS], personal=personal)
        for at in range(0, len(value) - 1, 7):
            changed = value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]
            assert await buttons.read(world.account_id, changed) is None


@pytest.mark.parametrize(
    "value", ["", "p", "p..", "s.", "k.", "k.zz", "k." + "00" * 16, "x.y.z", "p.é.é", "\0"]
)
async def test_what_was_never_made_is_no_value(world: World, buttons: StoredButtons, value: str) -> None:
    """Made-up values read as nothing, and raise nothing."""
    assert await buttons.read(world.account_id, value) is None


@given(value=st.text(max_size=60))
def test_a_press_tells_nothing_in_a_log(value: str) -> None:
    """What a button stands for does not stand in its repr."""
    assert repr(Press(do="way", question=value)) == "Press(do='way')"
