"""The slash commands: `/chewy ask`, `/chewy help`, `/chewy connect`, and `/chewy alerts ...`."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import discord
import structlog
from discord import app_commands

from bot.discord import alerts, texts
from bot.discord.answering import Asked, described
from bot.discord.people import Refused
from bot.discord.sending import Privately
from storage.discord_guilds import GuildTaken

if TYPE_CHECKING:
    from bot.discord.client import Chewy

_log = structlog.get_logger(__name__)
_LONGEST_QUESTION = 500

Typed = discord.Interaction[Any]


class Tree(app_commands.CommandTree["Chewy"]):
    """Commands, whose failures are logged by kind and place."""

    async def on_error(self, interaction: Typed, error: app_commands.AppCommandError, /) -> None:
        _log.error("discord.command_failed", **described(error))


def tree_of(client: "Chewy") -> Tree:
    """All our commands, for servers and direct messages, not for other people's talks."""
    tree = Tree(client, allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True))
    chewy = app_commands.Group(name="chewy", description="Your customers' data, where you talk")
    chewy.add_command(_ask(client))
    chewy.add_command(_help(client))
    chewy.add_command(_connect(client))
    chewy.add_command(alerts.group(client))
    tree.add_command(chewy)
    return tree


def _ask(client: "Chewy") -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="ask", description="Ask about your customers. Only you see the answer.")
    @app_commands.describe(question="In your own words: what is our MRR?")
    async def ask(interaction: Typed, question: app_commands.Range[str, 1, _LONGEST_QUESTION]) -> None:
        _start(client, interaction, _asked(client, interaction, question))

    return ask


def _help(client: "Chewy") -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="help", description="How to ask, and what can be asked.")
    async def help_(interaction: Typed) -> None:
        _start(client, interaction, _asked(client, interaction, "help"))

    return help_


def _connect(client: "Chewy") -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="connect", description="Connect this server to a Chewbotta account.")
    @app_commands.describe(code="From: chewbotta discord connect", role="Whose members may ask")
    async def connect(interaction: Typed, code: app_commands.Range[str, 1, 100], role: discord.Role) -> None:
        _start(client, interaction, _connected(client, interaction, code, role))

    return connect


def _start(client: "Chewy", interaction: Typed, work: Coroutine[Any, Any, str | None]) -> None:
    """Begins at once; the acknowledgement is the first thing that is done."""
    client.start_work(in_private(client, interaction, work))


async def in_private(client: "Chewy", interaction: Typed, work: Coroutine[Any, Any, str | None]) -> None:
    """Acknowledges, does the work, and says what it returns, to the one who typed the command alone."""
    aside = Privately(interaction)

    async def acknowledged() -> None:
        try:
            await aside.acknowledge()
            words = await work
        finally:
            work.close()
        if words:
            await aside.send([texts.say(words)])

    await client.answering.handle(acknowledged(), aside)


async def _asked(client: "Chewy", interaction: Typed, question: str) -> str | None:
    asker = await client.people.of(interaction)
    if isinstance(asker, Refused):
        _log.info("discord.refused", why=asker.why)
        return asker.words
    asked = Asked(
        " ".join(question.split()),
        f"discord:{interaction.channel_id}:{interaction.user.id}:alone",
        f"command:{interaction.id}",
        can_share=interaction.guild_id is not None,
    )
    await client.answering.answer(asker, asked, Privately(interaction))
    return None


async def _connected(client: "Chewy", interaction: Typed, code: str, role: discord.Role) -> str:
    """Only who manages the server connects it, and never for everybody who joins."""
    if interaction.guild_id is None:
        return texts.IN_A_SERVER
    if not interaction.permissions.manage_guild:
        return texts.MANAGERS_ONLY
    if role.is_default() or role.is_bot_managed():
        return texts.NOT_EVERYONE
    try:
        account_id = await client.house.connect(code, interaction.guild_id, [role.id], interaction.user.id)
    except GuildTaken:
        return texts.TAKEN
    if account_id is None:
        return texts.BAD_CODE
    _log.info("discord.guild_connected", guild=interaction.guild_id, account=account_id)
    return texts.connected(role.name)
