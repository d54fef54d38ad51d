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
    seats: int | None = None
    customer_id: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """An open invoice that is past its day (`due`); `bill` is what its attempts share.

    `dated`: it had a due date; one without is overdue since its first failed attempt.
    """

    bill: Key
    profile_id: bytes
    due: datetime
    remaining: Money
    dated: bool = True


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

    `started`: who became a customer in the last 90 days, the latest first. `customers` are those that any of
    the rows names. `daily`: by figure ("signups", "churned_customers", or of MRR "mrr:usd"), its value on
    each day of the account's time zone, oldest first, without a gap, up to yesterday; of a figure that has
    not been kept long enough there are fewer days. MRR is what it was at a day's end.
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
    started: tuple[CustomerFacts, ...] = ()
    ratings: tuple[BadRating, ...] = ()
    sources: tuple[SourceFacts, ...] = ()
    daily: Mapping[str, tuple[tuple[date, int], ...]] = field(default_factory=dict)

    def day(self, at: datetime) -> date:
        """The day of a moment in the account's time zone."""
        return at.astimezone(self.zone).date()
