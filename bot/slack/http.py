"""Slack over HTTP: one endpoint for events, commands and buttons.

The signature is checked on the raw bytes before anything is parsed; without a signing secret there is no
endpoint at all.
"""

import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.slack.app import SlackApp
from bot.slack.workspaces import SlackUnusable

PATH = "/slack/events"
LARGEST_BODY = 1_000_000

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


def slack_route(slack: SlackApp) -> Route:
    """The route to add to a Starlette or FastAPI app; raises SlackUnusable without a signing secret."""
    if not slack.signing_secret:
        raise SlackUnusable("SLACK_SIGNING_SECRET is not set: Slack over HTTP is accepted only when signed")
    verifier = SignatureVerifier(slack.signing_secret)

    async def events(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        if not is_signed(verifier, request, body):
            return Response(status_code=401)
        asked = to_async_bolt_request(request, body)
        if _is_an_event(asked.body):
            slack.answering.background.start(_dispatched(slack, asked))
            return Response(status_code=200)
        return to_starlette_response(await slack.bolt.async_dispatch(asked))

    return Route(PATH, events, methods=["POST"])


def _is_an_event(body: Mapping[str, Any]) -> bool:
    """Whether Slack wants nothing but to know that it arrived: not a challenge, a click or a command."""
    return body.get("type") == "event_callback"


async def _dispatched(slack: SlackApp, asked: AsyncBoltRequest) -> None:
    """Hands an event on once it is acknowledged: of many at once, none waits for another's work."""
    async with slack.answering.turns:
        await slack.bolt.async_dispatch(asked)


def slack_asgi(slack: SlackApp) -> Starlette:
    """An ASGI app of its own, with nothing but that route."""
    return Starlette(routes=[slack_route(slack)])


async def _body(request: Request) -> bytes | None:
    """The whole body, or None where it is larger than anything that Slack sends."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def is_signed(verifier: SignatureVerifier, request: Request, body: bytes) -> bool:
    """Whether Slack signed exactly these bytes within the last five minutes."""
    timestamp = request.headers.get("x-slack-request-timestamp", "")
    signature = request.headers.get("x-slack-signature", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        return False
    try:
        return verifier.is_valid(body, timestamp, signature)
    except UnicodeDecodeError:
        return False
