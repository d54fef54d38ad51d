"""`chewbotta access` and `chewbotta feedback`: who may ask in chat, and what they thought of the answers."""

import json as json_
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from storage.command_line import opened, run

if TYPE_CHECKING:
    from storage.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Platform = Annotated[str, typer.Option("--platform", help="slack or discord.")]

access_app = typer.Typer(
    no_args_is_help=True,
    help="Who may ask in Slack or Discord, and where answers may be posted. People, groups and channels are "
    "named by the platform's own ids (Slack: U..., S..., C...).",
)
feedback_app = typer.Typer(no_args_is_help=True, help="Thumbs up and down on answers.")


@access_app.command("show")
def show(platform: Platform = "slack", as_json: Json = False) -> None:
    """Show who may ask and where."""
    found = run(lambda settings: _rules(settings, platform))
    if as_json:
        typer.echo(json_.dumps(found))
        return
    typer.echo(f"everybody   {found['everybody']}")
    for kind in ("people", "groups", "channels"):
        for subject, choice in found[kind].items():
            typer.echo(f"{kind:11} {subject:16} {choice}")
    if not found["channels"]:
        typer.echo("channels    all, but for those with people from outside")


@access_app.command("everybody")
def everybody(
    role: Annotated[str, typer.Argument(help="none, viewer (no amounts), member or admin.")],
    platform: Platform = "slack",
) -> None:
    """Set what members may who have no line of their own.

    chewbotta access everybody none      only listed people and groups may ask
    """
    _choose(platform, "everybody", "", role)


@access_app.command("person")
def person(
    id_: Annotated[str, typer.Argument(metavar="ID", help="U012ABC...")],
    role: Annotated[str, typer.Argument(help="none, viewer (no amounts), member or admin.")],
    platform: Platform = "slack",
) -> None:
    """Give one person a role, whatever their groups have."""
    _choose(platform, "person", id_, role)


@access_app.command("group")
def group(
    id_: Annotated[str, typer.Argument(metavar="ID", help="S012ABC..., Discord: a role's id")],
    role: Annotated[str, typer.Argument(help="none, viewer (no amounts), member or admin.")],
    platform: Platform = "slack",
) -> None:
    """Give everybody in a user group a role."""
    _choose(platform, "group", id_, role)


@access_app.command("channel")
def channel(
    id_: Annotated[str, typer.Argument(metavar="ID", help="C012ABC...")],
    figures: Annotated[
        bool,
        typer.Option("--figures", help="People from outside may see figures there; never who a customer is."),
    ] = False,
    platform: Platform = "slack",
) -> None:
    """List a channel that answers may be posted in. Once one is listed, the others are not answered in."""
    _choose(platform, "channel", id_, "figures" if figures else "listed")


@access_app.command("remove")
def remove(
    whom: Annotated[str, typer.Argument(help="everybody, person, group or channel.")],
    id_: Annotated[str, typer.Argument(metavar="ID")] = "",
    platform: Platform = "slack",
) -> None:
    """Take a line away."""
    _choose(platform, whom, id_, None)


def _choose(platform: str, whom: str, subject: str, allowed: str | None) -> None:
    run(lambda settings: _store(settings, platform, whom, subject, allowed))
    said = f"{whom} {subject}".rstrip()
    typer.echo(f"{said}: {allowed}." if allowed else f"{said}: no line any more.")


async def _store(settings: "Settings", platform: str, whom: str, subject: str, allowed: str | None) -> None:
    from storage import accounts
    from storage.chat_access import choose_access

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        await choose_access(place.db, account_id, platform, whom, subject, allowed, now=datetime.now(UTC))


async def _rules(settings: "Settings", platform: str) -> dict[str, Any]:
    from storage import accounts
    from storage.chat_access import read_rules

    async with opened(settings) as place:
        rules = await read_rules(place.db, await accounts.sole_account(place.db), platform)
    return {
        "everybody": str(rules.everybody),
        "people": {one: str(role) for one, role in rules.people.items()},
        "groups": {one: str(role) for one, role in rules.groups.items()},
        "channels": {one: str(shown) for one, shown in rules.channels.items()},
    }


@feedback_app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """Show what people thought of answers, newest first, with the plan behind each."""
    votes = run(lambda settings: _votes(settings, limit))
    if as_json:
        typer.echo(json_.dumps(votes))
        return
    for vote in votes:
        thumb = "\N{THUMBS UP SIGN}" if vote["is_good"] else "\N{THUMBS DOWN SIGN}"
        plan = json_.dumps(vote["plan"]) if vote["plan"] else "-"
        typer.echo(f"{vote['at'][:16]}  {thumb}  {vote['platform']:8} {vote['kind']:10} {plan}")
    if not votes:
        typer.echo("Nobody has voted yet.")


@feedback_app.command("export")
def export(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = True,
) -> None:
    """Write every vote as a JSON object a line, for the scorecard and for whoever improves the questions."""
    del as_json  # there is no other form
    for vote in run(lambda settings: _votes(settings, None)):
        typer.echo(json_.dumps(vote))


async def _votes(settings: "Settings", limit: int | None) -> list[dict[str, Any]]:
    from storage import accounts
    from storage.feedback import list_feedback

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        found = await list_feedback(place.db, account_id, limit=limit)
    return [
        {
            "at": vote.at.isoformat(),
            "is_good": vote.is_good,
            "platform": vote.platform,
            "kind": vote.kind,
            "interpreter": vote.interpreter,
            "plan": json_.loads(vote.plan) if vote.plan else None,
        }
        for vote in found
    ]
