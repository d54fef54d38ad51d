"""The commands about what is stored of a source and whether it still is there. Heavy imports stand inside."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectors.cli import source_app
from storage.command_line import fail, opened, run

if TYPE_CHECKING:
    from storage.settings import Settings


@source_app.command()
def fields(
    source: Annotated[
        str, typer.Argument(help="A kind, such as stripe, or the number of a source of yours.")
    ],
    off: Annotated[
        list[str] | None, typer.Option(help="Forget this optional field at once and never store it again.")
    ] = None,
    on: Annotated[list[str] | None, typer.Option(help="Store this optional field again.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show every field that may be stored, and switch optional ones off.

    What is not on the list cannot be stored, whatever the vendor sends.

    Examples:  chewbotta source fields stripe   ·   chewbotta source fields 1 --off phone --off name
    """
    if not source.isdecimal():
        if off or on:
            fail("Fields are switched off for a source of yours: give its number (`chewbotta source list`).")
        _print(source, (), as_json=as_json)
        return
    kind, switched_off = run(lambda settings: _switch(settings, int(source), off or [], on or []))
    _print(kind, switched_off, as_json=as_json)
    if on:
        typer.echo("What was forgotten comes back with a full sync: chewbotta sync --full", err=True)


def _print(kind: str, switched_off: tuple[str, ...], *, as_json: bool) -> None:
    from connectors.registry import connector_class
    from storage.command_line import one_line_errors
    from storage.trust.optional_fields import OPTIONAL

    with one_line_errors():
        listed = connector_class(kind).stored_fields()
    if as_json:
        typer.echo(json.dumps({"kind": kind, "fields": listed, "switched_off": list(switched_off)}))
        return
    for record, names in listed.items():
        typer.echo(f"{record:14} {', '.join(names)}")
    for field in OPTIONAL.values():
        state = (
            f"off: {field.when_off}" if field.name in switched_off else f"on; off would be: {field.when_off}"
        )
        typer.echo(f"optional       customer {field.name}: {state}")


async def _switch(
    settings: "Settings", source_id: int, off: list[str], on: list[str]
) -> tuple[str, tuple[str, ...]]:
    from datetime import UTC, datetime

    from storage import accounts, sources
    from storage.trust import minimise

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        await sources.get_source(place.db, account_id, source_id)
        if off:
            await minimise.switch_off(
                place.db, place.vault, account_id, source_id, off, now=datetime.now(UTC)
            )
        if on:
            await minimise.switch_on(place.db, account_id, source_id, on)
        source = await sources.get_source(place.db, account_id, source_id)
    return source.kind, source.switched_off


def reconcile(
    source: Annotated[
        int | None, typer.Option(help="One source by its number; all of them otherwise.")
    ] = None,
) -> None:
    """Find what was deleted at the source without a word, and delete it here.

    Ids are compared. A list that fails or is not whole deletes nothing; many missing customers are believed
    only after a second look.
    """
    results = run(lambda settings: _reconcile(settings, source))
    for source_id, outcome in results:
        if isinstance(outcome, str):
            typer.secho(f"Source {source_id}: {outcome}", err=True, fg="red")
            continue
        compared, deleted = sum(outcome.compared.values()), sum(outcome.deleted.values())
        typer.echo(f"Source {source_id}: {compared:,} compared, {deleted:,} deleted.")
        for stream, count in outcome.doubted.items():
            typer.echo(f"  {count:,} {stream} were missing in the list, but not gone beyond doubt: kept")
        for stream, reason in outcome.left_out.items():
            typer.echo(f"  left out {stream}: {reason}")
    if any(isinstance(outcome, str) for _, outcome in results):
        raise typer.Exit(1)


async def _reconcile(settings: "Settings", only: int | None) -> list[tuple[int, Any]]:
    from storage import accounts, sources

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        known = [source.source_id for source in await sources.list_sources(place.db, account_id)]
        wanted = known if only is None else [(await sources.get_source(place.db, account_id, only)).source_id]
        if not wanted:
            fail("There is nothing to compare yet: chewbotta source add stripe")
        return [(one, await _reconcile_one(place, account_id, one)) for one in wanted]


async def _reconcile_one(place: Any, account_id: int, source_id: int) -> Any:
    """The result, or in words why there is none: the other sources still get their turn."""
    from connectors.errors import ConnectorError
    from connectors.reconcile import reconcile_source
    from storage.doer import Doer
    from storage.locks import Busy

    try:
        return await reconcile_source(place.db, place.vault, account_id, source_id, by=Doer.operator())
    except ConnectorError as problem:
        return str(problem)
    except Busy:
        return "another comparison of it is running"
