"""The app: its parts, each a module of web/routes/, and what holds for all of them."""

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from storage.session import Database
from web.errors import add_error_pages
from web.hardening import Hardening
from web.pages import Pages, mount
from web.rendering import STATIC
from web.routes import google, home, me, members, passwords, sign_in, sign_up
from web.site import Site

_OK = 200

PARTS: tuple[Pages, ...] = (
    home.pages,
    sign_in.pages,
    sign_up.pages,
    passwords.pages,
    google.pages,
    me.pages,
    members.pages,
)
"""Every part of the site."""


def create_app(site: Site) -> FastAPI:
    """The app with all its pages; routes that are no pages are added by whoever opens it."""
    app = FastAPI(
        title="Chewbotta",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        middleware=[Middleware(Hardening, origin=site.origin)],
    )
    add_error_pages(app)
    _health(app, site.db)
    app.mount("/static", _Static(directory=STATIC))
    mount(app, site, *PARTS)
    return app


def _health(app: FastAPI, db: Database) -> None:
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


class _Static(StaticFiles):
    """Files whose address changes with them: kept for ever."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == _OK:
                headers = list(message["headers"])
                message["headers"] = [*headers, (b"cache-control", b"public, max-age=31536000, immutable")]
            await send(message)

        await super().__call__(scope, receive, kept)
