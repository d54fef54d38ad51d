"""How the worker reaches Slack: every workspace that installed the app, and the one whose token is set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.workspaces import ClientOf, OneWorkspace
from storage import accounts
from storage.command_line import Opened
from storage.errors import OperatorError

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def slack_clients(place: Opened) -> AsyncIterator[ClientOf | None]:
    """Clients of workspaces that share one pool of connections, while the block lasts.

    None where Slack is not set up. A workspace that is gone has a client that says so in Slack's word.
    """
    from bot.slack.app import close, web_client
    from bot.slack.installed import InstalledWorkspaces
    from bot.slack.serving import installs

    settings = place.settings
    if settings.slack_bot_token is None and not installs(settings):
        yield None
        return
    pool = web_client(settings, None if settings.slack_bot_token else "")
    try:
        own = await _own(pool, place) if settings.slack_bot_token else None
        yield ClientOf(pool, InstalledWorkspaces(place.db, place.vault, settings, pool, own))
    finally:
        await close(pool)


async def _own(pool: AsyncWebClient, place: Opened) -> OneWorkspace | None:
    """The workspace of the token; a token that Slack refuses keeps the worker from nothing else."""
    from bot.slack.installed import own_workspace

    try:
        return await own_workspace(pool, await accounts.sole_account(place.db))
    except OperatorError as problem:
        _log.warning("slack.no_workspace", error=type(problem).__name__)
        return None
