"""What a chat platform needs of the rest of the house, and the simplest thing that gives it."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.answer import Answer
from storage.trust.messages import Post


class Asks(Protocol):
    """The conversation loop: bot/assistant.py."""

    async def ask(
        self, question: str, *, account_id: int, conversation: str | None = None, follow_up: bool = True
    ) -> Answer: ...

    def help(self) -> str:
        """What can be asked, in plain lines."""


class Accounts(Protocol):
    """Whose data a workspace (or server) asks for."""

    async def account_of(self, team_id: str) -> int | None:
        """The account of that workspace, or None where it has none."""


class SeenEvents(Protocol):
    """Platforms deliver at least once: what has been taken up is remembered."""

    async def first_time(self, key: str) -> bool:
        """True once for a key, from then on False; safe to call at the same time from several places."""


class Messages(Protocol):
    """Where answers are kept once they were sent."""

    async def keep(self, account_id: int, answer: Answer, posts: Sequence[Post]) -> None:
        """`posts` are where it stands there, as far as it can be edited there later."""


class KeepsNothing:
    """For an app without a database."""

    async def keep(self, account_id: int, answer: Answer, posts: Sequence[Post]) -> None:
        """The answer was given, and that was all."""


@dataclass(slots=True)
class SeenInMemory:
    """The latest `size` keys of one process. Platforms repeat an event within an hour, or not at all."""

    size: int = 10_000
    _keys: OrderedDict[str, None] = field(default_factory=OrderedDict)

    async def first_time(self, key: str) -> bool:
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > self.size:
            self._keys.popitem(last=False)
        return True
