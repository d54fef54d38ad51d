"""The columns that a file may have: what each is called, and how its cells are read.

A cell is read strictly: what could mean two things (03/04/2026) is refused with how to write it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from babel import Locale

from storage import normalise
from storage.metrics.amounts import Amount, AmountError, currency_named, parse_amount
from storage.records import Interval, SubscriptionStatus

_LONGEST = 500
_NOT_WORD = re.compile(r"[^a-z0-9]+")


class CellError(ValueError):
    """A cell cannot be read. The text says what to write, and never what stands there."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name, the headers that mean it, and how a cell that is not empty is read."""

    name: str
    headers: tuple[str, ...]
    read: Callable[[str], Any]
    meaning: str


def _text(cell: str) -> str:
    if len(cell) > _LONGEST:
        raise CellError(f"is longer than {_LONGEST} signs")
    return cell


def _email(cell: str) -> str:
    if normalise.email(cell) is None:
        raise CellError("is no e-mail address")
    return _text(cell)


def _time(cell: str) -> datetime:
    """A day is its first moment in UTC, as is a time that does not say where."""
    try:
        found = datetime.fromisoformat(cell)
    except ValueError:
        raise CellError("is no date: write it as 2026-03-31") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _amount(cell: str) -> Amount:
    """With the currency that it names; the account's own is put in later, where it names none."""
    try:
        return parse_amount(cell, "usd")
    except AmountError as problem:
        raise CellError(f"cannot be read: {problem}") from None


def _currency(cell: str) -> str:
    found = currency_named(cell)
    if found is None:
        raise CellError("is no currency: write its code, such as EUR")
    return found


@cache
def _countries() -> dict[str, str]:
    names = Locale("en").territories
    codes = {code: name for code, name in names.items() if code.isalpha()}  # 150 is Europe
    return {name.casefold(): code for code, name in codes.items()} | {code.casefold(): code for code in codes}


def _country(cell: str) -> str:
    found = _countries().get(cell.casefold())
    if found is None:
        raise CellError("is no country: write its two-letter code, such as DE")
    return found


def _one_of(meanings: Mapping[str, Any]) -> Callable[[str], Any]:
    def read(cell: str) -> Any:
        found = meanings.get(cell.casefold())
        if found is None:
            raise CellError(f"must be one of {', '.join(meanings)}")
        return found

    return read


_INTERVALS = {
    "month": (Interval.MONTH, 1), "monthly": (Interval.MONTH, 1),
    "year": (Interval.YEAR, 1), "yearly": (Interval.YEAR, 1), "annual": (Interval.YEAR, 1),
    "quarter": (Interval.MONTH, 3), "quarterly": (Interval.MONTH, 3),
    "week": (Interval.WEEK, 1), "weekly": (Interval.WEEK, 1),
}  # fmt: skip
_STATES = {
    "active": SubscriptionStatus.ACTIVE, "paying": SubscriptionStatus.ACTIVE,
    "trial": SubscriptionStatus.TRIALING, "trialing": SubscriptionStatus.TRIALING,
    "past due": SubscriptionStatus.PAST_DUE, "past_due": SubscriptionStatus.PAST_DUE,
    "paused": SubscriptionStatus.PAUSED,
    "canceled": SubscriptionStatus.CANCELED, "cancelled": SubscriptionStatus.CANCELED,
}  # fmt: skip

MONTHLY, YEARLY = "mrr", "arr"
"""Headers of an amount that say how often it is billed."""

FIELDS = (
    Field(
        "customer_id", ("customer id", "id", "account id", "customer"), _text, "your own id of the customer"
    ),
    Field(
        "name", ("name", "company", "company name", "customer name", "account"), _text, "what it is called"
    ),
    Field("email", ("email", "e mail", "email address", "billing email"), _email, "its e-mail address"),
    Field("domain", ("domain", "website", "url"), _text, "its website"),
    Field("country", ("country", "country code"), _country, "its country: DE or Germany"),
    Field("created", ("created", "created at", "customer since", "signed up"), _time, "customer since"),
    Field("plan", ("plan", "product", "plan name", "tier"), _text, "what it pays for"),
    Field("amount", ("amount", "price", MONTHLY, YEARLY), _amount, "what it pays each time"),
    Field("currency", ("currency",), _currency, "in which currency"),
    Field(
        "interval", ("interval", "billing period", "billed"), _one_of(_INTERVALS), "how often: month or year"
    ),
    Field("status", ("status", "state"), _one_of(_STATES), "active, trialing, past due, paused, canceled"),
    Field("started", ("started", "start date", "subscribed", "started at"), _time, "paying since"),
    Field("trial_end", ("trial end", "trial ends", "trial ends at"), _time, "when its trial ends"),
    Field("ended", ("ended", "ended at", "canceled at", "cancelled at", "churned"), _time, "when it stopped"),
)
"""Every column that is understood; others are left out, and nothing of them is stored."""

BY_NAME = {field.name: field for field in FIELDS}
_BY_HEADER = {
    header: field.name for field in FIELDS for header in (field.name.replace("_", " "), *field.headers)
}


def plain(header: str) -> str:
    """A header without case and punctuation: "Customer-ID " is "customer id"."""
    return _NOT_WORD.sub(" ", header.casefold()).strip()


def field_of(header: str) -> str | None:
    """The field that a header means, else None."""
    return _BY_HEADER.get(plain(header))
