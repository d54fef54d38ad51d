"""From a question to what Discord shows: once, for those who may ask, and never without a reply."""

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import discord
import structlog

from bot.answer import Answer, Kind
from bot.audience import Audience, Showing, names_somebody, showing, without_money
from bot.background import Background
from bot.discord import texts
from bot.discord.access import Guild, Readable, audience
from bot.discord.buttons import Act, Button, Kept, view
from bot.discord.house import House
from bot.discord.sending import Delivery
from bot.discord.showing import buttons_of, drawing
from storage import logs
from storage.chat_access import Role

_log = structlog.get_logger(__name__)
_HELP = frozenset({"", "help", "?"})


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who may ask: what they may see, and in whose name."""

    guild: Guild
    user_id: int
    role: Role

    @property
    def account_id(self) -> int:
        return self.guild.account_id


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `key` is the same for every delivery of it; `conversation` for one talk.

    `plan` is what it became before, where a button stands for it. `channel` is where others read the answer.
    """

    question: str
    conversation: str
    key: str
    plan: str | None = None
    channel: Readable | None = None
    can_share: bool = False


@dataclass(slots=True)
class Answering:
    """`time_limit` is in seconds."""

    house: House
    time_limit: float = 60.0
    background: Background = field(default_factory=Background)

    async def handle(self, work: Coroutine[Any, Any, None], aside: Delivery) -> None:
        """Does what an event asks for; whatever happens, whoever waits gets a reply."""
        with logs.correlated(secrets.token_hex(4)) as reference:
            limit = asyncio.timeout(self.time_limit)
            try:
                async with limit:
                    await work
            except Exception as problem:  # noqa: BLE001 - the boundary: whatever happened, the asker gets a reply
                _log.error("discord.failed", reference=reference, **described(problem))
                words = texts.too_slow if limit.expired() else texts.apology
                await self._apologise(aside, words(reference), reference)
            finally:
                work.close()

    async def _apologise(self, aside: Delivery, words: str, reference: str) -> None:
        try:
            await aside.send([texts.say(words)])
        except Exception as problem:  # noqa: BLE001 - the boundary: there is nobody left to tell but the log
            _log.error("discord.apology_failed", reference=reference, **described(problem))

    async def answer(self, asker: Asker, asked: Asked, delivery: Delivery) -> None:
        """Answers a question once, as far as those who will read it may."""
        if not await self.house.first_time(asker.account_id, asked.key):
            return
        if asked.question.casefold() in _HELP and asked.plan is None:
            await delivery.send(texts.help_message(self.house.asks.help()))
            return
        answer = await self.for_readers(asker, asked)
        if answer is None:
            await self._withhold(asker.account_id, asked, delivery)
        else:
            await self.show(asker, asked, answer, delivery)

    async def for_readers(self, asker: Asker, asked: Asked) -> Answer | None:
        """The answer, or None where some who would read it may not."""
        readers = _readers(asker, asked.channel)
        if readers.outsiders and not readers.figures_for_outsiders:
            return None
        answer = await self.ask(asker, asked)
        withheld = asked.channel is not None and showing(answer, readers) is Showing.WITHHELD
        return None if withheld else answer

    async def ask(self, asker: Asker, asked: Asked, *, all_rows: bool = False) -> Answer:
        """What the assistant says to somebody: without amounts where they may see none."""
        answer = await self.house.ask(
            asked.question,
            asked.plan,
            account_id=asker.account_id,
            conversation=asked.conversation,
            all_rows=all_rows,
        )
        return without_money(answer) if asker.role is Role.VIEWER else answer

    async def show(self, asker: Asker, asked: Asked, answer: Answer, delivery: Delivery) -> None:
        """Posts an answer with its chart and buttons, and keeps it as a Message."""
        zone = await self.house.zone(asker.account_id)
        kept, buttons = buttons_of(answer, asked.conversation, zone, can_share=asked.can_share)
        personal = answer.kind in (Kind.CLARIFY, Kind.REFUSE) or names_somebody(answer)
        reference = b""
        if buttons:
            reference = await self.house.keep_buttons(asker.account_id, kept, personal=personal)
        drawn = await drawing(answer, zone)
        posts = await delivery.send(drawn.messages, view(buttons, reference), drawn.files)
        await self.house.keep_message(asker.account_id, answer, posts)

    async def _withhold(self, account_id: int, asked: Asked, delivery: Delivery) -> None:
        """Nothing of the answer for a channel that others read: a button that shows it to those who may."""
        kept = Kept(question=asked.question, conversation=f"{asked.conversation}:aside", plan=asked.plan)
        reference = await self.house.keep_buttons(account_id, kept, personal=True)
        shown = view([Button(Act.PRIVATE, "See it privately")], reference)
        _log.info("discord.withheld", account=account_id)
        await delivery.send([texts.say(texts.READ_BY_OTHERS)], shown)


def _readers(asker: Asker, channel: Readable | None) -> Audience:
    """Who will read the answer, the asker among them."""
    return Audience(role=asker.role) if channel is None else audience(channel, asker.guild)


def described(problem: BaseException) -> dict[str, Any]:
    """An error for the log: its kind and its place, never its text, and Discord's numbers for it."""
    if isinstance(problem, discord.HTTPException):
        return {**logs.described(problem), "status": problem.status, "number": problem.code}
    return logs.described(problem)
