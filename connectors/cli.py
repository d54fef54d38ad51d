"""The commands of this floor: sources and their sync. Heavy imports stand where they are used."""

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectors.import_cli import import_
from storage.command_line import Opened, fail, one_line_errors, opened, run

if TYPE_CHECKING:
    from connectors.base import Access
    from connectors.sync import SyncResult
    from storage.settings import Settings
    from storage.trust.receipts import SignedReceipt

source_app = typer.Typer(
    name="source",
    no_args_is_help=True,
    help="Add, list and remove sources of data.",
)

source_app.command(name="import")(import_)

KEY_VARIABLE = "SOURCE_API_KEY"
_KEY_SEEN = (
    "Note: --api-key puts the key into the process list and your shell's history. Better: leave it out."
)


@source_app.command()
def add(
    kind: Annotated[
        str,
        typer.Argument(help="Which system: stripe, hubspot, intercom, zendesk, or demo for an invented one."),
    ],
    api_key: Annotated[
        str | None,
        typer.Option(
            help=f"The key. Better left out: it is asked for, or read from {KEY_VARIABLE}, and so never "
            "stands in your shell's history."
        ),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--with", help="What a system wants beside its key, as NAME=VALUE: subdomain=acme."),
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Another server than the vendor's own.")] = None,
    label: Annotated[str | None, typer.Option(help="What to call it.")] = None,
) -> None:
    """Connect a system. The key is tried before it is stored, and stored encrypted.

    Examples:  chewbotta source add stripe   ·   chewbotta source add zendesk --with subdomain=acme
    """
    if api_key:
        typer.echo(_KEY_SEEN, err=True)
    answers = dict(one.split("=", 1) for one in given or () if "=" in one)
    if key := api_key or os.environ.get(KEY_VARIABLE):
        answers["key"] = key
    _ask(kind, answers, has_server=base_url is not None)
    if not answers["key"]:
        fail(f"No key was given: type it at the prompt, pipe it in, or set {KEY_VARIABLE}.")
    source_id, access = run(lambda settings: _add(settings, kind, answers, base_url, label))
    typer.echo(f"Source {source_id} ({kind}) is connected, {'live' if access.live else 'test'} data.")
    if access.refused:
        typer.echo(
            f"Not to be read with this key: {_refused(kind, access.refused)}. "
            "Answers that need them will say so."
        )
    typer.echo("Next: chewbotta sync")


def _ask(kind: str, answers: dict[str, str], *, has_server: bool) -> None:
    """Completes what is known of a credential: by asking, or from the lines that are piped in, in order."""
    from connectors.registry import connector_class

    if kind == "demo":
        from datetime import UTC, datetime

        from connectors.demo import new_key

        answers.setdefault("key", new_key(datetime.now(UTC)))
        return
    with one_line_errors():
        make = connector_class(kind)
    if not make.is_synced:
        fail("A file has no key to add: chewbotta source import FILE")
    wanted = [ask for ask in make.asks if ask.name not in answers and not (ask.address and has_server)]
    if wanted and sys.stdin.isatty():
        typer.echo(f"It must be able to read: {', '.join(make.permissions)}.", err=True)
        if make.guide:
            typer.echo(f"How to make one, in five minutes: {make.guide}", err=True)
    for ask in wanted:
        if sys.stdin.isatty():
            answers[ask.name] = str(typer.prompt(ask.prompt, hide_input=ask.secret))
        else:
            answers[ask.name] = sys.stdin.readline().strip()


def _refused(kind: str, streams: tuple[str, ...]) -> str:
    """The streams with the permission that each one wants: contacts (crm.objects.contacts.read)."""
    from connectors.registry import connector_class

    wants = {stream.name: stream.permission for stream in connector_class(kind).streams}
    return ", ".join(f"{name} ({wants[name]})" if wants.get(name) else name for name in streams)


async def _add(
    settings: "Settings", kind: str, answers: dict[str, str], base_url: str | None, label: str | None
) -> "tuple[int, Access]":
    from datetime import UTC, datetime

    from connectors.registry import connector_class
    from storage import accounts, sources
    from storage.errors import OperatorError

    make = connector_class(kind)
    try:
        credential = make.credential(answers, base_url)
    except ValueError as problem:
        raise OperatorError(str(problem)) from None
    access = await _check(make, credential)
    if not access.readable:
        raise OperatorError(f"The key may read nothing: it wants {_refused(kind, access.refused)}.")
    async with opened(settings) as place:
        source_id = await sources.add_source(
            place.db,
            place.vault,
            await accounts.sole_account(place.db),
            kind=kind,
            label=label or make.label,
            secret=sources.SourceSecret(credential.key),
            base_url=credential.base_url or access.base_url,
            now=datetime.now(UTC),
            live=access.live,
        )
    return source_id, access


async def _check(make: Any, credential: Any) -> "Access":
    """Tries the key; an unusable one is the operator's to put right, and is never repeated."""
    from connectors.errors import ConnectorError
    from storage.errors import OperatorError

    try:
        async with make(credential) as connector:
            access: Access = await connector.check()
            return access
    except (ConnectorError, ValueError) as problem:
        raise OperatorError(str(problem)) from None


@source_app.command(name="list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show the connected systems and how fresh their data is."""
    found = run(_list)
    if as_json:
        typer.echo(json.dumps(found))
        return
    if not found:
        typer.echo("No system is connected yet: chewbotta source add stripe")
    for source in found:
        synced = source["synced_at"] or "never"
        typer.echo(f"{source['source']:>3}  {source['kind']:10} {source['label']:24} synced {synced}")
        for stream, reason in source["left_out"].items():
            typer.echo(f"       without {stream}: {reason}")


async def _list(settings: "Settings") -> list[dict[str, Any]]:
    from storage import accounts, sources

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return [
            {
                "source": source.source_id,
                "kind": source.kind,
                "label": source.label,
                "state": source.state,
                "synced_at": source.synced_at.isoformat(timespec="seconds") if source.synced_at else None,
                "left_out": source.left_out,
            }
            for source in await sources.list_sources(place.db, account_id)
        ]


@source_app.command()
def remove(
    source: Annotated[int, typer.Argument(help="The source's number, as `source list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a system and all of its customers' data, at once and for good.

    Prints the signed receipt of what went and what is left elsewhere. Interrupted, the same command goes on.
    """
    if not yes:
        typer.confirm(f"Delete source {source} and everything it brought?", abort=True)
    receipt = run(lambda settings: _remove(settings, source))
    typer.echo(receipt.as_json(), nl=False)
    typer.echo(
        f"Source {source} and everything it brought are gone. The receipt is kept: `chewbotta receipt list`.",
        err=True,
    )


async def _remove(settings: "Settings", source_id: int) -> "SignedReceipt":
    from storage import accounts
    from storage.trust.source_removal import remove_source

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return await remove_source(place.db, place.vault, account_id, source_id)


def sync(
    source: Annotated[int | None, typer.Option(help="One source by its number; otherwise all.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, not just changes.")] = False,
) -> None:
    """Bring the cache up to date. Interrupted, the next run goes on where it stopped."""
    results = run(lambda settings: _sync(settings, source, full=full))
    for source_id, outcome in results:
        if isinstance(outcome, str):
            typer.secho(f"Source {source_id}: {outcome}", err=True, fg="red")
        else:
            _tell(source_id, outcome)
    if any(isinstance(outcome, str) for _, outcome in results):
        raise typer.Exit(1)


def _tell(source_id: int, result: "SyncResult") -> None:
    new, changed = sum(result.written.inserted.values()), sum(result.written.changed.values())
    typer.echo(
        f"Source {source_id}: {result.read:,} objects read; {new:,} new, {changed:,} changed, "
        f"{result.written.deleted:,} deleted."
    )
    for stream, reason in result.left_out.items():
        typer.echo(f"  left out {stream}: {reason}")
    if result.skipped:
        fields = sorted({f"{skipped.kind} {skipped.field}" for skipped in result.skipped})
        typer.echo(f"  {len(result.skipped):,} objects could not be read: {', '.join(fields[:5])}")


async def _sync(
    settings: "Settings", only: int | None, *, full: bool
) -> "list[tuple[int, SyncResult | str]]":
    from connectors.registry import connector_class
    from storage import accounts, sources

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        if only is None:
            listed = await sources.list_sources(place.db, account_id)
            wanted = [one.source_id for one in listed if connector_class(one.kind).is_synced]
        else:
            wanted = [(await sources.get_source(place.db, account_id, only)).source_id]
        if not wanted:
            fail("There is nothing to sync yet: chewbotta source add stripe")
        return [(one, await _sync_one(place, account_id, one, full=full)) for one in wanted]


async def _sync_one(place: Opened, account_id: int, source_id: int, *, full: bool) -> "SyncResult | str":
    """The result, or in words why there is none: the other sources still get their turn."""
    from connectors.errors import ConnectorError
    from connectors.progress import shown
    from connectors.sync import sync_source
    from storage.doer import Doer
    from storage.locks import Busy

    try:
        with shown() as watch:
            return await sync_source(
                place.db,
                place.vault,
                account_id,
                source_id,
                full=full,
                on_progress=watch,
                by=Doer.operator(),
            )
    except ConnectorError as problem:
        return str(problem)
    except Busy:
        return "another sync of it is running"
