"""What running a plan gives: raw figures, before any word is said about them.

A closed union of small frozen values. Money is integer minor units by lower-case ISO 4217 code and is never
added across currencies; ratios are 0.034 for 3.4%; durations are seconds; times are aware datetimes. A
customer appears as a `ProfileRef`: names are sealed at rest and opened only when the answer is worded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from storage.metrics.catalog import Unit

ByCurrency = Mapping[str, int | float]
"""Currency code → figure: {"usd": 1234000}. Currencies whose figure is zero may be left out."""


@dataclass(frozen=True, slots=True)
class ProfileRef:
    """A customer in a cell: the 16 bytes of the profile's id, to be named later."""

    profile_id: bytes


@dataclass(frozen=True, slots=True)
class SealedRef:
    """A personal field in a cell: where it stands, to be opened later (`storage.opened_figures`)."""

    table: str
    source_id: int
    row_id: bytes
    field: str


Text = SealedRef | str | None
Cell = str | int | float | bool | datetime | ProfileRef | SealedRef | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Amounts that were brought into one currency: which currencies they were of, at the rates of which days.

    `missing` are currencies without a rate, which are kept apart. `first` and `last` are None where nothing
    was converted.
    """

    into: str
    currencies: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One figure: `value` where currencies play no part, else `values`, one per currency.

    `values` empty and `value` None means that nothing was counted: zero, or no ratio to speak of.
    `rows_counted` is how many rows stand behind it; `left_out` how many customers could not be compared
    because they are billed in another currency than the filter's. `conversion` says what was converted.
    """

    unit: Unit
    value: int | float | None = None
    values: ByCurrency = field(default_factory=dict)
    rows_counted: int | None = None
    left_out: int = 0
    conversion: Conversion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    now: Number
    before: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of an entity, in the asked order, cut at the limit. `total_rows` is before the limit."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total_rows: int
    left_out: int = 0
    conversion: Conversion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A figure over time. Keys are `2026-10`, `2026-W41`, `2026-10-31`, `2026-Q3` or `2026`, in order."""

    unit: Unit
    points: tuple[tuple[str, Number], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """A figure cut by dimensions. A key has one value for each of the plan's `by`; None is "not known"."""

    unit: Unit
    groups: tuple[tuple[tuple[str | None, ...], Number], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFigures:
    plan: str | None
    status: str
    mrr: int
    currency: str
    interval: str | None
    renews: datetime | None = None
    trial_ends: datetime | None = None
    cancels: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementFigures:
    type: str
    amount: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFigures:
    status: str
    amount: int
    currency: str
    at: datetime
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFigures:
    name: Text
    title: Text = None
    email: Text = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DealFigures:
    name: Text
    state: str
    stage: str | None = None
    amount: int | None = None
    currency: str | None = None
    closes: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFigures:
    """One customer as all sources see it, without the fields of its records (name, e-mail, links: see
    `names`). `open_conversations` None: no support source is connected."""

    profile: ProfileRef
    status: str
    plan: str | None = None
    mrr: ByCurrency = field(default_factory=dict)
    country: str | None = None
    customer_since: datetime | None = None
    subscriptions: tuple[SubscriptionFigures, ...] = ()
    last_payment: PaymentFigures | None = None
    outstanding: ByCurrency = field(default_factory=dict)
    open_conversations: int | None = None
    owner: Text = None
    contacts: tuple[ContactFigures, ...] = ()
    deals: tuple[DealFigures, ...] = ()
    movements: tuple[MovementFigures, ...] = ()


Figures = Number | Comparison | Table | Series | Breakdown | ProfileFigures


def profiles_in(figures: Figures) -> tuple[bytes, ...]:
    """The ids of the customers that an answer on these figures will name, each once."""
    if isinstance(figures, ProfileFigures):
        return (figures.profile.profile_id,)
    if isinstance(figures, Table):
        cells = (cell for row in figures.rows for cell in row)
        return tuple(dict.fromkeys(c.profile_id for c in cells if isinstance(c, ProfileRef)))
    return ()
