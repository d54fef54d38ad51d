"""Where an answer goes: a thread, a direct message, or one person's eyes only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.render.slack_blocks import Message
from bot.slack import texts
from storage.trust.messages import Post

USES_OF_RESPONSE_URL = 5
_WAITS = 3  # how often a "slow down" of Slack is obeyed for one message
_OK = 200


class NotDelivered(Exception):
    """Slack did not take a message; `code` is Slack's word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Slack answered {code}")
        self.code = code


class BlocksRefused(NotDelivered):
    """The first message has a block that this Slack does not know. Nothing was posted."""


class Delivery(Protocol):
    async def send(self, messages: Sequence[Message]) -> list[Post]:
        """Posts them in order; returns where those stand that can be edited later.

        Raises BlocksRefused or NotDelivered.
        """


def slack_code(problem: SlackApiError) -> str:
    """Slack's word for what is wrong, or the HTTP status where it did not speak."""
    data = getattr(problem.response, "data", problem.response)
    if isinstance(data, dict) and data.get("error"):
        return str(data["error"])
    return f"status {getattr(problem.response, 'status_code', 'unknown')}"


def slow_down_handlers() -> list[Any]:
    """Waits as long as Slack says. Nothing else is tried again: a doubtful message may have arrived."""
    return [AsyncRateLimitErrorRetryHandler(max_retry_count=_WAITS)]


@dataclass(frozen=True, slots=True)
class InChannel:
    """For everybody in the channel or direct message, in a thread where there is one."""

    client: AsyncWebClient
    channel: str
    thread: str | None = None

    async def send(self, messages: Sequence[Message]) -> list[Post]:
        posts = []
        for page, message in enumerate(messages):
            try:
                answer: Any = await self.client.chat_postMessage(
                    channel=self.channel,
                    thread_ts=self.thread,
                    text=message["text"],
                    blocks=message["blocks"],
                    unfurl_links=False,
                    unfurl_media=False,
                )
            except SlackApiError as problem:
                raise _not_delivered(slack_code(problem), page) from None
            if answer.get("channel") and answer.get("ts"):
                posts.append(Post(answer["channel"], answer["ts"]))
        return posts


@dataclass(frozen=True, slots=True)
class ToOnePerson:
    """In a channel, seen by one person alone, and gone when they reload: nothing that could be edited."""

    client: AsyncWebClient
    channel: str
    user: str
    thread: str | None = None

    async def send(self, messages: Sequence[Message]) -> list[Post]:
        for page, message in enumerate(messages):
            try:
                await self.client.chat_postEphemeral(
                    channel=self.channel,
                    user=self.user,
                    thread_ts=self.thread,
                    text=message["text"],
                    blocks=message["blocks"],
                )
            except SlackApiError as problem:
                raise _not_delivered(slack_code(problem), page) from None
        return []


@dataclass(frozen=True, slots=True)
class ByResponseUrl:
    """To the person who typed the command or pressed the button, wherever that was.

    Such an address works five times; what is longer goes on in the direct messages.
    """

    client: AsyncWebClient
    url: str
    user: str

    async def send(self, messages: Sequence[Message]) -> list[Post]:
        here, rest = list(messages), list[Message]()
        if len(here) > USES_OF_RESPONSE_URL:
            last = USES_OF_RESPONSE_URL - 1
            here, rest = [*here[:last], texts.say(texts.IN_YOUR_MESSAGES)], here[last:]
        hook = AsyncWebhookClient(
            self.url,
            session=self.client.session,
            retry_handlers=slow_down_handlers(),
            logger=self.client.logger,
        )
        for page, message in enumerate(here):
            answer = await hook.send(
                text=message["text"],
                blocks=message["blocks"],
                response_type="ephemeral",
                replace_original=False,
                unfurl_links=False,
                unfurl_media=False,
            )
            if answer.status_code != _OK:
                raise _not_delivered(answer.body[:100] or str(answer.status_code), page)
        return await InChannel(self.client, self.user).send(rest)


def _not_delivered(code: str, page: int) -> NotDelivered:
    return BlocksRefused(code) if page == 0 and "invalid_blocks" in code else NotDelivered(code)
