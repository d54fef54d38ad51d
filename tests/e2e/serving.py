"""Chewbotta's processes in local-slack: `chewbotta web` over HTTP, `chewbotta slack` over Socket Mode."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bot.slack.http import PATH
from tests.bot.slack_schema import TYPES_ARE_HERE, assert_by_schema, assert_within_limits
from tests.e2e.local_slack import (
    APP_TOKEN,
    BOT,
    BOT_TOKEN,
    REVENUE,
    SIGNING_SECRET,
    LocalSlack,
    free_port,
    local_slack,
    until,
)
from tests.e2e.machine import Machine


@dataclass
class Stage:
    """A workspace and the installation that serves it. `port` is 0 in Socket Mode."""

    machine: Machine
    slack: LocalSlack
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """The process that answers, stopped at the end as a process manager stops it."""
        words = ("web", "--port", str(self.port)) if self.port else ("slack",)
        process = await self.machine.start(
            *words,
            SLACK_BOT_TOKEN=BOT_TOKEN,
            SLACK_APP_TOKEN=APP_TOKEN,
            SLACK_SIGNING_SECRET=SIGNING_SECRET,
            SLACK_API_URL=f"{self.slack.address}/api",
        )
        greeted = await self._connections()
        try:
            await until(lambda: self._is_ready(process, greeted), 30)
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            out, err = await process.communicate()
            self.machine.printed += [out.decode(), err.decode()]
            sys.stderr.write(err.decode())  # its log, which a failed test shows
        assert process.returncode in (0, -signal.SIGTERM), (process.returncode, out, err)

    async def _is_ready(self, process: asyncio.subprocess.Process, greeted: int) -> bool:
        assert process.returncode is None, await process.communicate()
        if not self.port:
            return await self._connections() > greeted
        try:
            async with self.slack.session.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def _connections(self) -> int:
        return sum("hello" in str(entry) for entry in await self.slack.log())

    async def everything_posted_is_what_slack_takes(self) -> int:
        """Checks every message of the bot by Slack's types, where they are at hand, and limits; how many."""
        async with self.slack.session.get(f"{self.slack.address}/_control/state") as answer:
            channels = {REVENUE, *(c["id"] for c in (await answer.json())["channels"])}
        posted = [m for channel in channels for m in await self.slack.messages(channel) if m["user"] == BOT]
        for message in posted:
            assert_within_limits(message)
            if TYPES_ARE_HERE:
                assert_by_schema(message)
        return len(posted)


@asynccontextmanager
async def in_slack(machine: Machine, *, http: bool) -> AsyncIterator[Stage]:
    """A workspace that talks to this machine over HTTP or Socket Mode; nothing serves yet."""
    port = free_port() if http else 0
    request_url = f"http://127.0.0.1:{port}{PATH}" if http else None
    async with local_slack(request_url) as slack:
        yield Stage(machine, slack, port)
