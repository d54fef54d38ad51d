"""What a subscription wants to hear: which thoughts, of whom, when, and how much of it."""

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from thoughts.base import Money
from thoughts.registry import KINDS

WEEKLY_BUDGET = 20
"""Posts a week that a channel gets besides critical ones, where it did not choose otherwise."""

_LAST_HOUR = 23


class Rhythm(StrEnum):
    """How often a channel gets a digest."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class When(StrEnum):
    """Thoughts come at once, or all together in the digest."""

    NOW = "now"
    DIGEST = "digest"


class Wants(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a subscription wants, kept sealed. Hours are of the day in `zone`, which is the account's.

    `kinds` are names of kinds of thoughts, none: the usual ones. `filter` is a plan's filter as JSON on the
    customer that a thought is about, `over` what must be at stake at least. `quiet` are the hours from which
    and to which nothing is posted (22, 7). `digest` is how often it gets one, None: only of what was held
    back, weekly. `mention` is a person's id of the platform, or "owner": who owns the customer.
    `raised` is what "less like this" made of a kind: what must be at stake from then on, in minor units.
    `words` are what people typed, `rule` what was understood of a rule in their own words (`rules.py`).
    """

    words: str = ""
    kinds: tuple[str, ...] = ()
    filter: str | None = None
    filter_words: str = ""
    over: Money | None = None
    when: When = When.NOW
    digest: Rhythm | None = None
    hour: int = 9
    weekday: int = 0
    zone: str = "UTC"
    quiet: tuple[int, int] | None = None
    mention: str = ""
    budget: int = WEEKLY_BUDGET
    raised: dict[str, int] = {}
    rule: str = ""

    def __post_init__(self) -> None:
        ZoneInfo(self.zone)
        hours = (self.hour, *(self.quiet or ()))
        if not all(0 <= hour <= _LAST_HOUR for hour in hours):
            raise ValueError("an hour is a number from 0 to 23")
        if any(kind not in KINDS and not kind.startswith("rule:") for kind in self.kinds):
            raise ValueError("there is no such kind of thought")

    def __repr__(self) -> str:
        return f"Wants(kinds={self.kinds})"

    def hears(self, kind: str) -> bool:
        """Whether it wants thoughts of a kind at all."""
        if self.kinds:
            return kind in self.kinds
        return kind in KINDS and KINDS[kind].usual

    def is_quiet(self, at: datetime) -> bool:
        """Whether a moment lies in its quiet hours, which may go over midnight."""
        if self.quiet is None:
            return False
        begins, ends = self.quiet
        hour = at.astimezone(ZoneInfo(self.zone)).hour
        return begins <= hour < ends if begins <= ends else hour >= begins or hour < ends


_read = msgspec.json.Decoder(Wants)


def write_wants(wants: Wants) -> bytes:
    return msgspec.json.encode(wants)


def read_wants(kept: bytes) -> Wants:
    return _read.decode(kept)
