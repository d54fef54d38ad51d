"""What Slack could not take yet: kept until it can, and sent in the order of its channel.

Anybody may work it off: the process that put a message there does so when its time has come, the worker looks
after what others left behind. One message is sent by one of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Protocol

import msgspec
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.remembered import Remembered
from bot.render.slack_blocks import Message
from bot.slack import texts
from bot.slack.posts import posts_in
from bot.slack.sending import DOUBTFUL_WAIT, Gone, Later, Outcome, Place, Posted, deliver
from bot.slack.workspaces import ClientOf, SlackUnusable
from storage import outgoing
from storage.keys.vault import Vault
from storage.outgoing import Waiting
from storage.session import Database
from storage.trust import messages
from storage.trust.messages import Post

_log = structlog.get_logger(__name__)
_LONGEST_WAIT = 600.0
_SHORTEST_WAIT = 0.05
_NOT_CONNECTED = "account_inactive"
_NOTHING_FOR = 1.0  # that nothing waits at all is known for a second: other processes put letters too


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a message is to go. `asker` is told where it can never arrive; `kept_as` is the Message that it
    belongs to, `key` what Slack is told to know it by."""

    team: str
    channel: str
    key: str
    thread: str | None = None
    only_for: str | None = None
    asker: str | None = None
    kept_as: bytes | None = None

    def __repr__(self) -> str:
        return "Address(...)"

    @property
    def lane(self) -> str:
        """Where order matters."""
        return f"slack:{self.team}:{self.channel}"

    @property
    def place(self) -> Place:
        return Place(self.channel, self.thread, self.only_for)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on its way."""

    address: Address
    message: Message

    def __repr__(self) -> str:
        return "Letter(...)"


_addresses = msgspec.json.Decoder(Address)
_contents = msgspec.json.Decoder(dict[str, Any])


class Store(Protocol):
    """Where letters wait."""

    async def put(
        self, account_id: int, letters: Sequence[Letter], due_at: datetime, now: datetime
    ) -> None: ...

    async def waits(self, account_id: int, lane: str) -> bool: ...

    async def take(self, account_id: int, now: datetime) -> Sequence[Waiting]: ...

    async def done(self, account_id: int, item_id: bytes) -> None: ...

    async def postpone(self, account_id: int, item_id: bytes, due_at: datetime) -> None: ...

    async def next_due(self, account_id: int) -> datetime | None:
        """When the next channel can be worked on; None where nothing waits."""

    async def posted(self, account_id: int, kept_as: bytes, posts: Sequence[Post]) -> None:
        """Notes where a Message now stands, so that it can be edited there later."""


class StoredLetters:
    """The real `Store`: sealed in the database, the same for all processes."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db, self._vault = db, vault
        self._anything = Remembered[bool](_NOTHING_FOR, monotonic)

    async def put(self, account_id: int, letters: Sequence[Letter], due_at: datetime, now: datetime) -> None:
        if letters:
            contents = [
                (msgspec.json.encode(one.address), msgspec.json.encode(one.message)) for one in letters
            ]
            lane = letters[0].address.lane
            self._anything.forget(account_id)
            await outgoing.put_outgoing(
                self._db, self._vault, account_id, lane, contents, due_at=due_at, now=now
            )

    async def waits(self, account_id: int, lane: str) -> bool:
        async def anything() -> bool:
            return await outgoing.next_outgoing(self._db, account_id) is not None

        if not await self._anything.get(account_id, anything):
            return False
        return await outgoing.lane_waits(self._db, self._vault, account_id, lane)

    async def take(self, account_id: int, now: datetime) -> Sequence[Waiting]:
        return await outgoing.take_outgoing(self._db, self._vault, account_id, now=now)

    async def done(self, account_id: int, item_id: bytes) -> None:
        await outgoing.done_with(self._db, account_id, item_id)

    async def postpone(self, account_id: int, item_id: bytes, due_at: datetime) -> None:
        await outgoing.postpone(self._db, account_id, item_id, due_at=due_at)

    async def next_due(self, account_id: int) -> datetime | None:
        return await outgoing.next_outgoing(self._db, account_id)

    async def posted(self, account_id: int, kept_as: bytes, posts: Sequence[Post]) -> None:
        await messages.add_posts(self._db, self._vault, account_id, kept_as, posts)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Outbox:
    """Keeps letters and works them off. `client_of` gives the client of a workspace, by its id, `account_of`
    whose it is: a letter of another account than that is for nobody any more."""

    store: Store
    client_of: Callable[[str], AsyncWebClient]
    account_of: Callable[[str], Awaitable[int | None]]
    now: Callable[[], datetime] = _utc_now
    _timers: dict[int, asyncio.TimerHandle] = field(default_factory=dict)
    _working: set[asyncio.Task[None]] = field(default_factory=set)

    async def put(self, account_id: int, letters: Sequence[Letter], seconds: float) -> None:
        """Keeps these for later, after all that waits for the same channel, and sends them then."""
        now = self.now()
        await self.store.put(account_id, letters, now + timedelta(seconds=seconds), now)
        _log.info("slack.waiting", account=account_id, count=len(letters), seconds=seconds)
        self._work_in(account_id, seconds)

    async def work(self, account_id: int) -> int:
        """Sends what is due, channel by channel in order, until nothing is. Returns how many were sent."""
        sent = 0
        while waiting := await self.store.take(account_id, self.now()):
            for one in waiting:
                sent += await self._send(account_id, one)
        return sent

    def close(self) -> None:
        """Stops working: what waits is for the next process."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._working:
            task.cancel()

    async def _send(self, account_id: int, one: Waiting) -> bool:
        address = _addresses.decode(one.address)
        try:
            is_theirs = await self.account_of(address.team) == account_id
        except SlackUnusable as problem:
            return await self._settle(account_id, one, address, Later(DOUBTFUL_WAIT, type(problem).__name__))
        if not is_theirs:
            _log.warning("slack.letter_undeliverable", account=account_id, code=_NOT_CONNECTED)
            await self.store.done(account_id, one.item_id)
            return False
        message = _message(one.content) if one.content is not None else texts.say(texts.EMPTIED)
        outcome = await deliver(self.client_of(address.team), address.place, message, key=address.key)
        return await self._settle(account_id, one, address, outcome)

    async def _settle(self, account_id: int, one: Waiting, address: Address, outcome: Outcome) -> bool:
        match outcome:
            case Posted():
                if address.kept_as is not None and outcome.posts:
                    posts = posts_in(address.team, outcome.posts)
                    await self.store.posted(account_id, address.kept_as, posts)
                await self.store.done(account_id, one.item_id)
                return True
            case Later():
                wait = min(max(outcome.seconds, 2.0 ** min(one.attempts, 9)), _LONGEST_WAIT)
                await self.store.postpone(account_id, one.item_id, self.now() + timedelta(seconds=wait))
            case Gone():
                _log.warning("slack.letter_undeliverable", account=account_id, code=outcome.code)
                await self.store.done(account_id, one.item_id)
                await self._tell(address, outcome.code)
        return False

    async def _tell(self, address: Address, code: str) -> None:
        """Whoever waits for the answer learns that it cannot be posted where they asked."""
        if address.asker is not None and address.asker != address.channel:
            said = texts.say(texts.cannot_post(address.channel, code))
            await deliver(self.client_of(address.team), Place(address.asker), said, key=f"{address.key}:gone")

    def _work_in(self, account_id: int, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        known = self._timers.get(account_id)
        if known is not None and not known.cancelled() and known.when() <= loop.time() + seconds:
            return
        if known is not None:
            known.cancel()
        self._timers[account_id] = loop.call_later(max(seconds, 0.01), self._begin, account_id)

    def _begin(self, account_id: int) -> None:
        self._timers.pop(account_id, None)
        task = asyncio.create_task(self._work_quietly(account_id))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _work_quietly(self, account_id: int) -> None:
        try:
            await self.work(account_id)
            due = await self.store.next_due(account_id)
            if due is not None:
                self._work_in(account_id, max((due - self.now()).total_seconds(), _SHORTEST_WAIT))
        except Exception as problem:  # noqa: BLE001 - the boundary: what waits stays, and is tried again
            _log.error("slack.outbox_failed", account=account_id, error=type(problem).__name__)
            self._work_in(account_id, _LONGEST_WAIT / 10)


def _message(content: bytes) -> Message:
    decoded = _contents.decode(content)
    return Message(text=decoded["text"], blocks=decoded["blocks"])


def outbox_of(clients: ClientOf | None, db: Database, vault: Vault) -> Outbox | None:
    """What waits for Slack, for a process that talks to nobody: the worker. None without Slack."""
    if clients is None:
        return None
    return Outbox(StoredLetters(db, vault), clients, clients.workspaces.account_of)
