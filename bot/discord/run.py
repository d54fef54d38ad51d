"""The process `chewbotta discord`: connected to Discord's gateway until it is told to stop."""

import asyncio
import signal

import discord
import structlog

from bot.discord.client import Chewy, DiscordUnusable, log_in
from bot.discord.house import House
from storage.settings import Settings

_log = structlog.get_logger(__name__)


async def serve(
    settings: Settings,
    house: House,
    *,
    stop: asyncio.Event | None = None,
    ready: asyncio.Event | None = None,
) -> None:
    """Serves until `stop` is set, by default by SIGTERM or SIGINT. Raises DiscordUnusable.

    A connection that breaks is resumed, and what happened meanwhile comes late, once.
    """
    if stop is None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = Chewy(house)
    try:
        await log_in(client, settings)
        await _until(client, stop, ready)
    finally:
        await client.stop()


async def _until(client: Chewy, stop: asyncio.Event, ready: asyncio.Event | None) -> None:
    """Stays connected until `stop`; raises where Discord ends it for good."""
    connected = asyncio.create_task(client.connect())
    stopped = asyncio.create_task(stop.wait())
    tells = asyncio.create_task(_tell(client, ready))
    try:
        await asyncio.wait({connected, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if connected.done():
            _ended(connected)
    finally:
        for task in (stopped, tells):
            task.cancel()
        await client.stop()
        await asyncio.gather(connected, return_exceptions=True)


async def _tell(client: Chewy, ready: asyncio.Event | None) -> None:
    await client.wait_until_ready()
    if ready is not None:
        ready.set()


def _ended(connected: asyncio.Task[None]) -> None:
    problem = connected.exception()
    if isinstance(problem, discord.ConnectionClosed):
        raise DiscordUnusable(f"Discord has closed the connection for good ({problem.code})") from None
    if problem is not None:
        raise problem
