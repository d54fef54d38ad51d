"""`chewbotta discord`: the process that talks in Discord, and the servers that it serves.

Heavy imports are made in the functions: `chewbotta --help` only reads the signatures.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from storage.command_line import fail, opened, run

if TYPE_CHECKING:
    from storage.settings import Settings

discord_app = typer.Typer(
    name="discord",
    invoke_without_command=True,
    help="Talk in Discord until stopped; connect, list and disconnect servers.",
)

Server = Annotated[int, typer.Argument(metavar="SERVER", help="Its number in `chewbotta discord list`.")]
Role = Annotated[list[int], typer.Argument(metavar="ROLE...", help="The ids of roles whose members may ask.")]


@discord_app.callback()
def discord(context: typer.Context) -> None:
    """Talk in Discord until stopped; connect, list and disconnect servers."""
    if context.invoked_subcommand is None:
        run(_serve)


@discord_app.command()
def connect() -> None:
    """Print the link that invites the bot, and a code to connect a server with, good for an hour.

    Example:  chewbotta discord connect
    """
    link, code = run(_connect)
    typer.echo(f"1. Invite the bot:  {link}")
    typer.echo(f"2. In the server:   /chewy connect code:{code} role:ROLE")
    typer.echo("Members with that role may ask. Whoever types it must be allowed to manage the server.")


@discord_app.command("list")
def list_() -> None:
    """List the connected servers, with the roles that may ask."""
    lines = run(_list)
    for line in lines:
        typer.echo(line)
    if not lines:
        typer.echo("No Discord server is connected: `chewbotta discord connect` says how.")


@discord_app.command()
def roles(server: Server, role: Role) -> None:
    """Say which roles of a server may ask, in place of those before."""
    run(lambda settings: _roles(settings, server, role))
    typer.echo("Done.")


@discord_app.command()
def disconnect(
    server: Server, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Disconnect a server: its subscriptions and the Messages that stand in it are deleted here."""
    if not yes:
        typer.confirm("Delete what belongs to this server?", abort=True)
    deleted = run(lambda settings: _disconnect(settings, server))
    typer.echo(f"Disconnected. Messages deleted: {deleted}. Remove the bot from the server in Discord.")


async def _serve(settings: "Settings") -> None:
    from bot.discord.house import House
    from bot.discord.run import serve
    from bot.wiring import open_ready

    async with open_ready(settings) as ready:
        await serve(settings, House(ready.db, ready.vault, ready.assistant))


async def _connect(settings: "Settings") -> tuple[str, str]:
    from datetime import UTC, datetime

    from bot.discord.invite import invite_link
    from storage.accounts import sole_account
    from storage.discord_guilds import make_code

    link = await invite_link(settings)
    async with opened(settings) as place:
        account_id = await sole_account(place.db)
        return link, await make_code(place.vault, account_id, datetime.now(UTC))


async def _list(settings: "Settings") -> list[str]:
    from storage.accounts import sole_account
    from storage.discord_guilds import list_guilds

    async with opened(settings) as place:
        found = await list_guilds(place.db, await sole_account(place.db))
    return [
        f"{guild.guild_id}  since {guild.connected_at:%Y-%m-%d}  roles {', '.join(map(str, guild.roles))}"
        for guild in found
    ]


async def _roles(settings: "Settings", server: int, role: list[int]) -> None:
    from datetime import UTC, datetime

    from storage.accounts import sole_account
    from storage.discord_guilds import connect_guild, list_guilds

    async with opened(settings) as place:
        account_id = await sole_account(place.db)
        if server not in {guild.guild_id for guild in await list_guilds(place.db, account_id)}:
            fail("There is no such Discord server: `chewbotta discord list` shows them.")
        if server in role:
            fail("@everyone cannot be the role that may ask: anybody who joins the server has it.")
        await connect_guild(place.db, place.vault, account_id, server, role, now=datetime.now(UTC))


async def _disconnect(settings: "Settings", server: int) -> int:
    from storage.accounts import sole_account
    from storage.discord_guilds import remove_guild

    async with opened(settings) as place:
        return await remove_guild(place.db, place.vault, await sole_account(place.db), server)
