"""The chat in a terminal, with a real prompt on a pipe in place of a keyboard."""

import io
import stat
from contextlib import contextmanager

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from bot.answer import Answer, Kind, Option, Receipt
from bot.console import Chat, prompt_session, recite, talk
from storage.errors import OperatorError


class Echo:
    """Answers with the question; asks back for "fernhill"; fails on "broken". Notes what it was asked."""

    def __init__(self) -> None:
        self.asked = []

    async def ask(self, question, *, account_id, conversation=None, follow_up=True):
        self.asked.append((question, account_id, conversation, follow_up))
        if question == "broken":
            raise OperatorError("the database is away; run `chewbotta doctor`")
        if question == "fernhill":
            options = (
                Option(label="Fernhill Studio", question="mrr of Fernhill Studio"),
                Option(label="Berlin"),
            )
            return Answer(question=question, kind=Kind.CLARIFY, text="Which one?", options=options)
        return Answer(question=question, kind=Kind.REFUSE, text=f"You said {question}")

    def help(self):
        return "You can ask for MRR."

    @property
    def questions(self):
        return [question for question, *_ in self.asked]


@pytest.fixture
def echo():
    return Echo()


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=80, force_terminal=False)


@pytest.fixture
def typed(echo, console, tmp_path):
    """Types keys at the prompt and returns what was shown."""

    @contextmanager
    def keyboard(keys):
        with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
            pipe.send_text(keys)
            yield

    async def type_(keys, home=tmp_path / "home"):
        with keyboard(keys):
            await talk(Chat(echo, 7, console), console, prompt_session(home))
        return console.file.getvalue()

    return type_


async def test_answers_until_control_d(typed, echo):
    """Each line is asked of the account, all in one conversation, until Ctrl-D."""
    shown = await typed("mrr\rand by plan\r\x04")
    assert "You said and by plan" in shown
    assert [(q, account) for q, account, *_ in echo.asked] == [("mrr", 7), ("and by plan", 7)]
    assert len({conversation for _, _, conversation, _ in echo.asked}) == 1


@pytest.mark.parametrize("word", ["exit", "quit", " EXIT "])
async def test_leaves_on_goodbye(typed, echo, word):
    """`exit` ends the chat and is not asked."""
    await typed(f"{word}\rmrr\r\x04")
    assert echo.questions == []


async def test_control_c_drops_the_line(typed, echo):
    """Ctrl-C throws away what was typed and stays."""
    await typed("not this\x03mrr\r\x04")
    assert echo.questions == ["mrr"]


async def test_help_is_not_a_question(typed, echo):
    """`help` shows what can be asked."""
    assert "You can ask for MRR." in await typed("help\r\x04")
    assert echo.questions == []


async def test_why_explains_the_last_answer(echo, console):
    """`why` shows the receipt of the answer before it and is not asked; before any answer it says so."""

    async def why(answer):
        return answer.model_copy(update={"receipt": Receipt(definition="MRR: what it is", counted=2)})

    await recite(Chat(echo, 1, console, why=why), console, io.StringIO("why\nmrr\nWhy?\n/why"))
    shown = console.file.getvalue()
    assert echo.questions == ["mrr"]
    assert shown.count("MRR: what it is.") == 2
    assert shown.index("Ask something first") < shown.index("You said mrr") < shown.index("Counted: 2 rows")


async def test_number_chooses_an_option(typed, echo):
    """After a question back, a number asks the question of that option; without its own, its label."""
    await typed("fernhill\r1\rfernhill\r2.\r\x04")
    assert echo.questions == ["fernhill", "mrr of Fernhill Studio", "fernhill", "Berlin"]


async def test_number_is_a_question_otherwise(typed, echo):
    """A number that chooses nothing is asked as it is, and options do not outlive the next answer."""
    await typed("1\rfernhill\r3\r1\r\x04")
    assert echo.questions == ["1", "fernhill", "3", "1"]


async def test_trouble_does_not_end_the_chat(typed, echo):
    """An error is shown as one line, and the next question is answered."""
    shown = await typed("broken\rmrr\r\x04")
    assert "the database is away" in shown
    assert "You said mrr" in shown


async def test_history_is_kept_for_its_owner_alone(typed, tmp_path, echo):
    """What was asked can be recalled next time; nobody else may read it."""
    home = tmp_path / "another"
    await typed("what is mrr\r\x04", home)
    await typed("\x1b[A\r\x04", home)
    assert echo.questions == ["what is mrr", "what is mrr"]
    assert stat.S_IMODE((home / "history").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


async def test_loose_history_file_is_tightened(tmp_path):
    """A history that others could read is closed to them."""
    file = tmp_path / "history"
    file.touch(mode=0o644)
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        prompt_session(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_reads_lines_without_a_terminal(echo, console):
    """With no one at the keyboard, lines of standard input are asked in order, blank ones skipped."""
    await recite(Chat(echo, 1, console), console, io.StringIO("mrr\n\nhelp\narr"))
    shown = console.file.getvalue()
    assert echo.questions == ["mrr", "arr"]
    assert (
        shown.index("› mrr") < shown.index("You said mrr") < shown.index("You can ask") < shown.index("› arr")
    )
