"""Where vendors send their webhooks: POST /webhooks/{account}/{source}."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from connectors.signatures import Asked
from connectors.webhooks import LARGEST, receive
from storage.keys.vault import Vault
from storage.session import Database

_TOO_LARGE, _REFUSED = 413, 401
_Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


def webhook_routes(db: Database, vault: Vault, public_url: str | None) -> APIRouter:
    """`public_url` is where this process is reached from outside: some vendors sign it."""
    router = APIRouter()

    @router.post("/webhooks/{account_id}/{source_id}", summary="A vendor tells what changed")
    async def webhook(account_id: _Number, source_id: _Number, request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=_TOO_LARGE)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        base = (public_url or str(request.base_url)).rstrip("/")
        asked = Asked(request.method, base + path, dict(request.headers), body)
        is_known = await receive(db, vault, account_id, source_id, asked)
        return Response(status_code=200 if is_known else _REFUSED)

    return router


async def _body(request: Request) -> bytes | None:
    """The raw body; None as soon as it is longer than any webhook."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
