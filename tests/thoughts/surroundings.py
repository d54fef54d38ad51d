"""What detectors are told in tests: an account in US dollars at NOW, with one customer."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from storage.intake.news import Change
from thoughts.base import (
    Count,
    Customer,
    Day,
    Moment,
    Money,
    OnChange,
    OnSchedule,
    Product,
    Ratio,
    Sentence,
    Source,
    Term,
    Thought,
)
from thoughts.facts import About, CustomerFacts
from thoughts.figures import Figures
from thoughts.scale import Scale

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = NOW.date()
PROFILE = b"p" * 16
RECORD = b"c" * 16
OTHER = b"o" * 16
ZONE = ZoneInfo("UTC")
SCALE = Scale(currency="usd", typical={"usd": 10_000, "eur": 5_000}, total={"usd": 1_000_000})


def usd(major: float) -> Money:
    return Money(round(major * 100), "usd")


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def ahead(**parts: float) -> datetime:
    return NOW + timedelta(**parts)


def customer(**facts: Any) -> CustomerFacts:
    """A customer for a year, at 100.00 a month."""
    known: dict[str, Any] = {
        "profile_id": PROFILE,
        "since": ago(days=365),
        "mrr": {"usd": 10_000},
        "collected": {"usd": 120_000},
        "open_tickets": 0,
    }
    return CustomerFacts(**{**known, **facts})


def about(**surroundings: Any) -> About:
    given: dict[str, Any] = {
        "now": NOW,
        "zone": ZONE,
        "scale": SCALE,
        "profile_of": {(1, RECORD): PROFILE},
        "customers": {PROFILE: customer()},
    }
    return About(**{**given, **surroundings})


def figures(**known: Any) -> Figures:
    given: dict[str, Any] = {"now": NOW, "zone": ZONE, "scale": SCALE, "customers": {PROFILE: customer()}}
    return Figures(**{**given, **known})


def change(kind: str, new: dict[str, Any], old: dict[str, Any] | None = None, **parts: Any) -> Change:
    """A change of a record of source 1 that names RECORD, an hour ago."""
    given: dict[str, Any] = {"id": b"r" * 16, "at": ago(hours=1), "customer_id": RECORD, **parts}
    return Change(kind=kind, source_id=1, new=new, old=None if old is None else {**new, **old}, **given)


def detected(detector: OnChange | OnSchedule, *args: Any) -> list[Thought]:
    """The thoughts of a detector; of one on changes only if it is concerned."""
    if isinstance(detector, OnChange):
        found, surroundings = args
        return list(detector.detect(found, surroundings)) if detector.concerns(found) else []
    return list(detector.detect(*args))


def plain(sentence: Sentence) -> str:
    """A sentence as a test reads it: facts by their values."""
    return "".join(part if isinstance(part, str) else _SAID[type(part)](part) for part in sentence)


_SAID: dict[type, Callable[[Any], str]] = {
    Money: lambda fact: f"{fact.amount / 100:.2f} {fact.currency}",
    Count: lambda fact: f"{fact.value} {fact.noun if fact.value == 1 else fact.nouns}".rstrip(),
    Customer: lambda _: "CUSTOMER",
    Product: lambda _: "PLAN",
    Source: lambda _: "SOURCE",
    Moment: lambda fact: f"{fact.at:%Y-%m-%d}",
    Day: lambda fact: f"{fact.on}",
    Ratio: lambda fact: f"{fact.value * 100:.1f}%",
    Term: lambda fact: str(fact.word),
}


def days(values: list[float], last: date = TODAY - timedelta(days=1)) -> tuple[tuple[date, Any], ...]:
    """Values of successive days, the last of them yesterday."""
    first = last - timedelta(days=len(values) - 1)
    return tuple((first + timedelta(days=number), value) for number, value in enumerate(values))
