"""Chewbotta's own posts in Discord, edited or deleted when a customer whom they name is deleted."""

import discord

from bot.discord.rest import FAILURES, Rest
from storage.trust.messages import Post, PostsUnavailable

REDACTED = "This answer named a customer who was deleted, so Chewbotta removed it."

_SERVER_ERROR = 500
_TOO_MANY = 429


class DiscordPosts:
    """The real `storage.trust.messages.Posts` of Discord; a post's channel stands after its server."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def redact(self, post: Post) -> bool:
        return await self._reached(post, delete=False)

    async def delete(self, post: Post) -> bool:
        return await self._reached(post, delete=True)

    async def _reached(self, post: Post, *, delete: bool) -> bool:
        try:
            message = message_at(await self._rest.client(), post)
            if delete:
                await message.delete()
            else:
                await message.edit(content=REDACTED, embeds=[], attachments=[], view=None)
        except discord.HTTPException as problem:
            if problem.status >= _SERVER_ERROR or problem.status == _TOO_MANY:
                raise PostsUnavailable from None
            return False
        except FAILURES:
            raise PostsUnavailable from None
        return True


def message_at(client: discord.Client, post: Post) -> discord.PartialMessage:
    """A message by where it stands, without asking Discord."""
    channel = client.get_partial_messageable(int(post.channel.rpartition(":")[2]))
    return channel.get_partial_message(int(post.ts))
