"""Workspaces that installed the app by OAuth: found, opened, their tokens renewed before they end."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery import slack_code
from bot.slack.workspaces import OneWorkspace, SlackUnreachable, Workspace, not_connected, without_token
from storage.doer import Doer
from storage.keys.vault import Vault
from storage.session import Database
from storage.settings import Settings
from storage.slack_workspaces import (
    OpenedSlack,
    SlackTokens,
    WorkspaceTaken,
    connect_workspace,
    keep_renewed,
    open_workspace,
    take_renewal,
    workspace_account,
)
from storage.trust.audit import Actor, Channel, Job, Origin

_log = structlog.get_logger(__name__)

FRESH_FOR = 20.0
"""Seconds for which a workspace is not looked up again: a removal by another process is seen after them."""

RENEWED_BEFORE = timedelta(hours=2)
"""How long before its end a token is renewed: Slack's own stay valid for twelve hours."""

BY_SLACK = Doer(Actor.job(Job.WEBHOOKS), Origin(Channel.SLACK))
"""What Slack tells of by itself."""

_MOST_KNOWN = 10_000
_RENEWAL_WAIT = 0.5
_RENEWAL_TRIES = 20


@dataclass(frozen=True, slots=True)
class _Known:
    """`holder` is the workspace or organisation whose token it is."""

    read_at: float
    account_id: int
    workspace: Workspace
    holder: OpenedSlack


@dataclass(slots=True)
class InstalledWorkspaces:
    """The real `Workspaces`. `own` is the one whose token stands in the settings, if there is one."""

    db: Database
    vault: Vault
    settings: Settings
    pool: AsyncWebClient
    own: OneWorkspace | None = None
    _known: dict[str, _Known] = field(default_factory=dict)
    _organisation_of: dict[str, str] = field(default_factory=dict)

    async def account_of(self, team_id: str) -> int | None:
        found = await self._find(team_id)
        if found is not None:
            return found.account_id
        return await self.own.account_of(team_id) if self.own is not None else None

    async def token_of(self, team_id: str) -> str:
        found = await self._find(team_id)
        if found is None:
            if self.own is None:
                raise not_connected(team_id)
            return await self.own.token_of(team_id)
        for _ in range(_RENEWAL_TRIES):
            tokens, ends = found.holder.tokens, found.holder.at.expires_at
            if tokens is None:
                break
            now = datetime.now(UTC)
            if ends is None or now < ends - RENEWED_BEFORE:
                return tokens.bot
            if not await self._renew(found, tokens, now) and now < ends:
                return tokens.bot  # whoever renews it needs a moment, and this one is still good
            self.forget(team_id)
            await asyncio.sleep(0 if now < ends else _RENEWAL_WAIT)
            found = await self._find(team_id)
            if found is None:
                break
        raise not_connected(team_id)

    def bot_in(self, team_id: str) -> Workspace | None:
        known = self._known.get(team_id)
        if known is not None:
            return known.workspace
        return self.own.bot_in(team_id) if self.own is not None else None

    def is_in(self, team_id: str, enterprise_id: str) -> None:
        if len(self._organisation_of) >= _MOST_KNOWN:
            self._organisation_of.clear()
        self._organisation_of[team_id] = enterprise_id

    def forget(self, team_id: str) -> None:
        """It is looked up anew when it is next needed."""
        self._known.pop(team_id, None)

    async def _find(self, team_id: str) -> _Known | None:
        known = self._known.get(team_id)
        if known is not None and monotonic() - known.read_at < FRESH_FOR:
            return known
        self.forget(team_id)
        account_id = await workspace_account(self.db, team_id) or await self._joined(team_id)
        at = None if account_id is None else await open_workspace(self.db, self.vault, account_id, team_id)
        if account_id is None or at is None:
            return None
        holder: OpenedSlack | None = at
        if at.tokens is None:
            holder = await open_workspace(self.db, self.vault, account_id, at.at.enterprise_id or "")
        if holder is None:
            return None
        who = Workspace(team_id, holder.at.bot_user_id, holder.at.bot_id)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[team_id] = _Known(monotonic(), account_id, who, holder)
        return self._known[team_id]

    async def _joined(self, team_id: str) -> int | None:
        """A workspace of an organisation that installed the app for all of its: noted when it first asks."""
        enterprise_id = self._organisation_of.get(team_id)
        account_id = None if enterprise_id is None else await workspace_account(self.db, enterprise_id)
        if account_id is None or enterprise_id is None:
            return None
        org = await open_workspace(self.db, self.vault, account_id, enterprise_id)
        if org is None or not org.at.is_organisation:
            return None
        try:
            joined = org.at.served(team_id)
            await connect_workspace(self.db, self.vault, account_id, joined, None, by=BY_SLACK)
        except WorkspaceTaken:
            return None
        return account_id

    async def _renew(self, found: _Known, tokens: SlackTokens, now: datetime) -> bool:
        """Whether the tokens were renewed here, and now."""
        holder = found.holder.at.workspace_id
        ends, account_id = found.holder.at.expires_at, found.account_id
        if tokens.refresh is None or not await take_renewal(self.db, account_id, holder, ends, now=now):
            return False
        secret = self.settings.slack_client_secret
        try:
            answer: Any = await without_token(self.pool).oauth_v2_access(
                client_id=self.settings.slack_client_id or "",
                client_secret=secret.get_secret_value() if secret else "",
                grant_type="refresh_token",
                refresh_token=tokens.refresh,
            )
        except (SlackApiError, ClientError, OSError, TimeoutError) as problem:
            code = slack_code(problem) if isinstance(problem, SlackApiError) else type(problem).__name__
            _log.error("slack.token_not_renewed", team=holder, code=code)
            return False
        fresh = SlackTokens(bot=answer["access_token"], refresh=answer.get("refresh_token"), name=tokens.name)
        ends = now + timedelta(seconds=int(answer["expires_in"])) if answer.get("expires_in") else None
        await keep_renewed(self.db, self.vault, found.account_id, holder, fresh, ends)
        return True


async def own_workspace(pool: AsyncWebClient, account_id: int, timeout: float = 5.0) -> OneWorkspace:
    """The workspace of the bot token in the settings. That Slack does not answer now is no reason to stop."""
    workspace = OneWorkspace(pool, account_id)
    try:
        await asyncio.wait_for(workspace.who(), timeout)
    except (SlackUnreachable, TimeoutError):
        _log.warning("slack.unreachable_for_now")
    return workspace
