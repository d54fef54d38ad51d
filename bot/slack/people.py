"""What Slack says of people and channels, asked once in a while: who is a guest, who is in a channel.

Names are never kept, only ids and what they are. Where Slack does not say, these raise SlackApiError, and
whoever decides then decides for the stricter.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.remembered import Remembered
from bot.slack.sending import slack_code

PERSON_FOR = 600.0
CHANNEL_FOR = 60.0
"""Seconds that an answer of Slack's is good for: somebody may be let into a channel at any moment."""

_PAGE = 1_000
_MOST_PAGES = 100
_UNKNOWN = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
_SHARED = ("is_ext_shared", "is_pending_ext_shared", "is_org_shared", "is_global_shared")


class Refusal(StrEnum):
    """Why somebody gets no answer."""

    BOT = "bot"
    GUEST = "guest"
    OUTSIDER = "outsider"
    GONE = "gone"
    NOT_ALLOWED = "not_allowed"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is in a workspace: not to be answered and why, and whether they run it."""

    refusal: Refusal | None = None
    runs_it: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """The people of a workspace who are something else than plain full members; `machines` are apps, and
    accounts that are switched off."""

    outsiders: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()
    machines: frozenset[str] = frozenset()


def judge(user: dict[str, Any], team_id: str) -> Person:
    """What Slack's record of a person means for us. One without a workspace is not trusted."""
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        return Person(Refusal.BOT)
    if user.get("deleted"):
        return Person(Refusal.GONE)
    if user.get("is_stranger") or not _belongs(user, team_id):
        return Person(Refusal.OUTSIDER)
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Person(Refusal.GUEST)
    return Person(runs_it=bool(user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner")))


def _belongs(user: dict[str, Any], team_id: str) -> bool:
    """Whether it is that person's workspace, or one of theirs in an organisation of several."""
    return user.get("team_id") == team_id or team_id in (
        (user.get("enterprise_user") or {}).get("teams") or ()
    )


class People:
    """The people and channels of every workspace; `client_of` gives the client of one, by its id."""

    def __init__(
        self, client_of: Callable[[str], AsyncWebClient], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client_of = client_of
        self._people = Remembered[Person](PERSON_FOR, clock)
        self._directories = Remembered[Directory](PERSON_FOR, clock)
        self._groups = Remembered[frozenset[str]](PERSON_FOR, clock)
        self._members = Remembered[frozenset[str]](CHANNEL_FOR, clock)
        self._shared = Remembered[bool](CHANNEL_FOR, clock)

    async def person(self, team: str, user: str) -> Person:
        """Who somebody is; whom Slack does not show is an outsider."""
        return await self._people.get((team, user), lambda: self._ask_who(team, user))

    async def directory(self, team: str) -> Directory:
        """Everybody in the workspace who is a guest, an outsider, or runs it."""
        return await self._directories.get(team, lambda: self._list(team))

    async def group(self, team: str, group: str) -> frozenset[str]:
        """Who is in a user group."""
        return await self._groups.get((team, group), lambda: self._ask_group(team, group))

    async def members(self, team: str, channel: str) -> frozenset[str]:
        """Who is in a channel."""
        return await self._members.get((team, channel), lambda: self._ask_members(team, channel))

    async def is_shared(self, team: str, channel: str) -> bool:
        """Whether another organisation or workspace has the channel too, or is invited to."""
        return await self._shared.get((team, channel), lambda: self._ask_shared(team, channel))

    async def _ask_who(self, team: str, user: str) -> Person:
        try:
            answer = await self._client_of(team).users_info(user=user)
        except SlackApiError as problem:
            if slack_code(problem) in _UNKNOWN:
                return Person(Refusal.OUTSIDER)
            raise
        return judge(answer.get("user") or {}, team)

    async def _list(self, team: str) -> Directory:
        outsiders, running, machines = set[str](), set[str](), set[str]()
        async for page in _pages(self._client_of(team).users_list):
            for user in page.get("members") or ():
                person = judge(user, team)
                if person.refusal in (Refusal.GUEST, Refusal.OUTSIDER):
                    outsiders.add(str(user.get("id")))
                elif person.refusal is not None:
                    machines.add(str(user.get("id")))
                elif person.runs_it:
                    running.add(str(user.get("id")))
        return Directory(frozenset(outsiders), frozenset(running), frozenset(machines))

    async def _ask_group(self, team: str, group: str) -> frozenset[str]:
        answer = await self._client_of(team).usergroups_users_list(usergroup=group)
        return frozenset(answer.get("users") or ())

    async def _ask_members(self, team: str, channel: str) -> frozenset[str]:
        client, found = self._client_of(team), set[str]()
        async for page in _pages(client.conversations_members, channel=channel):
            found.update(page.get("members") or ())
        return frozenset(found)

    async def _ask_shared(self, team: str, channel: str) -> bool:
        answer = await self._client_of(team).conversations_info(channel=channel)
        about = answer.get("channel") or {}
        others = set(about.get("shared_team_ids") or ()) - {team}
        return bool(others) or any(about.get(sign) for sign in _SHARED)


async def _pages(call: Callable[..., Awaitable[Any]], **arguments: Any) -> AsyncIterator[Any]:
    cursor = ""
    for _ in range(_MOST_PAGES):
        page = await call(limit=_PAGE, **arguments, **({"cursor": cursor} if cursor else {}))
        yield page
        cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return
    raise SlackApiError("too many pages", {"ok": False, "error": "too_many_pages"})  # type: ignore[no-untyped-call]  # slack_sdk left it untyped
