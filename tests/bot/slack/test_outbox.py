"""What Slack cannot take now: kept, sent later in order, once; and what can never arrive."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web

import jobs
from bot.render import slack_blocks as kit
from bot.render.slack_blocks import Message
from bot.slack.app import SlackApp, create_slack_app
from bot.slack.backing import in_memory
from bot.slack.outbox import Address, Letter, Outbox, StoredLetters, outbox_of
from bot.slack.reach import slack_clients
from storage.command_line import Opened
from storage.models import Outgoing
from storage.settings import Settings
from storage.trust.mentions import forget_conversations
from tests.bot import answers as example
from tests.bot.asks import AsksByHeart
from tests.bot.slack.talking import all_of, blocks_of, command, deliver, direct, mention, next_of
from tests.vendors.slack import MEMBER, FakeSlack, fake_slack, refuse, slow_down
from tests.world import World


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as running:
        yield running


def _settings(slack: FakeSlack) -> Settings:
    return Settings(slack_bot_token="xoxb-1", slack_api_url=f"{slack.address}/api")


@pytest.fixture
async def app(slack: FakeSlack) -> AsyncIterator[SlackApp]:
    made = await create_slack_app(_settings(slack), AsksByHeart(), account_id=7)
    yield made
    await made.stop()


async def test_what_is_slowed_down_keeps_its_order(app: SlackApp, slack: FakeSlack) -> None:
    """Answers to a channel that is slowed down arrive after that time, in the order of the questions."""
    slack.failures.append(slow_down(1))
    started = time.monotonic()
    questions = (example.NUMBER, example.TABLE, example.REFUSE)
    for number, one in enumerate(questions):
        await deliver(app, direct(one.question, ts=str(number)))
        await app.answering.background.drain(5)
    found = [await next_of(slack) for _ in questions]
    assert time.monotonic() - started >= 1
    assert [call.arguments["text"][:9] for call in found] == [one.text[:9] for one in questions]
    assert slack.posted.empty()


async def test_channels_do_not_wait_for_each_other(app: SlackApp, slack: FakeSlack) -> None:
    """While one channel is slowed down, another is answered at once."""
    slack.failures.append(slow_down(30))
    await deliver(app, direct("slow", channel="D1"))
    await app.answering.background.drain(5)
    await deliver(app, direct("quick", channel="D2", ts="2.2"))
    assert (await next_of(slack)).arguments["channel"] == "D2"


@pytest.mark.parametrize("broken", [web.Response(status=503, text="x"), refuse("internal_error")])
async def test_a_broken_slack_gets_the_same_message_again(
    slack: FakeSlack, broken: web.Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an error of Slack's own the answer is sent once more, under the same key: it may have arrived."""
    monkeypatch.setattr("bot.slack.sending.DOUBTFUL_WAIT", 0.2)
    app = await create_slack_app(_settings(slack), AsksByHeart(), account_id=7)
    slack.failures.append(broken)
    await deliver(app, direct(example.NUMBER.question))
    arrived = await next_of(slack)
    keys = [c.arguments["client_msg_id"] for c in slack.calls if c.method == "chat.postMessage"]
    assert len(keys) == 2
    assert keys[0] == keys[1] == arrived.arguments["client_msg_id"]
    await app.stop()


async def test_an_expired_address_falls_back_to_the_direct_message(app: SlackApp, slack: FakeSlack) -> None:
    """A command whose response_url no longer works is answered in the asker's direct message."""
    slack.failures.append(web.Response(status=404, text="used_url"))
    await deliver(app, command(slack, example.NUMBER.question))
    (call,) = await all_of(app, slack)
    assert (call.method, call.arguments["channel"]) == ("chat.postMessage", MEMBER)
    assert "$78,287.84" in blocks_of(call)


async def test_a_channel_that_was_left_is_told_to_the_asker(app: SlackApp, slack: FakeSlack) -> None:
    """What waits for a channel that is archived meanwhile is given up, and whoever asked learns why."""
    slack.failures.extend([slow_down(0), refuse("is_archived")])
    await deliver(app, mention(example.NUMBER.question))
    told = await next_of(slack)
    assert told.arguments["channel"] == MEMBER
    assert "<#C1>, but it is archived" in blocks_of(told)
    assert await app.answering.shows.backing.letters.take(7, app.answering.shows.outbox.now()) == []


async def test_another_process_sends_what_one_left_behind(slack: FakeSlack, world: World) -> None:
    """Killed while answers wait, nothing is lost: whoever looks next sends them, each once."""
    letters = StoredLetters(world.db, world.vault)
    backing = replace(in_memory(), letters=letters)
    app = await create_slack_app(
        _settings(slack), AsksByHeart(), account_id=world.account_id, backing=backing
    )
    slack.failures.append(slow_down(1))
    for number, one in enumerate((example.NUMBER, example.TABLE)):
        await deliver(app, direct(one.question, ts=str(number)))
        await app.answering.background.drain(5)
    app.answering.shows.outbox.close()
    await asyncio.sleep(1.1)
    assert slack.posted.empty()
    others = [Outbox(letters, app.client_of, app.workspaces.account_of) for _ in range(3)]
    assert sum(await asyncio.gather(*(one.work(world.account_id) for one in others))) == 2
    assert [(await next_of(slack)).arguments["text"][:3] for _ in range(2)] == ["MRR", "232"]
    assert await world.rows(Outgoing) == []
    await app.stop()


async def test_an_answer_that_a_deletion_emptied_says_so(slack: FakeSlack, world: World) -> None:
    """With a customer's deletion a waiting answer loses its words; the asker is told to ask again."""
    letters = StoredLetters(world.db, world.vault)
    backing = replace(in_memory(), letters=letters)
    app = await create_slack_app(
        _settings(slack), AsksByHeart(), account_id=world.account_id, backing=backing
    )
    slack.failures.append(slow_down(0))
    await deliver(app, direct(example.TABLE.question))
    app.answering.shows.outbox.close()
    await app.answering.background.drain(5)
    app.answering.shows.outbox.close()
    async with world.db.tenant(world.account_id) as session:
        await forget_conversations(session, world.account_id)
    await Outbox(letters, app.client_of, app.workspaces.account_of).work(world.account_id)
    said = blocks_of(await next_of(slack))
    assert "threw it away" in said
    assert "Globex" not in said
    await app.stop()


async def test_the_worker_sends_what_waits(slack: FakeSlack, world: World) -> None:
    """The worker sends what no other process has, and has nothing to do without a token."""
    letters = StoredLetters(world.db, world.vault)
    address = Address("T1", MEMBER, "k1")
    message = Message(text="MRR", blocks=[kit.section("MRR is $5")])
    now = datetime.now(UTC)
    await letters.put(world.account_id, [Letter(address, message)], now, now)
    place = Opened(_settings(slack), world.db, world.vault)
    async with slack_clients(Opened(Settings(), world.db, world.vault)) as nothing:
        await jobs.send_waiting(place, outbox_of(nothing, world.db, world.vault))
    assert slack.posted.empty()
    async with slack_clients(place) as clients:
        await jobs.send_waiting(place, outbox_of(clients, world.db, world.vault))
    assert (await next_of(slack)).arguments["channel"] == MEMBER
    assert await world.rows(Outgoing) == []
