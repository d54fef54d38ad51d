"""The Discord bot: discord.py's client with our listeners on it.

It asks for no privileged intent: of what is said in servers it gets what mentions or answers it, and no list
of members. Nothing between an event and its acknowledgement waits for a database.
"""

from collections.abc import Coroutine
from typing import Any

import discord
import structlog
from aiohttp import ClientError
from yarl import URL

from bot.discord import commands, texts
from bot.discord.answering import Answering, described
from bot.discord.house import House
from bot.discord.messages import Messages, is_for_us
from bot.discord.people import People
from bot.discord.presses import Presses
from bot.discord.sending import NOBODY
from storage import logs
from storage.errors import OperatorError
from storage.settings import Settings

_log = structlog.get_logger(__name__)
_LONGEST_WAIT = 60.0
_SERVERS_COME_WITHIN = 0.2  # of each other, after connecting; those that come later are known by number
_UNKNOWN_GUILD = frozenset({10004, 50001})
"""Unknown guild, missing access: Discord's words for a server that we are not in."""


class DiscordUnusable(OperatorError):
    """Discord cannot be used with these settings; the text says why, and repeats no token."""


class Chewy(discord.Client):
    """`answering` works on what comes in. `ready` is set once Discord has said which servers there are."""

    def __init__(self, house: House) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True),
            allowed_mentions=NOBODY,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=_SERVERS_COME_WITHIN,
            max_ratelimit_timeout=_LONGEST_WAIT,
        )
        self.house = house
        self.answering = Answering(house)
        self.people = People(house)
        self.messages = Messages(self.answering, self.people)
        self.presses = Presses(self.answering, self.people)
        self.tree = commands.tree_of(self)
        self._stopping = False

    def start_work(self, work: Coroutine[Any, Any, None]) -> None:
        """Begins work that a stop waits for; once stopping, none is begun."""
        if self._stopping:
            work.close()
            return
        self.answering.background.start(work)

    async def setup_hook(self) -> None:
        """Asks where the gateway is, and tells Discord our commands."""
        _, address, _ = await self.http.get_bot_gateway()
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = URL(address).with_query(None)
        await self.tree.sync()

    async def on_ready(self) -> None:
        _log.info("discord.connected", count=len(self.guilds))
        self.start_work(self._forget_left())

    async def on_message(self, message: discord.Message) -> None:
        if is_for_us(self, message):
            self.start_work(self.messages.handle(self, message))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.component:
            self.start_work(self.presses.handle(interaction))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        place = guild.system_channel
        if place is not None and place.permissions_for(guild.me).send_messages:
            self.start_work(self._quietly(self._greet(place)))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.start_work(self._quietly(self._forget(guild.id)))

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Discord.py's own would log the event with what people said."""
        _log.error("discord.event_failed", exc_info=True)

    async def _greet(self, place: discord.TextChannel) -> None:
        await place.send(texts.hello(), allowed_mentions=NOBODY)

    async def _forget_left(self) -> None:
        """Servers that we were removed from while nobody was listening, as Discord confirms one by one."""
        with logs.correlated():
            for guild_id in set(await self.house.directory()) - {guild.id for guild in self.guilds}:
                if await self._is_left(guild_id):
                    await self._quietly(self._forget(guild_id))

    async def _is_left(self, guild_id: int) -> bool:
        try:
            await self.fetch_guild(guild_id)
        except discord.HTTPException as problem:
            return problem.code in _UNKNOWN_GUILD
        return False

    async def _forget(self, guild_id: int) -> None:
        deleted = await self.house.forget(guild_id)
        if deleted is not None:
            _log.info("discord.guild_removed", guild=guild_id, deleted=deleted)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as problem:  # noqa: BLE001 - the boundary: nobody waits for it but the log
            _log.error("discord.work_failed", **described(problem))

    async def stop(self, seconds: float = 20.0) -> None:
        """Takes nothing new, lets answers under way finish, then closes the connections."""
        self._stopping = True
        late = await self.answering.background.drain(seconds)
        if late:
            _log.warning("discord.stopped_with_answers_under_way", count=late)
        await self.close()


def set_up(settings: Settings) -> None:
    """Where discord.py finds Discord's API: it knows one for the whole process."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = (
        False  # there is nothing that we would say
    )
    discord.http.Route.BASE = str(settings.discord_api_url).rstrip("/")


def token_of(settings: Settings) -> str:
    """The bot's token; raises DiscordUnusable."""
    if settings.discord_bot_token is None:
        raise DiscordUnusable("DISCORD_BOT_TOKEN is not set: the token of your Discord application's bot")
    return settings.discord_bot_token.get_secret_value()


async def log_in(client: discord.Client, settings: Settings) -> None:
    """Raises DiscordUnusable."""
    set_up(settings)
    try:
        await client.login(token_of(settings))
    except discord.LoginFailure:
        raise DiscordUnusable("DISCORD_BOT_TOKEN: Discord refuses it") from None
    except discord.HTTPException as problem:
        raise DiscordUnusable(f"Discord does not answer as it should ({problem.status})") from None
    except (ClientError, OSError, TimeoutError) as problem:
        raise DiscordUnusable(f"Discord cannot be reached ({type(problem).__name__})") from None
