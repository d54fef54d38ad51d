"""How fast Slack's questions are acknowledged and answered: benchmarks/slack.py [--short] [--demo FOLDER].

So many askers send a signed event at the same moment, each in a direct message of their own; a stand-in for
Slack in a process of its own notes when the answer arrives there. Ours is the whole app over HTTP with the
real assistant on the demo company in SQLite; beside it a bare Bolt app over the same HTTP server that posts
the question back. One process answers.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, as well as with -m

import aiohttp
import uvicorn
from aiohttp import web
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.measure import percentile, show
from bot.demo import bring_up, settings_of
from bot.slack.app import create_slack_app
from bot.slack.backing import stored
from bot.slack.http import PATH, slack_asgi
from bot.wiring import open_ready
from storage import logs

SECRET, TEAM = "benchmark-signing-secret", "T1"
ASKERS = (1, 20, 200)
QUESTIONS = (
    "what is our MRR?",
    "how many customers do we have?",
    "MRR by plan",
    "top 5 customers by MRR",
    "churned customers last month",
    "MRR by month this year",
)
_PATIENCE = 60


# ---- the stand-in for Slack -----------------------------------------------------------------------------


def serve_slack(port: int) -> None:
    """Answers what the app calls, and tells when a message came to which channel."""
    came: dict[str, float] = {}

    async def api(request: web.Request) -> web.Response:
        method = request.match_info["method"]
        given = (
            dict(await request.post()) if request.content_type != "application/json" else await request.json()
        )
        if method == "chat.postMessage":
            came.setdefault(str(given["channel"]), time.monotonic())
            return web.json_response({"ok": True, "channel": given["channel"], "ts": "1.1"})
        if method == "users.info":
            user = given.get("user") or request.query.get("user")
            return web.json_response({"ok": True, "user": {"id": user, "team_id": TEAM}})
        return web.json_response({"ok": True, "team_id": TEAM, "user_id": "U1BOT", "bot_id": "B1"})

    async def taken(_: web.Request) -> web.Response:
        found = dict(came)
        came.clear()
        return web.json_response(found)

    app = web.Application()
    app.router.add_route("*", "/api/{method}", api)
    app.router.add_get("/came", taken)
    web.run_app(app, host="127.0.0.1", port=port, print=None, handle_signals=True)


# ---- the two apps ---------------------------------------------------------------------------------------


async def serve_ours(port: int, slack: str, folder: Path) -> None:
    logs.configure("ERROR")
    settings = settings_of(folder).model_copy(update=_slack_settings(slack))
    async with open_ready(settings) as ready:
        app = await create_slack_app(
            settings,
            ready.assistant,
            account_id=ready.account_id,
            seen=ready.seen,
            keeps=ready.messages,
            backing=stored(ready.db, ready.vault),
            tz=ready.zone,
        )
        await _serve(slack_asgi(app), port)
        await app.stop()


def _slack_settings(slack: str) -> dict[str, Any]:
    from pydantic import SecretStr

    return {
        "slack_bot_token": SecretStr("xoxb-benchmark"),
        "slack_signing_secret": SecretStr(SECRET),
        "slack_api_url": f"{slack}/api",
    }


async def serve_bare(port: int, slack: str) -> None:
    """Bolt as its documentation has it: acknowledge, then say."""
    client = AsyncWebClient(token="xoxb-benchmark", base_url=f"{slack}/api/", session=aiohttp.ClientSession())

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=TEAM, bot_token="xoxb-benchmark", bot_id="B1", bot_user_id="U1BOT"
        )

    bolt = AsyncApp(client=client, authorize=authorize, signing_secret=SECRET)

    @bolt.event("message")
    async def echo(event: dict[str, Any], say: Any) -> None:
        await say(event["text"])

    handler = AsyncSlackRequestHandler(bolt)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    await _serve(Starlette(routes=[Route(PATH, events, methods=["POST"])]), port)
    if client.session is not None:
        await client.session.close()


async def _serve(app: Starlette, port: int) -> None:
    config = uvicorn.Config(app, port=port, log_level="error", lifespan="off", backlog=2048)
    await uvicorn.Server(config).serve()


# ---- the askers -----------------------------------------------------------------------------------------


async def ask(endpoint: str, slack: str, askers: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds to each acknowledgement and to each answer, over all rounds."""
    acks: list[float] = []
    answers: list[float] = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        for turn in range(rounds):
            sent: dict[str, float] = {}

            async def one(number: int, turn: int = turn, sent: dict[str, float] = sent) -> None:
                channel = f"D{turn}X{number}"
                body, headers = _signed(channel, f"U{number:04}", QUESTIONS[number % len(QUESTIONS)])
                sent[channel] = time.monotonic()
                async with session.post(endpoint, data=body, headers=headers) as answer:
                    assert answer.status == 200, answer.status
                acks.append(time.monotonic() - sent[channel])

            await asyncio.gather(*(one(number) for number in range(askers)))
            answers += await _answers(session, slack, sent)
    return acks, answers


async def _answers(session: aiohttp.ClientSession, slack: str, sent: dict[str, float]) -> list[float]:
    waiting, took = dict(sent), []
    async with asyncio.timeout(_PATIENCE):
        while waiting:
            async with session.get(f"{slack}/came") as answer:
                came = await answer.json()
            took += [at - waiting.pop(channel) for channel, at in came.items() if channel in waiting]
            await asyncio.sleep(0.05)
    return took


def _signed(channel: str, user: str, text: str) -> tuple[bytes, dict[str, str]]:
    event = {"type": "message", "channel": channel, "channel_type": "im", "user": user, "text": text}
    event["ts"] = f"{time.time():.6f}"
    body = {"type": "event_callback", "team_id": TEAM, "api_app_id": "A1", "event_id": f"Ev{channel}"}
    raw, now = json.dumps(body | {"event": event}).encode(), str(int(time.time()))
    mac = hmac.new(SECRET.encode(), f"v0:{now}:".encode() + raw, hashlib.sha256).hexdigest()
    return raw, {
        "content-type": "application/json",
        "x-slack-request-timestamp": now,
        "x-slack-signature": f"v0={mac}",
    }


# ---- the whole ------------------------------------------------------------------------------------------


def main() -> None:
    options = _options()
    if options.serve:
        _run(options)
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        place = options.demo or Path(folder)
        asyncio.run(_prepare(place))
        for askers in ASKERS:
            rounds = max(2, (60 if options.short else 600) // askers)
            of = {name: _measured(name, askers, rounds, place) for name in ("bare", "ours")}
            rows += [_row(name, askers, *of[name]) for name in of]
    columns = ("App", "askers", "ack p50", "ack p99", "answer p50", "answer p99")
    show("Slack: acknowledged and answered (ms)", columns, rows)


async def _prepare(folder: Path) -> None:
    from rich.console import Console

    await bring_up(settings_of(folder), Console(quiet=True))


def _measured(name: str, askers: int, rounds: int, folder: Path) -> tuple[list[float], list[float]]:
    slack_port, port = _free_port(), _free_port()
    slack = f"http://127.0.0.1:{slack_port}"
    here = [sys.executable, __file__, "--serve"]
    processes = [
        subprocess.Popen([*here, "slack", "--port", str(slack_port)]),
        subprocess.Popen([*here, name, "--port", str(port), "--slack", slack, "--demo", str(folder)]),
    ]
    try:
        for each in (slack_port, port):
            _until_open(each)
        endpoint = f"http://127.0.0.1:{port}{PATH}"
        asyncio.run(ask(endpoint, slack, min(askers, 20), 2))  # what a process does once is not measured
        return asyncio.run(ask(endpoint, slack, askers, rounds))
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def _row(name: str, askers: int, acks: Sequence[float], answers: Sequence[float]) -> tuple[str, ...]:
    figures = [percentile(values, share) * 1e3 for values in (acks, answers) for share in (0.5, 0.99)]
    label = "bare Bolt that echoes" if name == "bare" else "Chewbotta"
    return (label, str(askers), *(f"{figure:,.1f}" for figure in figures))


def _run(options: argparse.Namespace) -> None:
    match options.serve:
        case "slack":
            serve_slack(options.port)
        case "ours":
            asyncio.run(serve_ours(options.port, options.slack, options.demo))
        case _:
            asyncio.run(serve_bare(options.port, options.slack))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_open(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("a process of the benchmark did not start")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer rounds")
    parser.add_argument("--demo", type=Path, help="a folder with the demo company, kept")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--slack", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
