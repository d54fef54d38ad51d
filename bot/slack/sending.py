"""One message to one place in Slack, tried once: what came of it is a value that the caller acts on.

Nothing here waits or repeats. What Slack does not take as it stands (a block that it does not know, too much
text) is sent again in words alone, so that it is not lost.
"""

import uuid
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.render.slack_blocks import Message
from bot.render.slack_repair import in_words, repaired
from storage.trust.messages import Post

DOUBTFUL_WAIT = 5.0
"""Seconds to wait after a failure of which Slack did not say how long it lasts."""

_LONGEST_WAIT = 3600.0
_SERVER_ERROR = 500
_TOO_MANY = 429
_NAMESPACE = uuid.UUID("6d0f2a54-8a0e-4b1c-9a4e-0d1c6b1f7c11")

_PASSING = frozenset(
    {
        "accesslimited",
        "fatal_error",
        "internal_error",
        "message_limit_exceeded",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
"""What Slack says where trying again later is worth it."""

_UNTAKEN = frozenset(
    {
        "block_mismatch",
        "invalid_arguments",
        "invalid_array_arg",
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
    }
)
"""What Slack says where it is the message that it does not take."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: a channel, or a person's id for their direct messages.

    `only_for` names the one person in the channel who sees it.
    """

    channel: str
    thread: str | None = None
    only_for: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """Slack has it. `posts` are where it stands; what one person alone saw stands nowhere."""

    posts: tuple[Post, ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: try again in so many seconds. `code` is Slack's word, or the kind of error."""

    seconds: float
    code: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing can be posted there any more: archived, left, removed, forbidden."""

    code: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Slack does not take this message as it stands."""

    code: str


Outcome = Posted | Later | Gone


async def deliver(
    client: AsyncWebClient,
    place: Place,
    message: Message,
    *,
    key: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Outcome:
    """Posts a message once, put right where it is over Slack's limits; never raises for what Slack did.

    `key` names the message: sent again under the same key, Slack is told that it is the same one.
    `metadata` is Slack's message metadata (`event_type`, `event_payload`).
    """
    outcome = await _all(client, place, repaired(message), key, metadata)
    if not isinstance(outcome, Refused):
        return outcome
    outcome = await _all(client, place, in_words(message), key and f"{key}:words", metadata)
    return Gone(outcome.code) if isinstance(outcome, Refused) else outcome


async def try_once(
    client: AsyncWebClient,
    place: Place,
    message: Message,
    *,
    key: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Outcome | Refused:
    """As `deliver`, but exactly this message: Refused where Slack does not take it."""
    asking = _impatient(client)
    what: dict[str, Any] = {"channel": place.channel, "thread_ts": place.thread, **message}
    named: dict[str, Any] = {"client_msg_id": str(uuid.uuid5(_NAMESPACE, key))} if key else {}
    try:
        if place.only_for is not None:
            await asking.chat_postEphemeral(user=place.only_for, **what)
            return Posted()
        answer = await asking.chat_postMessage(
            **what,
            unfurl_links=False,
            unfurl_media=False,
            metadata=dict(metadata) if metadata else None,
            **named,
        )
    except SlackApiError as problem:
        return judged(problem)
    except (ClientError, OSError, TimeoutError) as problem:
        return Later(DOUBTFUL_WAIT, type(problem).__name__)
    posts = (Post(str(answer["channel"]), str(answer["ts"])),) if answer.get("ts") else ()
    return Posted(posts)


async def _all(
    client: AsyncWebClient,
    place: Place,
    messages: Sequence[Message],
    key: str | None,
    metadata: Mapping[str, Any] | None,
) -> Outcome | Refused:
    posts: list[Post] = []
    for page, message in enumerate(messages):
        numbered = f"{key}:{page}" if key and page else key
        outcome = await try_once(client, place, message, key=numbered, metadata=metadata)
        if not isinstance(outcome, Posted):
            return outcome
        posts += outcome.posts
    return Posted(tuple(posts))


def judged(problem: SlackApiError) -> Later | Gone | Refused:
    """What an error of Slack's means for the message that met it."""
    status = int(getattr(problem.response, "status_code", 0) or 0)
    code = slack_code(problem)
    if status == _TOO_MANY or code in _PASSING:
        return Later(_wait(problem), code)
    if status >= _SERVER_ERROR:
        return Later(DOUBTFUL_WAIT, code)
    return Refused(code) if code in _UNTAKEN else Gone(code)


def slack_code(problem: SlackApiError) -> str:
    """Slack's word for what is wrong, or the HTTP status where it did not speak."""
    data = getattr(problem.response, "data", problem.response)
    if isinstance(data, dict) and data.get("error"):
        return str(data["error"])
    return f"status {getattr(problem.response, 'status_code', 'unknown')}"


def _wait(problem: SlackApiError) -> float:
    """Seconds that Slack asks for in Retry-After."""
    headers = {name.lower(): value for name, value in dict(getattr(problem.response, "headers", {})).items()}
    try:
        asked = float(headers["retry-after"])
    except (KeyError, TypeError, ValueError):
        return DOUBTFUL_WAIT
    return min(max(asked, 0.0), _LONGEST_WAIT)


def _impatient(client: AsyncWebClient) -> AsyncWebClient:
    """The same client without its own retries: whoever calls decides about them."""
    asking = copy(client)
    asking.retry_handlers = []
    return asking
