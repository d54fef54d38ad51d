"""Amounts as people type them ("$1k", "500 €", "1.5m jpy", "£2,000.50") and the digits of each currency."""

import re
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from babel.numbers import list_currencies

# As Stripe counts minor units, which is not ISO 4217 in three cases: krónur and Ugandan shillings are sent in
# hundredths that must be 0, ariary whole (https://docs.stripe.com/currencies#special-cases).
_NO_DIGITS = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_THREE_DIGITS = "bhd iqd jod kwd lyd omr tnd"
EXPONENTS = MappingProxyType(dict.fromkeys(_NO_DIGITS.split(), 0) | dict.fromkeys(_THREE_DIGITS.split(), 3))
"""How many digits the minor unit stands for, where that is not two."""

_CODES = frozenset(code.lower() for code in list_currencies())
_DOLLARS = frozenset(("usd", "aud", "cad", "nzd", "sgd", "hkd", "twd", "mxn"))
_CROWNS = frozenset(("sek", "nok", "dkk", "isk"))
# A sign that several currencies share stands for the account's own if it is one of them, else for the first.
_SHARED = {
    "$": ("usd", _DOLLARS),
    "dollar": ("usd", _DOLLARS),
    "¥": ("jpy", frozenset(("jpy", "cny"))),
    "kr": ("sek", _CROWNS),
    "£": ("gbp", frozenset(("gbp", "egp"))),
    "pound": ("gbp", frozenset(("gbp", "egp"))),
}
_SIGNS = {
    "us$": "usd", "a$": "aud", "au$": "aud", "c$": "cad", "ca$": "cad", "nz$": "nzd", "s$": "sgd",
    "hk$": "hkd", "nt$": "twd", "mx$": "mxn", "r$": "brl", "€": "eur", "₹": "inr", "₩": "krw", "₽": "rub",
    "₺": "try",
    "₴": "uah", "₪": "ils", "₫": "vnd", "฿": "thb", "₱": "php", "zł": "pln", "kč": "czk", "euro": "eur",
    "yen": "jpy", "franc": "chf", "rupee": "inr", "yuan": "cny", "won": "krw",
    "buck": "usd", "quid": "gbp",
}  # fmt: skip
_SCALES = {
    "": 0, "k": 3, "thousand": 3, "grand": 3,
    "m": 6, "mn": 6, "mio": 6, "million": 6, "b": 9, "bn": 9, "billion": 9,
}  # fmt: skip
_TYPED = re.compile(r"\s*(?P<before>[^\d\s.,]*)\s*(?P<digits>\d[\d.,' ]*)(?P<after>[^\d]*)", re.DOTALL)
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[.,' ])\d{3}(?:(?P=mark)\d{3})*")
_LARGEST = 2**63 - 1
_LONGEST = 40


class AmountError(ValueError):
    """The text is no amount of money, or one that the currency cannot hold."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Minor units of `currency`. `stated`: the text named the currency, it was not assumed."""

    minor: int
    currency: str
    stated: bool


def exponent(currency: str) -> int:
    """How many digits of a currency's amount stand after the decimal point: 2 for most."""
    return EXPONENTS.get(currency.lower(), 2)


def to_major(minor: int, currency: str) -> Decimal:
    """1234 usd is 12.34; 1234 jpy is 1234."""
    return Decimal(minor).scaleb(-exponent(currency))


def currency_named(word: str, default_currency: str = "usd") -> str | None:
    """The currency that a sign, code or word means ("€", "EUR", "euros"), else None.

    A sign of several currencies ("$") means `default_currency` where that is one of them.
    """
    said = word.strip().lower()
    for form in (said, said.removesuffix("s")):
        if form in _SHARED:
            usual, sharing = _SHARED[form]
            return default_currency if default_currency in sharing else usual
        if form in _SIGNS:
            return _SIGNS[form]
        if form in _CODES:
            return form
    return None


def parse_amount(text: str, default_currency: str) -> Amount:
    """The amount that `text` is, all of it; without a currency it is of `default_currency`.

    Raises AmountError for anything else: other words, fractions of a minor unit, beyond 64 bits.
    """
    typed = _TYPED.fullmatch(text) if len(text) <= _LONGEST else None
    if typed is None:
        raise AmountError("an amount is a number with a currency, such as $1,200 or 500 eur")
    scale, after = _scale_and_rest(typed["after"].strip().lower())
    names = [word for word in (typed["before"], after) if word]
    currencies = {currency_named(word, default_currency) for word in names}
    if None in currencies or len(currencies) > 1:
        raise AmountError("an amount names one known currency")
    currency = next(iter(currencies)) or default_currency if currencies else default_currency
    digits = exponent(currency)
    minor = _number(typed["digits"].strip(), digits if scale == 0 else None).scaleb(scale + digits)
    if minor != minor.to_integral_value() or minor > _LARGEST:
        raise AmountError(f"{currency.upper()} has no such amount")
    return Amount(int(minor), currency, bool(names))


def _scale_and_rest(after: str) -> tuple[int, str]:
    """Splits what follows the digits: "k", "m jpy", "million euros", "eur"."""
    first, _, rest = after.partition(" ")
    if first in _SCALES:
        return _SCALES[first], rest.strip()
    if first[:1] in ("k", "m", "b") and currency_named(after) is None and currency_named(after[1:]):
        return _SCALES[first[0]], after[1:]
    return 0, after


def _number(digits: str, decimals: int | None) -> Decimal:
    """A number with the marks of any country: the last mark is the decimal one, unless it groups thousands.

    A lone group of three after a point ("1.500") is thousands, except where amounts have three decimals or
    are scaled (`decimals` None: "1.234m").
    """
    grouped = _GROUPED.fullmatch(digits)
    if grouped is not None and not (digits.count(".") == 1 and decimals in (None, 3)):
        return Decimal(_bare(digits))
    at = max(digits.rfind("."), digits.rfind(","))
    whole, part = (digits, "") if at < 0 else (digits[:at], digits[at + 1 :])
    plain = whole.isdigit() or (_GROUPED.fullmatch(whole) is not None and digits[at] not in whole)
    if not plain or (at >= 0 and not part.isdigit()):
        raise AmountError("the marks in this number can be read in more than one way")
    return Decimal(f"{_bare(whole)}.{part or 0}")


def _bare(digits: str) -> str:
    return re.sub(r"\D", "", digits)
