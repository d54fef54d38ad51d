"""The development questions, asked of the example account by `chewbotta ask --json`."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot.scoring.judge import Said, Verdict, judge
from tests.e2e.all_sources import connected
from tests.e2e.machine import Machine

QUESTIONS = Path(__file__).resolve().parents[3] / "shared" / "questions"

pytestmark = pytest.mark.skipif(
    not QUESTIONS.is_dir(),
    reason="the example account (../shared/questions) is not beside this checkout",
)

LEAST_CORRECT = 58
"""Of the sixty: 97 in a hundred."""


class Question(NamedTuple):
    id: str
    text: str
    difficulty: int
    category: str
    follows: bool
    right: dict[str, Any]


def _questions() -> tuple[datetime, list[Question]]:
    example = json.loads((QUESTIONS / "dev.example.json").read_text())
    asked = {one["id"]: one for one in example["questions"]}
    lines = [json.loads(line) for line in (QUESTIONS / "dev.jsonl").read_text().splitlines()]
    return datetime.fromisoformat(example["now"]), [
        Question(
            line["id"],
            asked[line["id"]]["question"],
            line["difficulty"],
            line["category"],
            "follow_up_of" in line,
            asked[line["id"]]["answer"],
        )
        for line in lines
    ]


@asynccontextmanager
async def _synced(machine: Machine) -> AsyncIterator[Machine]:
    """The machine with the example account on its day: all four systems connected, synced."""
    now, _ = _questions()
    async with connected(machine, QUESTIONS / "world", now) as ready:
        yield ready


@pytest.fixture
async def synced(machine: Machine) -> AsyncIterator[Machine]:
    """On either database."""
    async with _synced(machine) as ready:
        yield ready


@pytest.fixture
async def synced_file(sqlite_machine: Machine) -> AsyncIterator[Machine]:
    """On SQLite, where the database makes no difference."""
    async with _synced(sqlite_machine) as ready:
        yield ready


async def _ask_all(machine: Machine, questions: list[Question]) -> dict[str, tuple[Verdict, Said]]:
    said = await machine.ask(*(f"{'+ ' * one.follows}{one.text}" for one in questions))
    assert [answer["question"] for answer in said] == [one.text for one in questions]
    return {one.id: (judge(answer, one.right), answer) for one, answer in zip(questions, said, strict=True)}


def _scorecard(questions: list[Question], verdicts: dict[str, tuple[Verdict, Said]]) -> str:
    lines = [f"{'verdict':28}{'1':>4}{'2':>4}{'3':>4}{'all':>5}  difficulty"]
    for verdict in Verdict:
        levels = Counter(one.difficulty for one in questions if verdicts[one.id][0] is verdict)
        lines.append(f"{verdict:28}{levels[1]:>4}{levels[2]:>4}{levels[3]:>4}{levels.total():>5}")
    for one in questions:
        verdict, said = verdicts[one.id]
        if verdict is not Verdict.CORRECT:
            lines.append(f"  {one.id} {verdict}: {one.text} -> {said['text'][:80]}")
    return "\n".join(lines)


async def test_the_development_questions(synced: Machine) -> None:
    """Nearly all come out with the example's figures, and nothing is answered falsely."""
    _, questions = _questions()
    verdicts = await _ask_all(synced, questions)
    print(_scorecard(questions, verdicts))  # noqa: T201 - `pytest -s` shows it, and so does a failure
    counts = Counter(verdict for verdict, _ in verdicts.values())
    assert counts[Verdict.WRONG] == 0
    assert counts[Verdict.CORRECT] >= LEAST_CORRECT


async def test_the_same_plan_gives_the_same_figures(synced_file: Machine) -> None:
    """Asking again gives the same answers to the letter, but for the time it took."""
    _, questions = _questions()
    texts = [f"{'+ ' * one.follows}{one.text}" for one in questions]
    first, second = [
        [{**answer, "took_ms": None} for answer in await synced_file.ask(*texts)] for _ in range(2)
    ]
    assert first == second


async def test_the_real_command(synced_file: Machine) -> None:
    """`chewbotta ask --json QUESTION` as a process of its own prints one line, with the figure."""
    _, questions = _questions()
    months = next(dict(one.right["points"]) for one in questions if one.id == "d040")
    done = await synced_file.spawn("ask", "--json", "What was our MRR at the end of January 2026?")
    assert (done.status, done.err, done.out.count("\n")) == (0, "", 1)
    said = json.loads(done.out)
    assert (said["kind"], said["values"]) == ("number", months["2026-01"])
    assert said["as_of"]["stripe"] == "2026-11-23T12:00:00+00:00"
    assert said["period"]["start"] == "2026-02-01T00:00:00+00:00"
