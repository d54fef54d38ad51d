"""An app in a stand-in for Slack, with a section in its Home tab and a page that it knows."""

from collections.abc import AsyncIterator

import pytest

from bot.slack.app import SlackApp, create_slack_app
from bot.slack.extensions import Extensions
from storage.settings import Settings
from tests.bot.asks import AsksByHeart
from tests.bot.slack.delivering import ACCOUNT, Sections, linked
from tests.vendors.slack import FakeSlack, fake_slack


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as running:
        yield running


@pytest.fixture
def asks() -> AsksByHeart:
    return AsksByHeart()


@pytest.fixture
def sections() -> Sections:
    return Sections()


@pytest.fixture
async def app(slack: FakeSlack, asks: AsksByHeart, sections: Sections) -> AsyncIterator[SlackApp]:
    settings = Settings(
        slack_api_url=f"{slack.address}/api", slack_bot_token="xoxb-1-token", slack_signing_secret="s" * 32
    )
    extensions = Extensions(home=[sections.section], linked=linked)
    made = await create_slack_app(settings, asks, account_id=ACCOUNT, extensions=extensions)
    yield made
    asks.go.set()
    await made.stop()
