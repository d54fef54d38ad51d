"""`chewbotta currency rates`: the account's exchange rates. Heavy imports stand where they are used."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from storage.command_line import fail, opened, run

if TYPE_CHECKING:
    from storage.metrics.rates import Quote
    from storage.rates import KnownRate
    from storage.settings import Settings

currency_app = typer.Typer(name="currency", no_args_is_help=True, help="Currencies and what they are worth.")
rates_app = typer.Typer(
    name="rates",
    no_args_is_help=True,
    help="Exchange rates. With them totals of several currencies are given in the account's own, and say so; "
    "without them there is one total for each currency.\n\n"
    "The European Central Bank publishes its rates as a file: unpack eurofxref-hist.zip from "
    "https://www.ecb.europa.eu/stats/eurofxref/ and import the CSV file in it. Nothing is fetched by itself.",
)
currency_app.add_typer(rates_app)

Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], show_default="today")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def _day(given: datetime | None) -> date:
    return (given or datetime.now(UTC)).date()


@rates_app.command(name="set")
def set_(
    currency: Annotated[str, typer.Argument(help="The currency, such as EUR.")],
    rate: Annotated[str, typer.Argument(help="What 1 of it is worth in the account's currency.")],
    on: Day = None,
    as_json: Json = False,
) -> None:
    """Set the rate that holds from a day on, until a later one.

    Example:  chewbotta currency rates set EUR 1.0823 --on 2026-11-02
    """
    quote = run(lambda settings: _set(settings, currency, rate, _day(on)))
    if as_json:
        told = {"currency": quote.base, "into": quote.currency, "rate": f"{quote.rate:f}"}
        typer.echo(json.dumps({**told, "day": quote.day.isoformat()}))
    else:
        typer.echo(f"From {quote.day} on 1 {quote.base.upper()} is {quote.rate:f} {quote.currency.upper()}.")


async def _set(settings: "Settings", currency: str, rate: str, day: date) -> "Quote":
    from storage import accounts
    from storage.rates import set_rate

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return await set_rate(place.db, account_id, currency, rate, day=day)


@rates_app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="The CSV file; '-' reads it from standard input.")],
    as_json: Json = False,
) -> None:
    """Import the European Central Bank's file: all of it, or nothing if a line of it is wrong.

    Example:  chewbotta currency rates import eurofxref-hist.csv
    """
    from storage.ecb import LARGEST_FILE

    try:
        with sys.stdin.buffer if file == Path("-") else file.open("rb") as source:
            content = source.read(LARGEST_FILE + 1)
    except OSError as problem:
        fail(f"{file} cannot be read ({problem.strerror}).")
    quotes = run(lambda settings: _import(settings, content))
    days = sorted({quote.day for quote in quotes})
    codes = {quote.currency for quote in quotes}
    if as_json:
        period = {"first_day": days[0].isoformat(), "last_day": days[-1].isoformat()}
        typer.echo(json.dumps({"rates": len(quotes), "currencies": sorted(codes), **period}))
    else:
        typer.echo(f"{len(quotes):,} rates of {len(codes)} currencies, {days[0]} to {days[-1]}.")


async def _import(settings: "Settings", content: bytes) -> "list[Quote]":
    import asyncio

    from storage import accounts
    from storage.ecb import read_rates
    from storage.rates import import_rates

    quotes = await asyncio.to_thread(read_rates, content)
    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        with _progress() as show:
            await import_rates(place.db, account_id, quotes, progress=show)
    return quotes


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Importing rates"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@rates_app.command(name="list")
def list_(on: Day = None, as_json: Json = False) -> None:
    """Show what each currency is worth in the account's, today or on another day."""
    found = run(lambda settings: _list(settings, _day(on)))
    if as_json:
        typer.echo(json.dumps([_as_json(known) for known in found]))
        return
    if not found:
        typer.echo("There are no rates: totals are given for each currency apart.")
    for known in found:
        worth = f"{known.rate:f} {known.into.upper()}, of {known.day}" if known.rate else "no rate"
        typer.echo(f"1 {known.currency.upper()}  {worth}  ({known.days:,} since {known.since})")


def _as_json(known: "KnownRate") -> dict[str, str | int | None]:
    return {
        "currency": known.currency,
        "into": known.into,
        "rate": None if known.rate is None else f"{known.rate:f}",
        "day": known.day.isoformat() if known.day else None,
        "since": known.since.isoformat(),
        "days": known.days,
    }


async def _list(settings: "Settings", on: date) -> "list[KnownRate]":
    from storage import accounts
    from storage.rates import list_rates

    async with opened(settings) as place:
        return await list_rates(place.db, await accounts.sole_account(place.db), on)


@rates_app.command()
def clear(
    currency: Annotated[
        str | None, typer.Argument(help="One currency.", show_default="every currency")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Forget the rates of one currency, or all of them."""
    if not yes:
        typer.confirm(f"Forget the rates of {currency or 'every currency'}?", abort=True, err=True)
    deleted = run(lambda settings: _clear(settings, currency))
    typer.echo(json.dumps({"deleted": deleted}) if as_json else f"{deleted:,} rates are forgotten.")


async def _clear(settings: "Settings", currency: str | None) -> int:
    from storage import accounts
    from storage.rates import clear_rates

    async with opened(settings) as place:
        return await clear_rates(place.db, await accounts.sole_account(place.db), currency)
