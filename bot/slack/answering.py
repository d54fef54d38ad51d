"""From a question to what Slack shows: once, for those who may ask, and never without a reply."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

import structlog

from bot.answer import Answer
from bot.background import Background
from bot.render.slack import render
from bot.render.slack_blocks import Layout
from bot.slack import texts
from bot.slack.access import Access
from bot.slack.delivery import BlocksRefused, Delivery, NotDelivered
from bot.slack.ports import Accounts, Asks, KeepsNothing, Messages, SeenEvents
from storage import logs
from storage.trust.messages import Post

_log = structlog.get_logger(__name__)
_HELP = frozenset({"", "help", "?"})

Work = Callable[[int], Awaitable[None]]
"""What is done for an account, given its id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `key` is the same for every delivery of the same message; `conversation` for one talk."""

    question: str
    team: str
    user: str
    conversation: str
    key: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Where answers go, and where what concerns the asker alone goes."""

    answer: Delivery
    aside: Delivery


@dataclass(slots=True)
class Answering:
    """`time_limit` is in seconds; `layout` the richest one to try in a workspace that is not known yet."""

    asks: Asks
    accounts: Accounts
    seen: SeenEvents
    access: Access
    tz: tzinfo = UTC
    layout: Layout = Layout.NATIVE
    time_limit: float = 60.0
    messages: Messages = field(default_factory=KeepsNothing)
    background: Background = field(default_factory=Background)
    _plain_teams: set[str] = field(default_factory=set)

    def start(self, asked: Asked, reply: Reply) -> None:
        """Returns at once; the reply follows."""
        self.background.start(self._reply(asked, reply))

    def do(self, asked: Asked, reply: Reply, work: Work) -> None:
        """Does something else than answering, once and for those who may ask; failures are apologised for."""
        self.background.start(self._once(asked, reply, self._do(asked, reply, work)))

    def tell(self, asked: Asked, reply: Reply, words: str) -> None:
        """Says something in place of an answer, once."""
        self.background.start(self._tell(asked, reply, words))

    async def _tell(self, asked: Asked, reply: Reply, words: str) -> None:
        async def say() -> None:
            await reply.aside.send([texts.say(words)])

        await self._once(asked, reply, say())

    async def _reply(self, asked: Asked, reply: Reply) -> None:
        await self._once(asked, reply, self._answer(asked, reply))

    async def _once(self, asked: Asked, reply: Reply, work: Coroutine[Any, Any, None]) -> None:
        with logs.correlated(secrets.token_hex(4)) as reference:
            await self._once_named(asked, reply, work, reference)

    async def _once_named(
        self, asked: Asked, reply: Reply, work: Coroutine[Any, Any, None], reference: str
    ) -> None:
        limit = asyncio.timeout(self.time_limit)
        try:
            async with limit:
                if await self.seen.first_time(asked.key):
                    await work
        except Exception as problem:  # noqa: BLE001 - the boundary: whatever happened, the asker gets a reply
            _log.error("slack.failed", reference=reference, team=asked.team, **described(problem))
            words = texts.too_slow if limit.expired() else texts.apology
            await self._apologise(reply, words(reference), reference)
        finally:
            work.close()

    async def _do(self, asked: Asked, reply: Reply, work: Work) -> None:
        account_id = await self._admit(asked, reply)
        if account_id is not None:
            await work(account_id)

    async def _admit(self, asked: Asked, reply: Reply) -> int | None:
        """The account to ask for; None where this person may not ask, and has been told so."""
        account_id = await self.accounts.account_of(asked.team)
        if account_id is None:
            await reply.aside.send([texts.say(texts.NOT_CONNECTED)])
            return None
        refusal = await self.access.refusal(asked.team, asked.user)
        if refusal is None:
            return account_id
        _log.info("slack.refused", team=asked.team, why=refusal.name)
        await reply.aside.send([texts.say(texts.refused(refusal.value))])
        return None

    async def _answer(self, asked: Asked, reply: Reply) -> None:
        account_id = await self._admit(asked, reply)
        if account_id is None:
            return
        if asked.question.lower() in _HELP:
            await reply.answer.send([texts.help_message(self.asks.help())])
            return
        answer = await self.asks.ask(asked.question, account_id=account_id, conversation=asked.conversation)
        posts = await self._show(answer, asked.team, reply.answer)
        await self.messages.keep(account_id, answer, posts)

    async def _show(self, answer: Answer, team: str, delivery: Delivery) -> list[Post]:
        """A workspace that refuses a block is remembered, and gets the plain layout from then on."""
        layout = Layout.PLAIN if team in self._plain_teams else self.layout
        try:
            return await delivery.send(render(answer, self.tz, layout))
        except BlocksRefused:
            if layout is Layout.PLAIN:
                raise
            self._plain_teams.add(team)
            _log.info("slack.plain_from_now_on", team=team)
            return await delivery.send(render(answer, self.tz, Layout.PLAIN))

    async def _apologise(self, reply: Reply, words: str, reference: str) -> None:
        try:
            await reply.aside.send([texts.say(words)])
        except Exception as problem:  # noqa: BLE001 - the boundary: there is nobody left to tell but the log
            _log.error("slack.apology_failed", reference=reference, **described(problem))


def described(problem: BaseException) -> dict[str, Any]:
    """An error for the log: its kind and its place, never its text, and Slack's code where it gave one."""
    code = {"code": problem.code} if isinstance(problem, NotDelivered) else {}
    return {**logs.described(problem), **code}
