"""The web process: Slack's requests and a health check. Pages for people come with the web surface."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bot.slack.app import create_slack_app
from bot.slack.http import slack_route
from bot.wiring import open_ready
from storage import logs
from storage.session import Database
from storage.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The ASGI app of this installation. Slack's endpoint is there when its token and secret are set."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_ready(settings) as ready:
            app.state.db = ready.db
            if not (settings.slack_bot_token and settings.slack_signing_secret):
                yield
                return
            slack = await create_slack_app(
                settings, ready.assistant, account_id=ready.account_id, seen=ready.seen, tz=ready.zone
            )
            app.router.routes.append(slack_route(slack))
            try:
                yield
            finally:
                await slack.stop()

    app = FastAPI(title="Chewbotta", lifespan=lifespan, docs_url=None, redoc_url=None)

    @app.get("/healthz", summary="Whether this process runs")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="Whether it can answer: its database does", response_model=None)
    async def readyz() -> JSONResponse:
        db: Database = app.state.db
        try:
            async with db.system() as session:
                await session.execute(select(1))
        except (DBAPIError, OSError):
            return JSONResponse({"status": "the database does not answer"}, status_code=503)
        return JSONResponse({"status": "ok"})

    return app


async def serve(settings: Settings, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT; requests under way are finished first."""
    logs.configure(settings.log_level)
    config = uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        access_log=False,
        log_config=None,  # uvicorn's own would print paths and errors past storage/logs.py
        log_level=settings.log_level.lower(),
        timeout_graceful_shutdown=20,
        server_header=False,
    )
    await uvicorn.Server(config).serve()
