"""What holds for every request and every answer, before any page is asked.

Another host than ours, a request that another site made, a body without end, or too many requests from one
address go no further. Every answer has the headers that tell browsers to be careful.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 65_536
REQUESTS_A_MINUTE = RateLimitItemPerMinute(600)

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_OF_SENDERS = ("/webhooks/", "/slack/")
_OF_MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
HSTS = "max-age=63072000; includeSubDomains"


class Hardening:
    """ASGI middleware around the whole app. `origin` is where browsers reach us; None: this machine alone."""

    def __init__(self, app: ASGIApp, *, origin: str | None) -> None:
        self._app = app
        self._origin = origin
        self._is_secure = urlsplit(origin or "").scheme == "https"
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = self._with_headers(send)
        refused = None if _is_of_machines(scope["path"]) else await self._refusal(scope)
        if refused is not None:
            await refused(scope, receive, answer)
            return
        if scope["path"].startswith(_OF_SENDERS):
            await self._app(scope, receive, answer)
            return
        await self._app(scope, _Limited(receive), answer)

    async def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if scope["path"].startswith(_OF_SENDERS) and scope["method"] not in SAFE:
            return None  # held to a signature, and to limits of their own
        if not self._is_our_host(headers):
            return PlainTextResponse("This is not the host that you asked for.", 421)
        if scope["method"] not in SAFE and not self._is_same_origin(headers):
            return PlainTextResponse("This request came from another site.", 403)
        if int(headers.get("content-length", "0") or 0) > LARGEST_BODY:
            return PlainTextResponse("This is too much.", 413)
        client = scope["client"][0] if scope.get("client") else ""
        if not await self._limiter.hit(REQUESTS_A_MINUTE, client):
            return PlainTextResponse("Too many requests: wait a minute.", 429, {"Retry-After": "60"})
        return None

    def _is_our_host(self, headers: Headers) -> bool:
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            return False
        if self._origin is None:
            return urlsplit(f"//{hosts[0]}").hostname in _LOCAL
        return hosts[0].lower() == urlsplit(self._origin).netloc

    def _is_same_origin(self, headers: Headers) -> bool:
        """Browsers say where a request comes from; what says nothing is no browser that people use."""
        fetched_from = headers.get("sec-fetch-site")
        if fetched_from is not None and fetched_from != "same-origin":
            return False
        origin = headers.get("origin")
        if origin is None:
            return fetched_from == "same-origin"
        return origin == (self._origin or f"http://{headers.get('host')}")

    def _with_headers(self, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self._is_secure:
                    headers.setdefault("Strict-Transport-Security", HSTS)
            await send(message)

        return answer


class _Limited:
    """Ends a body that is longer than any form, also one that did not say how long it is."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > LARGEST_BODY:
            return {"type": "http.disconnect"}
        return message


def _is_of_machines(path: str) -> bool:
    """Load balancers ask by number."""
    return path in _OF_MACHINES
