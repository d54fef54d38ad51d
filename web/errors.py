"""Error pages: what happened and what to do, with a reference; never a trace, for anyone."""

from collections.abc import Awaitable

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from storage import logs
from web.rendering import render

log = structlog.get_logger()

_TEXTS = {
    403: ("This is not for your role", "Ask an admin or an owner of your account."),
    404: ("There is nothing here", "The address may be mistyped, or what was here is gone."),
    405: ("This does not work this way", "Go back and use the buttons of the page."),
    413: ("This is too much", "Send less at once."),
    500: ("Something went wrong on our side", "Please try again in a moment."),
}


def add_error_pages(app: FastAPI) -> None:
    """Has every error end as a page."""

    async def expected(request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        return _page(status)

    app.add_exception_handler(HTTPException, expected)


async def answered(work: Awaitable[Response]) -> Response:
    """The answer of a page; where it fails, a page with the reference under which the log tells more."""
    with logs.correlated() as reference:
        try:
            return await work
        except HTTPException:
            raise
        except ClientDisconnect:  # gone, or cut off for sending more than any form has
            return _page(413)
        except Exception:
            log.exception("web.failed")
            return _page(500, reference)


def _page(status: int, reference: str | None = None) -> Response:
    title, advice = _TEXTS.get(status, _TEXTS[404])
    text = render("error.html", ask=None, flash=None, title=title, advice=advice, reference=reference)
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})
