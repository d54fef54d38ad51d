"""Who the demo company's customers are: invented names, people, places and currencies.

Every e-mail address stands under `.example`, which no one can own, and every phone number in a range that
is kept free for fiction. Some names are awkward on purpose: accents, emoji, apostrophes, other scripts,
markup, and words that questions are made of.
"""

import random
import re
import unicodedata
from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST_WORDS = _words(
    "Amber Birch Copper Dune Ember Fern Gale Harbor Indigo Juniper Kelp Lumen Maple Nimbus Opal Pebble Quill "
    "Ridge Saffron Timber Umber Velvet Willow Yonder Zephyr Brisk Clover Drift Echo Flint Grove Hazel Ivory "
    "Jolly Koi Lantern Meadow North Otter Plume Quartz River Sable Tidal Upland Vesper Wren Thistle"
)
_LAST_WORDS = _words(
    "Labs Analytics Foods Robotics Health Travel Studio Cargo Energy Books Media Security Farms Music Dental "
    "Fitness Games Optics Paper Tea Legal Textiles Cycles Garden"
)
_FORMS = {"DE": "GmbH", "GB": "Ltd", "US": "Inc", "FR": "SARL", "NL": "B.V.", "SE": "AB", "ES": "S.L."}
_SHARE_WITH_FORM = 0.25

_AWKWARD: tuple[tuple[str, str], ...] = (
    ("Café Zoë", "FR"),
    ("O'Malley & Daughters", "IE"),
    ("Ångström Örn AB", "SE"),
    ("Lemonwise 🍋", "US"),
    ("Growth Partners", "US"),
    ("March Digital", "GB"),
    ("Overdue Library Co", "CA"),
    ("Trial & Error GmbH", "DE"),
    ("Sakura Denki サクラ電機", "JP"),
    ("Last Month Media", "US"),
    ("Fernhill Studio", "GB"),
    ("Fernhill Studio Berlin", "DE"),
    ("[red]Beacon[/red] Systems", "US"),
    ("<b>Brave</b> Bakery", "NL"),
    ("=SUM(Ledger) Ltd", "GB"),
    ("*Starlit* _Signals_", "AU"),
    ("Straßenkaffee Müller", "DE"),
    ("L’Été Indien", "FR"),
    ("Annual Orchards", "US"),
    ("nimbuslowercase", "US"),
    ("Niño & Peñarol", "ES"),
    ("Top Ten Pianos", "US"),
    ("Null Isle Shipping", "US"),
    ("The Very Long Name of a Perfectly Ordinary Family Bakery and Confectionery", "CA"),
)
_AWKWARD_EVERY = 12

_COUNTRIES = {
    "US": 46, "GB": 10, "DE": 10, "FR": 6, "CA": 6, "NL": 4,
    "AU": 4, "ES": 3, "SE": 3, "IE": 2, "BR": 3, "IN": 3,
}  # fmt: skip
_EURO = frozenset({"DE", "FR", "NL", "ES", "IE"})
_SHARE_IN_OWN_CURRENCY = 0.6

_GIVEN = _words(
    "Ada Bruno Chidi Dana Elif Farid Greta Hugo Ines Jonas Kaya Lena Mateo Nadia Omar Priya Quentin Rosa "
    "Samir Tova Uma Viktor Wanda Yusuf Zora Björn Chloé Søren"
)
_FAMILY = _words(
    "Abara Berg Castillo Dubois Eriksen Fontaine Grimm Haddad Ivarsson Jansen Kowal Lindqvist Moreau Novak "
    "Okafor Petrov Quist Rossi Sato Tanaka Ulrich Varga Weber Yilmaz Zeller Núñez"
)
_SHARE_WITH_PHONE = 0.5


@dataclass(frozen=True, slots=True)
class Identity:
    """A customer before it buys anything. `country` is ISO 3166-1 alpha-2, `currency` ISO 4217.

    `faithful` customers never leave: those with awkward names, so that a demo can ask for them.
    """

    name: str
    email: str
    phone: str | None
    country: str
    currency: str
    faithful: bool


def identity(seed: int, number: int) -> Identity:
    """The `number`-th customer (from 0) of the company that grows from `seed`."""
    rng = random.Random(f"{seed}/identity/{number}")  # noqa: S311 - invented people, not secrets
    faithful = _is_awkward(number)
    name, country = _AWKWARD[number // _AWKWARD_EVERY] if faithful else _plain(seed, number, rng)
    return Identity(
        name=name,
        email=f"{_slug(rng.choice(_GIVEN))}.{_slug(rng.choice(_FAMILY))}@{_slug(name)}.example",
        phone=_phone(country, rng),
        country=country,
        currency=_currency(country, rng),
        faithful=faithful,
    )


def _is_awkward(number: int) -> bool:
    turn, position = divmod(number, _AWKWARD_EVERY)
    return position == _AWKWARD_EVERY - 1 and turn < len(_AWKWARD)


def _plain(seed: int, number: int, rng: random.Random) -> tuple[str, str]:
    """(name, country) of an ordinary company, some with the legal form of their country."""
    country = rng.choices(tuple(_COUNTRIES), tuple(_COUNTRIES.values()))[0]
    name = _plain_name(seed, number)
    form = _FORMS.get(country) if rng.random() < _SHARE_WITH_FORM else None
    return f"{name} {form}" if form else name, country


def _plain_name(seed: int, number: int) -> str:
    """Two words; no pair comes twice before all have come once, then a number tells them apart."""
    pairs = len(_FIRST_WORDS) * len(_LAST_WORDS)
    lap, place = divmod(number, pairs)
    stride = 479  # a prime that divides no list's length: walks through every pair once
    first, last = divmod((place * stride + seed * 31) % pairs, len(_LAST_WORDS))
    name = f"{_FIRST_WORDS[first]} {_LAST_WORDS[last]}"
    return f"{name} {lap + 1}" if lap else name


def _currency(country: str, rng: random.Random) -> str:
    if country == "JP":
        return "jpy"
    own = "eur" if country in _EURO else "gbp" if country == "GB" else "usd"
    return own if rng.random() < _SHARE_IN_OWN_CURRENCY else "usd"


def _phone(country: str, rng: random.Random) -> str | None:
    if rng.random() >= _SHARE_WITH_PHONE:
        return None
    if country in {"US", "CA"}:
        return f"+1202555{rng.randrange(100, 200):04d}"
    return f"+44207946{rng.randrange(1000):04d}" if country == "GB" else None


def _slug(text: str) -> str:
    """Letters and digits that a domain may hold; never empty."""
    plain = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("ß", "ss"))
    return re.sub(r"[^a-z0-9]", "", plain.encode("ascii", "ignore").decode().lower())[:40] or "customer"
