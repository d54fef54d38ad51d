"""The chat in a terminal: a prompt with history, answers drawn below it, choices taken by number.

With no terminal attached the same chat reads its lines from standard input and ends with them.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, tzinfo
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from rich.console import Console
from rich.padding import Padding

from bot.answer import Answer, Kind, Option
from bot.model_ledger import asked_from
from bot.render import terminal
from storage.errors import OperatorError
from storage.trust.audit_terms import Channel

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

HISTORY = "history"
_LEAVE = frozenset({"exit", "quit", "bye", ":q"})
_HELP = frozenset({"help", "?"})
_WHY = frozenset({"/why", "why", "why?", "why this number", "why this number?"})
_HINT = "Ask in your own words; “help” says what can be asked, “why” where a number is from, Ctrl-D leaves."
_PROMPT = "› "


class Answers(Protocol):
    """What the chat needs of the assistant."""

    async def ask(
        self, question: str, *, account_id: int, conversation: str | None = None, follow_up: bool = True
    ) -> Answer: ...

    def help(self) -> str: ...


class Chat:
    """One conversation with one account's assistant, printed to a console."""

    def __init__(
        self,
        assistant: Answers,
        account_id: int,
        console: Console,
        tz: tzinfo = UTC,
        why: Callable[[Answer], Awaitable[Answer]] | None = None,
    ) -> None:
        self._why = why
        self._last: Answer | None = None
        self._assistant, self._account_id = assistant, account_id
        self._console, self._tz = console, tz
        self._conversation = f"terminal-{secrets.token_hex(8)}"
        self._options: tuple[Option, ...] = ()

    async def hear(self, line: str) -> bool:
        """Answer one line; False when it says goodbye."""
        line = line.strip()
        if line.lower() in _LEAVE:
            return False
        if line.lower() in _HELP:
            self._console.print(Padding(terminal.said(self._assistant.help()), (1, 2), expand=False))
        elif line.lower() in _WHY and self._why is not None:
            await self._explain(self._why)
        elif line:
            await self._ask(line)
        return True

    async def _ask(self, line: str) -> None:
        chosen = self._chosen(line)
        try:
            with asked_from(Channel.COMMAND_LINE):
                answer = await self._assistant.ask(
                    chosen or line, account_id=self._account_id, conversation=self._conversation
                )
        except OperatorError as problem:
            self._console.print(Padding(terminal.said(str(problem), "bold"), (1, 2), expand=False))
            return
        self._last = answer
        self._options = (answer.options or ()) if answer.kind is Kind.CLARIFY else ()
        terminal.show(answer, self._console, self._tz)

    async def _explain(self, why: Callable[[Answer], Awaitable[Answer]]) -> None:
        """The receipt of the last answer."""
        if self._last is None:
            self._console.print(Padding(terminal.said("Ask something first."), (1, 2), expand=False))
            return
        try:
            terminal.show_why(await why(self._last), self._console, self._tz)
        except OperatorError as problem:
            self._console.print(Padding(terminal.said(str(problem), "bold"), (1, 2), expand=False))

    def _chosen(self, line: str) -> str | None:
        """The question of the option whose number was typed, after a question back."""
        number = line.rstrip(".)")
        if not number.isdecimal() or not 1 <= int(number) <= len(self._options):
            return None
        option = self._options[int(number) - 1]
        return option.question or option.label


async def talk(chat: Chat, console: Console, session: "PromptSession[str]") -> None:
    """Prompt until Ctrl-D or a goodbye; Ctrl-C drops the line that is being typed."""
    console.print(terminal.said(_HINT, terminal.DIM))
    while True:
        try:
            line = await session.prompt_async(_PROMPT)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if not await chat.hear(line):
            return


async def recite(chat: Chat, console: Console, lines: TextIO) -> None:
    """The same without anyone at the keyboard: each line is repeated above its answer."""
    async for line in read_lines(lines):
        if line.strip():
            console.print(terminal.said(f"{_PROMPT}{line}", terminal.DIM))
        if not await chat.hear(line):
            return


async def read_lines(stream: TextIO) -> AsyncIterator[str]:
    """The lines of a stream as they come, without their ends; the event loop does not wait for them.

    What is no UTF-8 is read as far as it can be.
    """
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")
    while line := await asyncio.to_thread(stream.readline):
        yield line.rstrip("\r\n")


def prompt_session(home: Path) -> "PromptSession[str]":
    """A prompt whose history lies in CHEWBOTTA_HOME, for its owner's eyes only: questions name customers."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.history import FileHistory

    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = home / HISTORY
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    file.chmod(0o600)
    return PromptSession(history=FileHistory(file), auto_suggest=AutoSuggestFromHistory())
