"""Direct messages and mentions. A mention is answered by a reply, and a reply to an answer asks on."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import discord
import structlog

from bot.discord import texts
from bot.discord.access import Readable
from bot.discord.answering import Answering, Asked, Asker
from bot.discord.buttons import reference_in
from bot.discord.people import People, Refused
from bot.discord.sending import Delivery, File, InChannel, ToPerson
from bot.render.discord_kit import Message
from storage.trust.messages import Post

_log = structlog.get_logger(__name__)
_SAID_BY_PEOPLE = frozenset({discord.MessageType.default, discord.MessageType.reply})
_MARKUP = re.compile(r"<(?:@[!&]?|#|a?:\w+:|/[^:>]+:)\d+>")
_SHOW_WORK_AFTER = 0.8


@dataclass(slots=True)
class Messages:
    """What people say to us."""

    answering: Answering
    people: People

    async def handle(self, client: discord.Client, message: discord.Message) -> None:
        aside = Here(message, f"aside:{message.id}")
        async with _typing(message.channel):
            await self.answering.handle(self._work(client, message, aside), aside)

    async def _work(self, client: discord.Client, message: discord.Message, aside: "Here") -> None:
        in_server = message.guild is not None
        if message.guild is not None:
            asker = await self.people.in_server(message.guild, message.author)
        else:
            asker = await self.people.in_private(client, message.author)
        if isinstance(asker, Refused):
            _log.info("discord.refused", why=asker.why)
            await aside.send([texts.say(asker.words)])
            return
        if in_server and not asker.guild.rules.takes(str(_place(message.channel))):
            await aside.send([texts.say(texts.NOT_THIS_CHANNEL)])
            return
        channel = message.channel if in_server and isinstance(message.channel, Readable) else None
        asked = Asked(
            plain_words(message.content),
            await self._conversation(asker, message),
            f"message:{message.id}",
            channel=channel,
        )
        await self.answering.answer(asker, asked, Here(message, asked.key, asker.guild.guild_id))

    async def _conversation(self, asker: Asker, message: discord.Message) -> str:
        """What a follow-up refers to: the answer that it replies to, else the thread, else one's own talk."""
        answered = message.reference.resolved if message.reference else None
        if isinstance(answered, discord.Message):
            reference = reference_in(answered)
            kept = reference and await self.answering.house.find_buttons(asker.account_id, reference)
            if kept:
                return kept.conversation
        if isinstance(message.channel, discord.Thread) or message.guild is None:
            return f"discord:{message.channel.id}"
        return f"discord:{message.channel.id}:{message.author.id}"


@dataclass(frozen=True, slots=True)
class Here:
    """As a reply to a message; in direct messages where its channel cannot be written to."""

    message: discord.Message
    key: str
    guild_id: int = 0

    async def send(
        self, messages: Sequence[Message], view: discord.ui.View | None = None, files: Sequence[File] = ()
    ) -> list[Post]:
        here: Delivery = InChannel(self.message.channel, self.guild_id, self.key, self.message)
        try:
            return await here.send(messages, view, files)
        except discord.Forbidden:
            if self.message.guild is None:
                raise
            return await ToPerson(self.message.author).send([texts.say(texts.CANNOT_POST)])


def is_for_us(client: discord.Client, message: discord.Message) -> bool:
    """Whether a person said it, and to us: no app, no webhook, no system message, nothing of our own."""
    if message.author.bot or message.webhook_id or message.type not in _SAID_BY_PEOPLE:
        return False
    return message.guild is None or client.user in message.mentions


def plain_words(said: str) -> str:
    """What a person typed, without mentions and emoji of servers."""
    return " ".join(_MARKUP.sub(" ", said).split())


def _place(channel: object) -> int:
    """The channel, or the one that a thread is in: what is chosen of channels holds for their threads."""
    return int(channel.parent_id if isinstance(channel, discord.Thread) else getattr(channel, "id", 0))


@asynccontextmanager
async def _typing(channel: discord.abc.Messageable) -> AsyncIterator[None]:
    """Shows that we are at it, where it takes longer than a moment."""
    work = asyncio.create_task(_type(channel))
    try:
        yield
    finally:
        work.cancel()


async def _type(channel: discord.abc.Messageable) -> None:
    await asyncio.sleep(_SHOW_WORK_AFTER)
    with suppress(discord.HTTPException):
        async with channel.typing():
            await asyncio.Event().wait()
