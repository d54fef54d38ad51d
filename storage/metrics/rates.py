"""Exchange rates: what a unit of one currency was worth in another on a day, exactly.

Rates are exact fractions; nothing is rounded here. A day without a rate (a weekend) has that of the latest
day before it. A pair that has none of its own goes through the euro, as the European Central Bank
publishes: 1 GBP in USD is the USD for 1 EUR over the GBP for 1 EUR.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import CTE, String, and_, column, func, select, values
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage.metrics.amounts import exponent
from storage.models import CurrencyRate

EURO = "eur"


@dataclass(frozen=True, slots=True)
class Quote:
    """From `day` on 1 `base` is `rate` `currency`; None: quoted no more."""

    base: str
    currency: str
    day: date
    rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Rate:
    """What one minor unit of a currency is in minor units of another, and the day that the rate is of."""

    value: Fraction
    day: date


class RateBook:
    """The quotes of some currencies over some time, looked up by pair and day."""

    def __init__(self, quotes: Iterable[Quote] = ()) -> None:
        self._pairs: dict[tuple[str, str], tuple[list[date], list[Decimal | None]]] = defaultdict(
            lambda: ([], [])
        )
        for quote in sorted(quotes, key=lambda one: one.day):
            days, rates = self._pairs[quote.base, quote.currency]
            days.append(quote.day)
            rates.append(quote.rate)

    def __bool__(self) -> bool:
        return bool(self._pairs)

    @property
    def currencies(self) -> frozenset[str]:
        """Every currency that a quote names."""
        return frozenset(code for pair in self._pairs for code in pair)

    def rate(self, currency: str, into: str, day: date) -> Rate | None:
        """The rate of the day from minor units to minor units; None where there is none.

        Of a pair's own rate and one through the euro the later counts; on the same day its own.
        """
        if currency == into:
            return Rate(Fraction(1), day)
        found = [
            leg
            for leg in (
                self._quoted(currency, into, day),
                _inverse(self._quoted(into, currency, day)),
                self._through_euro(currency, into, day),
            )
            if leg is not None
        ]
        if not found:
            return None
        latest = max(found, key=lambda leg: leg.day)
        digits = exponent(into) - exponent(currency)
        return Rate(latest.value * Fraction(10) ** digits, latest.day)

    def _quoted(self, base: str, currency: str, day: date) -> Rate | None:
        if base == currency:
            return Rate(Fraction(1), day)
        days, rates = self._pairs.get((base, currency), ([], []))
        at = bisect_right(days, day) - 1
        rate = rates[at] if at >= 0 else None
        return None if rate is None else Rate(Fraction(rate), days[at])

    def _through_euro(self, currency: str, into: str, day: date) -> Rate | None:
        one, other = self._quoted(EURO, currency, day), self._quoted(EURO, into, day)
        if one is None or other is None:
            return None
        return Rate(other.value / one.value, min(one.day, other.day))


def _inverse(rate: Rate | None) -> Rate | None:
    return None if rate is None else Rate(1 / rate.value, rate.day)


async def load_rates(
    session: AsyncSession, account_id: int, currencies: Collection[str], into: str, first: date, last: date
) -> RateBook:
    """What is needed to convert these currencies into another on any day from `first` to `last`: the quotes
    of those days, and of each pair the latest one before them. One statement."""
    if not set(currencies) - {into}:
        return RateBook()
    row, earlier = CurrencyRate, aliased(CurrencyRate)
    pair = _pairs(currencies, into)
    since = (
        select(func.max(earlier.day))
        .where(
            earlier.account_id == account_id,
            earlier.base == pair.c.base,
            earlier.currency == pair.c.currency,
            earlier.day <= first,
        )
        .scalar_subquery()
    )
    query = (
        select(row.base, row.currency, row.day, row.rate)
        .join(pair, and_(pair.c.base == row.base, pair.c.currency == row.currency))
        .where(row.account_id == account_id, row.day <= last, row.day >= func.coalesce(since, first))
    )
    return RateBook(Quote(*found) for found in await session.execute(query))


def _pairs(currencies: Collection[str], into: str) -> CTE:
    """The pairs that a rate into `into` may come from: its own, either way round, and those of the euro."""
    codes = {*currencies, into} - {EURO}
    pairs = {(EURO, code) for code in codes}
    pairs |= {pair for code in currencies if code != into for pair in ((code, into), (into, code))}
    columns = (column("base", String), column("currency", String))
    return values(*columns, name="pair").data(sorted(pairs)).cte("pair")
