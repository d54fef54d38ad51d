"""`/chewy alerts`: what a channel, or somebody in their direct messages, gets told by itself."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import discord
import structlog
from discord import app_commands

from bot.alert_words import in_words, read_asked
from bot.discord import texts
from bot.discord.access import Readable, audience
from bot.discord.answering import Asker
from bot.discord.people import Refused
from bot.discord.sending import DIRECT
from bot.render import discord_kit as kit
from bot.render import text
from storage.chat_access import Role
from storage.discord_guilds import PLATFORM
from storage.errors import OperatorError
from thoughts import subscriptions
from thoughts.subscriptions import NoSubscriptionError, State, Subscription, Where
from thoughts.wants import Wants

if TYPE_CHECKING:
    from bot.discord.client import Chewy

_log = structlog.get_logger(__name__)
_LONGEST = 300
_LONGEST_TRIAL = 1_800

Typed = discord.Interaction[Any]
Work = Callable[[Asker], Awaitable[str]]


def group(client: "Chewy") -> app_commands.Group:
    """The sub-commands that list, add and remove subscriptions of the place where they are typed."""
    alerts = app_commands.Group(name="alerts", description="What I tell here by myself")
    alerts.add_command(_list(client))
    alerts.add_command(_add(client))
    alerts.add_command(_remove(client))
    return alerts


def place_of(interaction: Typed) -> str:
    """How a subscription names the place: a channel's number, or for direct messages the person's."""
    if interaction.guild_id is None:
        return f"{DIRECT}{interaction.user.id}"
    return str(interaction.channel_id)


def _list(client: "Chewy") -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="list", description="What is told here, and what there is.")
    async def list_(interaction: Typed) -> None:
        async def work(asker: Asker) -> str:
            found = await _here(client, asker, interaction)
            return _listed(found)

        _start(client, interaction, work)

    return list_


def _add(client: "Chewy") -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="add", description="Tell here what happens: failed payments, trials ...")
    @app_commands.describe(
        what="failed payments over $500, quiet from 22 to 7; or: tell me when ...; nothing: the usual",
        save="Save a rule of your own (tell me when ...) that you have seen tried out",
    )
    async def add(
        interaction: Typed, what: app_commands.Range[str, 0, _LONGEST] = "", save: bool = False
    ) -> None:
        async def work(asker: Asker) -> str:
            return await _added(client, asker, interaction, what, save=save)

        _start(client, interaction, work)

    return add


def _remove(client: "Chewy") -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="remove", description="Tell something here no longer.")
    @app_commands.describe(number="Its number in /chewy alerts list")
    async def remove(interaction: Typed, number: app_commands.Range[int, 1, 1_000_000]) -> None:
        async def work(asker: Asker) -> str:
            if number not in {one.number for one in await _here(client, asker, interaction)}:
                return texts.NO_ALERT
            try:
                by = subscriptions.doer_of(PLATFORM, str(interaction.user.id))
                await subscriptions.unsubscribe(client.house.db, asker.account_id, [number], by=by)
            except NoSubscriptionError:
                return texts.NO_ALERT
            return texts.alert_removed(number)

        _start(client, interaction, work)

    return remove


def _start(client: "Chewy", interaction: Typed, work: Work) -> None:
    from bot.discord.commands import in_private

    client.start_work(in_private(client, interaction, _admitted(client, interaction, work)))


async def _admitted(client: "Chewy", interaction: Typed, work: Work) -> str:
    asker = await client.people.of(interaction)
    if isinstance(asker, Refused):
        _log.info("discord.refused", why=asker.why)
        return asker.words
    return await work(asker)


def _where(asker: Asker, interaction: Typed) -> Where:
    return Where(PLATFORM, str(asker.guild.guild_id), place_of(interaction))


async def _here(client: "Chewy", asker: Asker, interaction: Typed) -> list[Subscription]:
    house = client.house
    return await subscriptions.subscriptions(
        house.db, house.vault, asker.account_id, at=_where(asker, interaction)
    )


async def _added(client: "Chewy", asker: Asker, interaction: Typed, what: str, *, save: bool) -> str:
    """Only where nobody from outside reads: what is told names customers. A rule is tried out, and saved only
    by who says so."""
    if refused := _refused(asker, interaction):
        return refused
    house, now = client.house, datetime.now(UTC)
    vocabulary = await house.vocabulary(asker.account_id)
    try:
        wished = read_asked(what, vocabulary, now) if what.strip() else None
        if wished and wished.read and wished.read.where is not None:
            return texts.RULES_ARE_TOLD_HERE
        if wished and wished.read and not save:
            tried = await house.trial(asker.account_id, wished.read, vocabulary, now)
            return f"{kit.shortened(tried, _LONGEST_TRIAL)}\n{texts.SAVE_A_RULE}"
        wants = wished.wants if wished else Wants(zone=vocabulary.zone.key)
        made = await subscriptions.subscribe(
            house.db,
            house.vault,
            asker.account_id,
            _where(asker, interaction),
            wants,
            by=f"{DIRECT}{interaction.user.id}",
            now=now,
        )
    except OperatorError as problem:
        return kit.shortened(str(problem), kit.CONTENT)
    return texts.alert_added(made.number, _called(made))


def _refused(asker: Asker, interaction: Typed) -> str | None:
    """Why nothing may be told there by itself: thoughts say names and amounts."""
    if asker.role is Role.VIEWER:
        return texts.ALERTS_SAY_AMOUNTS
    if interaction.guild_id is None:
        return None
    channel = interaction.channel
    if not isinstance(channel, Readable) or not asker.guild.rules.takes(str(channel.id)):
        return texts.NOT_THIS_CHANNEL
    readers = audience(channel, asker.guild)
    if readers.outsiders or readers.role is Role.VIEWER:
        return texts.ALERTS_READ_BY_OTHERS
    return None


def _called(one: Subscription) -> str:
    return kit.shortened(in_words(one.wants, text.money), kit.FIELD_VALUE)


def _listed(found: list[Subscription]) -> str:
    if not found:
        return texts.NO_ALERTS
    paused = {State.ON: "", State.PAUSED: " (paused)", State.BROKEN: " (I cannot post here)"}
    lines = [f"{one.number}. {_called(one)}{paused[one.state]}" for one in found]
    return kit.packed(["Told here:", *lines], kit.CONTENT)[0]
