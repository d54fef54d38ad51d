"""`chewbotta ask`, `chat` and `demo`: the assistant where people talk to it.

Heavy imports are made in the functions: `chewbotta --help` only reads the signatures.
"""

import json as json_
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from storage.command_line import run

if TYPE_CHECKING:
    from bot.answer import Answer
    from bot.explaining import Explaining
    from bot.wiring import Ready
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
    why: Annotated[
        bool, typer.Option("--why", help="Say below the answer how it is defined and what it leaves out.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the plan and the SQL instead of the answer.")
    ] = False,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="With --explain: also how the database goes about it.")
    ] = False,
) -> None:
    """Ask a question about your customers.

    chewbotta ask "What was our MRR at the end of last month?"

    With - as the question, a line that begins with "+ " follows up on the line before it.
    """
    if explain or analyze:
        from bot.explaining import Explaining

        run(lambda settings: _ask(settings, question, conversation, Explaining(json=json, analyse=analyze)))
        return
    draw = _write_json if json else _drawer(why=why)
    run(lambda settings: _ask(settings, question, conversation, _Answering(draw, why=why)))


def chat() -> None:
    """Talk with Chewbotta in the terminal."""
    run(_chat)


async def talk_in_slack(settings: "Settings") -> None:
    """Serves Slack over Socket Mode until stopped."""
    from bot.slack.backing import stored
    from bot.slack.features import features
    from bot.slack.run import run_socket_mode
    from bot.wiring import open_ready
    from storage import logs

    logs.configure(settings.log_level)
    async with open_ready(settings) as ready:
        backing = stored(ready.db, ready.vault)
        await run_socket_mode(
            settings,
            ready.assistant,
            account_id=ready.account_id,
            seen=ready.seen,
            keeps=ready.messages,
            backing=backing,
            extensions=features(ready.db, ready.vault, ready.cache, backing.rules),
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


class _Answering(NamedTuple):
    """Shows answers; with `why`, each with its whole receipt."""

    draw: "Callable[[Answer], None]"
    why: bool

    async def show(self, ready: "Ready", answer: "Answer") -> None:
        if self.why:
            from bot.why import with_receipt

            answer = await with_receipt(ready.db, ready.account_id, answer)
        self.draw(answer)


async def _ask(
    settings: "Settings", question: str, conversation: str | None, way: "_Answering | Explaining"
) -> None:
    from bot.model_ledger import asked_from
    from bot.wiring import open_ready
    from storage.trust.audit_terms import Channel

    lines = _from_stdin() if question == "-" else _only(question)
    kept = conversation or f"command-{secrets.token_hex(8)}"
    async with open_ready(settings) as ready:
        async for asked in lines:
            with asked_from(Channel.COMMAND_LINE):
                answer = await ready.assistant.ask(
                    asked.text, account_id=ready.account_id, conversation=kept, follow_up=asked.follow_up
                )
            await way.show(ready, answer)


async def _chat(settings: "Settings") -> None:
    from rich.console import Console

    from bot.console import Chat, prompt_session, recite, talk
    from bot.why import with_receipt
    from bot.wiring import open_ready

    console = Console()
    async with open_ready(settings) as ready:
        conversation = Chat(
            ready.assistant,
            ready.account_id,
            console,
            why=partial(with_receipt, ready.db, ready.account_id),
        )
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


def _drawer(*, why: bool) -> "Callable[[Answer], None]":
    from rich.console import Console

    from bot.render.terminal import show, show_why

    console = Console()

    def draw(answer: "Answer") -> None:
        show(answer, console)
        if why:
            show_why(answer, console)

    return draw


def _write_json(answer: "Answer") -> None:
    """One line, ASCII, so that no character of a name can break it."""
    printed = answer.model_dump()
    if answer.receipt is not None and answer.receipt.complete:
        printed["receipt"] = answer.receipt.model_dump(exclude={"complete"})
    typer.echo(json_.dumps(printed, default=_as_json))


def _as_json(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"an answer holds a {type(value).__name__}, which JSON does not know")
