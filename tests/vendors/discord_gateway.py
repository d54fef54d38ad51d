"""The gateway of the stand-in: a websocket that says hello, takes an identity, keeps events for who resumes.

Opcodes and events as documented (Gateway, version 10, JSON).
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11


@dataclass
class Session:
    """What one identity has been told, so that a broken connection can be resumed."""

    id: str
    events: list[dict[str, Any]] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None

    async def tell(self, event: str, data: Any) -> None:
        told = {"op": DISPATCH, "s": len(self.events) + 1, "t": event, "d": data}
        self.events.append(told)
        if self.socket is not None and not self.socket.closed:
            await self.socket.send_str(json.dumps(told))


@dataclass
class Gateway:
    """`greet` gives READY's data and what follows it. `identities` and `resumed` are what came so far."""

    token: str
    greet: Callable[[str], list[tuple[str, Any]]]
    sessions: dict[str, Session] = field(default_factory=dict)
    identities: list[dict[str, Any]] = field(default_factory=list)
    resumed: int = 0
    connected: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def session(self) -> Session:
        return list(self.sessions.values())[-1]

    async def tell(self, event: str, data: Any) -> None:
        """Sends an event to the bot; kept for it while it is away."""
        await self.session.tell(event, data)

    async def drop(self, code: int = 4000) -> None:
        """Breaks the connection, as Discord does now and then."""
        self.connected.clear()
        socket, self.session.socket = self.session.socket, None
        if socket is not None:
            await socket.close(code=code)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"op": HELLO, "d": {"heartbeat_interval": 41_250}}))
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            said = json.loads(frame.data)
            match said["op"]:
                case 1:
                    await socket.send_str(json.dumps({"op": ACK}))
                case 2:
                    await self._identify(socket, said["d"])
                case 6:
                    await self._resume(socket, said["d"])
        return socket

    async def _identify(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> None:
        self.identities.append(data)
        if data["token"] != self.token:
            await socket.close(code=4004)
            return
        session = Session(secrets.token_hex(8), socket=socket)
        self.sessions[session.id] = session
        for event, payload in self.greet(session.id):
            await session.tell(event, payload)
        self.connected.set()

    async def _resume(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> None:
        session = self.sessions.get(data["session_id"])
        if session is None:
            await socket.send_str(json.dumps({"op": INVALID, "d": False}))
            return
        self.resumed += 1
        session.socket = socket
        for event in session.events[data["seq"] :]:
            await socket.send_str(json.dumps(event))
        await session.tell("RESUMED", {})
        self.connected.set()
