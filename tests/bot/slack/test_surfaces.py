"""Where people ask and look: threads, follow-ups, the shortcut, progress, the Home tab, links."""

import asyncio
import json
from typing import Any

import pytest

from bot.slack.app import SlackApp
from bot.slack.shortcuts import modal
from tests.bot import answers as example
from tests.bot.asks import BY_HEART, AsksByHeart
from tests.bot.slack.delivering import calls_of, deliver, event_of, next_call, settled
from tests.bot.slack_schema import TYPES_ARE_HERE, _schema
from tests.vendors.slack import MEMBER, TEAM, FakeSlack

# ---- threads --------------------------------------------------------------------------------------------


async def test_a_direct_message_begins_a_thread_with_a_title(app: SlackApp, slack: FakeSlack) -> None:
    """A direct message is answered in its thread, which is named after the question."""
    await deliver(app, event_of("message", channel="D1", channel_type="im", text="what is our MRR?"))
    assert (await next_call(slack)).arguments["thread_ts"] == "1.1"
    await settled(app)
    (title,) = calls_of(slack, "assistant.threads.setTitle")
    assert (title["thread_ts"], title["title"]) == ("1.1", "what is our MRR?")


async def test_a_thread_goes_on_without_a_mention(app: SlackApp, slack: FakeSlack, asks: AsksByHeart) -> None:
    """Once mentioned in a thread, the app answers what is asked there next, without being named."""
    await deliver(app, event_of("app_mention", text="<@U1BOT> what is our MRR?"))
    await next_call(slack)
    await deliver(app, event_of("message", ts="1.2", thread_ts="1.1", text="customers by country"))
    assert (await next_call(slack)).arguments["thread_ts"] == "1.1"
    assert [asked[0] for asked in asks.asked] == ["what is our MRR?", "customers by country"]
    assert len({asked[2] for asked in asks.asked}) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"thread_ts": "9.9", "text": "what is our MRR?"},
        {"text": "what is our MRR?"},
        {"thread_ts": "1.1", "text": "<@U2BOB> what is our MRR?"},
        {"thread_ts": "1.1", "text": "thanks, lunch?"},
    ],
    ids=["another thread", "no thread", "to somebody else", "not understood"],
)
async def test_what_was_not_meant_for_us_gets_no_answer(
    app: SlackApp, slack: FakeSlack, more: dict[str, Any]
) -> None:
    """Other threads, the channel itself, words to somebody else, and what is no question are left alone."""
    await deliver(app, event_of("app_mention", text="<@U1BOT> what is our MRR?"))
    await next_call(slack)
    await deliver(app, event_of("message", ts="1.3", **more))
    await settled(app)
    await settled(app)
    assert slack.posted.empty()


# ---- progress, help, shortcut ---------------------------------------------------------------------------


async def test_who_waits_is_told_within_a_second(app: SlackApp, slack: FakeSlack, asks: AsksByHeart) -> None:
    """A slow answer in a thread shows a status; a command's asker reads that it is being worked on."""
    await deliver(app, event_of("message", channel="D1", channel_type="im", text="wait"))
    await asyncio.wait_for(asks.waiting.wait(), 5)
    await asyncio.sleep(0.8)
    assert calls_of(slack, "assistant.threads.setStatus")[0]["thread_ts"] == "1.1"
    asks.go.set()
    assert "I heard" in (await next_call(slack)).arguments["text"]


async def test_a_slack_without_a_status_gets_words(
    app: SlackApp, slack: FakeSlack, asks: AsksByHeart
) -> None:
    """Where Slack knows no status, the asker alone reads that it takes a moment."""
    slack.errors["assistant.threads.setStatus"] = "unknown_method"
    await deliver(app, event_of("message", channel="D1", channel_type="im", text="wait"))
    said = await next_call(slack)
    assert (said.method, said.arguments["user"]) == ("chat.postEphemeral", MEMBER)
    asks.go.set()
    assert "I heard" in (await next_call(slack)).arguments["text"]


async def test_help_has_buttons_that_ask(app: SlackApp, slack: FakeSlack, asks: AsksByHeart) -> None:
    """`/chewy` alone offers questions as buttons."""
    command = {"command": "/chewy", "team_id": TEAM, "channel_id": "C1", "user_id": MEMBER, "text": ""}
    await deliver(app, command | {"response_url": f"{slack.address}/respond", "trigger_id": "t1"})
    blocks = (await next_call(slack)).arguments["blocks"]
    (row,) = [block for block in blocks if block["type"] == "actions"]
    assert json.loads(row["elements"][0]["value"]) == {"question": "What is our MRR?"}
    assert asks.asked == []


def _shortcut(slack: FakeSlack, words: str) -> dict[str, Any]:
    return {
        "type": "message_action",
        "callback_id": "ask_about",
        "team": {"id": TEAM},
        "user": {"id": MEMBER},
        "channel": {"id": "C1"},
        "message": {"ts": "1.1", "text": words},
        "response_url": f"{slack.address}/respond",
        "trigger_id": "t1",
    }


async def test_the_shortcut_opens_the_message_as_a_question(
    app: SlackApp, slack: FakeSlack, asks: AsksByHeart
) -> None:
    """The message stands in a form; what is sent from there is answered in the direct messages."""
    await deliver(app, _shortcut(slack, "what is our MRR?"))
    await settled(app)
    view = calls_of(slack, "views.open")[0]["view"]
    assert view["blocks"][0]["element"]["initial_value"] == "what is our MRR?"
    sent = {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": MEMBER},
        "trigger_id": "t2",
        "view": view
        | {"id": "V1", "state": {"values": {"question": {"question": {"value": "what is our MRR?"}}}}},
    }
    await deliver(app, sent)
    answer = await next_call(slack)
    assert answer.arguments["channel"] == MEMBER
    assert asks.asked[0][0] == "what is our MRR?"


async def test_an_expired_shortcut_asks_at_once(app: SlackApp, slack: FakeSlack, asks: AsksByHeart) -> None:
    """Where Slack no longer opens the form, the message itself is asked."""
    slack.errors["views.open"] = "expired_trigger_id"
    await deliver(app, _shortcut(slack, "what is our MRR?"))
    assert (await next_call(slack)).arguments["channel"] == MEMBER
    assert asks.asked[0][0] == "what is our MRR?"


def test_the_form_is_one_by_slacks_types() -> None:
    """The modal is valid by Slack's own types, with and without words in it."""
    if not TYPES_ARE_HERE:
        pytest.skip("Slack's types are not present beside the repository")
    from jsonschema import Draft7Validator

    types = _schema("blocks.schema.json")["definitions"]
    check = Draft7Validator({"$ref": "#/definitions/SlackModal", "definitions": types})
    for words in ("", "what is our MRR?", "x" * 4_000):
        assert list(check.iter_errors(modal(words))) == []


# ---- sharing --------------------------------------------------------------------------------------------


async def _share_of(app: SlackApp, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A click on the button under the answer to a command."""
    planned = example.NUMBER.model_copy(update={"plan": {"measure": "mrr"}})
    monkeypatch.setitem(BY_HEART, "what is our MRR?", planned)
    command = {"command": "/chewy", "team_id": TEAM, "channel_id": "C1", "user_id": MEMBER}
    where = {"response_url": f"{slack.address}/respond", "trigger_id": "t1", "text": "what is our MRR?"}
    await deliver(app, command | where)
    shown = (await next_call(slack)).arguments["blocks"]
    buttons = [one for block in shown if block["type"] == "actions" for one in block["elements"]]
    (share,) = [one for one in buttons if one["action_id"] == "share"]
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": MEMBER},
        "channel": {"id": "C1"},
        "container": {"type": "message", "is_ephemeral": True, "channel_id": "C1", "message_ts": "1.2"},
        "actions": [share],
        "response_url": f"{slack.address}/respond",
        "trigger_id": "t2",
    }


async def test_sharing_where_outsiders_are_warns_first(
    app: SlackApp, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shared channel nothing is posted before whoever shares was warned and presses once more."""
    slack.channels["C1"] = {"is_ext_shared": True}
    press = await _share_of(app, slack, monkeypatch)
    await deliver(app, press)
    warned = await next_call(slack)
    assert warned.method == "response_url"
    assert "people from outside" in warned.arguments["text"]
    assert slack.posted.empty()
    await deliver(app, press | {"actions": warned.arguments["blocks"][-1]["elements"], "trigger_id": "t3"})
    posted = await next_call(slack)
    assert (posted.method, posted.arguments["channel"]) == ("chat.postMessage", "C1")
    assert "See it privately" in json.dumps(posted.arguments)
    assert "$78" not in json.dumps(posted.arguments)


async def test_a_private_answer_can_be_shared_in_its_channel(
    app: SlackApp, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The button under a command's answer posts it in the channel; where the app is not, it says so."""
    press = await _share_of(app, slack, monkeypatch)
    await deliver(app, press)
    posted = await next_call(slack)
    assert (posted.method, posted.arguments["channel"]) == ("chat.postMessage", "C1")
    slack.errors["chat.postMessage"] = "not_in_channel"
    press["container"] = press["container"] | {"message_ts": "1.3"}
    await deliver(app, press)
    told = await next_call(slack)
    assert told.method == "response_url"
    assert "/invite" in json.dumps(told.arguments)
