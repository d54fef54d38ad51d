"""Who may ask, where answers may be posted, and who will see them there.

By default the full members of the workspace and nobody else; what administrators chose besides stands in
`storage/chat_access.py`. Whatever Slack does not say is taken for the stricter.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.audience import ASKER_ALONE, Audience
from bot.slack import texts
from bot.slack.people import People, Refusal
from bot.slack.sending import slack_code
from storage.chat_access import Role, Rules

_log = structlog.get_logger(__name__)
_DIRECT = ("D", "U", "W")
"""How the ids of direct messages, and of people in their place, begin."""

__all__ = ["Access", "AccessRules", "DefaultRules", "Refusal", "Standing"]


class AccessRules(Protocol):
    """What an account's administrators chose, and where refusals are noted."""

    async def rules(self, account_id: int) -> Rules: ...

    async def refused(self, account_id: int, user: str, refusal: Refusal) -> None:
        """Notes on the audit trail that somebody was refused."""


class DefaultRules:
    """For an app without a database: nothing was chosen."""

    async def rules(self, account_id: int) -> Rules:
        return Rules()

    async def refused(self, account_id: int, user: str, refusal: Refusal) -> None:
        """There is no trail."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody may: nothing and why, or what their role says."""

    refusal: Refusal | None
    role: Role = Role.NONE


@dataclass(slots=True)
class Access:
    """`client_of` gives the client of a workspace, by its id."""

    client_of: Callable[[str], AsyncWebClient]
    chosen: AccessRules = field(default_factory=DefaultRules)
    clock: Callable[[], float] = time.monotonic
    people: People = field(init=False)

    def __post_init__(self) -> None:
        self.people = People(self.client_of, self.clock)

    async def standing(self, account_id: int, team: str, user: str) -> Standing:
        """Whether that person may ask, and what they may see. A refusal is on the audit trail.

        Raises SlackApiError where Slack does not say who it is.
        """
        person = await self.people.person(team, user)
        refusal, role = person.refusal, Role.NONE
        if refusal is None:
            rules = await self.chosen.rules(account_id)
            groups = await self._groups_of(rules, team, user)
            role = rules.role_of(user, groups, runs_the_workspace=person.runs_it)
            refusal = Refusal.NOT_ALLOWED if role is Role.NONE else None
        if refusal is not None:
            await self.chosen.refused(account_id, user, refusal)
        return Standing(refusal, role)

    async def note(self, account_id: int, user: str, refusal: Refusal) -> None:
        """Puts a refusal on the audit trail."""
        await self.chosen.refused(account_id, user, refusal)

    async def takes(self, account_id: int, channel: str) -> bool:
        """Whether answers may be posted there at all: a direct message is always private enough."""
        return channel.startswith(_DIRECT) or (await self.chosen.rules(account_id)).takes(channel)

    async def audience(self, account_id: int, team: str, channel: str) -> Audience:
        """Who sees what is posted in that channel."""
        if channel.startswith(_DIRECT):
            return ASKER_ALONE
        rules = await self.chosen.rules(account_id)
        figures = rules.shows_figures_to_outsiders(channel)
        try:
            role, outsiders = await self._there(rules, team, channel)
        except (SlackApiError, ClientError, OSError, TimeoutError) as problem:
            code = slack_code(problem) if isinstance(problem, SlackApiError) else "unreachable"
            _log.warning("slack.audience_unknown", team=team, code=code)
            role, outsiders = rules.everybody, True
        return Audience(role, outsiders, figures)

    async def warning(self, account_id: int, team: str, channel: str) -> str | None:
        """What to say before something is posted there; None where only members see it."""
        audience = await self.audience(account_id, team, channel)
        return texts.shared_warning(channel) if audience.outsiders else None

    async def _there(self, rules: Rules, team: str, channel: str) -> tuple[Role, bool]:
        """The least that a full member in the channel may see, and whether there is anybody else."""
        shared = await self.people.is_shared(team, channel)
        directory = await self.people.directory(team)
        if not directory.outsiders and rules.is_the_same_for_all:
            return rules.everybody, shared
        members = await self.people.members(team, channel)
        groups = {group: await self._group(team, group) for group in rules.groups}
        roles = [
            rules.role_of(
                one,
                frozenset(group for group, those in groups.items() if one in those),
                runs_the_workspace=one in directory.running,
            )
            for one in members - directory.outsiders - directory.machines
        ]
        return rules.least(roles), shared or bool(members & directory.outsiders)

    async def _groups_of(self, rules: Rules, team: str, user: str) -> frozenset[str]:
        return frozenset([group for group in rules.groups if user in await self._group(team, group)])

    async def _group(self, team: str, group: str) -> frozenset[str]:
        """Nobody where Slack does not say who is in it: a group only ever adds to what people may."""
        try:
            return await self.people.group(team, group)
        except SlackApiError as problem:
            _log.warning("slack.group_unknown", team=team, code=slack_code(problem))
            return frozenset()
