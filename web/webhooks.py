"""Where vendors send their webhooks: POST /webhooks/{account}/{source}."""

import structlog
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.inbox import LARGEST, Inbox, InboxFull
from connectors.signatures import Asked
from storage.errors import OperatorError
from storage.log_fields import described

log = structlog.get_logger()

_LARGEST_NUMBER = 2**31 - 1


def webhook_route(inbox: Inbox, public_url: str | None) -> Route:
    """`public_url` is where this process is reached from outside: some vendors sign it.

    A plain route: validation of numbers by a framework would cost more than the signature.
    """

    async def webhook(request: Request) -> Response:
        numbers = request.path_params["account_id"], request.path_params["source_id"]
        if not all(1 <= number <= _LARGEST_NUMBER for number in numbers):
            return Response(status_code=404)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        return Response(status_code=await _status(inbox, *numbers, _asked(request, body, public_url)))

    return Route("/webhooks/{account_id:int}/{source_id:int}", webhook, methods=["POST"])


async def _status(inbox: Inbox, account_id: int, source_id: int, asked: Asked) -> int:
    """200 once it is stored, 401 for strangers, 503 where it is not stored: every vendor sends it again."""
    try:
        return 200 if await inbox.receive(account_id, source_id, asked) else 401
    except (InboxFull, DBAPIError, OSError, OperatorError) as failure:
        log.warning("webhook.not_stored", **described(failure))
        return 503


def _asked(request: Request, body: bytes, public_url: str | None) -> Asked:
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    base = (public_url or str(request.base_url)).rstrip("/")
    return Asked(request.method, base + path, dict(request.headers), body)


async def _body(request: Request) -> bytes | None:
    """The raw body; None as soon as it is longer than any webhook."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
