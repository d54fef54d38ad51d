"""The Slack app: Bolt with our listeners on it, for HTTP and for Socket Mode alike.

Nothing between a request and its acknowledgement waits for a network or a database: Slack allows 3 seconds,
whatever state the rest is in.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

import structlog
from aiohttp import ClientSession
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.render.slack_blocks import Layout
from bot.slack import actions, commands, messages
from bot.slack.access import Access
from bot.slack.answering import Answering, described
from bot.slack.delivery import slack_code, slow_down_handlers
from bot.slack.ports import (
    Accounts,
    Asks,
    KeepsNothing,
    Messages,
    OneAccount,
    SeenEvents,
    SeenInMemory,
)
from storage.errors import OperatorError
from storage.settings import Settings

_log = structlog.get_logger(__name__)
_CALL_TIMEOUT = 20


class SlackUnusable(OperatorError):
    """Slack cannot be used with these settings; the text says which one and why, and repeats no token."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace that a bot token belongs to, and who we are in it."""

    team_id: str
    bot_user_id: str
    bot_id: str


@dataclass(frozen=True, slots=True)
class SlackApp:
    """`bolt` takes requests, `answering` works on them, `client` talks back. `stop` when done."""

    bolt: AsyncApp
    client: AsyncWebClient
    answering: Answering
    workspace: Workspace
    signing_secret: str | None

    async def stop(self, seconds: float = 20.0) -> None:
        """Lets answers under way finish, then closes the connections."""
        late = await self.answering.background.drain(seconds)
        if late:
            _log.warning("slack.stopped_with_answers_under_way", count=late)
        await close(self.client)


async def create_slack_app(
    settings: Settings,
    asks: Asks,
    *,
    account_id: int | None = None,
    accounts: Accounts | None = None,
    seen: SeenEvents | None = None,
    keeps: Messages | None = None,
    tz: tzinfo = UTC,
    layout: Layout = Layout.NATIVE,
) -> SlackApp:
    """The app of the workspace whose SLACK_BOT_TOKEN is set; raises SlackUnusable.

    `account_id` is whose data that workspace asks for; `accounts` decides it workspace by workspace instead.
    `keeps` remembers the answers that were sent.
    """
    if (account_id is None) == (accounts is None):
        raise ValueError("give either the account_id or the accounts")
    client = web_client(settings)
    try:
        workspace = await _workspace(client)
    except BaseException:
        await close(client)
        raise
    answering = Answering(
        asks=asks,
        accounts=accounts or OneAccount(account_id or 0, workspace.team_id),
        seen=seen if seen is not None else SeenInMemory(),
        messages=keeps if keeps is not None else KeepsNothing(),
        access=Access(client),
        tz=tz,
        layout=layout,
    )
    secret = settings.slack_signing_secret
    signing_secret = secret.get_secret_value() if secret else None
    bolt = _bolt(client, workspace, signing_secret)
    commands.register(bolt, answering)
    messages.register(bolt, answering)
    actions.register(bolt, answering)
    return SlackApp(bolt, client, answering, workspace, signing_secret)


def web_client(settings: Settings, token: str | None = None) -> AsyncWebClient:
    """A client of Slack's Web API with a pool of connections, to be closed. Needs a running loop."""
    if token is None:
        if settings.slack_bot_token is None:
            raise SlackUnusable("SLACK_BOT_TOKEN is not set: the bot token (xoxb-...) of your Slack app")
        token = settings.slack_bot_token.get_secret_value()
    return AsyncWebClient(
        token=token,
        base_url=str(settings.slack_api_url).rstrip("/") + "/",
        session=ClientSession(),
        timeout=_CALL_TIMEOUT,
        retry_handlers=slow_down_handlers(),
        logger=_quiet_logger(),
    )


def _like(client: AsyncWebClient, token: str | None) -> AsyncWebClient:
    return AsyncWebClient(
        token=token,
        base_url=client.base_url,
        session=client.session,
        timeout=client.timeout,
        retry_handlers=client.retry_handlers,
        logger=client.logger,
    )


def _bolt(client: AsyncWebClient, workspace: Workspace, signing_secret: str | None) -> AsyncApp:
    """`authorize` stands in for Bolt's own, which asks Slack before it lets a request be acknowledged."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_id=workspace.bot_id,
            bot_user_id=workspace.bot_user_id,
            bot_token=client.token,
        )

    # Listeners only start work, so that they can be run before the response: when Slack has its
    # acknowledgement, a stop knows of everything that was promised.
    # Its own client has no token: `authorize` gives one to the client of each request. Without a signing
    # secret nothing is accepted over HTTP (bot/slack/http.py), so that Bolt never sees an empty one at work.
    bolt = AsyncApp(
        name="chewbotta",
        process_before_response=True,
        logger=_quiet_logger(),
        client=_like(client, token=None),
        authorize=authorize,
        signing_secret=signing_secret or "",
    )
    bolt.error(_failed)
    return bolt


async def _failed(error: Exception) -> None:
    _log.error("slack.listener_failed", **described(error))


async def _workspace(client: AsyncWebClient) -> Workspace:
    try:
        who: Any = await client.auth_test()
    except SlackApiError as problem:
        raise SlackUnusable(f"SLACK_BOT_TOKEN: Slack refuses it ({slack_code(problem)})") from None
    except (OSError, TimeoutError) as problem:
        raise SlackUnusable(f"Slack cannot be reached ({type(problem).__name__})") from None
    return Workspace(team_id=who["team_id"], bot_user_id=who["user_id"], bot_id=who.get("bot_id") or "")


async def close(client: AsyncWebClient) -> None:
    if client.session is not None:
        await client.session.close()


def _quiet_logger() -> logging.Logger:
    """The libraries' errors alone: below that they print requests, and with them what people asked."""
    logger = logging.getLogger("chewbotta.slack")
    logger.setLevel(logging.ERROR)
    return logger
