"""Chewbotta's own posts in Slack, edited or deleted when a customer whom they name is deleted."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery import slack_code
from storage.trust.messages import Post, PostsUnavailable

REDACTED = "This answer named a customer who was deleted, so Chewbotta removed it."

_GONE_FOR_GOOD = frozenset(
    {
        "account_inactive",
        "as_user_not_supported",
        "cant_delete_message",
        "cant_update_message",
        "channel_not_found",
        "edit_window_closed",
        "invalid_auth",
        "is_archived",
        "message_not_found",
        "missing_scope",
        "not_authed",
        "not_in_channel",
        "team_not_found",
        "token_revoked",
    }
)
"""What Slack says where trying again would not help."""


class SlackPosts:
    """The real `storage.trust.messages.Posts`. `client_of` gives the client of a workspace, by its id: with
    one that is gone, so are its posts."""

    def __init__(self, client_of: Callable[[str], AsyncWebClient]) -> None:
        self._client_of = client_of

    async def redact(self, post: Post) -> bool:
        return await _reached(
            self._client_of(post.team).chat_update(
                channel=post.channel, ts=post.ts, text=REDACTED, blocks=[], attachments=[]
            )
        )

    async def delete(self, post: Post) -> bool:
        return await _reached(self._client_of(post.team).chat_delete(channel=post.channel, ts=post.ts))


def posts_in(team: str, posts: Iterable[Post]) -> tuple[Post, ...]:
    """The same posts with the workspace in which they stand."""
    return tuple(msgspec.structs.replace(post, team=team) for post in posts)


async def _reached(call: Awaitable[Any]) -> bool:
    try:
        await call
    except SlackApiError as problem:
        if slack_code(problem) in _GONE_FOR_GOOD:
            return False
        raise PostsUnavailable from None
    except (ClientError, OSError, TimeoutError):
        raise PostsUnavailable from None
    return True
