"""How figures, dates and names read, the same in every renderer.

Answers carry raw values (minor units, ISO dates, shares, seconds); everything that turns one into words is
here. Results are plain text: a renderer still escapes them for its own markup. `clean` has already taken out
what could move a cursor or turn a line around.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from math import isfinite

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol

from bot.answer import Answer, Cell, Profile
from storage.metrics import catalog
from storage.metrics.amounts import exponent
from storage.metrics.catalog import FieldType, Unit

LOCALE = "en_US"
NOTHING = "—"

_SOURCES = {"hubspot": "HubSpot", "chartmogul": "ChartMogul", "csv": "CSV"}
_HEADINGS = {
    "mrr": "MRR",
    "arr": "ARR",
    "arpa": "ARPA",
    "ltv": "LTV",
    "nrr": "NRR",
    "grr": "GRR",
    "csat": "CSAT",
}
_PERIOD_KEY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?|-W(\d{2})|-Q([1-4]))?")
_MAX_DIGITS = 20  # a figure longer than this is nobody's money: it is shown in powers of ten


def clean(text: str) -> str:
    """One line without control, bidi-override, private or surrogate characters; runs of blanks become one."""
    kept = "".join(
        " " if c.isspace() else c
        for c in text
        if c.isspace() or unicodedata.category(c)[0] != "C" or c == "\u200d"
    )
    return " ".join(kept.split())


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis that shows where something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def listed(parts: list[str]) -> str:
    """a, b and c."""
    *first, last = parts or [""]
    return f"{', '.join(first)} and {last}" if first else last


def money(amount: float, currency: str | None) -> str:
    """Minor units as people write them: 1234000, "usd" → $12,340.00. Without a currency, a bare number."""
    code = clean(currency or "").upper()
    digits = exponent(code)  # not babel's: CLDR says how prices are usually written, which is something else
    major = Decimal(str(amount)).scaleb(-digits)
    if not code:
        return _decimal(major, digits)
    if major.adjusted() > _MAX_DIGITS:
        return f"{code} {major:.3E}"
    known = get_currency_symbol(code, locale=LOCALE) != code
    pattern = ("¤" if known else "¤\u00a0") + "#,##0" + ("." + "0" * digits if digits else "")
    return format_currency(major, code, pattern, locale=LOCALE, currency_digits=False)


def count(value: float) -> str:
    """1234 → 1,234; at most two decimals where there are any."""
    number = Decimal(str(value))
    if number.adjusted() > _MAX_DIGITS:
        return f"{number:.3E}"
    return format_decimal(number, "#,##0.##", locale=LOCALE)


def ratio(value: float) -> str:
    """0.034 → 3.4%; a second decimal only below 0.1%."""
    number = Decimal(str(value))
    if number.adjusted() > _MAX_DIGITS:
        return f"{number * 100:.3E}%"
    small = 0 < abs(number) < Decimal("0.001")
    return format_percent(number, "#,##0.##%" if small else "#,##0.#%", locale=LOCALE)


_STEPS = ((86_400, "day", "days"), (3_600, "h", "h"), (60, "min", "min"), (1, "s", "s"))


def duration(seconds: float) -> str:
    """The two largest steps: 8100 → 2 h 15 min; 45.2 → 45 s; 200000 → 2 days 7 h."""
    left = round(abs(seconds))
    steps = []
    for size, one, many in _STEPS:
        whole, left = divmod(left, size)
        steps.append(f"{whole:,} {one if whole == 1 else many}" if whole else "")
    first = next((i for i, step in enumerate(steps) if step), len(steps) - 1)
    said = " ".join(step for step in steps[first : first + 2] if step) or "0 s"
    return f"-{said}" if seconds < 0 else said


def figure(value: float | None, unit: str | None, currency: str | None = None) -> str:
    """A figure in its unit (money, count, ratio, duration); None, or what is no number, is a dash."""
    if value is None or not isfinite(value):
        return NOTHING
    match unit:
        case Unit.MONEY:
            return money(value, currency)
        case Unit.RATIO:
            return ratio(value)
        case Unit.DURATION:
            return duration(value)
        case _:
            return count(value)


def values(amounts: Mapping[str, float], unit: str | None = Unit.MONEY) -> str:
    """One figure a currency: $78,287.84, €2,861.77 and ¥222,767. Ratios and counts name their currency."""
    if unit == Unit.MONEY:
        return listed([figure(amount, unit, currency) for currency, amount in amounts.items()]) or NOTHING
    return listed([f"{figure(a, unit)} ({clean(c).upper()})" for c, a in amounts.items()]) or NOTHING


@dataclass(frozen=True, slots=True)
class Change:
    """How far a figure moved. `text` is "+$120.00 (+3.4%)", `sign` -1, 0 or 1."""

    text: str
    sign: int

    @property
    def arrow(self) -> str:
        return ("▬", "▲", "▼")[self.sign]


def change(now: float, before: float, unit: str | None, currency: str | None = None) -> Change:
    """The difference in the figure's own unit, and the percentage where it means something."""
    if not (isfinite(now) and isfinite(before)):
        return Change(NOTHING, 0)
    moved = Decimal(str(now)) - Decimal(str(before))
    sign = (moved > 0) - (moved < 0)
    if not sign:
        return Change("no change", 0)
    mark = "+" if sign > 0 else "-"
    size = _points(abs(moved)) if unit == Unit.RATIO else figure(_number(abs(moved)), unit, currency)
    share = (
        f" ({mark}{ratio(float(abs(moved / Decimal(str(before)))))})"
        if before > 0 and unit != Unit.RATIO
        else ""
    )
    return Change(f"{mark}{size}{share}", sign)


def day(moment: datetime | date, tz: tzinfo = UTC) -> str:
    """31 Oct 2026, in that time zone."""
    return format_date(
        moment.astimezone(tz) if isinstance(moment, datetime) else moment, "d MMM y", locale=LOCALE
    )


def when(moment: datetime, tz: tzinfo = UTC) -> str:
    """31 Oct 2026, 14:05 UTC."""
    local = moment.astimezone(tz)
    return f"{day(local, tz)}, {local:%H:%M} {local.tzname() or ''}".rstrip()


def as_of(answer: Answer, tz: tzinfo = UTC) -> str | None:
    """How fresh the data is, per source: "Stripe as of 23 Nov 2026, 11:00 UTC", or None."""
    if not answer.as_of:
        return None
    return " · ".join(f"{source(name)} as of {when(at, tz)}" for name, at in answer.as_of.items())


def source(name: str) -> str:
    """A source's own spelling: stripe → Stripe, hubspot → HubSpot."""
    name = clean(name)
    return _SOURCES.get(name.lower()) or name[:1].upper() + name[1:]


def period_key(key: str) -> str:
    """The first cell of a series: 2026-10 → Oct 2026, 2026-W41 → W41 2026, 2026-Q3 → Q3 2026."""
    found = _PERIOD_KEY.fullmatch(key)
    if found is None:
        return key
    year, month, date_of_month, week, quarter = found.groups()
    if week or quarter:
        return f"W{week} {year}" if week else f"Q{quarter} {year}"
    if not month:
        return year
    try:
        first = date(int(year), int(month), int(date_of_month or 1))
    except ValueError:
        return key
    return format_date(first, "d MMM y" if date_of_month else "MMM y", locale=LOCALE)


def heading(column: str) -> str:
    """A column's title: mrr → MRR, customer_since → Customer since."""
    if column in _HEADINGS:
        return _HEADINGS[column]
    if column in catalog.METRICS:
        return catalog.METRICS[column].label
    label = catalog.FIELDS[column].label if column in catalog.FIELDS else clean(column).replace("_", " ")
    return label[:1].upper() + label[1:]


def unit_of(column: str, unit: str | None = None) -> str | None:
    """The unit of a column's figures; None for words and dates. `unit` is the answer's own."""
    if column in catalog.METRICS and (unit or column not in catalog.FIELDS):
        return unit or catalog.METRICS[column].unit
    if column in catalog.FIELDS:
        kind = catalog.FIELDS[column].type
        return {FieldType.MONEY: Unit.MONEY, FieldType.COUNT: Unit.COUNT}.get(kind)
    return unit if column == "value" else None


def cell(
    value: Cell, column: str, currency: str | None = None, *, unit: str | None = None, tz: tzinfo = UTC
) -> str:
    """One raw cell as text, by what its column holds. `currency` is the row's, `unit` the answer's."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _words(value, column, tz)
    return figure(value, unit_of(column, unit), currency)


def _words(value: str, column: str, tz: tzinfo) -> str:
    info = catalog.FIELDS.get(column)
    if info is not None and info.type is FieldType.INSTANT:
        moment = _moment(value)
        return day(moment, tz) if moment else clean(value) or NOTHING
    said = clean(value) or NOTHING
    if column == "currency":
        return said.upper()
    if column == "country":
        return country(said)
    if column == "source":
        return source(said)
    return said.replace("_", " ") if info is not None and info.type is FieldType.ENUM else said


def contacts(profile: Profile) -> str:
    """Whom else to write to than the address of its own that a profile shows anyway."""
    return listed([clean(contact) for contact in profile.contacts if contact != profile.email])


@lru_cache(maxsize=512)
def country(code: str) -> str:
    """DE → Germany; a code that nobody knows stays as it is."""
    return str(Locale.parse(LOCALE).territories.get(code.upper(), code))


@lru_cache(maxsize=4096)
def _moment(value: str) -> datetime | date | None:
    """An ISO date stays a date (it names a day already); an instant without an offset is UTC."""
    try:
        if len(value) == len("2026-10-31"):
            return date.fromisoformat(value)
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _points(moved: Decimal) -> str:
    """How far a percentage moved, which is not itself a percentage of anything."""
    return f"{count(float(moved * 100))} {'point' if moved * 100 == 1 else 'points'}"


def _decimal(number: Decimal, digits: int) -> str:
    if number.adjusted() > _MAX_DIGITS:
        return f"{number:.3E}"
    return format_decimal(number, "#,##0" + ("." + "0" * digits if digits else ""), locale=LOCALE)


def _number(value: Decimal) -> float:
    return int(value) if value == value.to_integral_value() else float(value)
