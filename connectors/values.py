"""Small values that several vendors write the same way, as records want them."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache

from babel import Locale

from storage.metrics.amounts import exponent

_MOST_DIGITS = 14
"""Of an amount in major units: its minor units still fit into 64 bits."""

_ALSO = {
    "america": "US", "england": "GB", "great britain": "GB", "holland": "NL", "korea": "KR", "scotland": "GB",
    "the netherlands": "NL", "uae": "AE", "uk": "GB", "united states of america": "US", "usa": "US",
    "u.s.": "US", "u.s.a.": "US", "czech republic": "CZ", "turkey": "TR",
}  # fmt: skip
_CODE = re.compile(r"[A-Z]{2}")
_NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}


class Unreadable(Exception):
    """The object cannot become a record because of this field (`$.amount`)."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def when(seconds: int | None) -> datetime | None:
    return None if seconds is None else at(seconds)


def moment(text: str | None, field: str) -> datetime | None:
    """An ISO 8601 time with its zone; nothing for nothing. Raises Unreadable."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(field) from None
    if found.tzinfo is None:
        raise Unreadable(field)
    return found.astimezone(UTC)


def minor(text: str | None, currency: str, field: str) -> int | None:
    """Minor units of an amount in major ones ("1232.50"); nothing for nothing. Raises Unreadable."""
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise Unreadable(field) from None
    if not amount.is_finite() or amount.adjusted() > _MOST_DIGITS:
        raise Unreadable(field)
    return round(amount.scaleb(exponent(currency)))


@cache
def _countries() -> dict[str, str]:
    """Codes by English name, and by code, in lower case."""
    territories = Locale("en").territories.items()
    names = {str(code): str(name) for code, name in territories if _CODE.fullmatch(str(code))}
    by_code = {code.lower(): code for code in names if code not in _NO_COUNTRIES}
    return by_code | {names[code].lower(): code for code in by_code.values()} | _ALSO


def country(text: str | None) -> str | None:
    """The ISO 3166-1 code of a country as people write it; None where that is no country."""
    return _countries().get(text.strip().lower()) if text else None
