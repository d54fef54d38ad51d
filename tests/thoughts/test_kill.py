"""kill -9 of the worker and of Slack's server, at random moments of many thoughts: none lost, none twice."""

from pathlib import Path

from tests.thoughts.killing import tell_and_kill

COUNT = 8


async def test_none_is_lost_and_none_comes_twice(database_url: str, tmp_path: Path) -> None:
    """However often either dies, in the end every thought stands in each channel once."""
    told = await tell_and_kill(database_url, tmp_path, COUNT, calm=0.1, wild=0.9)
    assert told.is_once, told
    assert told.letters == COUNT + COUNT // 2
    assert sum(told.kills) > 0
