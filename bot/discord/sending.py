"""Where an answer goes in Discord: a channel, a direct message, or one person's eyes only.

Nothing that is sent mentions anybody. A message to a channel has a nonce that Discord holds it to: sent again
because nobody knows whether it arrived, it is still there once.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import discord

from bot.render import discord_kit as kit
from bot.render.discord_kit import Message
from storage.discord_guilds import place
from storage.trust.messages import Post

NOBODY = discord.AllowedMentions.none()
NONCE = 25
DIRECT = "D"
"""What stands before a person's number where thoughts go to their direct messages."""

_NO_SUCH_INTERACTION = frozenset({10015, 10062, 50027})
"""Unknown webhook, unknown interaction, invalid webhook token: fifteen minutes are over, or three seconds."""


@dataclass(frozen=True, slots=True)
class File:
    """What is attached to the first message. `description` is for those who cannot see it."""

    name: str
    content: bytes
    description: str = ""


class Delivery(Protocol):
    async def send(
        self, messages: Sequence[Message], view: discord.ui.View | None = None, files: Sequence[File] = ()
    ) -> list[Post]:
        """Posts them in order, the buttons under the last; returns where those stand that can be edited.

        Raises discord.HTTPException.
        """


@dataclass(frozen=True, slots=True)
class InChannel:
    """For everybody who reads the channel or direct message. `guild_id` is whose it counts as."""

    channel: discord.abc.Messageable
    guild_id: int
    key: str
    reply_to: discord.Message | None = None

    async def send(
        self, messages: Sequence[Message], view: discord.ui.View | None = None, files: Sequence[File] = ()
    ) -> list[Post]:
        posts = []
        for page, message in enumerate(messages):
            given = arguments(message, files if page == 0 else ())
            if view is not None and page == len(messages) - 1:
                given["view"] = view
            if page == 0 and self.reply_to is not None:
                given["reference"] = self.reply_to.to_reference(fail_if_not_exists=False)
                given["mention_author"] = False
            sent = await self.channel.send(**given, nonce=nonce(f"{self.key}:{page}"))
            posts.append(Post(place(self.guild_id, sent.channel.id), str(sent.id)))
        return posts


@dataclass(frozen=True, slots=True)
class ToPerson:
    """A direct message, where a channel cannot be written to."""

    user: discord.abc.Messageable

    async def send(
        self, messages: Sequence[Message], view: discord.ui.View | None = None, files: Sequence[File] = ()
    ) -> list[Post]:
        for page, message in enumerate(messages):
            await self.user.send(**arguments(message, files if page == 0 else ()))
        return []


@dataclass(slots=True)
class Privately:
    """To whoever typed the command or pressed the button, seen by them alone.

    Discord waits three seconds for `acknowledge`, and fifteen minutes for the rest: what is too late for that
    goes to their direct messages.
    """

    interaction: discord.Interaction[Any]
    _lost: bool = False

    async def acknowledge(self, *, silently: bool = False) -> None:
        """`silently`: nothing is shown, what follows stands elsewhere."""
        response = self.interaction.response
        try:
            await (response.defer() if silently else response.defer(ephemeral=True, thinking=True))
        except discord.HTTPException as problem:
            self._lose(problem)

    async def send(
        self, messages: Sequence[Message], view: discord.ui.View | None = None, files: Sequence[File] = ()
    ) -> list[Post]:
        for page, message in enumerate(messages):
            last = page == len(messages) - 1
            await self._send_one(message, view if last else None, files if page == 0 else ())
        return []

    async def _send_one(self, message: Message, view: discord.ui.View | None, files: Sequence[File]) -> None:
        if not self._lost:
            try:
                await self.interaction.followup.send(**_given(message, view, files), ephemeral=True)
            except discord.HTTPException as problem:
                self._lose(problem)
            else:
                return
        await self.interaction.user.send(**_given(message, view, files))

    def _lose(self, problem: discord.HTTPException) -> None:
        if problem.code not in _NO_SUCH_INTERACTION:
            raise problem
        self._lost = True


def _given(message: Message, view: discord.ui.View | None, files: Sequence[File]) -> dict[str, Any]:
    return {**arguments(message, files), **({} if view is None else {"view": view})}


def arguments(message: Message, files: Sequence[File] = ()) -> dict[str, Any]:
    """What discord.py's send takes."""
    given: dict[str, Any] = {"content": message.content, "allowed_mentions": NOBODY}
    if message.embed is not None:
        embed = discord.Embed.from_dict(dict(message.embed))
        for file in files:
            if file.name.endswith(".png"):
                embed.set_image(url=f"attachment://{file.name}")
        given["embeds"] = [embed]
    if files:
        given["files"] = [
            discord.File(
                io.BytesIO(file.content),
                filename=file.name,
                description=kit.plain(file.description, kit.FILE_DESCRIPTION) if file.description else None,
            )
            for file in files
        ]
    return given


def nonce(key: str) -> str:
    """What names a message to Discord: the same key, the same message."""
    return hashlib.sha256(key.encode()).hexdigest()[:NONCE]
