"""What the tests of surfaces share: events as Slack delivers them, and what was called in return."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncBoltRequest

from bot.slack.app import SlackApp
from bot.slack.extensions import HomeAsked
from storage.doer import Doer
from storage.keys.vault import Vault
from storage.metrics.plan import Plan
from storage.session import Database
from storage.slack_workspaces import ConnectedSlack, SlackTokens, connect_workspace
from tests.vendors.slack import MEMBER, TEAM, Call, FakeSlack
from tests.world import NOW

ACCOUNT = 7
PAGE = "https://dashboard.stripe.com/customers/cus_1"


class Sections:
    """A section of the Home tab whose words can change."""

    words = "first"

    async def section(self, asked: HomeAsked) -> list[dict[str, Any]]:
        return [{"type": "section", "text": {"type": "mrkdwn", "text": f"{self.words} {asked.user}"}}]


async def connected(db: Database, vault: Vault, account_id: int, team: str, token: str) -> None:
    """A workspace that installed the app for an account."""
    workspace = ConnectedSlack(
        workspace_id=team,
        enterprise_id=None,
        bot_user_id="U5BOT",
        bot_id="B5",
        installed_by=MEMBER,
        installed_at=NOW,
    )
    await connect_workspace(db, vault, account_id, workspace, SlackTokens(bot=token), by=Doer.operator())


async def linked(account_id: int, url: str) -> Plan | None:
    return Plan(customer="00" * 16) if url == PAGE else None


async def deliver(app: SlackApp, body: dict[str, Any]) -> None:
    answer = await app.bolt.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))
    assert answer.status == 200


def event_of(kind: str, **more: Any) -> dict[str, Any]:
    event = {"type": kind, "channel": "C1", "channel_type": "channel", "user": MEMBER, "ts": "1.1", **more}
    return {"type": "event_callback", "team_id": TEAM, "event_id": "Ev1", "event": event}


async def next_call(slack: FakeSlack) -> Call:
    return await asyncio.wait_for(slack.posted.get(), 5)


async def settled(app: SlackApp) -> None:
    assert await app.answering.background.drain(5) == 0


def calls_of(slack: FakeSlack, method: str) -> list[dict[str, Any]]:
    return [call.arguments for call in slack.calls if call.method == method]
