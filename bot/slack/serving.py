"""Slack over HTTP for the web process: its endpoint, and the pages that connect workspaces."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from slack_sdk.web.async_client import AsyncWebClient
from starlette.routing import Route

from bot.cache import StoredSeen
from bot.kept import StoredMessages
from bot.ports import Accounts
from bot.slack.app import create_slack_app
from bot.slack.backing import stored
from bot.slack.features import features
from bot.slack.http import slack_route
from bot.slack.install import install_routes
from bot.slack.installed import InstalledWorkspaces, own_workspace
from bot.slack.workspaces import Workspaces
from bot.slack.zones import StoredZones
from bot.wiring import assistant_over
from storage import accounts
from storage.keys.vault import Vault
from storage.session import Database
from storage.settings import Settings


def installs(settings: Settings) -> bool:
    """Whether workspaces can connect themselves."""
    return bool(settings.slack_client_id and settings.slack_client_secret and settings.public_url)


@asynccontextmanager
async def slack_routes(settings: Settings, db: Database, vault: Vault) -> AsyncIterator[list[Route]]:
    """The routes while the block lasts; none where Slack is not set up. Raises SlackUnusable.

    With a client id and secret any number of workspaces connect themselves; the one whose bot token is set is
    served beside them, for the only account.
    """
    if not settings.slack_signing_secret or not (settings.slack_bot_token or installs(settings)):
        yield []
        return
    seen = SeenByWorkspace(db)

    async def workspaces(pool: AsyncWebClient) -> Workspaces:
        account_id = await accounts.sole_account(db) if settings.slack_bot_token else None
        own = await own_workspace(pool, account_id) if account_id is not None else None
        seen.accounts = served = InstalledWorkspaces(db, vault, settings, pool, own)
        return served

    cache, assistant = assistant_over(settings, db, vault)
    backing = stored(db, vault)
    slack = await create_slack_app(
        settings,
        assistant,
        workspaces=workspaces,
        seen=seen,
        keeps=StoredMessages(db, vault),
        backing=backing,
        extensions=features(db, vault, cache, backing.rules, settings.public_url),
        zone_of=StoredZones(db),
    )
    routes = [slack_route(slack)]
    if installs(settings) and isinstance(slack.workspaces, InstalledWorkspaces):
        routes += install_routes(slack.workspaces, slack.answering.background.start)
    try:
        yield routes
    finally:
        await slack.stop()


@dataclass(slots=True)
class SeenByWorkspace:
    """What was taken up, remembered with the account of the workspace that a key begins with."""

    db: Database
    accounts: Accounts | None = None
    _of: dict[int, StoredSeen] = field(default_factory=dict)

    async def first_time(self, key: str, *, again_after: timedelta | None = None) -> bool:
        account_id = await self.accounts.account_of(key.split(":", 1)[0]) if self.accounts else None
        if account_id is None:
            return True  # nobody to remember it for: it ends in words that say so
        seen = self._of.setdefault(account_id, StoredSeen(self.db, account_id))
        return await seen.first_time(key, again_after=again_after)
