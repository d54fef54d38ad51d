"""From a Stripe that nobody here wrote to a Slack that nobody here wrote, by the commands that people use."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from storage.session import Database
from tests.e2e.local_slack import ALICE, BOB, BOT, REVENUE, SIGNING_SECRET, TEAM
from tests.e2e.local_stripe import GROWTH, KEY, Bought, Shop, local_stripe
from tests.e2e.machine import Machine
from tests.e2e.serving import Stage, in_slack

SIGNS = {"usd": "$", "eur": "€"}


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """The company at work in its Stripe."""
    async with local_stripe() as opened:
        await opened.open()
        yield opened


@pytest.fixture
async def connected(machine: Machine, shop: Shop) -> Machine:
    """A machine set up, connected and synced, by its commands."""
    await machine.well("init", "--name", "Example Inc", "--currency", "usd")
    await machine.well("source", "add", "stripe", "--base-url", shop.address, stdin=f"{KEY}\n")
    await machine.well("sync")
    return machine


@pytest.fixture(params=["http", "socket"])
async def stage(request: pytest.FixtureRequest, connected: Machine) -> AsyncIterator[Stage]:
    """That machine in a workspace, served."""
    async with in_slack(connected, http=request.param == "http") as ready, ready.served():
        yield ready


@pytest.fixture
async def over_http(connected: Machine) -> AsyncIterator[Stage]:
    async with in_slack(connected, http=True) as ready:
        yield ready


def money(amounts: dict[str, int]) -> list[str]:
    """Each amount as people write it."""
    return [f"{SIGNS[currency]}{amount / 100:,.2f}" for currency, amount in amounts.items()]


def assert_holds(message: dict[str, Any], *wanted: str) -> None:
    """Each of these is in what a reader of the message sees."""
    words = json.dumps(message, ensure_ascii=False).replace("*", "")
    assert [one for one in wanted if one not in words] == [], words


# --- in the terminal --------------------------------------------------------------------------------------


async def test_the_terminal_gives_the_figures_of_what_was_sold(connected: Machine, shop: Shop) -> None:
    """MRR, customers, revenue, refunds, failures, debts and breakdowns are those of what was bought."""
    mrr, customers, revenue, refunds, failed, outstanding, by_plan, invoices, of_one = await connected.ask(
        "What is our MRR?",
        "How many customers do we have?",
        "How much revenue did we collect this year?",
        "How much did we refund this year?",
        "How many payments failed this year?",
        "How much is outstanding?",
        "MRR by plan",
        "list invoices",
        "What is the MRR of Everglen?",
    )
    assert mrr["values"] == shop.mrr()
    assert customers["value"] == len(shop.paying())
    assert revenue["values"] == shop.revenue()
    assert (refunds["value"], refunds["currency"]) == (shop.refunded["usd"], "usd")
    assert failed["value"] == sum(not one.pays for one in shop.bought)
    assert outstanding["value"] == sum(o.plan.per_period(o.quantity) for o in shop.bought if not o.pays)
    cells = {(plan, currency): amount for plan, amount, currency in by_plan["rows"]}
    expected = {(p, c): a for p, amounts in shop.mrr_by_plan().items() for c, a in amounts.items()}
    assert cells == expected
    assert invoices["total_rows"] == len(shop.bought)
    assert of_one["value"] == shop.of("Everglen").mrr


async def test_the_past_is_that_of_the_agreements(connected: Machine, shop: Shop) -> None:
    """MRR at the end of last month is that of the subscriptions that had begun by then."""
    (said,) = await connected.ask("What was our MRR at the end of last month?")
    began_before = [one for one in shop.bought if one.days_ago > 31]
    assert said["values"] == shop.mrr(began_before)


async def test_what_the_server_lacks_is_named(connected: Machine) -> None:
    """Prices, disputes and the event log are not there: left out by name, while the rest is read."""
    (source,) = json.loads(await connected.well("source", "list", "--json"))
    assert {"prices", "disputes"} < source["left_out"].keys()
    assert all("404" in source["left_out"][name] for name in ("prices", "disputes"))
    assert "left out prices" in await connected.well("sync")


async def test_what_happens_in_stripe_is_in_the_next_answer(connected: Machine, shop: Shop) -> None:
    """A sale, a cancellation, an upgrade and a refund change the figures with the next sync."""
    await shop.sell(Bought("Ironwood", GROWTH, quantity=2))
    await shop.cancel("Aurora & Sons")
    await shop.change("Everglen", 20)
    await shop.refund("Grantham Steel", 2_500)
    await connected.well("sync")
    mrr, customers, revenue = await connected.ask("mrr", "customers", "revenue this year")
    assert mrr["values"] == shop.mrr()
    assert customers["value"] == len(shop.paying())
    assert revenue["values"] == shop.revenue()


# --- in Slack ---------------------------------------------------------------------------------------------


async def test_the_same_figures_in_slack(stage: Stage, shop: Shop) -> None:
    """Slash command, direct message and mention are answered with them, and follow-ups in their talk."""
    slack = stage.slack
    await slack.command(REVENUE, ALICE, "What is our MRR?")
    private = await slack.reply(REVENUE)
    assert (private["subtype"], private["ephemeral_to"]) == ("ephemeral", ALICE)
    assert_holds(private, *money(shop.mrr()))

    sent = await slack.say(ALICE, ALICE, "How many customers do we have?")
    direct = await slack.reply(sent["channel"])
    assert_holds(direct, f"{len(shop.paying())} paying customers")
    await slack.say(ALICE, ALICE, "by country")
    assert_holds(await slack.reply(sent["channel"]), "Germany")

    asked = await slack.say(REVENUE, BOB, f"<@{BOT}> MRR by plan")
    in_thread = await slack.reply(REVENUE)
    assert in_thread["thread_ts"] == asked["ts"]
    for plan, amounts in shop.mrr_by_plan().items():
        assert_holds(in_thread, plan, *money(amounts))
    await slack.say(REVENUE, BOB, f"<@{BOT}> only Growth", thread=asked["ts"])
    growth = shop.mrr_by_plan()["Growth"]
    assert_holds(await slack.reply(REVENUE), *money(growth))

    await slack.say(ALICE, ALICE, "tell me about Brightwater Labs")
    own = money({"usd": shop.of("Brightwater <Labs>").mrr})
    assert_holds(await slack.reply(sent["channel"]), "Brightwater &lt;Labs&gt;", *own)
    assert await stage.everything_posted_is_what_slack_takes() == 6


def signed(body: bytes, secret: str = SIGNING_SECRET, age: int = 0) -> dict[str, str]:
    timestamp = str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": f"v0={digest}",
    }


def direct_message(channel: str, text: str, ts: str, event_id: str = "Ev1") -> bytes:
    event = {
        "type": "message",
        "channel_type": "im",
        "channel": channel,
        "user": ALICE,
        "text": text,
        "ts": ts,
    }
    body = {"type": "event_callback", "team_id": TEAM, "event_id": event_id, "event": event}
    return json.dumps(body).encode()


async def post(stage: Stage, body: bytes, headers: dict[str, str]) -> int:
    async with stage.slack.session.post(stage.endpoint, data=body, headers=headers) as answer:
        return answer.status


async def kept(machine: Machine, table: str) -> int:
    """How many rows of any account a table holds."""
    from sqlalchemy import text

    db = Database.connect(machine.settings().database_url.get_secret_value())
    async with db.engine.connect() as connection:
        found = await connection.scalar(text(f"SELECT count(*) FROM {table}"))
    await db.dispose()
    return int(found or 0)


async def test_what_slack_did_not_sign_does_nothing(over_http: Stage) -> None:
    """A wrong, stale or missing signature gets 401: nothing is asked, kept or posted."""
    body = direct_message("D1", "What is our MRR?", "1.1")
    other = direct_message("D1", "How many customers do we have?", "1.1")
    unsigned = [
        signed(body, secret="another"),
        signed(body, age=301),
        signed(body, age=-400),
        signed(other),
        {"content-type": "application/json"},
    ]
    async with over_http.served():
        before = len(await over_http.slack.log())
        assert [await post(over_http, body, headers) for headers in unsigned] == [401] * len(unsigned)
    assert len(await over_http.slack.log()) == before
    assert await kept(over_http.machine, "seen_event") == 0
    assert await kept(over_http.machine, "conversation") == 0


async def test_slacks_retry_is_answered_once_even_after_a_restart(over_http: Stage, shop: Shop) -> None:
    """The same message again, as a retry or under another event id, is acknowledged and not answered."""
    slack, retry = over_http.slack, {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
    async with over_http.served():
        first = await slack.say(ALICE, ALICE, "help")
        channel = first["channel"]
        await slack.reply(channel)
        body = direct_message(channel, "What is our MRR?", "1795000000.000100")
        assert await post(over_http, body, signed(body)) == 200
        assert_holds(await slack.reply(channel), *money(shop.mrr()))
        assert await post(over_http, body, signed(body) | retry) == 200
    async with over_http.served():
        again = direct_message(channel, "What is our MRR?", "1795000000.000100", event_id="Ev2")
        assert await post(over_http, body, signed(body) | retry) == 200
        assert await post(over_http, again, signed(again)) == 200
        await slack.say(ALICE, ALICE, "How many customers do we have?")
        assert_holds(await slack.reply(channel), "paying customers")
    answers = [m for m in await slack.messages(channel) if m["user"] == BOT]
    assert len(answers) == 3
