"""`ask` on the command line, with an assistant that repeats what it is asked in place of a database."""

import json
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace

import pytest
import typer
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from bot import cli
from bot.answer import Answer, Kind
from storage.errors import OperatorError

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)
FIELDS = (
    "question kind text value unit currency values previous columns rows total_rows profile options "
    "period as_of plan interpreter took_ms"
)


class Parrot:
    """Notes what it is asked; opening it or asking it fails with `trouble`."""

    def __init__(self) -> None:
        self.asked = []
        self.trouble = None

    async def ask(self, question, *, account_id, conversation=None, follow_up=True):
        self.asked.append((question, account_id, conversation, follow_up))
        if self.trouble:
            raise self.trouble
        text = f"You said {question}"
        return Answer(question=question, kind=Kind.REFUSE, text=text, as_of={"demo": NOW}, took_ms=1.5)


@pytest.fixture
def parrot(monkeypatch):
    assistant = Parrot()

    @asynccontextmanager
    async def open_ready(settings):
        yield SimpleNamespace(assistant=assistant, account_id=7, db=None)

    wiring = ModuleType("bot.wiring")
    wiring.open_ready = open_ready
    wiring.Ready = SimpleNamespace
    monkeypatch.setitem(sys.modules, "bot.wiring", wiring)
    return assistant


@pytest.fixture
def run(parrot):
    app = typer.Typer()
    app.command()(cli.ask)
    app.command()(cli.chat)
    return lambda *words, stdin=None: CliRunner().invoke(app, words, input=stdin)


def test_json_is_one_line_of_the_contract(run):
    """`--json` prints every field of the contract, in its order, on one line, instants with their offset."""
    done = run("ask", "--json", "mrr\u2028 of Café")
    assert done.exit_code == 0
    (line,) = done.stdout.splitlines()
    answer = json.loads(line)
    assert " ".join(answer) == FIELDS
    assert answer["question"] == "mrr\u2028 of Café"
    assert answer["as_of"] == {"demo": "2026-11-23T11:00:00+00:00"}


def test_dash_answers_line_by_line_in_order(run, parrot):
    """One object a line of standard input, blank lines too; `+ ` follows up, any other line starts afresh."""
    done = run("ask", "--json", "-", stdin="mrr\r\n+ by plan\n\n+growth rate\n+ and arr")
    said = [json.loads(line)["question"] for line in done.stdout.splitlines()]
    assert said == ["mrr", "by plan", "", "+growth rate", "and arr"]
    assert [follow_up for *_, follow_up in parrot.asked] == [False, True, False, False, True]
    assert {account for _, account, *_ in parrot.asked} == {7}
    assert len({conversation for _, _, conversation, _ in parrot.asked}) == 1


def test_conversation_is_kept_only_where_it_is_named(run, parrot):
    """`--conversation ID` follows up between calls; without it no call knows of another."""
    run("ask", "mrr", "--conversation", "today")
    run("ask", "by plan", "--conversation", "today")
    run("ask", "mrr")
    run("ask", "mrr")
    conversations = [conversation for _, _, conversation, _ in parrot.asked]
    assert conversations[:2] == ["today", "today"]
    assert len(set(conversations)) == 3
    assert all(follow_up for *_, follow_up in parrot.asked)


def test_answer_is_drawn_without_json(run):
    """Without `--json` people get a drawing, freshness below."""
    shown = run("ask", "mrr").stdout
    assert "You said mrr" in shown
    assert "Demo as of 23 Nov 2026, 11:00 UTC" in shown


def test_unreadable_bytes_are_asked_as_far_as_they_can_be_read(run, parrot):
    """Bytes that are no UTF-8 end neither the run nor the order."""
    done = run("ask", "--json", "-", stdin=b"caf\xff\nmrr\n")
    assert done.exit_code == 0
    assert [question for question, *_ in parrot.asked] == ["caf\ufffd", "mrr"]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (
            OperatorError("there is no account yet:\nrun `chewbotta init`"),
            "there is no account yet: run `chewbotta init`",
        ),
        (
            OperationalError("SELECT name", {"name": "Café Zoë"}, Exception("zoe@cafe.example")),
            "OperationalError",
        ),
        (ConnectionRefusedError("10.0.0.1"), "ConnectionRefusedError"),
    ],
)
def test_trouble_is_one_line_on_standard_error(run, parrot, trouble, said):
    """Errors end with status 1 and one line that quotes no row, and nothing on standard output."""
    parrot.trouble = trouble
    done = run("ask", "--json", "mrr")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "zoe" not in done.stderr.lower()


def test_unusable_settings_are_one_line_too(run, monkeypatch):
    """A setting that cannot be used stops the command before anything is asked."""
    monkeypatch.setenv("LOG_LEVEL", "shouting")
    done = run("ask", "mrr")
    assert done.exit_code == 1
    assert "LOG_LEVEL" in done.stderr


def test_chat_without_a_terminal_reads_its_lines(run):
    """`chat` in a pipe answers each line and ends."""
    done = run("chat", stdin="mrr\nexit\narr\n")
    assert done.exit_code == 0
    assert "You said mrr" in done.stdout
    assert "arr" not in done.stdout
