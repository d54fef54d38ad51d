"""`chewbotta demo --slack PROGRAM`: the invented company behind a page that looks like Slack.

PROGRAM is local-slack, a whole Slack workspace on this machine (`make tools` fetches it). Its tokens are made
up for each run and open nothing else.
"""

import asyncio
import json
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from rich.console import Console

from bot.demo import bring_up, settings_of
from bot.render import terminal
from bot.render.slack_blocks import Layout
from bot.slack.backing import stored
from bot.slack.run import run_socket_mode
from storage import logs
from storage.errors import OperatorError
from storage.settings import Settings

_PORT = 8930
_START_SECONDS = 20
_PEOPLE = (("U01MAYA", "maya", "Maya Lindqvist"), ("U02OMAR", "omar", "Omar Haddad"))
_BOT = "U0CHEWY"


async def demo_slack(program: Path, folder: Path) -> None:
    """Serve until Ctrl-C."""
    from bot.wiring import open_ready

    console, port = Console(), _free_port(_PORT)
    local = settings_of(folder)
    await bring_up(local, console)
    settings = _with_slack(local, port)
    logs.configure("WARNING")
    async with open_ready(settings) as ready, _workspace(program, settings, port):
        console.print(terminal.said(f"Slack is at http://127.0.0.1:{port} (Ctrl-C ends it)", terminal.FIGURE))
        console.print(terminal.said("In #revenue, try: /chewy What is our MRR?   or: @chewbotta MRR by plan"))
        # The page draws no table blocks.
        await run_socket_mode(
            settings,
            ready.assistant,
            account_id=ready.account_id,
            seen=ready.seen,
            keeps=ready.messages,
            backing=stored(ready.db, ready.vault),
            tz=ready.zone,
            layout=Layout.PLAIN,
        )


def _with_slack(settings: Settings, port: int) -> Settings:
    made_up = {
        "slack_bot_token": f"xoxb-demo-{secrets.token_hex(8)}",
        "slack_app_token": f"xapp-demo-{secrets.token_hex(8)}",
        "slack_signing_secret": secrets.token_hex(16),
    }
    sealed = {name: SecretStr(value) for name, value in made_up.items()}
    return settings.model_copy(update={**sealed, "slack_api_url": f"http://127.0.0.1:{port}/api"})


def _configuration(settings: Settings) -> dict[str, Any]:
    def secret(name: str) -> str:
        value: SecretStr = getattr(settings, name)
        return value.get_secret_value()

    app = {
        "appId": "A01CHEWY",
        "botUserId": _BOT,
        "botName": "chewbotta",
        "botToken": secret("slack_bot_token"),
        "appToken": secret("slack_app_token"),
        "signingSecret": secret("slack_signing_secret"),
        "mode": "socket",
    }
    everyone = [_BOT, *(id_ for id_, _, _ in _PEOPLE)]
    return {
        "workspace": {"name": "Demo company", "domain": "demo", "teamId": "T01DEMO"},
        "apps": [app],
        "users": [{"id": id_, "name": name, "real_name": full} for id_, name, full in _PEOPLE],
        "channels": [{"id": "C01REVENUE", "name": "revenue", "members": everyone}],
    }


@asynccontextmanager
async def _workspace(program: Path, settings: Settings, port: int) -> AsyncIterator[None]:
    """A running workspace, ended with the block."""
    file = settings.chewbotta_home / "slack.json"
    file.write_text(json.dumps(_configuration(settings)), encoding="utf-8")
    wants = ["--config", str(file), "--port", str(port), "--base-host", "127.0.0.1"]
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        wants.append("--open")
    quiet = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            program, *wants, stdout=quiet, stderr=quiet, start_new_session=True, env=_environment()
        )
    except OSError as problem:
        raise OperatorError(f"{program} cannot be started ({problem.strerror}): run `make tools`") from None
    try:
        await _until_open(process, port)
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


def _environment() -> dict[str, str]:
    """What the program needs to run and to open a page; none of our settings, which hold secrets."""
    needed = ("PATH", "HOME", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR")
    return {name: os.environ[name] for name in needed if name in os.environ}


async def _until_open(process: asyncio.subprocess.Process, port: int) -> None:
    for _ in range(_START_SECONDS * 10):
        if process.returncode is not None:
            break
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return
    raise OperatorError("local-slack did not start; run `make tools` again")


def _free_port(wanted: int) -> int:
    """That port, or any other where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OperatorError("no port is free on 127.0.0.1")
