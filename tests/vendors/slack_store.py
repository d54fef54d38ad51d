"""A Slack that may be killed at any moment and keeps what it took: `main` is run by tests/zygote.py.

Every message is on the disk before it is answered, as with the real one. It knows the few methods that
posting needs, and gives channels in pages.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from aiohttp import web

_A_PAGE = 50


class Store:
    """The messages of all channels, in a file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.messages: list[dict[str, Any]] = read(file)

    async def api(self, request: web.Request) -> web.Response:
        given = dict(await request.post()) or dict(request.query)
        if request.content_type == "application/json":
            given = await request.json()
        match request.match_info["method"]:
            case "chat.postMessage":
                return self._post(given)
            case "conversations.history" | "conversations.replies":
                return self._listed(given)
            case "conversations.info":
                return _ok(channel={"id": given["channel"], "is_member": True})
            case _:
                return _ok(team_id="T1", user_id="U1BOT", bot_id="B1")

    def _post(self, given: dict[str, Any]) -> web.Response:
        metadata = given.get("metadata")
        message = {
            "ts": f"{1_800_000_000 + len(self.messages)}.000000",
            "channel": given["channel"],
            "thread_ts": given.get("thread_ts"),
            "text": given["text"],
            "metadata": json.loads(metadata) if isinstance(metadata, str) else metadata,
        }
        with self.file.open("a") as file:
            file.write(json.dumps(message) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.messages.append(message)
        return _ok(channel=message["channel"], ts=message["ts"])

    def _listed(self, given: dict[str, Any]) -> web.Response:
        thread = given.get("ts")
        found = [
            one
            for one in reversed(self.messages)
            if one["channel"] == given["channel"] and (one["thread_ts"] == thread if thread else True)
        ]
        start = int(given.get("cursor") or 0)
        end = start + _A_PAGE
        cursor = str(end) if end < len(found) else ""
        return _ok(messages=found[start:end], response_metadata={"next_cursor": cursor})


def read(file: Path) -> list[dict[str, Any]]:
    """What was taken so far; the last line may be torn."""
    if not file.exists():
        return []
    lines = file.read_text().splitlines()
    whole = [line for line in lines if line.endswith("}")]
    if len(whole) < len(lines):
        file.write_text("".join(f"{line}\n" for line in whole))
    return [json.loads(line) for line in whole]


def _ok(**more: Any) -> web.Response:
    return web.json_response({"ok": True, **more})


async def main(port: int, file: str) -> None:
    app = web.Application()
    app.router.add_route("*", "/api/{method}", Store(Path(file)).api)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    print("up", flush=True)  # noqa: T201 - tells the test
    await asyncio.Event().wait()
