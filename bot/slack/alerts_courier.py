"""Brings thoughts to Slack: posted with their key in the message's metadata, to be found again by it."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.render.slack_blocks import Message
from bot.render.slack_thoughts import thought_message, without_chart
from bot.slack import sending
from bot.slack.posts import posts_in
from bot.slack.sending import deliver, judged, try_once
from storage.trust.messages import Post
from thoughts.ports import Gone, Later, Letter, Outcome, Sent

EVENT_TYPE = "chewbotta_thought"

_AT_ONCE = 200
_CLOCKS_APART = 60.0
_NOT_POSTED = frozenset({"ratelimited", "rate_limited", "accesslimited"})
"""What Slack says before it has done anything."""

SHARED = ("is_ext_shared", "is_pending_ext_shared", "is_org_shared", "is_global_shared")
"""What Slack says of a channel in which people of other organisations are."""

_LOOKED_EVERY = 60.0
_KEPT_FOR = 3600.0
_KEPT_AT_MOST = 5_000


@dataclass(slots=True)
class SlackCourier:
    """The `thoughts.ports.Courier` of Slack. `client_of` gives the client of a workspace, by its id."""

    client_of: Callable[[str], AsyncWebClient]
    clock: Callable[[], float] = monotonic
    _shared: OrderedDict[tuple[str, str], tuple[float, bool]] = field(default_factory=OrderedDict)
    _people: OrderedDict[tuple[str, str], tuple[float, str | None]] = field(default_factory=OrderedDict)

    async def post(self, letter: Letter) -> Outcome:
        client = self.client_of(letter.target.team)
        try:
            if await self._is_shared(client, letter.target.team, letter.target.place):
                return Gone("shared_channel")
        except (SlackApiError, ClientError, OSError, TimeoutError) as problem:
            return _failed(problem)
        message = thought_message(letter)
        if letter.edits is not None:
            (where,) = posts_in(letter.target.team, [letter.edits])
            return await _edit(client, where, message, letter.key)
        thread = letter.target.thread
        place = sending.Place(
            thread.channel if thread else letter.target.place, thread=thread.ts if thread else None
        )
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"letter": letter.key}}
        outcome = await try_once(client, place, message, key=letter.key, metadata=metadata)
        if isinstance(outcome, sending.Refused):
            plain = without_chart(message)
            outcome = await deliver(client, place, plain, key=f"{letter.key}:plain", metadata=metadata)
        match outcome:
            case sending.Posted(posts=posts):
                return Sent(posts_in(letter.target.team, posts), text=message["text"])
            case sending.Later(seconds=seconds, code=code):
                return Later(seconds, code, doubtful=code not in _NOT_POSTED)
            case sending.Gone(code=code):
                return Gone(code)

    async def find(self, letter: Letter) -> Outcome | None:
        """Looks through what was said in the channel, or the thread, since the letter was written."""
        client, thread = self.client_of(letter.target.team), letter.target.thread
        since = f"{letter.made_at.timestamp() - _CLOCKS_APART:.6f}"
        try:
            channel = thread.channel if thread else await _channel(client, letter.target.place)
            async for said in _said_since(client, channel, thread.ts if thread else None, since):
                if _is(said, letter.key):
                    post = Post(channel, str(said["ts"]), letter.target.team)
                    return Sent((post,), text=str(said.get("text") or ""))
        except (SlackApiError, ClientError, OSError, TimeoutError) as problem:
            return _failed(problem)
        return None

    async def _is_shared(self, client: AsyncWebClient, team: str, place: str) -> bool:
        """Whether outsiders would read it: a channel may be shared at any time. Asked once a minute."""
        if place[:1] not in ("C", "G"):
            return False
        known = self._shared.get((team, place))
        if known and self.clock() - known[0] < _LOOKED_EVERY:
            return known[1]
        answer: Any = await client.conversations_info(channel=place)
        found = any(answer["channel"].get(name) for name in SHARED)
        self._shared[team, place] = self.clock(), found
        while len(self._shared) > _KEPT_AT_MOST:
            self._shared.popitem(last=False)
        return found

    async def person(self, team: str, email: str) -> str | None:
        """Asked of Slack once an hour at most; kept in memory alone."""
        known = self._people.get((team, email))
        if known and self.clock() - known[0] < _KEPT_FOR:
            return known[1]
        try:
            answer: Any = await self.client_of(team).users_lookupByEmail(email=email)
            found = str(answer["user"]["id"])
        except (SlackApiError, ClientError, OSError, TimeoutError, KeyError):
            found = None
        self._people[team, email] = self.clock(), found
        while len(self._people) > _KEPT_AT_MOST:
            self._people.popitem(last=False)
        return found


async def _edit(client: AsyncWebClient, post: Post, message: Message, key: str) -> Outcome:
    """Puts a message in the place of one that stands there, under its key; again, it is the same."""
    metadata = {"event_type": EVENT_TYPE, "event_payload": {"letter": key}}
    for drawn in (message, without_chart(message)):
        try:
            await client.chat_update(channel=post.channel, ts=post.ts, metadata=metadata, **drawn)
        except (SlackApiError, ClientError, OSError, TimeoutError) as problem:
            outcome = _failed(problem)
            if isinstance(outcome, Later):
                return outcome
        else:
            return Sent((post,), text=message["text"])
    return outcome


async def _said_since(
    client: AsyncWebClient, channel: str, thread: str | None, since: str
) -> AsyncIterator[dict[str, Any]]:
    """What was said in a channel, or a thread of it, since a moment: all of it, the newest first."""
    asked: dict[str, Any] = {"oldest": since, "limit": _AT_ONCE, "include_all_metadata": True}
    cursor = None
    while True:
        if thread is not None:
            answer: Any = await client.conversations_replies(
                channel=channel, ts=thread, cursor=cursor, **asked
            )
        else:
            answer = await client.conversations_history(channel=channel, cursor=cursor, **asked)
        for said in answer.get("messages") or ():
            yield said
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


def _failed(problem: Exception) -> Later | Gone:
    """What went wrong before anything was posted."""
    if not isinstance(problem, SlackApiError):
        return Later(sending.DOUBTFUL_WAIT, type(problem).__name__, doubtful=False)
    outcome = judged(problem)
    if isinstance(outcome, sending.Later):
        return Later(outcome.seconds, outcome.code, doubtful=False)
    return Gone(outcome.code)


def _is(said: dict[str, Any], key: str) -> bool:
    metadata = said.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return metadata.get("event_type") == EVENT_TYPE and payload.get("letter") == key


async def _channel(client: AsyncWebClient, place: str) -> str:
    """Direct messages are posted to a person and stand in a channel."""
    if place[:1] not in ("U", "W"):
        return place
    opened: Any = await client.conversations_open(users=place)
    return str(opened["channel"]["id"])
