"""`chewbotta eval`: how well a bank of questions is understood."""

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from storage.command_line import run

if TYPE_CHECKING:
    from bot.scoring.scorecard import Scored
    from storage.settings import Settings


def evaluate(
    file: Annotated[Path, typer.Argument(help="Questions, one JSON object a line.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
    answers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The right answers for this account, by id.")
    ] = None,
    world: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Interpret only, in the words of an invented account."),
    ] = None,
    feedback: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Say besides what people thought (from `feedback export`)."),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the scorecard there as Markdown.")
    ] = None,
) -> None:
    """Ask a bank of questions and say how many came out right, by category."""
    from bot.scoring import scorecard, votes

    async def score(settings: "Settings") -> None:
        scored = await _scored(settings, file, answers, world)
        if page is not None:
            page.write_text(scorecard.as_page(scored), encoding="utf-8")
        thumbs = votes.read(feedback) if feedback is not None else None
        if json:
            besides = votes.as_json(thumbs) if thumbs is not None else {}
            typer.echo(json_.dumps(scorecard.as_json(scored) | besides, ensure_ascii=True))
            return
        typer.echo(scorecard.as_text(scored))
        if thumbs is not None:
            typer.echo(f"\n{votes.as_text(thumbs)}")

    run(score)


async def _scored(
    settings: "Settings", file: Path, answers: Path | None, world: Path | None
) -> "list[Scored]":
    from bot.scoring import bank

    questions = bank.read(file)
    if world is not None:
        from bot.scoring import scorecard
        from bot.scoring import world as worlds

        return scorecard.understand_all(questions, worlds.read(world))
    from bot.scoring import asking

    right = asking.read_answers(answers) if answers is not None else {}
    async with asking.open_bench(settings) as bench:
        return await bench.ask_all(questions, right)
