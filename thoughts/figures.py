"""What detectors on schedule look at: an account's figures of now, loaded in a few queries together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from thoughts.base import Money
from thoughts.facts import CustomerFacts, Key
from thoughts.scale import Scale
from thoughts.thresholds import DEFAULTS, Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A subscription whose trial ends, or whose period does (a renewal), at `at`."""

    key: Key
    profile_id: bytes
    at: datetime
    interval: str | None = None
    product_id: bytes | None = None
    mrr: Money | None = None
    amount: Money | None = None
    seats: int | None = None
    canceling: bool = False
    expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """An open invoice that is past its day (`due`)."""

    key: Key
    profile_id: bytes | None
    due: datetime
    remaining: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class WonDeal:
    """A won deal; `billed` says whether the customer has had a paid subscription since."""

    key: Key
    profile_id: bytes
    won_at: datetime
    amount: Money | None
    billed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRating:
    key: Key
    profile_id: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """A source and when its last complete sync ended; `refused`: since when it refuses the key."""

    source_id: int
    kind: str
    created_at: datetime
    synced_at: datetime | None
    refused: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """An account at `now`.

    `daily`: by figure ("signups", "churn", "failed_payments", "tickets", or "mrr:usd"), its value on each
    day of the account's time zone, oldest first, without a gap, up to yesterday; of a figure that has not
    been kept long enough there are fewer days. MRR is what it was at a day's end.
    """

    now: datetime
    zone: ZoneInfo
    scale: Scale
    thresholds: Thresholds = DEFAULTS
    customers: Mapping[bytes, CustomerFacts] = field(default_factory=dict)
    trials: tuple[Ending, ...] = ()
    renewals: tuple[Ending, ...] = ()
    overdue: tuple[Overdue, ...] = ()
    won: tuple[WonDeal, ...] = ()
    new_without_deal: tuple[bytes, ...] = ()
    ratings: tuple[BadRating, ...] = ()
    sources: tuple[SourceFacts, ...] = ()
    daily: Mapping[str, tuple[tuple[date, int], ...]] = field(default_factory=dict)

    def day(self, at: datetime) -> date:
        """The day of a moment in the account's time zone."""
        return at.astimezone(self.zone).date()
