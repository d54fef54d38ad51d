"""The account's exchange rates: set one, import a published file, list them, clear them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.doer import Doer
from storage.errors import OperatorError
from storage.metrics.amounts import currency_named, exponent
from storage.metrics.rates import EURO, Quote, Rate, load_rates
from storage.models import Account, CurrencyRate
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Fact, Kind, Subject

_AT_ONCE = 5_000
_MOST_DIGITS = 30
_SHOWN_DIGITS = 12
_CODE_LENGTH = 3


class RateError(OperatorError):
    """That is no rate, or no currency."""


@dataclass(frozen=True, slots=True)
class KnownRate:
    """A currency's rate into the account's: 1 `currency` is `rate` of it (12 digits), of `day`.

    `rate` and `day` are None where it has none now. `since` and `days`: the first day and the number of days
    that its own quotes tell of.
    """

    currency: str
    into: str
    rate: Decimal | None
    day: date | None
    since: date
    days: int


async def set_rate(
    db: Database, account_id: int, currency: str, rate: str, *, day: date, by: Doer | None = None
) -> Quote:
    """From `day` on 1 `currency` is `rate` of the account's currency. Raises RateError."""
    base, worth = _code(currency), _positive(rate)
    async with db.tenant(account_id) as session:
        account = await _locked(session, account_id)
        if base == account.currency:
            raise RateError(f"{base.upper()} is the account's own currency: it needs no rate.")
        quote = Quote(base, account.currency, day, worth)
        await _write(db, session, account_id, [quote])
        account.rated = _with(account.rated, [quote])
        await _note(session, account_id, by, {Fact.COUNT: 1})
    return quote


async def import_rates(
    db: Database,
    account_id: int,
    quotes: Sequence[Quote],
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    by: Doer | None = None,
) -> int:
    """Stores all quotes or none, over what was there for the same days. Returns how many."""
    async with db.tenant(account_id) as session:
        account = await _locked(session, account_id)
        account.rated = _with(account.rated, quotes)
        for start in range(0, len(quotes), _AT_ONCE):
            await _write(db, session, account_id, quotes[start : start + _AT_ONCE])
            progress(min(start + _AT_ONCE, len(quotes)), len(quotes))
        await _note(session, account_id, by, {Fact.COUNT: len(quotes)})
    return len(quotes)


async def list_rates(db: Database, account_id: int, on: date) -> list[KnownRate]:
    """Every currency that has rates, with the one that holds on a day."""
    row = CurrencyRate
    async with db.tenant(account_id, read_only=True) as session:
        account = await session.get_one(Account, account_id)
        own = account.currency
        counted = select(row.base, row.currency, func.min(row.day), func.count(row.rate))
        pairs = (
            await session.execute(
                counted.where(row.account_id == account_id).group_by(row.base, row.currency)
            )
        ).all()
        told: dict[str, tuple[date, int]] = {}
        for base, currency, since, days in pairs:
            for code in {base, currency} - {own}:
                earliest, most = told.get(code, (since, 0))
                told[code] = min(earliest, since), max(most, days)
        book = await load_rates(session, account_id, told, own, on, on)
    return [_known(book.rate(code, own, on), code, own, *told[code]) for code in sorted(told)]


def _known(rate: Rate | None, code: str, own: str, since: date, days: int) -> KnownRate:
    if rate is None:
        return KnownRate(code, own, None, None, since, days)
    worth = rate.value * Fraction(10) ** (exponent(code) - exponent(own))
    return KnownRate(code, own, _shown(worth), rate.day, since, days)


async def clear_rates(
    db: Database, account_id: int, currency: str | None = None, *, by: Doer | None = None
) -> int:
    """Forgets every rate, or what one currency is in the account's and in euros; returns how many.

    Raises RateError."""
    row = CurrencyRate
    query = delete(row).where(row.account_id == account_id)
    code = None if currency is None else _code(currency)
    async with db.tenant(account_id) as session:
        account = await _locked(session, account_id)
        if code is not None:
            names = [pair for other in (account.currency, EURO) for pair in ((code, other), (other, code))]
            query = query.where(tuple_(row.base, row.currency).in_(names))
        connection = await session.connection()
        deleted = (await connection.execute(query)).rowcount
        left = await session.execute(select(row.base, row.currency).distinct())
        account.rated = tuple(sorted({code for pair in left for code in pair}))
        await _note(session, account_id, by, {Fact.DELETED: deleted})
    return deleted


async def _locked(session: AsyncSession, account_id: int) -> Account:
    """The account's row, held until the commit: what it says of its rates goes with them."""
    return await session.get_one(Account, account_id, with_for_update=True)


def _with(rated: Sequence[str], quotes: Sequence[Quote]) -> tuple[str, ...]:
    return tuple(sorted({*rated, *(code for quote in quotes for code in (quote.base, quote.currency))}))


async def _write(db: Database, session: AsyncSession, account_id: int, quotes: Sequence[Quote]) -> None:
    insert = postgresql.insert if db.is_postgres else sqlite.insert
    statement = insert(CurrencyRate)
    changed = statement.excluded.rate
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "base", "currency", "day"],
            set_={"rate": changed},
            where=CurrencyRate.rate.is_distinct_from(changed),
        ),
        [
            {
                "account_id": account_id,
                "base": quote.base,
                "currency": quote.currency,
                "day": quote.day,
                "rate": quote.rate,
            }
            for quote in quotes
        ],
    )


async def _note(session: AsyncSession, account_id: int, by: Doer | None, details: dict[Fact, int]) -> None:
    who = by or Doer.operator()
    await audit.record(
        session,
        actor=who.actor,
        action=Action.RATES_CHANGED,
        subject=Subject(Kind.ACCOUNT, account_id),
        origin=who.origin,
        details=details,
    )


def _code(text: str) -> str:
    code = currency_named(text)
    if code is None or len(code) != _CODE_LENGTH:
        raise RateError("That is no currency: name one by its code, such as EUR.")
    return code


def _positive(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal("NaN")
    digits = f"{rate:f}" if rate.is_finite() and abs(rate.adjusted()) <= _MOST_DIGITS else ""
    if not digits or rate <= 0 or len(digits) > _MOST_DIGITS:
        raise RateError("A rate is a number above 0, such as 1.0823.")
    return rate


def _shown(value: Fraction) -> Decimal:
    context = Context(prec=_SHOWN_DIGITS)
    return context.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize()
