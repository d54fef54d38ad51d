"""Pressed buttons: ask on, why, all rows as CSV, share, see it privately."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import discord
import structlog

from bot.discord import texts
from bot.discord.access import Readable
from bot.discord.answering import Answering, Asked, Asker
from bot.discord.buttons import Act, Kept, Pressed, pressed
from bot.discord.people import People, Refused
from bot.discord.sending import InChannel, Privately
from bot.discord.showing import csv_of
from bot.render import discord as render

_log = structlog.get_logger(__name__)
_TWICE = 5.0
_REMEMBERED = 1_000

Press = discord.Interaction[Any]


@dataclass(slots=True)
class Presses:
    """Does what buttons stand for, for those who may ask. A double click is one press."""

    answering: Answering
    people: People
    clock: Callable[[], float] = time.monotonic
    _latest: OrderedDict[tuple[int, str], float] = field(default_factory=OrderedDict)

    async def handle(self, press: Press) -> None:
        aside = Privately(press)
        await self.answering.handle(self._work(press, aside), aside)

    async def _work(self, press: Press, aside: Privately) -> None:
        known, twice = pressed(_custom_id(press)), self._is_double(press)
        in_public = known is not None and known.act is Act.ASK and not _is_private(press)
        await aside.acknowledge(silently=in_public or twice)
        if twice:
            return
        asker = await self.people.of(press)
        if isinstance(asker, Refused):
            _log.info("discord.refused", why=asker.why)
            await aside.send([texts.say(asker.words)])
            return
        kept = None
        if known is not None:
            kept = await self.answering.house.find_buttons(asker.account_id, known.reference)
        if known is None or kept is None:
            await aside.send([texts.say(texts.NO_LONGER)])
            return
        await self._do(press, known, kept, asker, aside)

    async def _do(self, press: Press, known: Pressed, kept: Kept, asker: Asker, aside: Privately) -> None:
        match known.act:
            case Act.ASK:
                await self._ask_on(press, known, kept, asker, aside)
            case Act.PRIVATE:
                await self.answering.answer(asker, _alone(press, kept), aside)
            case Act.WHY:
                await self._why(press, kept, asker, aside)
            case Act.CSV:
                await self._csv(press, kept, asker, aside)
            case Act.SHARE:
                await self._share(press, known, kept, asker, aside)

    async def _ask_on(self, press: Press, known: Pressed, kept: Kept, asker: Asker, aside: Privately) -> None:
        """A choice, or a step further: shown to those who saw the button."""
        if known.number is None or known.number >= len(kept.choices):
            await aside.send([texts.say(texts.NO_LONGER)])
            return
        choice = kept.choices[known.number]
        key = f"press:{press.id}"
        if _is_private(press):
            can_share = press.guild is not None
            asked = Asked(choice.question, kept.conversation, key, choice.plan, can_share=can_share)
            await self.answering.answer(asker, asked, aside)
            return
        channel = press.channel if isinstance(press.channel, Readable) else None
        asked = Asked(choice.question, kept.conversation, key, choice.plan, channel)
        await self.answering.answer(asker, asked, _here(press, asker, key, press.message))

    async def _why(self, press: Press, kept: Kept, asker: Asker, aside: Privately) -> None:
        house = self.answering.house
        answer = await self.answering.ask(asker, _alone(press, kept))
        whole = await house.why(asker.account_id, answer)
        await aside.send(render.why(whole, await house.zone(asker.account_id)))

    async def _csv(self, press: Press, kept: Kept, asker: Asker, aside: Privately) -> None:
        answer = await self.answering.ask(asker, _alone(press, kept), all_rows=True)
        if not answer.rows:
            await aside.send([texts.say(texts.NO_ROWS)])
            return
        await aside.send([texts.say(texts.rows_attached(len(answer.rows)))], None, [await csv_of(answer)])

    async def _share(self, press: Press, known: Pressed, kept: Kept, asker: Asker, aside: Privately) -> None:
        """Posts the answer for all who read the channel, where all of them may."""
        if not isinstance(press.channel, Readable):
            await aside.send([texts.say(texts.NOTHING_TO_SHARE_WITH)])
            return
        key = f"share:{known.reference.hex()}:{press.channel.id}"
        asked = Asked(kept.question, kept.conversation, key, kept.plan, press.channel)
        if not asker.guild.rules.takes(str(press.channel.id)):
            await aside.send([texts.say(texts.NOT_THIS_CHANNEL)])
            return
        answer = await self.answering.for_readers(asker, asked)
        if answer is None:
            await aside.send([texts.say(texts.NOT_SHARED)])
            return
        if await self.answering.house.first_time(asker.account_id, key):
            await self.answering.show(asker, asked, answer, _here(press, asker, key, None))
        await aside.send([texts.say(texts.SHARED)])

    def _is_double(self, press: Press) -> bool:
        """Whether this person pressed this button a moment ago; notes that they did now."""
        place, now = _place(press), self.clock()
        before = self._latest.get(place)
        self._latest[place] = now
        self._latest.move_to_end(place)
        if len(self._latest) > _REMEMBERED:
            self._latest.popitem(last=False)
        return before is not None and now - before < _TWICE


def _custom_id(press: Press) -> str:
    given: Any = press.data or {}
    return str(given.get("custom_id", ""))


def _place(press: Press) -> tuple[int, str]:
    """Who pressed which button of which message."""
    where = press.message.id if press.message else 0
    return press.user.id, f"{where}:{_custom_id(press)}"


def _is_private(press: Press) -> bool:
    """Whether the message with the button was seen by one person alone."""
    return press.message is not None and press.message.flags.ephemeral


def _alone(press: Press, kept: Kept) -> Asked:
    """What stands under the message asked once more, for the one who pressed."""
    return Asked(kept.question, kept.conversation, f"press:{press.id}", kept.plan)


def _here(press: Press, asker: Asker, key: str, reply_to: discord.Message | None) -> InChannel:
    if not isinstance(press.channel, discord.abc.Messageable):
        raise TypeError("a button stands where messages are")
    return InChannel(press.channel, asker.guild.guild_id, key, reply_to)
