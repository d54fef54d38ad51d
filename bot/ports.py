"""What a chat platform needs of the rest of the house, and the simplest thing that gives it."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Protocol

from bot.answer import Answer
from storage.metrics.plan import Plan
from storage.trust.messages import Post


class Asks(Protocol):
    """The conversation loop: bot/assistant.py."""

    async def ask(
        self, question: str, *, account_id: int, conversation: str | None = None, follow_up: bool = True
    ) -> Answer: ...

    async def run(
        self, plan: Plan, *, question: str, account_id: int, conversation: str | None = None
    ) -> Answer:
        """The answer to a plan, such as a button's."""

    def help(self) -> str:
        """What can be asked, in plain lines."""


class Accounts(Protocol):
    """Whose data a workspace (or server) asks for."""

    async def account_of(self, team_id: str) -> int | None:
        """The account of that workspace, or None where it has none."""


class SeenEvents(Protocol):
    """Platforms deliver at least once: what has been taken up is remembered."""

    async def first_time(self, key: str, *, again_after: timedelta | None = None) -> bool:
        """True once for a key, from then on False; safe to call at the same time from several places.

        With `again_after`, it is True again once that has passed.
        """


class Messages(Protocol):
    """Where answers are kept once they were sent."""

    async def keep(
        self, account_id: int, answer: Answer, posts: Sequence[Post], *, as_id: bytes | None = None
    ) -> None:
        """`posts` are where it stands there, as far as it can be edited there later; `as_id` is its id."""


class KeepsNothing:
    """For an app without a database."""

    async def keep(
        self, account_id: int, answer: Answer, posts: Sequence[Post], *, as_id: bytes | None = None
    ) -> None:
        """The answer was given, and that was all."""


@dataclass(slots=True)
class SeenInMemory:
    """The latest `size` keys of one process. Platforms repeat an event within an hour, or not at all."""

    size: int = 10_000
    _keys: OrderedDict[str, float] = field(default_factory=OrderedDict)

    async def first_time(self, key: str, *, again_after: timedelta | None = None) -> bool:
        now, seen_at = monotonic(), self._keys.get(key)
        if seen_at is not None and (again_after is None or now - seen_at < again_after.total_seconds()):
            return False
        self._keys[key] = now
        if len(self._keys) > self.size:
            self._keys.popitem(last=False)
        return True
