"""A customer is deleted in Stripe: what Chewbotta had posted about it in Slack is edited or deleted there."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import jobs
from bot.slack.posts import REDACTED
from bot.slack.reach import slack_clients
from storage.command_line import opened
from tests.e2e.local_slack import ALICE, BOT, BOT_TOKEN, REVENUE
from tests.e2e.machine import Machine
from tests.e2e.serving import Stage, in_slack
from tests.promises.canaries import Canaries
from tests.promises.stripe_canaries import api_key, canary_world, email_of
from tests.vendors.stripe import StripeServer

pytestmark = pytest.mark.promises("P3")


@asynccontextmanager
async def _stripe(machine: Machine, canaries: Canaries) -> AsyncIterator[StripeServer]:
    """A connected, synced Stripe."""
    key = api_key(canaries)
    async with StripeServer(canary_world(canaries), key=key) as stripe:
        await machine.well("init")
        await machine.well("source", "add", "stripe", "--base-url", stripe.url, stdin=f"{key}\n")
        await machine.well("sync")
        yield stripe


async def _ask(stage: Stage, question: str) -> dict[str, Any]:
    await stage.slack.say(REVENUE, ALICE, f"<@{BOT}> {question}")
    return await stage.slack.reply(REVENUE)


async def _posted(stage: Stage) -> dict[str, str]:
    """What stands in the channel now: each message of the bot, whole, by its time stamp."""
    messages = await stage.slack.messages(REVENUE)
    return {one["ts"]: json.dumps(one) for one in messages if one["user"] == BOT}


async def _settle(stage: Stage) -> None:
    """What the worker does every minute."""
    settings = stage.machine.settings(SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_API_URL=f"{stage.slack.address}/api")
    async with (
        opened(settings) as place,
        slack_clients(place) as slack,
        jobs.platform_posts(settings, slack) as posts,
    ):
        await jobs.settle_messages(place, posts)


async def test_posts_follow_the_deletion_at_the_source(sqlite_machine: Machine) -> None:
    """One customer's post is emptied, another's deleted, by the choice at the time; a third, which somebody
    had removed in Slack, is in the signed receipt; answers that name nobody, or somebody else, stay."""
    canaries, machine = Canaries(), sqlite_machine
    async with _stripe(machine, canaries) as stripe, in_slack(machine, http=False) as stage:
        async with stage.served():
            about = [
                await _ask(stage, f"tell me about {email_of(canaries, number)}") for number in (1, 2, 3, 4)
            ]
            figure = await _ask(stage, "What is our MRR?")
        stamps = [one["ts"] for one in about]
        before = await _posted(stage)
        assert all(canaries.kept in before[ts] for ts in stamps)

        await machine.well("messages", "keep", "--when-deleted", "redact")
        stripe.delete("customers", "cus_1", "customer.deleted")
        await machine.well("sync")
        await _settle(stage)
        now = await _posted(stage)
        assert REDACTED in now[stamps[0]]
        assert canaries.kept not in now[stamps[0]]

        await machine.well("messages", "keep", "--when-deleted", "delete")
        await _remove_by_hand(stage, stamps[2])
        for number in (2, 3):
            stripe.delete("customers", f"cus_{number}", "customer.deleted")
        await machine.well("sync")
        await _settle(stage)
        left = await _posted(stage)
        assert set(left) == {stamps[0], stamps[3], figure["ts"]}
        assert email_of(canaries, 4) in left[stamps[3]]

        edited, deleted = await _receipts(machine)
        assert (edited["what"], edited["deleted"], edited["remaining"]) == (
            "messages",
            {"post edited": 1},
            [],
        )
        assert deleted["deleted"] == {"post deleted": 1}
        assert [(one["where"], one["count"]) for one in deleted["remaining"]] == [("Slack or Discord", 1)]


async def _receipts(machine: Machine) -> list[dict[str, Any]]:
    """What `chewbotta receipt list` prints: one document after the other."""
    text, found = (await machine.well("receipt", "list")).strip(), []
    while text:
        document, end = json.JSONDecoder().raw_decode(text)
        found.append(document["receipt"])
        text = text[end:].strip()
    return found


async def _remove_by_hand(stage: Stage, ts: str) -> None:
    body, headers = {"channel": REVENUE, "ts": ts}, {"Authorization": f"Bearer {BOT_TOKEN}"}
    url = f"{stage.slack.address}/api/chat.delete"
    async with stage.slack.session.post(url, json=body, headers=headers) as answer:
        assert (await answer.json())["ok"]
