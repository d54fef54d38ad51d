"""What goes over the wire of the stand-in for Discord: messages that were sent, interactions, answers."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.vendors import discord_shapes as shapes
from tests.vendors.discord_data import Person


@dataclass
class Sent:
    """A message of the bot's: where, to whom alone, what, and the files with it."""

    channel: str
    id: str
    body: shapes.CreateMessage
    files: dict[str, bytes] = field(default_factory=dict)
    only_for: str | None = None
    deleted: bool = False

    @property
    def words(self) -> str:
        """All that it says."""
        parts = [self.body.content or ""]
        for embed in self.body.embeds:
            parts += [embed.title or "", embed.description or ""]
            parts += [f"{one.name}: {one.value}" for one in embed.fields]
            parts.append(embed.footer.text if embed.footer else "")
        return "\n".join(part for part in parts if part)

    @property
    def buttons(self) -> dict[str, str]:
        """Label → custom_id."""
        return {
            button.label or "": button.custom_id or ""
            for row in self.body.components
            for button in row.components
        }


@dataclass
class Interaction:
    """Somebody's command or press, as the bot has to answer it. `late`: Discord no longer waits for it."""

    token: str
    channel: str
    user: Person
    late: bool = False
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    callback: shapes.Callback | None = None
    expired: bool = False


async def message_in(request: web.Request) -> tuple[shapes.CreateMessage, dict[str, bytes]]:
    if request.content_type == "application/json":
        return shapes.message(await request.read()), {}
    files, body = {}, None
    form = await request.post()
    for name, value in form.items():
        if name == "payload_json":
            body = shapes.message(str(value))
        elif isinstance(value, web.FileField):
            files[value.filename] = value.file.read()
    assert body is not None
    assert {one.filename for one in body.attachments} == set(files)
    return body, files


def as_json(body: Any, status: int = 200, **headers: str) -> web.Response:
    """With the content type that Discord sends: without a character set."""
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json", **headers}
    )


def refuse(status: int, code: int, words: str, **headers: str) -> web.Response:
    return as_json({"code": code, "message": words}, status, **headers)


def slow_down(seconds: float) -> web.Response:
    """A 429 as Discord's own servers send it (they are told by `Via`)."""
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": False}
    headers = {"Via": "1.1 google", "Retry-After": str(seconds), "X-RateLimit-Scope": "shared"}
    return as_json(body, 429, **headers)
