"""Workspaces: whose data they ask for, and with which token they are talked to.

Nothing here waits before Slack has its acknowledgement: a client of a workspace is made at once, and looks
for its token when it is first used.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.delivery import slack_code
from storage.errors import OperatorError


class SlackUnusable(OperatorError):
    """Slack cannot be used with these settings; the text says which one and why, and repeats no token."""


class SlackUnreachable(SlackUnusable):
    """Slack does not answer; that passes."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace, and who we are in it."""

    team_id: str
    bot_user_id: str
    bot_id: str


class Workspaces(Protocol):
    """Every workspace that the app serves. `team_id` is Slack's id of one (T...)."""

    async def account_of(self, team_id: str) -> int | None:
        """Whose data that workspace asks for, or None where it is not connected."""

    async def token_of(self, team_id: str) -> str:
        """The bot token there; raises SlackApiError (account_inactive) where there is none."""

    def bot_in(self, team_id: str) -> Workspace | None:
        """Who we are there, as far as it is known without asking anybody."""

    def is_in(self, team_id: str, enterprise_id: str) -> None:
        """Notes that a workspace belongs to an organisation, as a request of Slack's says."""


class WorkspaceClient(AsyncWebClient):
    """A client that asks for the token with each call: tokens rotate."""

    def __init__(self, like: AsyncWebClient, token: Callable[[], Awaitable[str]]) -> None:
        super().__init__(
            base_url=like.base_url,
            session=like.session,
            timeout=like.timeout,
            retry_handlers=like.retry_handlers,
            logger=like.logger,
        )
        self._token_now = token

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        self.token = await self._token_now()
        return await super().api_call(api_method, **arguments)


def without_token(like: AsyncWebClient) -> AsyncWebClient:
    """A client of no workspace, with the connections of another."""
    return AsyncWebClient(
        base_url=like.base_url,
        session=like.session,
        timeout=like.timeout,
        retry_handlers=like.retry_handlers,
        logger=like.logger,
    )


@dataclass(frozen=True, slots=True)
class ClientOf:
    """Makes clients of workspaces, by their id; all of them share the connections of `pool`."""

    pool: AsyncWebClient
    workspaces: Workspaces

    def __call__(self, team_id: str) -> AsyncWebClient:
        return WorkspaceClient(self.pool, partial(self.workspaces.token_of, team_id))

    def nobody(self) -> AsyncWebClient:
        """A client without any token."""
        return without_token(self.pool)


def not_connected(team_id: str) -> SlackApiError:
    """In Slack's own word for a workspace that the app was removed from."""
    answer = {"ok": False, "error": "account_inactive"}
    return SlackApiError(f"not connected: {team_id}", answer)  # type: ignore[no-untyped-call]  # slack_sdk left it untyped


@dataclass(slots=True)
class OneWorkspace:
    """The workspace whose bot token was given in the settings. Which one that is, Slack says once it can."""

    client: AsyncWebClient
    account_id: int
    _who: Workspace | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def who(self) -> Workspace:
        """Raises SlackUnusable, or SlackUnreachable where trying again is worth it."""
        async with self._asking:
            if self._who is None:
                self._who = await _ask_who(self.client)
            return self._who

    async def account_of(self, team_id: str) -> int | None:
        return self.account_id if (await self.who()).team_id == team_id else None

    async def token_of(self, team_id: str) -> str:
        """Raises ConnectionError where Slack has not said yet which workspace it is."""
        try:
            who = await self.who()
        except SlackUnreachable:
            raise ConnectionError("Slack cannot be reached") from None
        except SlackUnusable:
            raise not_connected(team_id) from None
        if who.team_id != team_id:
            raise not_connected(team_id)
        return self.client.token or ""

    def bot_in(self, team_id: str) -> Workspace | None:
        return self._who if self._who and self._who.team_id == team_id else None

    def is_in(self, team_id: str, enterprise_id: str) -> None:
        """Its token is that of the workspace itself."""


async def _ask_who(client: AsyncWebClient) -> Workspace:
    try:
        who: Any = await client.auth_test()
    except SlackApiError as problem:
        code = slack_code(problem)
        if code.startswith("status 5"):
            raise SlackUnreachable(f"Slack does not work right now ({code})") from None
        raise SlackUnusable(f"SLACK_BOT_TOKEN: Slack refuses it ({code})") from None
    except (OSError, TimeoutError, ClientError) as problem:
        raise SlackUnreachable(f"Slack cannot be reached ({type(problem).__name__})") from None
    return Workspace(team_id=who["team_id"], bot_user_id=who["user_id"], bot_id=who.get("bot_id") or "")
