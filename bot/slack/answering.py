"""From a question to what Slack shows: once, for those who may ask, and never without a reply."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from bot.answer import Answer, Kind
from bot.background import Background
from bot.model_ledger import asked_from
from bot.render.slack_blocks import Message
from bot.slack import progress, texts
from bot.slack.access import Refusal, Standing
from bot.slack.agent import Prompts, usual_prompts
from bot.slack.delivery import Delivery, InChannel, NotDelivered, NotNow, ToOnePerson
from bot.slack.outbox import Address
from bot.slack.ports import Accounts, Asks, SeenEvents
from bot.slack.showing import Shows, Spot, letters
from storage import logs
from storage.chat_access import Role
from storage.trust.audit_terms import Channel

_log = structlog.get_logger(__name__)
_HELP = frozenset({"", "help", "?"})

_AT_ONCE = 16

PRESSED_AGAIN_AFTER = timedelta(seconds=5)
"""Within that time two clicks on a button are one."""

WorkOfRole = Callable[[int, Role], Awaitable[None]]
"""What is done for an account, by somebody of that role."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `key` is the same for every delivery of the same message; `conversation` for one talk.

    Not `invited`: said in a thread that we are in, but not to us by name. What we do not understand of that
    was meant for somebody else, and gets no answer. `said` is what Slack brought, with ids of those it names,
    and `channel` where; both empty where a button asks.
    """

    question: str
    team: str
    user: str
    conversation: str
    key: str
    invited: bool = True
    said: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """Where answers go, and where what concerns the asker alone goes."""

    answer: Delivery
    aside: Delivery

    def alone(self, user: str) -> Delivery:
        """For one person's eyes, and not kept by Slack, as far as there is a channel to say it in."""
        here = self.aside
        if not isinstance(here, InChannel) or here.channel[:1] in ("U", "W"):
            return here
        return ToOnePerson(here.client, here.channel, user, here.thread)


Offers = Callable[[Asked, int, Role], Awaitable[Sequence[Message] | None]]
"""What is offered, to whoever asks alone, where somebody wishes something; None: it is a question."""


async def nothing_offered(_asked: Asked, _account_id: int, _role: Role) -> Sequence[Message] | None:
    return None


@dataclass(slots=True)
class Answering:
    """`time_limit` is in seconds. `turns` are how many are worked on at once: acknowledgements go first."""

    asks: Asks
    accounts: Accounts
    seen: SeenEvents
    shows: Shows
    time_limit: float = 60.0
    prompts: Prompts = usual_prompts
    offers: Offers = nothing_offered
    background: Background = field(default_factory=Background)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def start(self, asked: Asked, reply: Reply) -> None:
        """Returns at once; the reply follows."""
        self.background.start(self._reply(asked, reply))

    def do(self, asked: Asked, reply: Reply, work: WorkOfRole) -> None:
        """Does something else than answering, once and for those who may ask; failures are apologised for."""
        self.background.start(self._once(asked, reply, self._do_as(asked, reply, work)))

    def press(self, asked: Asked, reply: Reply, work: WorkOfRole) -> None:
        """As `do`, for a button that may be pressed again a little later."""
        again = PRESSED_AGAIN_AFTER
        self.background.start(self._once(asked, reply, self._do_as(asked, reply, work), again_after=again))

    def tell(self, asked: Asked, reply: Reply, words: str) -> None:
        """Says something in place of an answer, once."""
        self.background.start(self._tell(asked, reply, words))

    async def _tell(self, asked: Asked, reply: Reply, words: str) -> None:
        async def say() -> None:
            await reply.aside.send([texts.say(words)])

        await self._once(asked, reply, say())

    async def _reply(self, asked: Asked, reply: Reply) -> None:
        await self._once(asked, reply, self._answer(asked, reply))

    async def _once(
        self,
        asked: Asked,
        reply: Reply,
        work: Coroutine[Any, Any, None],
        again_after: timedelta | None = None,
    ) -> None:
        with logs.correlated(secrets.token_hex(4)) as reference:
            limit = asyncio.timeout(self.time_limit)
            try:
                async with limit:
                    if await self.seen.first_time(asked.key, again_after=again_after):
                        await work
            except NotNow as later:
                await self._later(asked, reply, later, reference)
            except Exception as problem:  # noqa: BLE001 - the boundary: whatever happened, the asker gets a reply
                _log.error("slack.failed", reference=reference, team=asked.team, **described(problem))
                words = texts.too_slow if limit.expired() else texts.apology
                await self._apologise(reply, words(reference), reference)
            finally:
                work.close()

    async def _later(self, asked: Asked, reply: Reply, later: NotNow, reference: str) -> None:
        """What Slack cannot take now follows when it can."""
        try:
            account_id = await self.accounts.account_of(asked.team)
            place = later.place
            address = Address(
                asked.team, place.channel, later.key, place.thread, place.only_for, asker=asked.user
            )
            await self.shows.outbox.put(account_id or 0, letters(address, later.messages), later.seconds)
        except Exception as problem:  # noqa: BLE001 - the boundary, once more
            _log.error("slack.failed", reference=reference, team=asked.team, **described(problem))
            await self._apologise(reply, texts.apology(reference), reference)

    async def _do_as(self, asked: Asked, reply: Reply, work: WorkOfRole) -> None:
        admitted = await self._admit(asked, reply)
        if admitted is not None:
            await work(*admitted)

    async def _admit(self, asked: Asked, reply: Reply) -> tuple[int, Role] | None:
        """The account to ask for, and what this person may see of it; None where they may not ask, and have
        been told so."""
        account_id = await self.accounts.account_of(asked.team)
        if account_id is None:
            await reply.aside.send([texts.say(texts.NOT_CONNECTED)])
            return None
        standing = await self.shows.access.standing(account_id, asked.team, asked.user)
        if standing.refusal is None:
            return account_id, standing.role
        await self._refuse(asked, reply, standing)
        return None

    async def _refuse(self, asked: Asked, reply: Reply, standing: Standing) -> None:
        why = standing.refusal or Refusal.NOT_ALLOWED
        _log.info("slack.refused", team=asked.team, why=why.name)
        if not asked.invited:
            return
        await reply.aside.send([texts.say(texts.refused(why))])

    async def _answer(self, asked: Asked, reply: Reply) -> None:
        admitted = await self._admit(asked, reply)
        if admitted is None:
            return
        account_id, role = admitted
        where = reply.answer.seen_in
        if where is not None and not await self.shows.access.takes(account_id, where):
            await self.shows.access.note(account_id, asked.user, Refusal.CHANNEL)
            await reply.aside.send([texts.say(texts.refused(Refusal.CHANNEL))])
            return
        if asked.question.lower() in _HELP:
            prompts = await self.prompts(account_id)
            await reply.answer.send([texts.help_message(self.asks.help(), prompts)])
            return
        offered = await self.offers(asked, account_id, role) if asked.invited else None
        if offered is not None:
            await reply.alone(asked.user).send(offered)
            return
        with asked_from(Channel.SLACK):
            working = progress.shown(reply.answer, asked.user) if asked.invited else nullcontext()
            async with working, self.turns:
                answer = await self.asks.ask(
                    asked.question, account_id=account_id, conversation=asked.conversation
                )
        if not asked.invited and answer.kind in (Kind.REFUSE, Kind.CLARIFY):
            return
        await self.show(answer, asked, reply.answer, account_id, role)

    async def show(
        self, answer: Answer, asked: Asked, delivery: Delivery, account_id: int, role: Role
    ) -> None:
        """Posts an answer where it was asked for, as far as those who see it there may see it."""
        await self.shows.show(answer, Spot(account_id, asked.team, asked.user, role, delivery))

    async def _apologise(self, reply: Reply, words: str, reference: str) -> None:
        try:
            await reply.aside.send([texts.say(words)])
        except Exception as problem:  # noqa: BLE001 - the boundary: there is nobody left to tell but the log
            _log.error("slack.apology_failed", reference=reference, **described(problem))


def described(problem: BaseException) -> dict[str, Any]:
    """An error for the log: its kind and its place, never its text, and Slack's code where it gave one."""
    code = {"code": problem.code} if isinstance(problem, NotDelivered) else {}
    return {**logs.described(problem), **code}
