"""Where an answer goes: a thread, a direct message, or one person's eyes only."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import ClientError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.render.slack_blocks import Message
from bot.slack import texts
from bot.slack.sending import Gone, Later, Place, Posted, Refused, try_once
from bot.slack.sending import slack_code as slack_code  # noqa: PLC0414 - who sends asks here for it
from storage.trust.messages import Post

USES_OF_RESPONSE_URL = 5
_WAITS = 3  # how often a "slow down" of Slack is obeyed for one call
_OK = 200
_PRIVATE = ("D", "U", "W")
"""How ids of direct messages, and of people in their place, begin."""


class NotDelivered(Exception):
    """Slack did not take a message; `code` is Slack's word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Slack answered {code}")
        self.code = code


class BlocksRefused(NotDelivered):
    """Slack does not take the first message as it stands. Nothing was posted."""


class NotNow(NotDelivered):
    """Slack could not take these messages now; `posts` are what went before them.

    `key` is what Slack was told to know the first of them by: a doubtful one may have arrived.
    """

    def __init__(
        self, later: Later, place: Place, messages: Sequence[Message], posts: Sequence[Post], key: str
    ) -> None:
        super().__init__(later.code)
        self.seconds, self.place, self.key = later.seconds, place, key
        self.messages, self.posts = list(messages), list(posts)


class Delivery(Protocol):
    @property
    def seen_in(self) -> str | None:
        """The channel where others see it too; None where it is for one person's eyes."""

    @property
    def place(self) -> Place:
        """Where it is posted; for what has no place of its own, the person's direct messages."""

    async def send(self, messages: Sequence[Message]) -> list[Post]:
        """Posts them in order; returns where those stand that can be edited later.

        Raises BlocksRefused, NotNow or NotDelivered.
        """


def slow_down_handlers() -> list[Any]:
    """For everything but messages: waits as long as Slack says. Nothing else is tried again."""
    return [AsyncRateLimitErrorRetryHandler(max_retry_count=_WAITS)]


async def _send(client: AsyncWebClient, place: Place, messages: Sequence[Message]) -> list[Post]:
    posts: list[Post] = []
    for page, message in enumerate(messages):
        key = secrets.token_hex(12)
        outcome = await try_once(client, place, message, key=key)
        match outcome:
            case Posted():
                posts += outcome.posts
            case Later():
                raise NotNow(outcome, place, messages[page:], posts, key)
            case Refused() if page == 0:
                raise BlocksRefused(outcome.code)
            case Refused() | Gone():
                raise NotDelivered(outcome.code)
    return posts


@dataclass(frozen=True, slots=True)
class InChannel:
    """For everybody in the channel or direct message, in a thread where there is one."""

    client: AsyncWebClient
    channel: str
    thread: str | None = None

    @property
    def seen_in(self) -> str | None:
        return None if self.channel.startswith(_PRIVATE) else self.channel

    @property
    def place(self) -> Place:
        return Place(self.channel, self.thread)

    async def send(self, messages: Sequence[Message]) -> list[Post]:
        return await _send(self.client, self.place, messages)


@dataclass(frozen=True, slots=True)
class ToOnePerson:
    """In a channel, seen by one person alone, and gone when they reload: nothing that could be edited."""

    client: AsyncWebClient
    channel: str
    user: str
    thread: str | None = None

    @property
    def seen_in(self) -> str | None:
        return None

    @property
    def place(self) -> Place:
        return Place(self.channel, self.thread, only_for=self.user)

    async def send(self, messages: Sequence[Message]) -> list[Post]:
        return await _send(self.client, self.place, messages)


@dataclass(frozen=True, slots=True)
class ByResponseUrl:
    """To the person who typed the command or pressed the button, wherever that was.

    Such an address works five times within half an hour; what it does not take goes to the direct messages.
    """

    client: AsyncWebClient
    url: str
    user: str

    @property
    def seen_in(self) -> str | None:
        return None

    @property
    def place(self) -> Place:
        return Place(self.user)

    async def send(self, messages: Sequence[Message]) -> list[Post]:
        here, rest = list(messages), list[Message]()
        if len(here) > USES_OF_RESPONSE_URL:
            last = USES_OF_RESPONSE_URL - 1
            here, rest = [*here[:last], texts.say(texts.IN_YOUR_MESSAGES)], here[last:]
        for page, message in enumerate(here):
            refused = await self._respond(message)
            if refused is None:
                continue
            if page == 0 and "invalid_blocks" in refused:
                raise BlocksRefused(refused)
            return await _send(self.client, self.place, messages[page:])
        return await _send(self.client, self.place, rest)

    async def _respond(self, message: Message) -> str | None:
        """None where it arrived, else what was answered in its place."""
        hook = AsyncWebhookClient(
            self.url, session=self.client.session, retry_handlers=[], logger=self.client.logger
        )
        try:
            answer = await hook.send(
                text=message["text"],
                blocks=message["blocks"],
                response_type="ephemeral",
                replace_original=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        except (ClientError, OSError, TimeoutError) as problem:
            return type(problem).__name__
        return None if answer.status_code == _OK else answer.body[:100] or str(answer.status_code)
