"""Which threads in channels the app is in: there people go on without mentioning it."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

_MOST = 10_000

Remembered = Callable[[int, str], Awaitable[bool]]
"""Whether a talk of an account is remembered."""


async def nothing_remembered(_account_id: int, _conversation: str) -> bool:
    return False


@dataclass(slots=True)
class Threads:
    """Those of this process, and those whose talk is `remembered`: for a day, by all processes."""

    remembered: Remembered = nothing_remembered
    _joined: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def joined(self, conversation: str) -> None:
        """Somebody mentioned the app there."""
        self._joined[conversation] = None
        self._joined.move_to_end(conversation)
        if len(self._joined) > _MOST:
            self._joined.popitem(last=False)

    async def is_ours(self, account_id: int, conversation: str) -> bool:
        return conversation in self._joined or await self.remembered(account_id, conversation)
