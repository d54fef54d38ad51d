"""Shared by the tests of connectors."""

from pathlib import Path

import pytest

from tests.vendors.stripe_data import World

_WORLD = Path(__file__).parents[3] / "shared" / "questions" / "world" / "stripe"


@pytest.fixture
def stripe_world() -> World:
    """The example account, where it is at hand."""
    if not _WORLD.exists():
        pytest.skip("the example account (../shared/questions/world/stripe) is not there")
    return World.read(_WORLD)
