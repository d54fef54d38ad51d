"""The worker in several workspaces: what belongs to one is sent, edited and posted there, with its token."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

import jobs
from bot import thought_jobs
from bot.render import slack_blocks as kit
from bot.render.slack_blocks import Message as SlackMessage
from bot.slack.outbox import Address, Letter, StoredLetters, outbox_of
from bot.slack.reach import slack_clients
from bot.slack.workspaces import ClientOf
from storage.accounts import create_account
from storage.command_line import Opened
from storage.doer import Doer
from storage.models import Message, Outgoing
from storage.settings import Settings
from storage.slack_workspaces import remove_workspace
from storage.trust import messages
from storage.trust.messages import Content, Post
from tests.bot.slack.delivering import connected
from tests.thoughts.bench import Bench, failed
from tests.vendors.slack import FakeSlack, fake_slack
from tests.world import NOW, World
from thoughts.subscriptions import Where, subscribe
from thoughts.wants import Wants

TOKENS = {"T5": "xoxb-of-five", "T6": "xoxb-of-six"}


@dataclass
class Stage:
    """An account with two workspaces, and the worker's clients of them."""

    slack: FakeSlack
    world: World
    place: Opened
    clients: ClientOf

    async def connect(self, team: str, account_id: int) -> None:
        await connected(self.world.db, self.world.vault, account_id, team, TOKENS[team])

    async def disconnect(self, team: str) -> None:
        gone = await remove_workspace(
            self.world.db,
            self.world.vault,
            self.world.account_id,
            team,
            before=datetime.now(UTC),
            by=Doer.operator(),
        )
        assert gone

    async def wait_for(self, team: str) -> None:
        """A message for a channel of that workspace that Slack could not take."""
        now = datetime.now(UTC)
        letter = Letter(
            Address(team, "C1", f"key-{team}"), SlackMessage(text=team, blocks=[kit.section(team)])
        )
        await StoredLetters(self.world.db, self.world.vault).put(self.world.account_id, [letter], now, now)

    async def send_waiting(self) -> None:
        await jobs.send_waiting(self.place, outbox_of(self.clients, self.world.db, self.world.vault))

    def said(self, method: str) -> list[tuple[str, str]]:
        """(token, channel) of every call of that method."""
        return [(one.token, one.arguments["channel"]) for one in self.slack.calls if one.method == method]


@pytest.fixture
async def stage(world: World) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(fake_slack())
        settings = Settings(
            slack_api_url=f"{slack.address}/api",
            slack_client_id="1.2",
            slack_client_secret="secret-of-the-app",
            public_url="http://localhost:8000",
        )
        place = Opened(settings, world.db, world.vault)
        clients = await stack.enter_async_context(slack_clients(place))
        assert clients is not None
        made = Stage(slack, world, place, clients)
        for team in TOKENS:
            await made.connect(team, world.account_id)
        yield made


async def test_what_waits_is_sent_in_its_workspace(stage: Stage) -> None:
    """Each waiting message goes out with the token of the workspace that it is for."""
    for team in TOKENS:
        await stage.wait_for(team)
    await stage.send_waiting()
    assert sorted(stage.said("chat.postMessage")) == [("xoxb-of-five", "C1"), ("xoxb-of-six", "C1")]
    assert await stage.world.rows(Outgoing) == []


async def test_what_waits_for_a_workspace_that_is_gone_is_given_up(stage: Stage) -> None:
    """Disconnected, or meanwhile another account's: nothing of it is sent, and it does not come back."""
    for team in TOKENS:
        await stage.wait_for(team)
        await stage.disconnect(team)
    other = await create_account(stage.world.db, stage.world.vault, name="Other", now=NOW)
    await stage.connect("T6", other)
    await stage.send_waiting()
    assert stage.said("chat.postMessage") == []
    assert await stage.world.rows(Outgoing) == []


@pytest.mark.parametrize(("choice", "method"), [("redact", "chat.update"), ("delete", "chat.delete")])
async def test_posts_are_edited_and_deleted_in_their_workspace(
    stage: Stage, choice: str, method: str
) -> None:
    """Posts of both workspaces are reached with their tokens; those of one that is gone are done with."""
    world = stage.world
    for team in ("T5", "T6"):
        await messages.keep(
            world.db,
            world.vault,
            world.account_id,
            kind="answer",
            platform="slack",
            content=Content("Acme pays"),
            posts=[Post(f"C-{team}", "1.0", team)],
            about=[],
            now=NOW,
        )
    async with world.db.tenant(world.account_id) as session:
        for row in await session.scalars(select(Message)):
            row.due = choice
    await stage.disconnect("T6")
    async with jobs.platform_posts(stage.place.settings, stage.clients) as posts:
        await jobs.settle_messages(stage.place, posts)
    assert stage.said(method) == [("xoxb-of-five", "C-T5")]
    assert [row.due for row in await world.rows(Message)] == ([None, None] if choice == "redact" else [])


async def test_thoughts_are_posted_in_the_workspace_of_their_subscription(stage: Stage) -> None:
    """One thought, wanted in a channel of each workspace, is posted in both with their tokens, and the
    Messages that are kept know where."""
    world = stage.world
    for team in TOKENS:
        await subscribe(
            world.db,
            world.vault,
            world.account_id,
            Where("slack", team, f"C{team}"),
            Wants(),
            by="U1",
            now=NOW,
        )
    await Bench(world).decide(failed())
    async with thought_jobs.couriers(stage.place, stage.clients) as couriers:
        await thought_jobs.tell(stage.place, world.account_id, couriers, datetime.now(UTC))
    assert sorted(stage.said("chat.postMessage")) == [("xoxb-of-five", "CT5"), ("xoxb-of-six", "CT6")]
    async with world.db.tenant(world.account_id) as session:
        for row in await session.scalars(select(Message)):
            row.due = "delete"
    async with jobs.platform_posts(stage.place.settings, stage.clients) as posts:
        await jobs.settle_messages(stage.place, posts)
    assert sorted(token for token, _ in stage.said("chat.delete")) == sorted(TOKENS.values())
