"""The app's decisions, against a Slack that refuses, slows down and hangs."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncBoltRequest

from bot.answer import Answer
from bot.slack.app import SlackApp, create_slack_app
from bot.slack.http import slack_route
from bot.slack.ports import OneAccount
from bot.slack.run import run_socket_mode
from bot.slack.workspaces import SlackUnusable
from storage.settings import Settings
from tests.bot import answers as example
from tests.bot.asks import BY_HEART, AsksByHeart
from tests.vendors.slack import BOT_USER, MEMBER, TEAM, Call, FakeSlack, fake_slack, refuse, slow_down

ACCOUNT = 7


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as running:
        yield running


@pytest.fixture
def asks() -> AsksByHeart:
    return AsksByHeart()


def _settings(slack: FakeSlack, **more: Any) -> Settings:
    values = {"slack_bot_token": "xoxb-1-token", "slack_signing_secret": "s" * 32, **more}
    return Settings(slack_api_url=f"{slack.address}/api", **values)


@pytest.fixture
async def app(slack: FakeSlack, asks: AsksByHeart) -> AsyncIterator[SlackApp]:
    made = await create_slack_app(_settings(slack), asks, account_id=ACCOUNT)
    yield made
    asks.go.set()
    await made.stop()


def _event(kind: str = "message", body: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    event = {"type": kind, "channel": "D1", "channel_type": "im", "user": MEMBER, "text": "what is our MRR?"}
    event |= {"ts": "1.1", **more}
    return {"type": "event_callback", "team_id": TEAM, "event_id": "Ev1", "event": event, **(body or {})}


def _mention(**more: Any) -> dict[str, Any]:
    return _event("app_mention", channel="C1", text=f"<@{BOT_USER}> what is our MRR?", **more)


def _command(slack: FakeSlack, text: str, **more: str) -> dict[str, Any]:
    command = {"command": "/chewy", "team_id": TEAM, "channel_id": "C1", "user_id": MEMBER, "text": text}
    return command | {"response_url": f"{slack.address}/respond", "trigger_id": "t1", **more}


def _press(slack: FakeSlack, value: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": MEMBER, "team_id": TEAM},
        "channel": {"id": "C1"},
        "container": {"type": "message", "is_ephemeral": False},
        "message": {"ts": "1.2", "thread_ts": "1.1"},
        "actions": [{"type": "button", "action_id": "choose:0", "block_id": "b", "value": value}],
        "response_url": f"{slack.address}/respond",
        "trigger_id": "t1",
        **more,
    }


async def _deliver(app: SlackApp, body: dict[str, Any]) -> int:
    """As Socket Mode hands it over."""
    return (await app.bolt.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))).status


async def _next(slack: FakeSlack) -> Call:
    return await asyncio.wait_for(slack.posted.get(), 5)


async def _quiet(app: SlackApp, slack: FakeSlack) -> None:
    """Nothing is being worked on, and nothing was posted."""
    assert await app.answering.background.drain(5) == 0
    assert slack.posted.empty()


def _blocks(call: Call) -> str:
    return json.dumps(call.arguments["blocks"], ensure_ascii=False)


# ---- who may ask ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ({"id": "U2", "team_id": TEAM, "is_restricted": True}, "you are a guest here"),
        ({"id": "U2", "team_id": TEAM, "is_ultra_restricted": True}, "you are a guest here"),
        ({"id": "U2", "team_id": "T9"}, "you belong to another one"),
        ({"id": "U2"}, "you belong to another one"),
        ({"id": "U2", "team_id": TEAM, "is_stranger": True}, "you belong to another one"),
        ({"id": "U2", "team_id": TEAM, "is_bot": True}, "you are an app"),
        ({"id": "U2", "team_id": TEAM, "deleted": True}, "your account is deactivated"),
        (None, "you belong to another one"),
    ],
)
async def test_only_members_are_answered(
    app: SlackApp, slack: FakeSlack, asks: AsksByHeart, user: dict[str, Any] | None, why: str
) -> None:
    """Guests, apps, people of other workspaces and unknown people are refused with a reason, unasked."""
    if user:
        slack.users["U2"] = user
    await _deliver(app, _command(slack, "what is our MRR?", user_id="U2"))
    assert why in _blocks(await _next(slack))
    assert asks.asked == []


async def test_a_refusal_in_a_channel_is_seen_by_the_refused_alone(app: SlackApp, slack: FakeSlack) -> None:
    """A guest who mentions the bot in a channel is refused without an audience."""
    slack.users["U2"] = {"id": "U2", "team_id": TEAM, "is_restricted": True}
    await _deliver(app, _mention(user="U2"))
    call = await _next(slack)
    assert (call.method, call.arguments["user"]) == ("chat.postEphemeral", "U2")


async def test_who_somebody_is_is_asked_once(app: SlackApp, slack: FakeSlack) -> None:
    """Slack is asked about a person once in ten minutes, not at every question."""
    for number in range(3):
        await _deliver(app, _event(ts=f"1.{number}"))
        await _next(slack)
    assert slack.count("users.info") == 1


async def test_nobody_is_let_in_when_slack_does_not_say_who_it_is(
    app: SlackApp, slack: FakeSlack, asks: AsksByHeart
) -> None:
    """An error of Slack's on looking up the person ends in an apology, not in an answer."""
    slack.nobody_known = "fatal_error"
    await _deliver(app, _event())
    assert "something went wrong" in _blocks(await _next(slack))
    assert asks.asked == []


async def test_another_workspace_gets_no_answer(app: SlackApp, slack: FakeSlack, asks: AsksByHeart) -> None:
    """A workspace without an account is told so."""
    await _deliver(app, _command(slack, "what is our MRR?", team_id="T9"))
    assert "not connected" in _blocks(await _next(slack))
    assert asks.asked == []


# ---- what is no question --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message"},
        {"bot_id": "B9"},
        {"bot_id": "B1", "user": BOT_USER},
        {"user": BOT_USER},
        {"user": None},
        {"edited": {"user": MEMBER, "ts": "1.2"}},
        {"channel_type": "channel"},
    ],
)
async def test_what_no_person_newly_said_is_ignored(
    app: SlackApp, slack: FakeSlack, more: dict[str, Any]
) -> None:
    """Edits, deletions, other apps' and the bot's own messages are acknowledged and left alone."""
    assert await _deliver(app, _event(**more)) == 200
    await _quiet(app, slack)


async def test_other_events_are_acknowledged(app: SlackApp, slack: FakeSlack) -> None:
    """An event that the app does not know is acknowledged, so that Slack does not repeat it."""
    assert await _deliver(app, _event("app_home_opened")) == 200
    await _quiet(app, slack)


async def test_a_mention_in_a_direct_message_is_answered_once(
    app: SlackApp, slack: FakeSlack, asks: AsksByHeart
) -> None:
    """One message that arrives as two events (message and mention) gets one answer."""
    await _deliver(app, _event())
    await _deliver(app, _event("app_mention"))
    await _next(slack)
    await _quiet(app, slack)
    assert len(asks.asked) == 1


async def test_links_and_entities_become_what_was_typed(
    app: SlackApp, slack: FakeSlack, asks: AsksByHeart
) -> None:
    """What Slack made of a question (links, entities, mentions) is undone before it is asked."""
    site, mail = "<http://acme.example|acme.example>", "<mailto:a@b.example|a@b.example>"
    said = f"<@{BOT_USER}> mrr of {site} &amp; {mail} in <#C2|eu>"
    await _deliver(app, _event(text=said))
    await _next(slack)
    assert asks.asked[0][0] == "mrr of acme.example & a@b.example in #eu"


# ---- buttons --------------------------------------------------------------------------------------------


async def test_a_button_only_one_person_saw_answers_that_person_alone(
    app: SlackApp, slack: FakeSlack
) -> None:
    """The answer to a button of an ephemeral message is ephemeral too."""
    value = json.dumps({"question": "what is our MRR?"})
    await _deliver(app, _press(slack, value, container={"is_ephemeral": True}))
    call = await _next(slack)
    assert call.method == "response_url"
    assert call.arguments["response_type"] == "ephemeral"


async def test_a_button_of_another_time_is_explained(
    app: SlackApp, slack: FakeSlack, asks: AsksByHeart
) -> None:
    """A button whose value is not understood gets words, not silence."""
    await _deliver(app, _press(slack, "v0|old"))
    assert "do not know that button" in _blocks(await _next(slack))
    assert asks.asked == []


# ---- when Slack or the answer fails ---------------------------------------------------------------------


async def test_a_workspace_without_tables_gets_the_plain_layout(app: SlackApp, slack: FakeSlack) -> None:
    """A refused block is answered by the same answer without it, and not tried again in that workspace."""
    slack.refused_blocks = frozenset({"data_table", "table"})
    for number in range(2):
        await _deliver(app, _event(text=example.TABLE.question, ts=f"1.{number}"))
        assert "Globex Corporation" in _blocks(await _next(slack)).replace("\u00a0", " ")
    assert slack.count("chat.postMessage") == 4


async def test_slow_down_is_obeyed(app: SlackApp, slack: FakeSlack) -> None:
    """Told to wait, the app waits as long as Slack says and then posts, once."""
    slack.failures.append(slow_down(1))
    started = time.monotonic()
    await _deliver(app, _event())
    await _next(slack)
    assert time.monotonic() - started >= 1
    await _quiet(app, slack)


async def test_what_slack_refuses_ends_in_an_apology(
    app: SlackApp, slack: FakeSlack, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer that cannot be posted is followed by an apology whose reference the log knows."""
    slack.failures.append(refuse("restricted_action"))
    await _deliver(app, _event())
    reference = _blocks(await _next(slack)).split("`")[1]
    logged = "".join(capsys.readouterr())
    assert reference in logged
    assert "restricted_action" in logged


async def test_when_nothing_can_be_posted_the_log_knows(
    app: SlackApp, slack: FakeSlack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where even the apology is refused, the log has both failures under one reference."""
    slack.failures.extend([refuse("channel_not_found"), refuse("channel_not_found")])
    await _deliver(app, _event())
    await app.answering.background.drain(5)
    logged = "".join(capsys.readouterr())
    assert "slack.failed" in logged
    assert "slack.apology_failed" in logged


async def test_an_answer_that_takes_too_long_is_given_up(
    slack: FakeSlack, asks: AsksByHeart, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the time limit the asker is told so, with a reference."""
    app = await create_slack_app(_settings(slack), asks, account_id=ACCOUNT)
    app.answering.time_limit = 0.2
    await _deliver(app, _event(text="wait"))
    words = _blocks(await _next(slack))
    assert "took me too long" in words
    assert words.split("`")[1] in "".join(capsys.readouterr())
    await app.stop()


async def test_acknowledged_while_slack_hangs(app: SlackApp, slack: FakeSlack) -> None:
    """With Slack's own API hanging for ever, events, commands and buttons are still acknowledged."""
    slack.hang = asyncio.Event()
    async with asyncio.timeout(20):
        for body in (_event(), _command(slack, "what is our MRR?"), _press(slack, '{"question": "q"}')):
            assert await _deliver(app, body) == 200
    slack.hang.set()


async def test_a_long_answer_to_a_command_goes_on_in_private(
    app: SlackApp, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer of more messages than a command allows goes on, complete, in the direct message."""
    rows = tuple((f"Customer {i}", "Scale", i, "usd", "active", None) for i in range(700))
    long: Answer = example.TABLE.model_copy(update={"rows": rows, "total_rows": 700})
    monkeypatch.setitem(BY_HEART, "all", long)
    await _deliver(app, _command(slack, "all"))
    await app.answering.background.drain(10)
    calls = [slack.posted.get_nowait() for _ in range(slack.posted.qsize())]
    here = [c for c in calls if c.method == "response_url"]
    rest = [c for c in calls if c.method == "chat.postMessage"]
    assert len(here) == 5
    assert "direct messages" in _blocks(here[-1])
    assert {c.arguments["channel"] for c in rest} == {MEMBER}
    shown = " ".join(map(_blocks, calls))
    assert all(f'"Customer {i}"' in shown for i in range(700))


# ---- starting -------------------------------------------------------------------------------------------


async def test_a_missing_token_stops_the_start(slack: FakeSlack, asks: AsksByHeart) -> None:
    """Without a bot token the start says which setting is missing."""
    with pytest.raises(SlackUnusable, match="SLACK_BOT_TOKEN is not set"):
        await create_slack_app(Settings(slack_api_url=f"{slack.address}/api"), asks, account_id=ACCOUNT)


async def test_socket_mode_needs_its_token(slack: FakeSlack, asks: AsksByHeart) -> None:
    """Without an app token Socket Mode says which setting is missing."""
    with pytest.raises(SlackUnusable, match="SLACK_APP_TOKEN is not set"):
        await run_socket_mode(_settings(slack), asks, account_id=ACCOUNT, stop=asyncio.Event())


async def test_a_token_that_slack_refuses_stops_the_start(slack: FakeSlack, asks: AsksByHeart) -> None:
    """A refused app token ends the start with Slack's reason, and without the token."""
    slack.failures.append(refuse("invalid_auth"))
    settings = _settings(slack, slack_app_token="xapp-1-secret")
    with pytest.raises(SlackUnusable, match=r"SLACK_APP_TOKEN: Slack refuses it \(invalid_auth\)") as raised:
        await run_socket_mode(settings, asks, account_id=ACCOUNT, stop=asyncio.Event())
    assert "secret" not in str(raised.value)


async def test_the_app_starts_while_slack_is_away(asks: AsksByHeart) -> None:
    """With nobody at Slack's address the app starts and acknowledges, and Socket Mode waits."""
    settings = Settings(
        slack_api_url="http://127.0.0.1:9/api",
        slack_bot_token="xoxb-1-token",
        slack_app_token="xapp-1-token",
        slack_signing_secret="s" * 32,
    )
    app = await create_slack_app(settings, asks, account_id=ACCOUNT)
    assert slack_route(app).path == "/slack/events"
    assert await _deliver(app, _event()) == 200
    await app.stop()
    stop = asyncio.Event()
    waiting = asyncio.create_task(run_socket_mode(settings, asks, account_id=ACCOUNT, stop=stop))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    stop.set()
    await asyncio.wait_for(waiting, 5)


async def test_no_endpoint_without_a_signing_secret(slack: FakeSlack, asks: AsksByHeart) -> None:
    """Over HTTP the app refuses to start where it could not tell Slack from anybody else."""
    app = await create_slack_app(_settings(slack, slack_signing_secret=None), asks, account_id=ACCOUNT)
    with pytest.raises(SlackUnusable, match="SLACK_SIGNING_SECRET"):
        slack_route(app)
    await app.stop()


async def test_bolts_own_reading_of_the_environment_changes_nothing(
    slack: FakeSlack, asks: AsksByHeart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Client id and secret in the environment, which Bolt reads by itself, do not replace our token."""
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
    app = await create_slack_app(_settings(slack), asks, accounts=OneAccount(ACCOUNT, TEAM))
    await _deliver(app, _event())
    assert "$78,287.84" in _blocks(await _next(slack))
    await app.stop()
