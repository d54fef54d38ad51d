"""`chewbotta access` and `chewbotta feedback`, on a real installation."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chewbotta import app
from storage.command_line import opened
from storage.feedback import vote
from storage.settings import load_settings


@pytest.fixture
def installed() -> CliRunner:
    runner = CliRunner()
    made = runner.invoke(app, ["init", "--name", "Example"])
    assert made.exit_code == 0, made.output
    return runner


def test_access_is_chosen_and_shown(installed: CliRunner) -> None:
    """Roles and channels are set by id, shown, and taken away; a name in place of an id is refused."""
    for words in (
        ["everybody", "none"],
        ["person", "U012ABC", "admin"],
        ["group", "S012ABC", "viewer"],
        ["channel", "C012ABC", "--figures"],
        ["channel", "C999XYZ"],
        ["remove", "channel", "C999XYZ"],
    ):
        assert installed.invoke(app, ["access", *words]).exit_code == 0
    assert installed.invoke(app, ["access", "person", "alice", "admin"]).exit_code == 1
    shown = json.loads(installed.invoke(app, ["access", "show", "--json"]).output)
    assert shown == {
        "everybody": "none",
        "people": {"U012ABC": "admin"},
        "groups": {"S012ABC": "viewer"},
        "channels": {"C012ABC": "figures"},
    }
    assert "U012ABC" in installed.invoke(app, ["access", "show"]).output


def test_votes_feed_the_scorecard(installed: CliRunner, tmp_path: Path) -> None:
    """Exported votes are read back by `eval`, which says what people thought beside what the bank says."""

    async def vote_twice() -> None:
        async with opened(load_settings()) as place:
            for ballot, is_good in (("1", True), ("2", False)):
                await vote(
                    place.db, place.vault, 1, platform="slack", ballot=ballot, is_good=is_good, kind="number",
                    interpreter="grammar", plan_text='{"measure": "mrr"}', now=datetime.now(UTC),
                )  # fmt: skip

    asyncio.run(vote_twice())
    listed = installed.invoke(app, ["feedback", "list"]).output
    assert listed.count('{"measure": "mrr"}') == 2
    exported = tmp_path / "votes.jsonl"
    exported.write_text(installed.invoke(app, ["feedback", "export", "--json"]).output)
    bank, world = tmp_path / "bank.jsonl", Path(__file__).parents[1] / "questions/world.json"
    bank.write_text("")
    scored = installed.invoke(
        app, ["eval", str(bank), "--world", str(world), "--feedback", str(exported), "--json"]
    )
    assert json.loads(scored.output)["feedback"]["all"] == {"good": 1, "bad": 1}
    bank.write_text("none")
    refused = installed.invoke(app, ["eval", str(tmp_path / "x"), "--feedback", str(bank)])
    assert refused.exit_code == 1
