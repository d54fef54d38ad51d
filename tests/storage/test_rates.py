"""An account's exchange rates: set, imported whole or not at all, listed, cleared, and its own alone."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from storage import rates
from storage.ecb import RatesFileError, read_rates
from storage.metrics.rates import Quote, load_rates
from storage.models import Account, AuditEntry, CurrencyRate
from tests.storage.test_ecb import PUBLISHED
from tests.world import NOW, World, make_world

TODAY = NOW.date()


async def _rated(world: World) -> tuple[str, ...]:
    async with world.db.tenant(world.account_id, read_only=True) as session:
        return (await session.get_one(Account, world.account_id)).rated


async def test_a_rate_is_set_for_a_day_and_set_again(world: World) -> None:
    """Setting twice keeps the later word for that day, exactly as typed; the trail has both."""
    for rate in ("1.0823", "1.08230000000000000001"):
        await rates.set_rate(world.db, world.account_id, "EUR", rate, day=TODAY)
    (row,) = await world.rows(CurrencyRate)
    assert (row.base, row.currency, row.day, row.rate) == (
        "eur", "usd", TODAY, Decimal("1.08230000000000000001")
    )  # fmt: skip
    assert [e.action for e in await world.rows(AuditEntry)].count("rates:changed") == 2
    assert await _rated(world) == ("eur", "usd")


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "1e99999", "one", "", "1" * 40, "1e-29"])
async def test_what_is_no_rate_is_refused(world: World, rate: str) -> None:
    """Only a finite number above 0 with a sane number of digits is a rate."""
    with pytest.raises(rates.RateError):
        await rates.set_rate(world.db, world.account_id, "EUR", rate, day=TODAY)
    assert await world.rows(CurrencyRate) == []


@pytest.mark.parametrize("currency", ["usd", "doubloon", "", "EURO AREA"])
async def test_what_is_no_foreign_currency_is_refused(world: World, currency: str) -> None:
    """The account's own currency needs no rate, and what is none has none."""
    with pytest.raises(rates.RateError):
        await rates.set_rate(world.db, world.account_id, currency, "1.1", day=TODAY)


async def test_a_file_is_imported_twice_and_is_there_once(world: World) -> None:
    """Importing again changes nothing; progress is told to the end."""
    told: list[tuple[int, int]] = []
    quotes = read_rates(PUBLISHED)
    for _ in range(2):
        await rates.import_rates(world.db, world.account_id, quotes, progress=lambda *at: told.append(at))
    assert len(await world.rows(CurrencyRate)) == len(quotes)
    assert told == [(len(quotes), len(quotes))] * 2
    found = {known.currency: known for known in await rates.list_rates(world.db, world.account_id, TODAY)}
    assert found["eur"].rate == Decimal("1.0823")
    assert found["jpy"].rate == Decimal("0.00662038169807")  # 1.0823 / 163.48, to 12 digits
    assert (found["rub"].rate, found["rub"].day) == (None, None)
    assert (found["jpy"].since, found["jpy"].days) == (date(2007, 12, 31), 4)


async def test_nothing_of_a_wrong_file_is_imported(world: World) -> None:
    """A file with one wrong line leaves what was there."""
    with pytest.raises(RatesFileError):
        await rates.import_rates(
            world.db, world.account_id, read_rates(PUBLISHED + b"2026-11-18,1.1,x,N/A,N/A,\n")
        )
    assert await world.rows(CurrencyRate) == []


async def test_rates_are_cleared_by_currency_or_all(world: World) -> None:
    """Clearing one currency leaves the others; clearing all leaves an account that converts nothing."""
    quotes = read_rates(PUBLISHED)
    await rates.import_rates(world.db, world.account_id, quotes)
    assert await rates.clear_rates(world.db, world.account_id, "jpy") == 4
    assert await _rated(world) == ("cyp", "eur", "rub", "usd")
    assert await rates.clear_rates(world.db, world.account_id) == len(quotes) - 4
    assert await _rated(world) == ()


async def test_only_what_a_time_needs_is_loaded(world: World) -> None:
    """A week is loaded with the day before it that its weekend needs, and no more; other pairs stay away."""
    days = [TODAY - timedelta(days=back) for back in range(30)]
    await rates.import_rates(
        world.db,
        world.account_id,
        [Quote("eur", code, day, Decimal(day.day)) for day in days[::2] for code in ("usd", "gbp", "jpy")],
    )
    async with world.db.tenant(world.account_id, read_only=True) as session:
        book = await load_rates(session, world.account_id, ["gbp"], "usd", days[9], days[5])
    assert book.currencies == {"eur", "gbp", "usd"}
    assert (found := book.rate("gbp", "usd", days[9])) is not None
    assert found.day == days[10]
    assert book.rate("gbp", "usd", days[11]) is None


async def test_an_account_sees_its_own_rates_alone(world: World) -> None:
    """Another account's rates are neither listed, nor loaded, nor cleared."""
    theirs = await make_world(world.db, world.vault, "Theirs")
    await rates.set_rate(world.db, theirs.account_id, "EUR", "2", day=TODAY)
    assert await rates.list_rates(world.db, world.account_id, TODAY) == []
    assert await rates.clear_rates(world.db, world.account_id) == 0
    async with world.db.tenant(world.account_id, read_only=True) as session:
        assert not await load_rates(session, theirs.account_id, ["eur"], "usd", TODAY, TODAY)
    assert len(await theirs.rows(CurrencyRate)) == 1
