"""The answer: what every renderer draws and `ask --json` prints.

A closed union in one frozen model: `kind` says which fields are filled. Values are raw (minor units, ISO
dates, counts); only renderers format them.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Kind(StrEnum):
    NUMBER = "number"
    COMPARISON = "comparison"
    TABLE = "table"
    SERIES = "series"
    BREAKDOWN = "breakdown"
    PROFILE = "profile"
    CLARIFY = "clarify"
    REFUSE = "refuse"


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AnswerPeriod(Shape):
    start: datetime
    end: datetime
    label: str


class Option(Shape):
    """A reading to choose from in a `clarify`. `question` asked instead gives that reading; `plan` is it."""

    label: str
    detail: str | None = None
    question: str | None = None
    plan: dict[str, Any] | None = None


class SourceLink(Shape):
    source: str
    url: str | None = None


class ProfileSubscription(Shape):
    plan: str | None
    status: str
    mrr: int
    currency: str
    interval: str | None
    renews: datetime | None = None
    trial_ends: datetime | None = None
    cancels: datetime | None = None


class ProfileMovement(Shape):
    type: str
    amount: int
    currency: str
    at: datetime


class ProfilePayment(Shape):
    status: str
    amount: int
    currency: str
    at: datetime
    failure: str | None = None


class Profile(Shape):
    """One customer as all sources see it. `mrr` is in `currency`; `mrr_by_currency` if there are several."""

    id: str
    name: str
    domain: str | None = None
    email: str | None = None
    contacts: tuple[str, ...] = ()
    sources: tuple[SourceLink, ...] = ()
    status: str
    plan: str | None = None
    mrr: int = 0
    currency: str | None = None
    mrr_by_currency: dict[str, int] | None = None
    country: str | None = None
    customer_since: datetime | None = None
    subscriptions: tuple[ProfileSubscription, ...] = ()
    last_payment: ProfilePayment | None = None
    outstanding: dict[str, int] | None = None
    open_conversations: int | None = None
    deals: tuple[str, ...] = ()
    owner: str | None = None
    movements: tuple[ProfileMovement, ...] = ()


class LeftOut(Shape):
    """So many rows that a figure does not count, and why: 14 "subscriptions" "on trial"."""

    count: int
    noun: str
    reason: str


class Receipt(Shape):
    """Why this number: how it is defined, what stands behind it, what it leaves out, at which rates.

    `counted` is a number of `noun`. `complete` says that what is left out was counted too (`bot.why`).
    """

    definition: str | None = None
    counted: int | None = None
    noun: str = "rows"
    left_out: tuple[LeftOut, ...] = ()
    rates: tuple[str, ...] = ()
    complete: bool = False


Cell = str | int | float | bool | None


class Answer(Shape):
    """The contract. Fields that a kind does not use are None.

    `about` are the ids of the customers that it names, `row_ids` those of a list's rows (hex): for whoever
    keeps it or goes on from it, and never printed. `receipt` is for whoever asks why; the contract does not
    print it.
    """

    question: str
    kind: Kind
    text: str
    value: int | float | None = None
    unit: str | None = None
    currency: str | None = None
    values: dict[str, int | float] | None = None
    previous: int | float | dict[str, int | float] | None = None
    columns: tuple[str, ...] | None = None
    rows: tuple[tuple[Cell, ...], ...] | None = None
    total_rows: int | None = None
    profile: Profile | None = None
    options: tuple[Option, ...] | None = None
    period: AnswerPeriod | None = None
    as_of: dict[str, datetime] | None = None
    plan: dict[str, Any] | None = None
    interpreter: str = "grammar"
    took_ms: float = 0.0
    receipt: Receipt | None = Field(default=None, exclude=True, repr=False)
    about: tuple[bytes, ...] = Field(default=(), exclude=True, repr=False)
    row_ids: tuple[str | None, ...] = Field(default=(), exclude=True, repr=False)
