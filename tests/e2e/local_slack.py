"""A whole local Slack workspace, started for a test and used as people use one.

local-slack is an npm package; `tests/tools/install_local_slack.sh` puts it into `.cache/`. Where it cannot
be had, the tests that need it are skipped.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.slack import demo

_ROOT = Path(__file__).parents[2]

TEAM, BOT, ALICE, BOB, REVENUE = demo.TEAM, demo.BOT, demo.PERSON, demo.COLLEAGUE, demo.CHANNEL


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
    """A running workspace of its own; skips the test where local-slack cannot be had."""
    program = demo.find_program(_ROOT)
    if program is None:
        pytest.skip("local-slack is not installed: run tests/tools/install_local_slack.sh (needs npm)")
    async with (
        demo.local_slack(program, demo.workspace(request_url), free_port()) as address,
        aiohttp.ClientSession() as session,
    ):
        yield LocalSlack(address, session)
