"""Connecting workspaces by OAuth, renewing their tokens, and removing them, on real databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from slack_bolt.async_app import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from starlette.applications import Starlette

from bot.slack.app import SlackApp, create_slack_app
from bot.slack.install import connect_link, install_routes, scopes
from bot.slack.installed import InstalledWorkspaces
from storage.accounts import create_account
from storage.keys.vault import Vault
from storage.session import Database
from storage.settings import Settings
from storage.slack_workspaces import SlackTokens, list_workspaces, open_workspace, workspace_account
from tests.bot.asks import AsksByHeart
from tests.vendors.slack import MEMBER, FakeSlack, fake_slack

PUBLIC = "http://localhost:8000"
INSTALLED = {
    "access_token": "xoxb-of-t5",
    "app_id": "A1",
    "bot_user_id": "U5BOT",
    "team": {"id": "T5", "name": "Five <Inc>"},
    "enterprise": None,
    "authed_user": {"id": MEMBER},
    "scope": "chat:write",
    "token_type": "bot",
}


@dataclass
class Stage:
    slack: FakeSlack
    app: SlackApp
    workspaces: InstalledWorkspaces
    browser: httpx.AsyncClient
    account: int

    async def authorise(self) -> str:
        """Opens the link and goes to Slack; returns the state that Slack hands back."""
        link = await connect_link(self.workspaces.db, self.account, PUBLIC)
        page = await self.browser.get(link)
        assert page.status_code == 200
        url = page.text.split('href="')[1].split('"')[0].replace("&amp;", "&")
        asked = parse_qs(urlsplit(url).query)
        assert asked["redirect_uri"] == [f"{PUBLIC}/slack/oauth_redirect"]
        assert set(asked["scope"][0].split(",")) == set(scopes())
        cookie = page.headers["set-cookie"].split(";")[0]
        self.browser.headers["cookie"] = cookie  # Secure: a browser sends it over HTTPS alone
        return asked["state"][0]

    async def come_back(self, **query: str) -> httpx.Response:
        return await self.browser.get("/slack/oauth_redirect", params=query)

    async def connect(self) -> httpx.Response:
        return await self.come_back(state=await self.authorise(), code="c1")

    async def tell(self, kind: str, **more: Any) -> None:
        """As Slack tells of something."""
        body = {
            "type": "event_callback",
            "team_id": "T5",
            "event_id": "Ev9",
            "event_time": int(datetime.now(UTC).timestamp()) + 1,
            "event": {"type": kind, **more.pop("event", {})},
            **more,
        }
        await self.app.bolt.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))
        await self.app.answering.background.drain(5)


@pytest.fixture
async def stage(db: Database, vault: Vault) -> AsyncIterator[Stage]:
    async with fake_slack() as slack:
        slack.install = dict(INSTALLED)
        settings = Settings(
            slack_api_url=f"{slack.address}/api",
            slack_client_id="1.2",
            slack_client_secret="secret-of-the-app",
            slack_signing_secret="s" * 32,
            public_url=PUBLIC,
        )
        account = await create_account(db, vault, name="Example & Co", now=datetime.now(UTC))

        async def served(pool: Any) -> InstalledWorkspaces:
            return InstalledWorkspaces(db, vault, settings, pool)

        app = await create_slack_app(settings, AsksByHeart(), workspaces=served)
        assert isinstance(app.workspaces, InstalledWorkspaces)
        routes = install_routes(app.workspaces, app.answering.background.start)
        transport = httpx.ASGITransport(Starlette(routes=routes))
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as browser:
            yield Stage(slack, app, app.workspaces, browser, account)
        await app.stop()


async def test_a_workspace_connects_itself(stage: Stage) -> None:
    """From the link to Slack and back: the workspace is the account's, with its token, and is greeted."""
    answer = await stage.connect()
    assert answer.status_code == 200
    assert "Connected" in answer.text
    opened = await open_workspace(stage.workspaces.db, stage.workspaces.vault, stage.account, "T5")
    assert opened is not None
    assert opened.tokens == SlackTokens(bot="xoxb-of-t5", name="Five <Inc>")
    assert (opened.at.bot_user_id, opened.at.installed_by) == ("U5BOT", MEMBER)
    greeting = await asyncio.wait_for(stage.slack.posted.get(), 5)
    assert greeting.arguments["channel"] == MEMBER
    assert "what is our MRR" in str(greeting.arguments["blocks"])
    assert await stage.workspaces.token_of("T5") == "xoxb-of-t5"
    assert await stage.workspaces.account_of("T5") == stage.account


async def test_the_page_names_the_account(stage: Stage) -> None:
    """Whoever opens the link reads which account it is about, so that nobody is led into another's."""
    page = await stage.browser.get(await connect_link(stage.workspaces.db, stage.account, PUBLIC))
    assert "Example &amp; Co" in page.text


async def test_a_link_of_nobody_leads_nowhere(stage: Stage) -> None:
    """A made-up link gets no state and no way to Slack."""
    page = await stage.browser.get("/slack/install", params={"link": "made-up"})
    assert page.status_code == 403
    assert "oauth" not in page.text


async def test_a_state_works_once_and_in_its_own_browser(stage: Stage) -> None:
    """A second use, another browser, a made-up state and a refusal connect nothing."""
    state = await stage.authorise()
    cookie = stage.browser.headers.pop("cookie")
    assert (await stage.come_back(state=state, code="c1")).status_code == 400
    stage.browser.headers["cookie"] = cookie
    assert (await stage.come_back(error="access_denied", state=state)).status_code == 200
    assert await workspace_account(stage.workspaces.db, "T5") is None
    assert (await stage.come_back(state=state, code="c1")).status_code == 200
    assert (await stage.come_back(state=state, code="c1")).status_code == 401


async def test_what_slack_does_not_confirm_connects_nothing(stage: Stage) -> None:
    """A wrong code ends in words, and in nothing stored."""
    stage.slack.errors["oauth.v2.access"] = "invalid_code"
    answer = await stage.connect()
    assert answer.status_code == 401
    assert "nothing was connected" in answer.text
    assert await list_workspaces(stage.workspaces.db, stage.account) == []


async def test_a_workspace_of_another_account_is_left_to_it(stage: Stage) -> None:
    """A second account that connects the same workspace is told no."""
    await stage.connect()
    first, db = stage.account, stage.workspaces.db
    stage.account = await create_account(db, stage.workspaces.vault, name="Other", now=datetime.now(UTC))
    answer = await stage.connect()
    assert answer.status_code == 409
    assert await workspace_account(db, "T5") == first


async def test_tokens_are_renewed_before_they_end(stage: Stage) -> None:
    """A token that ends soon is exchanged, once however many ask, and the new one is kept."""
    stage.slack.install |= {"refresh_token": "xoxe-1", "expires_in": 3600}
    await stage.connect()
    stage.slack.install |= {"access_token": "xoxb-2", "refresh_token": "xoxe-2", "expires_in": 43_200}
    before = stage.slack.count("oauth.v2.access")
    tokens = await asyncio.gather(*(stage.workspaces.token_of("T5") for _ in range(5)))
    assert "xoxb-2" in tokens
    assert set(tokens) <= {"xoxb-2", "xoxb-of-t5"}
    assert stage.slack.count("oauth.v2.access") == before + 1
    stage.workspaces.forget("T5")
    assert await stage.workspaces.token_of("T5") == "xoxb-2"
    opened = await open_workspace(stage.workspaces.db, stage.workspaces.vault, stage.account, "T5")
    assert opened is not None
    assert opened.at.expires_at is not None
    assert opened.at.expires_at > datetime.now(UTC) + timedelta(hours=11)


async def test_an_organisation_serves_its_workspaces(stage: Stage) -> None:
    """Installed for a whole organisation, the token serves each workspace of it that asks."""
    stage.slack.install |= {
        "is_enterprise_install": True,
        "team": None,
        "enterprise": {"id": "E7", "name": "Org"},
    }
    await stage.connect()
    assert await stage.workspaces.account_of("T8") is None
    stage.workspaces.is_in("T8", "E7")
    assert await stage.workspaces.token_of("T8") == "xoxb-of-t5"
    known = [row.workspace_id for row in await list_workspaces(stage.workspaces.db, stage.account)]
    assert sorted(known) == ["E7", "T8"]
    await stage.tell("app_uninstalled", team_id="T8", enterprise_id="E7", is_enterprise_install=True)
    assert await list_workspaces(stage.workspaces.db, stage.account) == []


@pytest.mark.parametrize(
    ("kind", "event"), [("app_uninstalled", {}), ("tokens_revoked", {"tokens": {"bot": ["U5BOT"]}})]
)
async def test_a_removed_app_leaves_nothing(stage: Stage, kind: str, event: dict[str, Any]) -> None:
    """Uninstalled or with its token revoked, the workspace goes, and its client says so in Slack's word."""
    await stage.connect()
    await stage.tell(kind, event=event)
    assert await workspace_account(stage.workspaces.db, "T5") is None
    with pytest.raises(SlackApiError, match="account_inactive"):
        await stage.workspaces.token_of("T5")
    await stage.tell(kind, event=event)


async def test_a_persons_revoked_token_is_not_ours(stage: Stage) -> None:
    """Tokens of persons are none that the app has: nothing is removed."""
    await stage.connect()
    await stage.tell("tokens_revoked", event={"tokens": {"oauth": ["U1"], "bot": []}})
    assert await workspace_account(stage.workspaces.db, "T5") == stage.account
