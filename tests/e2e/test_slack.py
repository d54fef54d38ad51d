"""The Slack app in a Slack that nobody here wrote, over HTTP and over Socket Mode."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import uvicorn

from bot.slack.app import create_slack_app
from bot.slack.http import PATH, slack_asgi
from bot.slack.run import run_socket_mode
from tests.bot import answers as example
from tests.bot.asks import AsksByHeart
from tests.bot.slack_schema import assert_by_schema, assert_within_limits
from tests.e2e.local_slack import (
    ALICE,
    BOB,
    BOT,
    REVENUE,
    SIGNING_SECRET,
    TEAM,
    LocalSlack,
    free_port,
    local_slack,
    settings_for,
    until,
)

ACCOUNT = 7


@dataclass
class Stage:
    slack: LocalSlack
    asks: AsksByHeart
    endpoint: str = ""


@asynccontextmanager
async def over_http() -> AsyncIterator[Stage]:
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}{PATH}"
    async with local_slack(endpoint) as slack:
        asks = AsksByHeart()
        app = await create_slack_app(settings_for(slack.address), asks, account_id=ACCOUNT)
        server = uvicorn.Server(uvicorn.Config(slack_asgi(app), port=port, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        try:
            await until(lambda: _is_up(server))
            yield Stage(slack, asks, endpoint)
        finally:
            asks.go.set()
            server.should_exit = True
            await serving
            await app.stop()


async def _is_up(server: uvicorn.Server) -> bool:
    return server.started


@asynccontextmanager
async def over_socket_mode() -> AsyncIterator[Stage]:
    async with local_slack() as slack:
        asks, stop, ready = AsksByHeart(), asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(
            run_socket_mode(settings_for(slack.address), asks, account_id=ACCOUNT, stop=stop, ready=ready)
        )
        try:
            await asyncio.wait_for(ready.wait(), 10)
            yield Stage(slack, asks)
        finally:
            asks.go.set()
            stop.set()
            await serving


@pytest.fixture(params=[over_http, over_socket_mode], ids=["http", "socket"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with request.param() as ready:
        yield ready
        await _everything_posted_is_what_slack_takes(ready.slack)


@pytest.fixture
async def http() -> AsyncIterator[Stage]:
    async with over_http() as ready:
        yield ready


async def _everything_posted_is_what_slack_takes(slack: LocalSlack) -> None:
    posted = [m for channel in (REVENUE, await _dm(slack)) if channel for m in await slack.messages(channel)]
    for message in posted:
        if message["user"] == BOT:
            assert_within_limits(message)
            assert_by_schema(message)


async def _dm(slack: LocalSlack) -> str | None:
    async with slack.session.get(f"{slack.address}/_control/state") as answer:
        channels = (await answer.json())["channels"]
    return next((c["id"] for c in channels if c["is_im"]), None)


def _words(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False)


async def test_slash_command_is_answered_to_the_asker_alone(stage: Stage) -> None:
    """/chewy QUESTION is answered in the channel, seen by the one who asked and by nobody else."""
    await stage.slack.command(REVENUE, ALICE, "what is our MRR?")
    reply = await stage.slack.reply(REVENUE)
    assert (reply["subtype"], reply["ephemeral_to"]) == ("ephemeral", ALICE)
    assert "MRR is *$78,287.84* now." in _words(reply)
    assert stage.asks.asked == [("what is our MRR?", ACCOUNT, f"{TEAM}:{REVENUE}:{ALICE}")]


@pytest.mark.parametrize("text", ["", "help", " Help "])
async def test_help(stage: Stage, text: str) -> None:
    """/chewy alone and /chewy help say how to ask and what can be asked, without asking anything."""
    await stage.slack.command(REVENUE, ALICE, text)
    reply = await stage.slack.reply(REVENUE)
    assert "How to ask me" in _words(reply)
    assert "invoices &amp; payments" in _words(reply)
    assert stage.asks.asked == []


async def test_direct_message_is_answered_there(stage: Stage) -> None:
    """A direct message is answered in its thread in the direct messages, and that is one talk."""
    sent = await stage.slack.say(ALICE, ALICE, "what is our MRR?")
    reply = await stage.slack.reply(sent["channel"])
    assert reply["thread_ts"] == sent["ts"]
    assert "$78,287.84" in _words(reply)
    assert stage.asks.asked[0][2] == f"{TEAM}:{sent['channel']}:{sent['ts']}"


async def test_mention_is_answered_in_the_thread(stage: Stage) -> None:
    """A mention in a channel is answered in the thread of that message, with the mention left out."""
    sent = await stage.slack.say(REVENUE, BOB, f"<@{BOT}> what is our MRR?")
    reply = await stage.slack.reply(REVENUE)
    assert reply["thread_ts"] == sent["ts"]
    assert stage.asks.asked == [("what is our MRR?", ACCOUNT, f"{TEAM}:{REVENUE}:{sent['ts']}")]


async def test_mention_in_a_thread_stays_in_it(stage: Stage) -> None:
    """A mention inside a thread is answered in that thread, as the same talk."""
    first = await stage.slack.say(REVENUE, BOB, "numbers, please")
    await stage.slack.say(REVENUE, BOB, f"<@{BOT}> what is our MRR?", thread=first["ts"])
    reply = await stage.slack.reply(REVENUE)
    assert reply["thread_ts"] == first["ts"]
    assert stage.asks.asked[0][2] == f"{TEAM}:{REVENUE}:{first['ts']}"


async def test_each_kind_of_answer_arrives(stage: Stage) -> None:
    """Every kind of answer is posted with its text; what was posted is checked against Slack's types."""
    for answer in example.EACH_KIND:
        sent = await stage.slack.say(ALICE, ALICE, answer.question)
        assert answer.text in (await stage.slack.reply(sent["channel"]))["text"]


async def test_a_button_asks_the_question_behind_it(stage: Stage) -> None:
    """Pressing a button of a question back gives the answer of that reading, in the same thread."""
    sent = await stage.slack.say(REVENUE, ALICE, f"<@{BOT}> mrr of Northwind")
    question = await stage.slack.reply(REVENUE)
    (actions,) = [b for b in question["blocks"] if b["type"] == "actions"]
    await stage.slack.press(question, BOB, actions["elements"][1])
    reply = await stage.slack.reply(REVENUE)
    assert reply["thread_ts"] == sent["ts"]
    assert stage.asks.asked[-1] == ("mrr of north.example", ACCOUNT, f"{TEAM}:{REVENUE}:{sent['ts']}")


async def test_what_people_say_to_each_other_is_left_alone(stage: Stage) -> None:
    """Messages in a channel that do not mention the bot are not answered."""
    await stage.slack.say(REVENUE, ALICE, "what is our MRR?")
    await stage.slack.command(REVENUE, ALICE, "customers by country")
    await stage.slack.reply(REVENUE)
    assert [asked[0] for asked in stage.asks.asked] == ["customers by country"]


async def test_a_failure_ends_in_an_apology(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """When the assistant fails, the asker reads an apology with a reference that the log has too."""
    await stage.slack.command(REVENUE, ALICE, "fail")
    words = _words(await stage.slack.reply(REVENUE))
    reference = words.split("`")[1]
    logged = "".join(capsys.readouterr())
    assert "Sorry, something went wrong" in words
    assert reference in logged
    assert "RuntimeError" in logged
    assert "Globex" not in words + logged
    assert "sk_live" not in logged


# ---- HTTP alone -----------------------------------------------------------------------------------------


def _event(text: str, ts: str, event_id: str = "Ev1") -> bytes:
    event = {"type": "message", "channel": "D1", "channel_type": "im", "user": ALICE, "text": text, "ts": ts}
    body = {"type": "event_callback", "team_id": TEAM, "event_id": event_id, "event": event}
    return json.dumps(body).encode()


def _signed(body: bytes, secret: str = SIGNING_SECRET, age: float = 0) -> dict[str, str]:
    timestamp = str(int(time.time() - age))
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": f"v0={digest}",
    }


async def _post(stage: Stage, body: bytes, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(stage.endpoint, data=body, headers=headers) as answer,
    ):
        return answer.status


_QUESTION = _event("what is our MRR?", "1.1")
_NOT_SIGNED: dict[str, Callable[[], dict[str, str]]] = {
    "wrong secret": lambda: _signed(_QUESTION, secret="another"),
    "stale": lambda: _signed(_QUESTION, age=301),
    "from the future": lambda: _signed(_QUESTION, age=-400),
    "of another body": lambda: _signed(_event("something else", "1.1")),
    "missing": lambda: {"content-type": "application/json"},
    "no timestamp": lambda: {k: v for k, v in _signed(_QUESTION).items() if "timestamp" not in k},
    "no signature": lambda: {k: v for k, v in _signed(_QUESTION).items() if "signature" not in k},
    "odd timestamp": lambda: _signed(_QUESTION) | {"x-slack-request-timestamp": "soon"},
    "odd signature": lambda: _signed(_QUESTION) | {"x-slack-signature": "v0=é"},
    "upper case": lambda: (
        _signed(_QUESTION) | {"x-slack-signature": _signed(_QUESTION)["x-slack-signature"].upper()}
    ),
}


@pytest.mark.parametrize("headers", _NOT_SIGNED.values(), ids=_NOT_SIGNED)
async def test_what_slack_did_not_sign_is_refused(http: Stage, headers: Callable[[], dict[str, str]]) -> None:
    """A wrong, stale or missing signature gets 401, and nothing is asked or posted."""
    assert await _post(http, _QUESTION, headers()) == 401
    assert http.asks.asked == []
    assert "chat." not in json.dumps(await http.slack.log())


async def test_bytes_that_are_no_text_are_refused(http: Stage) -> None:
    """A body that is not UTF-8 is refused like one that is not signed."""
    assert await _post(http, b"\xff\xfe", _signed(b"\xff\xfe")) == 401


async def test_a_body_larger_than_any_of_slacks_is_refused(http: Stage) -> None:
    """An endless body is not read to its end."""
    assert await _post(http, b"x" * 1_000_001, {}) == 413


async def test_a_retry_is_answered_once(http: Stage) -> None:
    """Slack's retry, and the same message under another event id, are acknowledged but answered once."""
    await http.slack.say(ALICE, ALICE, "hello")
    channel = await _dm(http.slack)
    await http.slack.reply(channel or "")
    body = _event("what is our MRR?", "1.5").replace(b'"D1"', json.dumps(channel).encode())
    again = body.replace(b'"Ev1"', b'"Ev2"')
    retry = {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
    assert await _post(http, body, _signed(body)) == 200
    assert await _post(http, body, _signed(body) | retry) == 200
    assert await _post(http, again, _signed(again)) == 200
    await http.slack.reply(channel or "")
    await http.slack.say(ALICE, ALICE, "customers by country")
    assert "Customers by country" in (await http.slack.reply(channel or ""))["text"]
    assert [asked[0] for asked in http.asks.asked].count("what is our MRR?") == 1


async def test_acknowledged_at_once_however_long_the_answer_takes(http: Stage) -> None:
    """A question that is not answered yet is acknowledged, and answered when it is done."""
    sent = await http.slack.say(ALICE, ALICE, "hello")
    await http.slack.reply(sent["channel"])
    async with asyncio.timeout(10):
        await http.slack.say(ALICE, ALICE, "wait")  # returns when the app has acknowledged
    await asyncio.wait_for(http.asks.waiting.wait(), 5)
    http.asks.go.set()
    assert (await http.slack.reply(sent["channel"]))["text"] == "I heard: wait"


async def test_stopping_lets_the_answer_under_way_arrive() -> None:
    """Told to stop, the app takes nothing new but delivers the answer that it is working on."""
    async with local_slack() as slack:
        asks, stop, ready = AsksByHeart(), asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(
            run_socket_mode(settings_for(slack.address), asks, account_id=ACCOUNT, stop=stop, ready=ready)
        )
        await asyncio.wait_for(ready.wait(), 10)
        sent = await slack.say(ALICE, ALICE, "wait")
        await asyncio.wait_for(asks.waiting.wait(), 5)
        stop.set()
        asks.go.set()
        await asyncio.wait_for(serving, 10)
        assert (await slack.reply(sent["channel"]))["text"] == "I heard: wait"


async def test_url_verification_is_answered(http: Stage) -> None:
    """Slack's challenge on entering the request URL is answered, when signed."""
    body = json.dumps({"type": "url_verification", "challenge": "c4"}).encode()
    async with (
        aiohttp.ClientSession() as session,
        session.post(http.endpoint, data=body, headers=_signed(body)) as answer,
    ):
        assert (answer.status, (await answer.json())["challenge"]) == (200, "c4")
