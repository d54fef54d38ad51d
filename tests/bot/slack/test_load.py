"""Two hundred people ask at the same moment."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from bot.cache import StoredSeen
from bot.kept import StoredMessages
from bot.slack.app import SlackApp, create_slack_app
from bot.slack.backing import stored
from storage.models import Message, SeenEvent
from storage.settings import Settings
from tests.bot import answers as example
from tests.bot.asks import AsksByHeart
from tests.bot.slack.talking import deliver, direct
from tests.vendors.slack import TEAM, FakeSlack, fake_slack
from tests.world import World

PEOPLE, REPEATS = 200, 40


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as running:
        for number in range(PEOPLE):
            running.users[f"U{number:03}"] = {"id": f"U{number:03}", "team_id": TEAM}
        yield running


async def _app(slack: FakeSlack, world: World) -> SlackApp:
    settings = Settings(slack_bot_token="xoxb-1", slack_api_url=f"{slack.address}/api")
    return await create_slack_app(
        settings,
        AsksByHeart(),
        account_id=world.account_id,
        seen=StoredSeen(world.db, world.account_id),
        keeps=StoredMessages(world.db, world.vault),
        backing=stored(world.db, world.vault),
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_all_are_acknowledged_at_once_and_answered_once(slack: FakeSlack, world: World) -> None:
    """200 questions and 40 repeats: all acknowledged within a second of this process's time, before any is
    answered late; each answered once and kept."""
    app = await _app(slack, world)

    async def ask(number: int) -> float:
        person = number % PEOPLE
        question = example.EACH_KIND[person % 6].question
        body = direct(question, f"U{person:03}", channel=f"D{person}", ts=str(person))
        assert await deliver(app, body) == 200
        return time.process_time()

    began = time.process_time()
    acknowledged = await asyncio.gather(*(ask(number) for number in range(PEOPLE + REPEATS)))
    assert max(acknowledged) - began < 1
    assert await app.answering.background.drain(60) == 0
    posted = [slack.posted.get_nowait() for _ in range(slack.posted.qsize())]
    assert sorted(call.arguments["channel"] for call in posted) == sorted(f"D{n}" for n in range(PEOPLE))
    assert len(await world.rows(SeenEvent)) == PEOPLE
    assert len(await world.rows(Message)) == PEOPLE
    await app.stop()
