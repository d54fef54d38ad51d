"""In which time zone times are shown: that of the account that is asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from time import monotonic
from zoneinfo import ZoneInfo

from storage.models import Account
from storage.session import Database

ZoneOf = Callable[[int], Awaitable[tzinfo]]
"""An account -> its time zone."""

_KNOWN_FOR = 60.0
_MOST_KNOWN = 10_000


def always(tz: tzinfo) -> ZoneOf:
    """For one account alone, or none."""

    async def zone(_account_id: int) -> tzinfo:
        return tz

    return zone


@dataclass(frozen=True, slots=True)
class StoredZones:
    """The real `ZoneOf`; a choice is read again after a minute."""

    db: Database
    _known: dict[int, tuple[float, tzinfo]] = field(default_factory=dict)

    async def __call__(self, account_id: int) -> tzinfo:
        known = self._known.get(account_id)
        if known is not None and monotonic() - known[0] < _KNOWN_FOR:
            return known[1]
        async with self.db.tenant(account_id, read_only=True) as session:
            zone = ZoneInfo((await session.get_one(Account, account_id)).time_zone)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[account_id] = (monotonic(), zone)
        return zone
