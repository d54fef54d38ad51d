"""A bank is read, asked and counted."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.scoring import bank, scorecard, world
from bot.scoring.judge import Verdict
from chewbotta import app

QUESTIONS = Path(__file__).resolve().parents[2] / "questions"
BANK, WORLD = QUESTIONS / "bank.jsonl", QUESTIONS / "world.json"


@pytest.fixture(scope="module")
def scored():
    return scorecard.understand_all(bank.read(BANK), world.read(WORLD))


def test_the_bank_is_large_and_a_part_of_it_held_out(scored):
    """At least 800 questions, both halves of some size, every id once."""
    halves = [sum(one.asked.half == half for one in scored) for half in ("open", "held")]
    assert sum(halves) >= 800
    assert min(halves) >= 100
    assert len({one.asked.id for one in scored}) == len(scored)


@pytest.mark.parametrize(("half", "right", "wrong"), [("open", 0.97, 0.01), ("held", 0.892, 0.03)])
def test_most_come_out_right_and_few_false(scored, half, right, wrong):
    """Nearly all that was developed on is right, and of what was held out hardly less than measured;
    what is not right is refused rather than answered falsely."""
    asked = [one for one in scored if one.asked.half == half]
    assert sum(one.verdict is Verdict.CORRECT for one in asked) >= right * len(asked)
    assert sum(one.verdict is Verdict.WRONG for one in asked) <= wrong * len(asked)


def test_the_page_names_both_halves(scored):
    """The scorecard says what was held out, and how each half came out."""
    page = scorecard.as_page(scored)
    assert "## Held out" in page
    assert page.count("| all |") == 2


def _bank_file(tmp_path, *questions):
    file = tmp_path / "bank.jsonl"
    file.write_text("\n".join(json.dumps(question) for question in questions), encoding="utf-8")
    return file


def _asked(number, question, *expect, **more):
    return {"id": str(number), "category": "some", "question": question, "expect": expect, **more}


def test_the_command_counts_each_verdict(tmp_path):
    """Right, wrong, refused and asked back are told apart, also along a conversation."""
    file = _bank_file(
        tmp_path,
        _asked(1, "MRR on Team in Germany", "mrr [country=DE, plan=Team]"),
        _asked(2, "and in France?", "mrr [country=FR, plan=Team]", follow_up_of="1"),
        _asked(3, "mrr", "arr"),
        _asked(4, "weather", "mrr"),
        _asked(5, "mrr of Sunrise Bakery", "mrr"),
        _asked(6, "mrr of Sunrise Bakery", "clarify: Sunrise Bakery; Sunrise Bakery"),
    )
    done = CliRunner().invoke(app, ["eval", str(file), "--world", str(WORLD), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert [one["verdict"] for one in said["questions"]] == [
        *("correct", "correct", "wrong", "refused", "asked_back", "correct"),
    ]
    assert said["categories"]["all"]["right"] == 3


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 1"),
        ('{"id": "1"}', "question"),
        (json.dumps(_asked(1, "mrr", follow_up_of="0")), "does not stand before it"),
    ],
)
def test_a_bad_bank_is_told_by_line(tmp_path, line, told):
    """What is no bank ends the command with the place that is wrong."""
    file = tmp_path / "bank.jsonl"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(bank.BadBank, match=told):
        bank.read(file)


def test_verdicts():
    """An expected plan's line, any of several, or options among those offered."""
    assert scorecard.verdict_of("mrr", ["arr", "mrr"]) is Verdict.CORRECT
    assert scorecard.verdict_of("clarify: A; B; C", ["clarify: B; A"]) is Verdict.CORRECT
    assert scorecard.verdict_of("clarify: A; B", ["clarify: A; A"]) is Verdict.ASKED_BACK
    assert scorecard.verdict_of("refuse", ["mrr"]) is Verdict.REFUSED
