"""A whole local Slack workspace, started for a test and used as people use one.

local-slack is an npm package that `make tools` puts into `.cache/`. Where it cannot be had, the tests that
need it are skipped.
"""

import asyncio
import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from storage.settings import Settings

_CACHED = Path(__file__).parents[2] / ".cache/local-slack/bin/local-slack"

TEAM, BOT, ALICE, BOB, REVENUE = "T01EXAMPLE", "U0CHEWY", "U01ALICE", "U02BOB", "C01REVENUE"
BOT_TOKEN = "xoxb-local-slack"
APP_TOKEN = "xapp-local-slack"
SIGNING_SECRET = "local-slack-signing-secret"


def program() -> Path:
    """Where local-slack is; skips the test where it is not."""
    on_path = shutil.which("local-slack")
    if _CACHED.is_file():
        return _CACHED
    if on_path:
        return Path(on_path)
    pytest.skip("local-slack is not installed: run `make tools` (needs npm)")


def workspace(request_url: str | None = None) -> dict[str, Any]:
    """Two people, a channel and the app: over HTTP to `request_url`, else in Socket Mode."""
    delivery = {"mode": "events", "requestUrl": request_url} if request_url else {"mode": "socket"}
    app = {
        "appId": "A01CHEWY",
        "botUserId": BOT,
        "botName": "chewbotta",
        "botToken": BOT_TOKEN,
        "appToken": APP_TOKEN,
        "signingSecret": SIGNING_SECRET,
        **delivery,
    }
    return {
        "workspace": {"name": "Example Inc", "domain": "example", "teamId": TEAM},
        "apps": [app],
        "users": [
            {"id": ALICE, "name": "alice", "real_name": "Alice Anderson"},
            {"id": BOB, "name": "bob", "real_name": "Bob Brown"},
        ],
        "channels": [{"id": REVENUE, "name": "revenue", "members": [ALICE, BOB, BOT]}],
    }


def settings_for(address: str) -> Settings:
    """The settings of an app in that workspace, whatever the environment says about the real Slack."""
    return Settings(
        slack_bot_token=BOT_TOKEN,
        slack_app_token=APP_TOKEN,
        slack_signing_secret=SIGNING_SECRET,
        slack_api_url=f"{address}/api",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class LocalSlack:
    """What a person can do in the workspace, and what a tester can see of it."""

    address: str
    session: aiohttp.ClientSession
    looked_at: set[str] = field(default_factory=set)

    async def is_up(self) -> bool:
        try:
            async with self.session.get(f"{self.address}/_control/state") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def say(self, channel: str, user: str, text: str, thread: str | None = None) -> dict[str, Any]:
        """Posts as a person; a person's own id as the channel is their direct message with the bot."""
        sent = await self._do("message", channel=channel, user=user, text=text, thread_ts=thread)
        return dict(sent["message"])

    async def command(self, channel: str, user: str, text: str) -> None:
        await self._do("command", channel=channel, user=user, command="/chewy", text=text)

    async def press(self, message: dict[str, Any], user: str, button: dict[str, Any]) -> None:
        action = {k: button[k] for k in ("type", "action_id", "value", "text")} | {"block_id": "b"}
        await self._do(
            "interact", channel=message["channel"], messageTs=message["ts"], user=user, action=action
        )

    async def messages(self, channel: str) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.address}/_control/messages/{channel}") as answer:
            return list((await answer.json())["messages"])

    async def log(self) -> list[dict[str, Any]]:
        """All traffic between the workspace and the app, in order."""
        async with self.session.get(f"{self.address}/_control/log") as answer:
            return list((await answer.json())["log"])

    async def reply(self, channel: str) -> dict[str, Any]:
        """The next message of the bot in that channel that this test has not looked at yet."""
        async with asyncio.timeout(10):
            while True:
                for posted in await self.messages(channel):
                    if posted["user"] == BOT and posted["ts"] not in self.looked_at:
                        self.looked_at.add(posted["ts"])
                        return posted
                await asyncio.sleep(0.02)

    async def _do(self, what: str, **body: Any) -> dict[str, Any]:
        async with self.session.post(f"{self.address}/_control/{what}", json=body) as answer:
            result = await answer.json()
        assert result.get("ok"), result
        return dict(result)


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Waits for something that another process does."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.02)


@asynccontextmanager
async def local_slack(request_url: str | None = None) -> AsyncIterator[LocalSlack]:
    """A running workspace of its own, gone at the end with all that was said in it."""
    port = free_port()
    slack = LocalSlack(f"http://127.0.0.1:{port}", aiohttp.ClientSession())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "workspace.json"
        file.write_text(json.dumps(workspace(request_url)))
        options = ("--config", file, "--port", str(port), "--base-host", "127.0.0.1", "--files-dir", folder)
        process = await asyncio.create_subprocess_exec(
            program(),
            *options,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", ""), "HOME": folder},
        )
        try:
            async with slack.session:
                await until(slack.is_up, 20)
                yield slack
        finally:
            process.terminate()
            await process.wait()
