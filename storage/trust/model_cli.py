"""`chewbotta model`: what a language model may be told. Heavy imports stand where they are used."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from storage.command_line import opened, run

if TYPE_CHECKING:
    from storage.settings import Settings

model_app = typer.Typer(
    name="model",
    no_args_is_help=True,
    help="The language model, where one is set up: what it may be told (docs/language-model.md).",
)


class Choice(StrEnum):
    ON = "on"
    OFF = "off"


@model_app.callback()
def model() -> None:
    """A group, though it has one command yet."""


@model_app.command()
def values(
    choice: Annotated[
        Choice | None, typer.Argument(help="Without one: how it is.", show_default=False)
    ] = None,
) -> None:
    """Say whether a model may be told the names of plans, products, stages and tags that a question has.

    Off unless you switch it on. Names of customers and colleagues, addresses and amounts never leave.
    """

    async def choose(settings: "Settings") -> None:
        from storage import accounts
        from storage.doer import Doer
        from storage.trust import model_use

        async with opened(settings) as place:
            account_id = await accounts.sole_account(place.db)
            if choice is not None:
                await model_use.let_tell_values(place.db, account_id, choice is Choice.ON, Doer.operator())
            told = await model_use.tells_values(place.db, account_id)
        typer.echo(f"Values of your own (plans, products, stages, tags) {'may' if told else 'do not'} leave.")

    run(choose)
