"""The web process: pages for people, Slack's requests, vendors' webhooks, health checks."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import uvicorn
from fastapi import FastAPI

from bot.slack.serving import slack_routes
from connectors.inbox import Inbox
from storage import logs
from storage.command_line import opened
from storage.errors import OperatorError
from storage.settings import Settings
from web.build import create_app
from web.pages import check_declared
from web.site import open_site
from web.webhooks import webhook_route


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The ASGI app of this installation; raises OperatorError where something is missing.

    Slack's endpoint is there when its signing secret is set, with a bot token or a client id and secret.
    """
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(opened(settings))
        inbox = await stack.enter_async_context(Inbox(place.db, place.vault))
        site = await open_site(settings, place.db, place.vault)
        stack.push_async_callback(site.settle)
        app = create_app(site)
        app.router.routes.append(webhook_route(inbox, settings.public_url))
        app.router.routes += await stack.enter_async_context(slack_routes(settings, place.db, place.vault))
        check_declared(app)
        yield app


async def serve(settings: Settings, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT; what is under way is finished first. Raises OperatorError at first."""
    logs.configure(settings.log_level)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # before uvicorn listens; and it raises them anew when it has stopped, while answers may go on
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    with _listening(host, port) as listening:
        async with open_app(settings) as app:
            config = uvicorn.Config(
                app,
                access_log=False,
                log_config=None,  # uvicorn's own would print paths and errors past storage/logs.py
                log_level=settings.log_level.lower(),
                timeout_graceful_shutdown=20,
                server_header=False,
                lifespan="off",
            )
            server = uvicorn.Server(config)
            told = asyncio.create_task(_stop_when(stopping, server))
            await server.serve(sockets=[listening])
            told.cancel()


async def _stop_when(stopping: asyncio.Event, server: uvicorn.Server) -> None:
    """For a signal that came before uvicorn listened to them."""
    await stopping.wait()
    server.should_exit = True


def _listening(host: str, port: int) -> socket.socket:
    """Taken before anything else is opened, and said in words where it cannot be had."""
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as problem:
        raise OperatorError(f"Cannot listen on {host}, port {port} ({problem.strerror}).") from None
