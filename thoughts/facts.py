"""What detectors of changes are told beside the change: facts of the customers and bills concerned.

Loaded for a whole batch of changes at once (`thoughts/loading.py`); plain values, so that detectors are pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from storage.intake.news import Change
from thoughts.base import Money
from thoughts.scale import Scale
from thoughts.thresholds import DEFAULTS, Thresholds

Key = tuple[int, bytes]
"""A record: its source and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """One profile. `mrr` is now, `collected` all it ever paid less refunds, by currency in minor units.

    `open_tickets` None: no support source is connected. `renews` is when the next of its yearly
    subscriptions renews; `deals` counts its deals, open or won, None where no CRM is connected.
    """

    profile_id: bytes
    since: datetime | None = None
    mrr: Mapping[str, int] = field(default_factory=dict)
    collected: Mapping[str, int] = field(default_factory=dict)
    open_tickets: int | None = None
    renews: datetime | None = None
    deals: int | None = None

    @property
    def largest_mrr(self) -> Money | None:
        """Its MRR in the currency that it pays most in."""
        return largest(self.mrr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One payment that tried to collect a bill."""

    id: bytes
    at: datetime
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What the attempts to pay one bill share. `attempts` in order of time; the rest is the invoice's,
    where it is known."""

    key: Key
    attempts: tuple[Attempt, ...] = ()
    status: str | None = None
    next_attempt_at: datetime | None = None

    @property
    def failures(self) -> int:
        return sum(attempt.status == "failed" for attempt in self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFacts:
    """What a subscription is worth: `mrr` once it counts (of one on trial: what it would be)."""

    product_id: bytes | None = None
    mrr: Money | None = None
    seats: int | None = None
    interval: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The surroundings of a batch of changes. What is in none of the maps is not known."""

    now: datetime
    zone: ZoneInfo
    scale: Scale
    thresholds: Thresholds = DEFAULTS
    profile_of: Mapping[Key, bytes] = field(default_factory=dict)
    customers: Mapping[bytes, CustomerFacts] = field(default_factory=dict)
    bills: Mapping[Key, Bill] = field(default_factory=dict)
    subscriptions: Mapping[Key, SubscriptionFacts] = field(default_factory=dict)
    customer_of: Mapping[Key, bytes] = field(default_factory=dict)
    """Of a payment or a ticket: the customer record that it names."""

    def is_news(self, at: datetime) -> bool:
        """Whether something happened lately enough to be told."""
        return self.now - at <= timedelta(hours=self.thresholds.fresh_hours)

    def day(self, at: datetime) -> date:
        """The day of a moment in the account's time zone."""
        return at.astimezone(self.zone).date()

    def customer(self, change: Change) -> CustomerFacts | None:
        """The customer that a change names; None where it is not known (any more)."""
        profile_id = change.profile_id
        if profile_id is None and change.customer_id is not None:
            profile_id = self.profile_of.get((change.source_id, change.customer_id))
        return None if profile_id is None else self.customers.get(profile_id)


def customer_behind(change: Change, record_id: bytes | None, about: About) -> CustomerFacts | None:
    """The customer that a change names by another record: a refund by its payment, a rating by its ticket."""
    if record_id is None:
        return None
    customer_id = about.customer_of.get((change.source_id, record_id))
    profile_id = about.profile_of.get((change.source_id, customer_id)) if customer_id else None
    return about.customers.get(profile_id) if profile_id else None


def largest(amounts: Mapping[str, int]) -> Money | None:
    """The largest of amounts in several currencies, by its number; None where there is none."""
    found = max(amounts.items(), key=lambda item: (item[1], item[0]), default=None)
    return Money(found[1], found[0]) if found and found[1] else None
