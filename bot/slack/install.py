"""Connecting a workspace by OAuth: Bolt's flow, for the account that a link stands for.

`GET /slack/install?link=...` says which account it is about and leads to Slack; Slack leads back to
`GET /slack/oauth_redirect`. The state in between works once, for ten minutes, in the same browser.
"""

import json
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import structlog
from aiohttp import ClientError
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.slack import welcome
from bot.slack.answering import described
from bot.slack.installed import InstalledWorkspaces
from bot.slack.workspaces import without_token
from storage.doer import Doer
from storage.models import Account
from storage.session import Database
from storage.settings import Settings
from storage.slack_links import InstallStep, begin_install, linked_account, use_state
from storage.slack_workspaces import ConnectedSlack, SlackTokens, WorkspaceTaken, connect_workspace
from storage.trust.audit import Actor, Channel, NotForTheTrail, Origin

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"

_log = structlog.get_logger(__name__)
_MANIFEST = Path(__file__).parent / "manifest.json"
_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
_UNKNOWN_LINK = "This link has expired. Ask for a new one: it works for an hour."
_FAILURES = {
    "access_denied": "You did not allow it in Slack, so nothing was connected.",
    "invalid_browser": "This began in another browser. Open the link again in this one.",
    "invalid_state": "This took too long, or was done already. Open the link again.",
    "taken": "This workspace is connected to another Chewbotta account: disconnect it there first.",
}
_FAILED = "Slack did not confirm it, so nothing was connected. Open the link again."

Start = Callable[[Coroutine[Any, Any, None]], None]


def scopes() -> list[str]:
    """What the app asks for: what its manifest says."""
    return list(json.loads(_MANIFEST.read_text(encoding="utf-8"))["oauth_config"]["scopes"]["bot"])


async def connect_link(db: Database, account_id: int, public_url: str) -> str:
    """The address that connects a workspace to this account, for an hour."""
    link = await begin_install(db, account_id, InstallStep.LINK, now=datetime.now(UTC))
    return f"{public_url.rstrip('/')}{INSTALL}?link={link}"


def install_routes(workspaces: InstalledWorkspaces, start: Start) -> list[Route]:
    """The two routes; `start` runs what goes on after the answer. Needs the client id and the secret."""

    async def install(request: Request) -> Response:
        link = request.query_params.get("link", "")
        account_id = await linked_account(workspaces.db, link, now=datetime.now(UTC))
        if account_id is None:
            return HTMLResponse(_page(_UNKNOWN_LINK), 403, _HEADERS)
        flow = _Flow(workspaces, start, account_id)
        return await _through(flow.handle_installation, request)

    async def redirect(request: Request) -> Response:
        return await _through(_Flow(workspaces, start).handle_callback, request)

    return [Route(INSTALL, install), Route(REDIRECT, redirect)]


async def _through(
    step: Callable[[AsyncBoltRequest], Coroutine[Any, Any, BoltResponse]], request: Request
) -> Response:
    answer = to_starlette_response(await step(to_async_bolt_request(request, b"")))
    answer.headers.update(_HEADERS)
    return answer


@dataclass(slots=True)
class _States(AsyncOAuthStateStore):
    """States of one request; `account_id` is whom the one that was used stood for."""

    db: Database
    account_id: int | None = None

    @property
    def logger(self) -> logging.Logger:
        return _logger()

    async def async_issue(self, *_: Any, **__: Any) -> str:
        return await begin_install(self.db, self.account_id or 0, InstallStep.STATE, now=datetime.now(UTC))

    async def async_consume(self, state: str) -> bool:
        self.account_id = await use_state(self.db, state or "", now=datetime.now(UTC))
        return self.account_id is not None


class _Flow(AsyncOAuthFlow):
    """Bolt's flow for one request, with our pages and our store."""

    def __init__(self, workspaces: InstalledWorkspaces, start: Start, account_id: int | None = None) -> None:
        self._workspaces, self._start = workspaces, start
        self._states = _States(workspaces.db, account_id)
        super().__init__(
            settings=_oauth_settings(workspaces.settings, self._states),
            client=without_token(workspaces.pool),
            logger=_logger(),
        )

    async def build_install_page_html(self, url: str, request: AsyncBoltRequest) -> str:
        db, account_id = self._workspaces.db, self._states.account_id or 0
        async with db.tenant(account_id, read_only=True) as session:
            name = (await session.get_one(Account, account_id)).name
        said = f"Connect a Slack workspace to the Chewbotta account {name}?"
        return _page(said, f'<p><a href="{escape(url)}">Continue to Slack</a></p>')

    async def run_installation(self, code: str) -> Installation | None:
        try:
            return await super().run_installation(code)
        except (SlackApiError, ClientError, OSError, TimeoutError, KeyError) as problem:
            _log.error("slack.install_failed", **described(problem))
            return None

    async def handle_callback(self, request: AsyncBoltRequest) -> BoltResponse:
        try:
            return await super().handle_callback(request)
        except WorkspaceTaken:
            return _answer(409, _page(_FAILURES["taken"]))

    async def store_installation(self, request: AsyncBoltRequest, installation: Installation) -> None:
        account_id, to = self._states.account_id or 0, self._workspaces
        connected, tokens = _connected(installation, datetime.now(UTC))
        by = Doer(_installer(connected), Origin(Channel.WEB))
        await connect_workspace(to.db, to.vault, account_id, connected, tokens, by=by)
        to.forget(connected.workspace_id)
        _log.info("slack.installed", account=account_id, team=connected.workspace_id)
        client = without_token(to.pool)
        client.token = tokens.bot
        self._start(welcome.greet(client, connected.installed_by))


def _oauth_settings(settings: Settings, states: _States) -> AsyncOAuthSettings:
    secret = settings.slack_client_secret
    slack = str(settings.slack_api_url).rstrip("/").removesuffix("/api")
    return AsyncOAuthSettings(
        client_id=settings.slack_client_id,
        client_secret=secret.get_secret_value() if secret else "",
        scopes=scopes(),
        user_scopes=[],
        redirect_uri=f"{(settings.public_url or '').rstrip('/')}{REDIRECT}",
        authorization_url=f"{slack}/oauth/v2/authorize",
        state_store=states,
        callback_options=AsyncCallbackOptions(success=_succeeded, failure=_did_not),
        logger=_logger(),
    )


async def _succeeded(args: AsyncSuccessArgs) -> BoltResponse:
    said = "Connected. I have written to you in Slack: go on there."
    return _answer(200, _page(said, '<p><a href="https://slack.com/app_redirect?app='
                              f'{escape(args.installation.app_id or "")}">Open Slack</a></p>'))  # fmt: skip


async def _did_not(args: AsyncFailureArgs) -> BoltResponse:
    _log.info("slack.install_refused", code=args.reason if args.reason in _FAILURES else "other")
    return _answer(args.suggested_status_code, _page(_FAILURES.get(args.reason, _FAILED)))


def _answer(status: int, page: str) -> BoltResponse:
    return BoltResponse(status=status, body=page, headers={"Content-Type": "text/html; charset=utf-8"})


def _connected(installation: Installation, now: datetime) -> tuple[ConnectedSlack, SlackTokens]:
    """What Slack gave, in our words. One for a whole organisation goes by the organisation's id."""
    is_org = bool(installation.is_enterprise_install)
    ends = installation.bot_token_expires_at
    at = ConnectedSlack(
        workspace_id=str(installation.enterprise_id if is_org else installation.team_id),
        enterprise_id=installation.enterprise_id,
        bot_user_id=installation.bot_user_id or "",
        bot_id=installation.bot_id or "",
        installed_by=installation.user_id or "",
        installed_at=now,
        expires_at=datetime.fromtimestamp(ends, UTC) if ends else None,
    )
    name = installation.enterprise_name if is_org else installation.team_name
    refresh = installation.bot_refresh_token
    return at, SlackTokens(bot=installation.bot_token or "", refresh=refresh, name=name or "")


def _installer(connected: ConnectedSlack) -> Actor:
    try:
        actor = Actor.slack_user(connected.installed_by)
    except NotForTheTrail:
        return Actor.operator()
    return actor


def _logger() -> logging.Logger:
    """The library's warnings would repeat codes."""
    return logging.getLogger("chewbotta.slack")


def _page(said: str, more: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Chewbotta and Slack</title>'
        '<meta name="viewport" content="width=device-width"></head>'
        f"<body><h1>Chewbotta and Slack</h1><p>{escape(said)}</p>{more}</body></html>"
    )
