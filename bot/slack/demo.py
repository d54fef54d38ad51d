"""A newcomer's Slack: local-slack, a workspace on this machine that looks like Slack, with Chewbotta in it.

For demonstrations and tests: its tokens are public and it asks nobody who they are, so it listens on this
machine alone.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

import aiohttp

from bot.render.slack_blocks import Layout
from bot.slack.ports import Asks
from bot.slack.run import run_socket_mode
from storage.errors import OperatorError
from storage.settings import Settings

PORT = 3100
TEAM = "T01DEMO"
BOT = "U0CHEWY"
BOT_TOKEN = "xoxb-local-slack"  # noqa: S105 - local-slack's, made up here and worth nothing
APP_TOKEN = "xapp-local-slack"  # noqa: S105 - see above
SIGNING_SECRET = "local-slack-signing-secret"  # noqa: S105 - see above
PERSON, COLLEAGUE = "U01ALICE", "U02BOB"
CHANNEL = "C01REVENUE"

_PACKAGE = "local-slack-linux-x64/bin/local-slack"
_START = 20.0
_ANSWERS = 200


def find_program(root: Path) -> Path | None:
    """local-slack in the project's cache or on the PATH."""
    cached = root / ".cache/local-slack/node_modules" / _PACKAGE
    on_path = shutil.which("local-slack")
    return cached if cached.is_file() else Path(on_path) if on_path else None


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
        "workspace": {"name": "Your company", "domain": "example", "teamId": TEAM},
        "apps": [app],
        "users": [
            {"id": PERSON, "name": "alice", "real_name": "Alice Anderson"},
            {"id": COLLEAGUE, "name": "bob", "real_name": "Bob Brown"},
        ],
        "channels": [{"id": CHANNEL, "name": "revenue", "members": [PERSON, COLLEAGUE, BOT]}],
    }


def settings_for(address: str) -> Settings:
    """The settings of an app in that workspace, whatever the environment says about the real Slack."""
    return Settings(
        slack_bot_token=BOT_TOKEN,
        slack_app_token=APP_TOKEN,
        slack_signing_secret=SIGNING_SECRET,
        slack_api_url=f"{address}/api",
    )


@asynccontextmanager
async def local_slack(program: Path, config: dict[str, Any], port: int) -> AsyncIterator[str]:
    """Its address while it runs; gone at the end with all that was said in it."""
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "workspace.json"
        await asyncio.to_thread(file.write_text, json.dumps(config))
        process = await asyncio.create_subprocess_exec(
            program,
            *("--config", file, "--port", str(port), "--base-host", "127.0.0.1", "--files-dir", folder),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", ""), "HOME": folder},
        )
        try:
            await _started(process, address)
            yield address
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _started(process: asyncio.subprocess.Process, address: str) -> None:
    async with asyncio.timeout(_START), aiohttp.ClientSession() as session:
        while not await _answers(session, address):
            if process.returncode is not None:
                raise OperatorError("local-slack did not start: its port may be taken")
            await asyncio.sleep(0.05)


async def _answers(session: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with session.get(f"{address}/_control/state") as answer:
            return answer.status == _ANSWERS
    except aiohttp.ClientError:
        return False


async def run_demo(
    asks: Asks,
    *,
    account_id: int,
    root: Path,
    port: int = PORT,
    tz: tzinfo = UTC,
    stop: asyncio.Event | None = None,
    say: Callable[[str], object] = sys.stdout.write,
) -> None:
    """Opens the workspace and serves it until `stop`, by default until Ctrl-C. Raises OperatorError.

    local-slack's page draws no table blocks, hence the plain layout.
    """
    program = find_program(root)
    if program is None:
        raise OperatorError(
            "local-slack is not installed: run tests/tools/install_local_slack.sh (needs npm)"
        )
    async with local_slack(program, workspace(), port) as address:
        ready = asyncio.Event()
        serving = run_socket_mode(
            settings_for(address),
            asks,
            account_id=account_id,
            tz=tz,
            layout=Layout.PLAIN,
            stop=stop,
            ready=ready,
        )
        async with asyncio.TaskGroup() as together:
            together.create_task(serving)
            await ready.wait()
            say(
                f"A Slack to try: open http://localhost:{port}, ask “/chewy what is our MRR?” in #revenue\n"
                "or write to chewbotta under Direct messages. Ctrl-C ends it.\n"
            )
