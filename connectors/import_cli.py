"""`chewbotta source import`: customers and subscriptions from a file."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from storage.command_line import fail, one_line_errors, opened, printable, run

if TYPE_CHECKING:
    from connectors.csv_file.load import OnWritten
    from connectors.csv_file.rows import Read
    from connectors.csv_file.table import Table
    from storage.intake.upsert import Written
    from storage.settings import Settings

_MOST_SHOWN = 20


def import_(
    file: Annotated[Path, typer.Argument(help="The CSV file; '-' reads it from standard input.")],
    into: Annotated[
        int | None, typer.Option(help="The source of an earlier file, to bring it up to date.")
    ] = None,
    label: Annotated[str, typer.Option(help="What to call it.")] = "CSV file",
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="The header of a field that is called otherwise, as FIELD=HEADER: amount='Net fee'."
        ),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="Of amounts that name none.", show_default="the account's")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be imported, and stop.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs; needs --yes.")] = False,
) -> None:
    """Import customers and subscriptions from a CSV file, all of it or nothing.

    A row is a customer, or one of its subscriptions. What is not understood is reported by line.

    Examples:  chewbotta source import customers.csv   ·   chewbotta source import new.csv --into 3
    """
    if as_json and not (yes or dry_run):
        fail("--json asks nothing: add --yes, or --dry-run.")
    table = _table(file, column or [])
    read = run(lambda settings: _read(settings, table, currency))
    if not as_json:
        _preview(table, read)
    if read.bad:
        _refuse(read, as_json=as_json)
    if dry_run:
        _tell(table, read, None, None, as_json=as_json)
        return
    if not yes:
        if file == Path("-"):
            fail("What comes from standard input cannot be confirmed there: add --yes.")
        typer.confirm("Import this?", abort=True)
    source_id, written = run(lambda settings: _load(settings, read, into, label))
    _tell(table, read, source_id, written, as_json=as_json)


def _table(file: Path, column: list[str]) -> "Table":
    from connectors.csv_file.table import LARGEST_FILE, read_table

    if wrong := [one for one in column if "=" not in one]:
        fail(f"--column takes FIELD=HEADER, not {wrong[0]!r}.")
    try:
        with sys.stdin.buffer if file == Path("-") else file.open("rb") as source:
            content = source.read(LARGEST_FILE + 1)
    except OSError as problem:
        fail(f"{file} cannot be read ({problem.strerror}).")
    with one_line_errors():
        return read_table(content, dict(one.split("=", 1) for one in column))


async def _read(settings: "Settings", table: "Table", currency: str | None) -> "Read":
    from connectors.csv_file.rows import read_rows
    from storage import accounts
    from storage.errors import OperatorError
    from storage.metrics.amounts import currency_named

    now = datetime.now(UTC)
    async with opened(settings) as place:
        asking = await accounts.asking(place.db, await accounts.sole_account(place.db), now)
    code = currency_named(currency) if currency else asking.currency
    if code is None:
        raise OperatorError(f"There is no currency {currency!r}: write its code, such as EUR.")
    return read_rows(table, currency=code, now=now)


def _preview(table: "Table", read: "Read") -> None:
    for name, header in table.columns.items():
        typer.echo(f"  {printable(header):24} is {name}")
    if table.left_out:
        typer.echo(f"  Left out, and not stored: {printable(', '.join(table.left_out))}")
    typer.echo(f"{read.customers:,} customers with {read.subscriptions:,} subscriptions.")


def _refuse(read: "Read", *, as_json: bool) -> None:
    """Every line that is wrong, up to a screenful; nothing was imported."""
    if as_json:
        bad = [{"line": one.line, "field": one.field, "reason": one.reason} for one in read.bad]
        typer.echo(json.dumps({"imported": False, "bad": bad}))
    else:
        for one in read.bad[:_MOST_SHOWN]:
            typer.echo(f"  {printable(str(one))}", err=True)
        if (more := len(read.bad) - _MOST_SHOWN) > 0:
            typer.echo(f"  and {more:,} more", err=True)
    fail(f"Nothing was imported: {len(read.bad):,} cells or rows are not right.")


async def _load(settings: "Settings", read: "Read", into: int | None, label: str) -> "tuple[int, Written]":
    from connectors.csv_file.load import load, open_source
    from storage import accounts

    now = datetime.now(UTC)
    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        account = (place.db, place.vault, account_id)
        source_id = await open_source(*account, into=into, label=label, now=now)
        with _progress(len(read.records)) as watch:
            return source_id, await load(*account, source_id, read.records, now=now, on_written=watch)


@contextmanager
def _progress(total: int) -> "Iterator[OnWritten]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Importing"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def _tell(
    table: "Table", read: "Read", source_id: int | None, written: "Written | None", *, as_json: bool
) -> None:
    if as_json:
        told = {
            "imported": written is not None,
            "source": source_id,
            "columns": dict(table.columns),
            "left_out": list(table.left_out),
            "customers": read.customers,
            "subscriptions": read.subscriptions,
        }
        typer.echo(json.dumps(told))
    elif written is None:
        typer.echo("Nothing was imported: this was a dry run.")
    else:
        new, changed = sum(written.inserted.values()), sum(written.changed.values())
        typer.echo(f"Source {source_id}: {new:,} records new, {changed:,} changed.")
        typer.echo(f"Once the file has changed: chewbotta source import FILE --into {source_id}")
