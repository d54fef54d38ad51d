"""Chewbotta's own posts in Slack, edited or deleted when a customer whom they name is deleted."""

from collections.abc import Awaitable
from typing import Any

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
    """The real `storage.trust.messages.Posts`."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def redact(self, post: Post) -> bool:
        return await _reached(
            self._client.chat_update(
                channel=post.channel, ts=post.ts, text=REDACTED, blocks=[], attachments=[]
            )
        )

    async def delete(self, post: Post) -> bool:
        return await _reached(self._client.chat_delete(channel=post.channel, ts=post.ts))


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
