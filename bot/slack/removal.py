"""When a workspace removes the app, or takes its token away: what belongs to it is deleted."""

from datetime import UTC, datetime
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp

from bot.background import Background
from bot.slack.answering import described
from bot.slack.installed import BY_SLACK, InstalledWorkspaces
from storage.slack_workspaces import remove_workspace, workspace_account

_log = structlog.get_logger(__name__)


def register(bolt: AsyncApp, workspaces: InstalledWorkspaces, background: Background) -> None:
    async def uninstalled(body: dict[str, Any]) -> None:
        background.start(_remove(workspaces, body))

    async def revoked(event: dict[str, Any], body: dict[str, Any]) -> None:
        if (event.get("tokens") or {}).get("bot"):
            background.start(_remove(workspaces, body))

    bolt.event("app_uninstalled")(uninstalled)
    bolt.event("tokens_revoked")(revoked)


async def _remove(workspaces: InstalledWorkspaces, body: dict[str, Any]) -> None:
    """Slack says it at least once and in any order; what was installed after that moment stays."""
    workspace_id = _which(body)
    try:
        account_id = await workspace_account(workspaces.db, workspace_id)
        if account_id is None:
            return
        before = datetime.fromtimestamp(body.get("event_time") or 0, UTC)
        gone = await remove_workspace(
            workspaces.db, workspaces.vault, account_id, workspace_id, before=before, by=BY_SLACK
        )
    except Exception as problem:  # noqa: BLE001 - nobody awaits it: the log is told
        _log.error("slack.removal_failed", team=workspace_id, **described(problem))
        return
    workspaces.forget(workspace_id)
    _log.info("slack.removed", team=workspace_id, deleted=int(gone))


def _which(body: dict[str, Any]) -> str:
    """The organisation where the app was installed for all of it, else the workspace."""
    installs = [body, *(body.get("authorizations") or ())]
    if any(install.get("is_enterprise_install") for install in installs) or not body.get("team_id"):
        return str(body.get("enterprise_id") or "")
    return str(body["team_id"])
