"""Discord without its gateway: for processes that post, edit and delete, and hear nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import discord
from aiohttp import ClientError

from bot.discord.client import DiscordUnusable, log_in, set_up
from bot.discord.sending import NOBODY
from storage.settings import Settings

_LONGEST_WAIT = 60.0

FAILURES = (discord.DiscordException, ClientError, OSError, TimeoutError, DiscordUnusable)
"""What a call may raise."""


@dataclass(slots=True)
class Rest:
    """Logs in when it is first used, so that a process starts whatever Discord does."""

    settings: Settings
    _client: discord.Client | None = None
    _logging_in: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def client(self) -> discord.Client:
        """Raises DiscordUnusable."""
        async with self._logging_in:
            if self._client is None:
                set_up(self.settings)
                client = discord.Client(
                    intents=discord.Intents(guilds=True),
                    allowed_mentions=NOBODY,
                    max_messages=None,
                    max_ratelimit_timeout=_LONGEST_WAIT,
                )
                try:
                    await log_in(client, self.settings)
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


@asynccontextmanager
async def rest_of(settings: Settings) -> AsyncIterator[Rest]:
    """Discord, for as long as a process runs."""
    rest = Rest(settings)
    try:
        yield rest
    finally:
        await rest.close()
