"""Where and when a plan looks: one account, a moment or a period, and what rows it is asked of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, SQLColumnExpression, bindparam

from storage.metrics.plan import Condition, Filter
from storage.metrics.rates import RateBook
from storage.types import Instant

Column = SQLColumnExpression[Any]
Query = Select[*tuple[Any, ...]]

_INSTANT_STEP = timedelta(microseconds=1)


class Unanswerable(ValueError):
    """The plan is sound but the cache cannot answer it; the text says what can be asked instead.

    It is a sentence that people see.
    """


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks and when. `now` is an aware datetime; `currency` the account's own.

    `rated` are the currencies that the account has exchange rates of (`accounts.asking` knows); `book`
    has those rates that filters and the order of a list compare by.
    """

    account_id: int
    currency: str
    time_zone: str
    now: datetime
    rated: tuple[str, ...] = ()
    book: RateBook | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """When a scope, or a bucket of it, looks: see `Scope`."""

    start: datetime
    end: datetime
    moment: datetime
    opening: datetime


class Spans(StrEnum):
    """Which subscriptions of a customer a filter looks at: those at the scope's moment, also on trial or
    paying only; those a customer began with, or left within the scope's period."""

    IN_FORCE = "in_force"
    PAYING = "paying"
    BEGAN = "began"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One look at the data.

    `moment`, `start` and `end` are SQL: bound values, or columns of buckets, whose key is `bucket`; `opening`
    is the last instant before `start`, at which the cohort of a rate is found. `row_fields` are the catalog's
    fields that the counted rows have as columns, `row_tests` test those that they have several of; all others
    are asked of the customer behind a row. Where customers are counted (`of_customers`), "not on Growth" is
    about all that a customer has, not about a row.
    `subject` names what is asked, for people; `times` are the times by bucket as values.
    """

    asking: Asking
    moment: Column
    start: Column
    end: Column
    opening: Column
    subject: str
    filters: Filter | None = None
    by: tuple[str, ...] = ()
    row_fields: Mapping[str, Column] = field(default_factory=dict)
    row_tests: Mapping[str, Callable[[Condition], Column]] = field(default_factory=dict)
    of_customers: bool = False
    bucket: Column | None = None
    spans: Spans = Spans.IN_FORCE
    times: Mapping[str | None, Times] = field(default_factory=dict)

    @property
    def in_buckets(self) -> bool:
        """Whether the times are columns."""
        return self.bucket is not None


def instant(value: datetime) -> Column:
    return bindparam(None, value, type_=Instant)


def just_before(end: datetime, now: datetime) -> datetime:
    """The moment at which a stock "in" a period is read: its last instant, or now while it runs."""
    return now if end > now else opening_of(end)


def local_day(moment: datetime, asking: Asking) -> date:
    """The day that a moment lies on, in the account's time zone."""
    return moment.astimezone(ZoneInfo(asking.time_zone)).date()


def opening_of(moment: datetime) -> datetime:
    """The last instant before a moment."""
    return moment - _INSTANT_STEP
