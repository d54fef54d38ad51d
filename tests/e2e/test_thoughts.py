"""Chewy Thoughts in a Slack that nobody here wrote: subscribed by command, a webhook arrives, the thought
appears, it recovers in its thread, it is muted."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import jobs
from bot import thought_jobs
from bot.slack.reach import slack_clients
from storage.command_line import opened
from tests.e2e.local_slack import ALICE, BOT, BOT_TOKEN, REVENUE, until
from tests.e2e.machine import Machine
from tests.e2e.serving import Stage, in_slack
from tests.vendors.signing import signed, told
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import company
from tests.vendors.stripe_objects import charge

KEY, SECRET = "sk_test_of_the_thoughts", "whsec_of_the_thoughts"


@asynccontextmanager
async def _stripe(machine: Machine) -> AsyncIterator[StripeServer]:
    """A connected, synced Stripe that sends webhooks."""
    async with StripeServer(company(customers=3), key=KEY) as stripe:
        await machine.well("init")
        await machine.well("source", "add", "stripe", "--base-url", stripe.url, stdin=f"{KEY}\n")
        await machine.well("webhooks", "on", "1", stdin=f"{SECRET}\n")
        await machine.well("sync")
        yield stripe


async def _posted(stage: Stage) -> list[dict[str, Any]]:
    """What stands in the channel of the bot's, for everybody."""
    messages = await stage.slack.messages(REVENUE)
    return [one for one in messages if one["user"] == BOT and one.get("subtype") != "ephemeral"]


async def _webhook(stage: Stage, stripe: StripeServer, number: int, **fields: Any) -> None:
    """Stripe has a new charge, and tells of it."""
    about = {"customer": "cus_7_00001", "payment_intent": "pi_new", "created": int(time.time()) + 1}
    made = charge(f"ch_new_{number}", **about | fields)
    stripe.put("charges", made)
    body = told("stripe", "charge", made["id"], event=str(number), what=made["status"])
    url = f"http://127.0.0.1:{stage.port}/webhooks/1/1"
    headers = signed("stripe", body, SECRET, datetime.now(UTC), url=url)
    async with stage.slack.session.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200
    await _work(stage)


async def _work(stage: Stage) -> None:
    """What the worker does every few seconds."""
    settings = stage.machine.settings(SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_API_URL=f"{stage.slack.address}/api")
    async with (
        opened(settings) as place,
        slack_clients(place) as slack,
        thought_jobs.couriers(place, slack) as couriers,
    ):
        await jobs.work_off_webhooks(place)
        await jobs.tell_thoughts(place, couriers)


async def _choose(stage: Stage, message: dict[str, Any], verb: str) -> None:
    """Somebody chooses from the menu beside a thought."""
    menu = next(block["accessory"] for block in message["blocks"] if "accessory" in block)
    option = next(one for one in menu["options"] if one["value"].startswith(f"{verb}:"))
    await stage.slack._do(
        "interact",
        channel=REVENUE,
        messageTs=message["ts"],
        user=ALICE,
        action={
            "type": "overflow", "action_id": menu["action_id"], "selected_option": option, "block_id": "b",
        },
    )  # fmt: skip


async def test_a_failed_payment_is_told_recovers_in_its_thread_and_is_muted(sqlite_machine: Machine) -> None:
    """Subscribed in words; the failure is posted once however often the webhook comes, the recovery goes
    under it; once muted nothing more is posted, and why it is so quiet is said."""
    machine = sqlite_machine
    async with _stripe(machine) as stripe, in_slack(machine, http=True) as stage, stage.served():
        slack = stage.slack
        await slack.command(REVENUE, ALICE, f"subscribe <#{REVENUE}|revenue> to failed payments over $5")
        said = await slack.reply(REVENUE)
        assert "failed payments over $5.00" in str(said["blocks"])

        await _webhook(stage, stripe, 1, status="failed", failure_code="card_declined")
        await _webhook(stage, stripe, 1, status="failed", failure_code="card_declined")
        (failed,) = await _posted(stage)
        assert "$20.00" in failed["text"]
        assert "failed" in failed["text"]
        assert "thread_ts" not in failed

        await _webhook(stage, stripe, 2, status="succeeded")
        first, recovered = await _posted(stage)
        assert recovered["thread_ts"] == first["ts"]
        assert "after all" in recovered["text"]

        await _choose(stage, failed, "kind")
        await until(lambda: _said_aside(stage, "say nothing more about failed payments"))
        await _webhook(stage, stripe, 3, status="failed", payment_intent="pi_other")
        assert len(await _posted(stage)) == 2
        await slack.command(REVENUE, ALICE, "why so quiet?")
        await until(lambda: _said_aside(stage, "this kind is muted here"))
        await stage.everything_posted_is_what_slack_takes()
        assert "failed payments over $5.00" in await machine.well("alerts", "list")


async def _said_aside(stage: Stage, words: str) -> bool:
    return any(words in str(one) for one in await stage.slack.messages(REVENUE))
