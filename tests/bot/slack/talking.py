"""What Slack hands over when people ask, and what the app posted then."""

import asyncio
import json
from typing import Any

from slack_bolt.async_app import AsyncBoltRequest

from bot.slack.app import SlackApp
from tests.vendors.slack import BOT_USER, MEMBER, TEAM, Call, FakeSlack


def direct(text: str, user: str = MEMBER, **more: Any) -> dict[str, Any]:
    event = {
        "type": "message",
        "channel": "D1",
        "channel_type": "im",
        "user": user,
        "text": text,
        "ts": "1.1",
    }
    return {"type": "event_callback", "team_id": TEAM, "event_id": "Ev1", "event": event | more}


def mention(text: str, user: str = MEMBER, channel: str = "C1", **more: Any) -> dict[str, Any]:
    said = f"<@{BOT_USER}> {text}"
    return direct(
        said, user, **{"type": "app_mention", "channel": channel, "channel_type": "channel", **more}
    )


def command(slack: FakeSlack, text: str, user: str = MEMBER, **more: str) -> dict[str, Any]:
    given = {"command": "/chewy", "team_id": TEAM, "channel_id": "C1", "user_id": user, "text": text}
    return given | {"response_url": f"{slack.address}/respond", "trigger_id": "t1", **more}


def press(slack: FakeSlack, button: dict[str, Any], user: str = MEMBER, **more: Any) -> dict[str, Any]:
    """A click on one of the elements that the app posted."""
    action = {k: button[k] for k in ("type", "action_id", "value") if k in button} | {"block_id": "b"}
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM},
        "channel": {"id": "C1"},
        "container": {"type": "message", "is_ephemeral": False, "channel_id": "C1", "message_ts": "1.2"},
        "message": {"ts": "1.2", "thread_ts": "1.1"},
        "actions": [action],
        "response_url": f"{slack.address}/respond",
        "trigger_id": "t2",
        **more,
    }


async def deliver(app: SlackApp, body: dict[str, Any]) -> int:
    """As Socket Mode hands it over."""
    return (await app.bolt.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))).status


async def next_of(slack: FakeSlack) -> Call:
    return await asyncio.wait_for(slack.posted.get(), 5)


async def all_of(app: SlackApp, slack: FakeSlack) -> list[Call]:
    """Everything posted once nothing is being worked on any more."""
    assert await app.answering.background.drain(10) == 0
    return [slack.posted.get_nowait() for _ in range(slack.posted.qsize())]


def blocks_of(call: Call) -> str:
    return json.dumps(call.arguments["blocks"], ensure_ascii=False)


def buttons_of(call: Call) -> dict[str, dict[str, Any]]:
    """Buttons and thumbs by their action id."""
    found = [e for block in call.arguments["blocks"] for e in block.get("elements", ()) if "action_id" in e]
    return {element["action_id"]: element for element in found}
