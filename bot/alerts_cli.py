"""`chewbotta alerts`: who is told which thoughts, from the command line."""

import json as json_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from storage.command_line import run

if TYPE_CHECKING:
    from storage.settings import Settings
    from thoughts.subscriptions import Subscription

alerts_app = typer.Typer(name="alerts", no_args_is_help=True, help="Who is told which thoughts, and where.")

_Json = Annotated[bool, typer.Option("--json", help="JSON in place of lines.")]
_MADE_BY = "command line"


@alerts_app.command(name="list")
def list_(*, json: _Json = False) -> None:
    """Show all subscriptions."""
    _show(run(_list), json=json)


@alerts_app.command()
def add(
    place: Annotated[str, typer.Argument(help="Slack's id of a channel (C…) or a person (U…).")],
    what: Annotated[str, typer.Argument(help='In your own words: "failed payments over $500".')],
    team: Annotated[
        str | None, typer.Option(help="Slack's id of the workspace, where the token does not say it.")
    ] = None,
    *,
    json: _Json = False,
) -> None:
    """Subscribe a channel, or a person, to thoughts."""
    _show([run(lambda settings: _add(settings, place, what, team))], json=json)


@alerts_app.command()
def remove(number: Annotated[int, typer.Argument(help="As `alerts list` shows it.")]) -> None:
    """End a subscription; what waits to be posted for it is not."""
    run(lambda settings: _remove(settings, number))
    typer.echo(f"Number {number} is removed.")


def _show(found: "list[dict[str, Any]]", *, json: bool) -> None:
    if json:
        typer.echo(json_module.dumps(found))
        return
    if not found:
        typer.echo('Nobody is subscribed: chewbotta alerts add C0123 "failed payments over $500".')
    for one in found:
        state = "" if one["state"] == "on" else f" ({one['state']})"
        typer.echo(f"{one['number']}  {one['platform']} {one['place']}: {one['wants']}{state}")


async def _list(settings: "Settings") -> list[dict[str, Any]]:
    from storage import accounts
    from storage.command_line import opened
    from thoughts.subscriptions import subscriptions

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return [_shown(one) for one in await subscriptions(place.db, place.vault, account_id)]


async def _add(settings: "Settings", where: str, what: str, team: str | None) -> dict[str, Any]:
    from datetime import UTC, datetime

    from bot.alert_words import read_wants
    from bot.wiring import open_ready
    from thoughts.subscriptions import Where, subscribe

    now = datetime.now(UTC)
    async with open_ready(settings) as ready:
        wants = read_wants(what, await ready.cache.vocabulary(ready.account_id), now)
        place = Where("slack", team or await _team(settings), where)
        made = await subscribe(ready.db, ready.vault, ready.account_id, place, wants, by=_MADE_BY, now=now)
        return _shown(made)


async def _team(settings: "Settings") -> str:
    """The workspace of the token; raises SlackUnusable where Slack does not say."""
    from bot.slack.app import close, web_client
    from bot.slack.workspaces import OneWorkspace

    client = web_client(settings)
    try:
        return (await OneWorkspace(client, 0).who()).team_id
    finally:
        await close(client)


async def _remove(settings: "Settings", number: int) -> None:
    from storage import accounts
    from storage.command_line import opened
    from storage.doer import Doer
    from thoughts.subscriptions import unsubscribe

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        await unsubscribe(place.db, account_id, [number], by=Doer.operator())


def _shown(one: "Subscription") -> dict[str, Any]:
    from bot.alert_words import in_words
    from bot.render import text

    return {
        "number": one.number,
        "platform": one.where.platform,
        "team": one.where.team,
        "place": one.where.place,
        "state": one.state,
        "made_by": one.made_by,
        "wants": in_words(one.wants, text.money),
    }
