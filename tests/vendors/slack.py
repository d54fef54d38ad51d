"""A stand-in for Slack that does what local-slack cannot: refuse, slow down, hang, know guests.

It speaks the few methods that the app uses, in the shapes that local-slack was seen to answer with, and
keeps what it was sent.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

_SILENT = ("assistant.", "views.", "chat.unfurl")
"""Methods that post no message."""

TEAM, BOT_USER, MEMBER = "T1", "U1BOT", "U1ALICE"


@dataclass
class Call:
    method: str
    arguments: dict[str, Any]
    token: str = ""


@dataclass
class FakeSlack:
    """`users` and `channels` by id (a channel: what conversations.info says, and its `members`), `groups` of
    people; `failures` are answered first, one a call of chat.*; `hang` stops every answer,
    `nobody_known` is the error of users.info."""

    address: str = ""
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    install: dict[str, Any] = field(default_factory=dict)
    refused_blocks: frozenset[str] = frozenset()
    files: list[tuple[str | None, bytes]] = field(default_factory=list)
    _content: bytes = b""
    calls: list[Call] = field(default_factory=list)
    failures: deque[web.Response] = field(default_factory=deque)
    nobody_known: str | None = None
    hang: asyncio.Event | None = None
    posted: asyncio.Queue[Call] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.users[MEMBER] = {"id": MEMBER, "team_id": TEAM}

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    async def api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        call = Call(method, await _arguments(request), token)
        self.calls.append(call)
        if self.hang is not None and method != "auth.test":
            await self.hang.wait()
        if method == "auth.test":
            return _ok(team_id=TEAM, user_id=BOT_USER, bot_id="B1")
        if method == "users.info":
            if self.nobody_known is not None:
                return _error(self.nobody_known)
            user = self.users.get(call.arguments["user"])
            return _ok(user=user) if user else _error("user_not_found")
        if method in self.errors:
            return _error(self.errors[method])
        known = self._about(method, call.arguments)
        return await self._post(call) if known is None else known

    def _about(self, method: str, given: dict[str, Any]) -> web.Response | None:
        """What is asked about people, channels and files; None for what posts."""
        channel = self.channels.get(given.get("channel") or "", {})
        if method == "files.completeUploadExternal":
            self.files.append((given.get("channel_id"), self._content))
        if method.startswith(_SILENT):
            return _ok()
        known: dict[str, dict[str, Any]] = {
            "oauth.v2.access": self.install,
            "users.list": {"members": list(self.users.values())},
            "conversations.info": {"channel": {"id": given.get("channel"), **channel}},
            "conversations.members": {"members": channel.get("members", [MEMBER])},
            "usergroups.users.list": {"users": self.groups.get(given.get("usergroup", ""), [])},
            "conversations.open": {"channel": {"id": f"D{given.get('users')}"}},
            "files.getUploadURLExternal": {"upload_url": f"{self.address}/upload", "file_id": "F1"},
            "files.completeUploadExternal": {"files": [{"id": "F1", "title": "x"}]},
        }
        return _ok(**known[method]) if method in known else None

    async def upload(self, request: web.Request) -> web.Response:
        self._content = await request.read()
        return web.Response(text="OK")

    async def respond(self, request: web.Request) -> web.Response:
        return await self._post(Call("response_url", await request.json()))

    async def _post(self, call: Call) -> web.Response:
        if self.failures:
            return self.failures.popleft()
        if self.refused_blocks & {block["type"] for block in call.arguments.get("blocks") or ()}:
            return _error("invalid_blocks")
        await self.posted.put(call)
        return web.Response(text="ok") if call.method == "response_url" else _ok(ts="1.1", channel="C1")


async def _arguments(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        return dict(await request.json())
    given = dict(await request.post()) or dict(request.query)
    return {k: json.loads(v) if k == "blocks" and isinstance(v, str) else v for k, v in given.items()}


def _ok(**more: Any) -> web.Response:
    return web.json_response({"ok": True, **more})


def _error(code: str) -> web.Response:
    return web.json_response({"ok": False, "error": code})


refuse = _error


def slow_down(seconds: int) -> web.Response:
    return web.json_response(
        {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(seconds)}
    )


@asynccontextmanager
async def fake_slack() -> AsyncIterator[FakeSlack]:
    slack = FakeSlack()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", slack.api)
    app.router.add_post("/respond", slack.respond)
    app.router.add_post("/upload", slack.upload)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    slack.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield slack
    finally:
        if slack.hang is not None:
            slack.hang.set()
        await runner.cleanup()
