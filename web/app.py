"""The web process: Slack's requests, vendors' webhooks and a health check. Pages for people come later."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bot.slack.app import create_slack_app
from bot.slack.backing import stored
from bot.slack.features import features
from bot.slack.http import slack_route
from bot.wiring import open_ready
from connectors.inbox import Inbox
from storage import logs
from storage.errors import OperatorError
from storage.session import Database
from storage.settings import Settings
from web.webhooks import webhook_route


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The ASGI app of this installation; raises OperatorError where something is missing.

    Slack's endpoint is there when its token and secret are set.
    """
    async with open_ready(settings) as ready, Inbox(ready.db, ready.vault) as inbox:
        app = _app(ready.db)
        app.router.routes.append(webhook_route(inbox, settings.public_url))
        if not (settings.slack_bot_token and settings.slack_signing_secret):
            yield app
            return
        backing = stored(ready.db, ready.vault)
        slack = await create_slack_app(
            settings,
            ready.assistant,
            account_id=ready.account_id,
            seen=ready.seen,
            keeps=ready.messages,
            backing=backing,
            extensions=features(ready.db, ready.vault, ready.cache, backing.rules),
            tz=ready.zone,
        )
        app.router.routes.append(slack_route(slack))
        try:
            yield app
        finally:
            await slack.stop()


def _app(db: Database) -> FastAPI:
    app = FastAPI(title="Chewbotta", docs_url=None, redoc_url=None)

    @app.get("/healthz", summary="Whether this process runs")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="Whether it can answer: its database does", response_model=None)
    async def readyz() -> JSONResponse:
        try:
            async with db.system() as session:
                await session.execute(select(1))
        except (DBAPIError, OSError):
            return JSONResponse({"status": "the database does not answer"}, status_code=503)
        return JSONResponse({"status": "ok"})

    return app


async def serve(settings: Settings, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT; what is under way is finished first. Raises OperatorError at first."""
    logs.configure(settings.log_level)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises it anew when it has stopped; by then answers may still be under way
        asyncio.get_running_loop().add_signal_handler(number, _already_stopping)
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
            await uvicorn.Server(config).serve(sockets=[listening])


def _already_stopping() -> None:
    """The signal has done its work."""


def _listening(host: str, port: int) -> socket.socket:
    """Taken before anything else is opened, and said in words where it cannot be had."""
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as problem:
        raise OperatorError(f"Cannot listen on {host}, port {port} ({problem.strerror}).") from None
