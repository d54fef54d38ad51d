"""The Home tab: drawn when somebody opens it, and drawn anew while it is open and something has changed."""

import asyncio
import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.render import slack_blocks as kit
from bot.slack import agent, texts
from bot.slack.answering import Answering, described
from bot.slack.extensions import Extensions, HomeAsked
from bot.slack.workspaces import ClientOf

LOOKED_AT_EVERY = 20.0
"""Seconds between looks at what open Home tabs show: many changes of one moment are drawn once."""

OPEN_FOR = 900.0
_MOST_OPEN = 2_000
_MOST_BLOCKS = 100

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Homes:
    """Home tabs that were opened lately; what each shows is known by a hash."""

    answering: Answering
    extensions: Extensions
    client_of: ClientOf
    _open: OrderedDict[tuple[str, str], tuple[float, bytes]] = field(default_factory=OrderedDict)
    _watching: asyncio.Task[None] | None = None

    def register(self, bolt: AsyncApp) -> None:
        async def opened(event: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
            start = self.answering.background.start
            if event.get("tab") == "messages":
                start(self._suggest(body["team_id"], event["channel"], client))
            else:
                start(self.draw(body["team_id"], event["user"]))

        bolt.event("app_home_opened")(opened)

    async def draw(self, team: str, user: str) -> None:
        """Publishes that person's Home tab, if it shows something else than before."""
        try:
            blocks = await self._blocks(team, user)
            shown = hashlib.sha256(json.dumps(blocks, sort_keys=True).encode()).digest()
            _, before = self._open.get((team, user), (0.0, b""))
            if shown != before:
                await self.client_of(team).views_publish(
                    user_id=user, view={"type": "home", "blocks": blocks}
                )
            self._note(team, user, shown)
        except Exception as problem:  # noqa: BLE001 - nobody awaits it: the log is told
            _log.error("slack.home_failed", team=team, **described(problem))

    async def look(self) -> None:
        """Draws anew what has changed in the tabs that are open."""
        oldest = monotonic() - OPEN_FOR
        for team, user in [key for key, (at, _) in self._open.items() if at < oldest]:
            del self._open[team, user]
        for team, user in list(self._open):
            at, _ = self._open[team, user]
            await self.draw(team, user)
            if (team, user) in self._open:
                self._open[team, user] = (at, self._open[team, user][1])

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    def _note(self, team: str, user: str, shown: bytes) -> None:
        self._open[team, user] = (monotonic(), shown)
        self._open.move_to_end((team, user))
        if len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while self._open:
            await asyncio.sleep(LOOKED_AT_EVERY)
            await self.look()

    async def _blocks(self, team: str, user: str) -> list[dict[str, Any]]:
        account_id = await self.answering.accounts.account_of(team)
        if account_id is None:
            return [kit.section(texts.NOT_CONNECTED)]
        standing = await self.answering.shows.access.standing(account_id, team, user)
        if standing.refusal is not None:
            return [kit.section(texts.refused(standing.refusal))]
        asked = HomeAsked(account_id, team, user, self.client_of(team), standing.role)
        blocks = [kit.header("Chewbotta"), kit.section(texts.ABOUT)]
        for section in self.extensions.home:
            blocks += await section(asked)
        return blocks[:_MOST_BLOCKS]

    async def _suggest(self, team: str, channel: str, client: AsyncWebClient) -> None:
        try:
            account_id = await self.answering.accounts.account_of(team)
            if account_id is not None:
                await agent.suggest(client, channel, await self.extensions.prompts(account_id))
        except Exception as problem:  # noqa: BLE001 - nobody awaits it: the log is told
            _log.error("slack.prompts_failed", team=team, **described(problem))
