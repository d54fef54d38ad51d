"""`chewbotta ask`, `chat`, `slack` and `demo`: the assistant where people talk to it.

Heavy imports are made in the functions: `chewbotta --help` only reads the signatures.
"""

import json as json_
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from storage.command_line import run

if TYPE_CHECKING:
    from bot.answer import Answer
    from storage.settings import Settings

_FOLLOW_UP = "+ "
_DEMO_FOLDER = Path(".demo")


class _Question(NamedTuple):
    text: str
    follow_up: bool


def ask(
    question: Annotated[str, typer.Argument(help="In your own words; - reads one question a line.")],
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line instead of a drawing.")
    ] = False,
    conversation: Annotated[
        str | None, typer.Option(metavar="ID", help="Keep the context between calls, for follow-ups.")
    ] = None,
) -> None:
    """Ask a question about your customers.

    chewbotta ask "What was our MRR at the end of last month?"

    With - as the question, a line that begins with "+ " follows up on the line before it.
    """
    run(lambda settings: _ask(settings, question, conversation, _write_json if json else _drawer()))


def chat() -> None:
    """Talk with Chewbotta in the terminal."""
    run(_chat)


def slack() -> None:
    """Talk in Slack over Socket Mode, until stopped."""
    run(_slack)


async def _slack(settings: "Settings") -> None:
    from bot.slack.run import run_socket_mode
    from bot.wiring import open_ready
    from storage import logs

    logs.configure(settings.log_level)
    async with open_ready(settings) as ready:
        await run_socket_mode(
            settings,
            ready.assistant,
            account_id=ready.account_id,
            seen=ready.seen,
            keeps=ready.messages,
            tz=ready.zone,
        )


def demo(
    folder: Annotated[
        Path, typer.Option(help="Where its database lies; made if it is not there.", show_default=".demo")
    ] = _DEMO_FOLDER,
    slack: Annotated[
        Path | None,
        typer.Option(metavar="PROGRAM", help="Show it behind a page that looks like Slack (local-slack)."),
    ] = None,
) -> None:
    """Show Chewbotta on an invented company.

    Five questions are answered, then there is a prompt for yours. The demo has a database of its own and
    never touches another.
    """
    run(lambda _: _demo(folder, slack))


async def _demo(folder: Path, slack: Path | None) -> None:
    if slack is not None:
        from bot.demo_slack import demo_slack

        await demo_slack(slack, folder)
    else:
        from bot.demo import demo as show

        await show(folder)


async def _ask(
    settings: "Settings", question: str, conversation: str | None, write: "Callable[[Answer], None]"
) -> None:
    from bot.wiring import open_assistant

    lines = _from_stdin() if question == "-" else _only(question)
    kept = conversation or f"command-{secrets.token_hex(8)}"
    async with open_assistant(settings) as (assistant, account_id):
        async for asked in lines:
            write(
                await assistant.ask(
                    asked.text, account_id=account_id, conversation=kept, follow_up=asked.follow_up
                )
            )


async def _chat(settings: "Settings") -> None:
    from rich.console import Console

    from bot.console import Chat, prompt_session, recite, talk
    from bot.wiring import open_assistant

    console = Console()
    async with open_assistant(settings) as (assistant, account_id):
        conversation = Chat(assistant, account_id, console)
        if sys.stdin.isatty() and console.is_terminal:
            await talk(conversation, console, prompt_session(settings.chewbotta_home))
        else:
            await recite(conversation, console, sys.stdin)


async def _only(question: str) -> AsyncIterator[_Question]:
    yield _Question(question, follow_up=True)


async def _from_stdin() -> AsyncIterator[_Question]:
    from bot.console import read_lines

    async for line in read_lines(sys.stdin):
        follows = line.startswith(_FOLLOW_UP)
        yield _Question(line.removeprefix(_FOLLOW_UP) if follows else line, follow_up=follows)


def _drawer() -> "Callable[[Answer], None]":
    from rich.console import Console

    from bot.render.terminal import show

    console = Console()
    return lambda answer: show(answer, console)


def _write_json(answer: "Answer") -> None:
    """One line, ASCII, so that no character of a name can break it."""
    typer.echo(json_.dumps(answer.model_dump(), default=_as_json))


def _as_json(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"an answer holds a {type(value).__name__}, which JSON does not know")
