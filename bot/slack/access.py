"""Who may ask: members of the workspace, and nobody else."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery import slack_code

_KEEP_FOR = 600.0
_KEEP_AT_MOST = 10_000
_UNKNOWN = frozenset({"user_not_found", "user_not_visible", "users_not_found"})


class Refusal(StrEnum):
    """Why somebody may not ask, worded to follow "I answer members of this workspace only, and"."""

    BOT = "you are an app"
    GUEST = "you are a guest here"
    OUTSIDER = "you belong to another one"
    GONE = "your account is deactivated"


@dataclass(slots=True)
class Access:
    """Asks Slack who a person is, and remembers it for ten minutes.

    `client_of` gives the client of a workspace, by its id.
    """

    client_of: Callable[[str], AsyncWebClient]
    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[tuple[str, str], tuple[float, Refusal | None]] = field(default_factory=OrderedDict)

    async def refusal(self, team_id: str, user_id: str) -> Refusal | None:
        """Why that person may not ask, or None. Raises SlackApiError where Slack does not say who it is."""
        key, now = (team_id, user_id), self.clock()
        known = self._known.get(key)
        if known and now - known[0] < _KEEP_FOR:
            return known[1]
        found = await self._look_up(team_id, user_id)
        self._known[key] = (now, found)
        self._known.move_to_end(key)
        if len(self._known) > _KEEP_AT_MOST:
            self._known.popitem(last=False)
        return found

    async def _look_up(self, team_id: str, user_id: str) -> Refusal | None:
        try:
            answer = await self.client_of(team_id).users_info(user=user_id)
        except SlackApiError as problem:
            if slack_code(problem) in _UNKNOWN:
                return Refusal.OUTSIDER
            raise
        return judge(answer.get("user") or {}, team_id)


def judge(user: dict[str, Any], team_id: str) -> Refusal | None:
    """What Slack's record of a person means for us. One without a workspace is not trusted."""
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        return Refusal.BOT
    if user.get("deleted"):
        return Refusal.GONE
    if user.get("is_stranger") or user.get("team_id") != team_id:
        return Refusal.OUTSIDER
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Refusal.GUEST
    return None
