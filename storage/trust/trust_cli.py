"""The commands about trust: audit trail, error log, purges. Heavy imports stand where they are used."""

import json
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from storage.command_line import fail, opened, run

if TYPE_CHECKING:
    from storage.retention import Rule
    from storage.settings import Settings
    from storage.trust.audit_proof import Proof

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_AGO = re.compile(r"(\d{1,4})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def audit(
    since: Annotated[
        str | None, typer.Option(help="From when on: 7d, 12h, 30m, or a date such as 2026-11-01.")
    ] = None,
    as_json: Json = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check that nothing was changed or removed.")
    ] = False,
) -> None:
    """Show who did what to what, from where and when, in the last 60 days.

    Times are UTC. With --verify: exit code 1 when an entry was changed or removed.

    Examples:  chewbotta audit --since 7d   ·   chewbotta audit --verify
    """
    start = _moment(since, datetime.now(UTC)) if since else None
    if verify:
        _tell_proof(run(_verify), as_json=as_json)
        return
    entries = run(lambda settings: _entries(settings, start))
    if as_json:
        _print_json(entries)
        return
    for entry in entries:
        details = " ".join(f"{name}={value}" for name, value in entry["details"].items())
        who = f"{entry['actor_kind']} {entry['actor']}"
        typer.echo(
            f"{entry['number']:>6}  {entry['at'][:19]}  {who:18} {entry['action']:22} {entry['subject']:14}"
            f" {entry['origin']:12} {details}".rstrip()
        )
    if not entries:
        typer.echo("Nothing is recorded.")


def _moment(text: str, now: datetime) -> datetime:
    """The moment that `--since` names; ends the command where it names none."""
    if ago := _AGO.fullmatch(text.strip().lower()):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        fail("--since is 7d, 12h, 30m, or a date such as 2026-11-01.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def _entries(settings: "Settings", since: datetime | None) -> list[dict[str, Any]]:
    from storage import accounts
    from storage.trust.audit import list_entries

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        async with place.db.tenant(account_id, read_only=True) as session:
            found = await list_entries(session, since=since)
    names = ("number", "actor_kind", "actor", "action", "subject", "origin", "details")
    return [
        {name: getattr(entry, name) for name in names}
        | {"at": entry.at.isoformat(), "digest": entry.digest.hex()}
        for entry in found
    ]


async def _verify(settings: "Settings") -> "Proof":
    from storage import accounts
    from storage.trust.audit_proof import verify

    async with opened(settings) as place:
        return await verify(place.db, await accounts.sole_account(place.db))


def _tell_proof(proof: "Proof", *, as_json: bool) -> None:
    if as_json:
        faults = [{"entry": found.number, "fault": found.fault.name.lower()} for found in proof.faults]
        _print_json({"entries": proof.entries, "first": proof.first, "last": proof.last, "faults": faults})
    elif proof.is_whole:
        typer.echo(f"The trail is whole: {proof.entries} entries, {proof.first} to {proof.last}.")
    else:
        typer.secho("The trail is not what was recorded:", err=True, fg="red")
        for found in proof.faults:
            typer.echo(f"  {found}", err=True)
    if not proof.is_whole:
        raise typer.Exit(1)


def errors(
    source: Annotated[
        int | None, typer.Option(help="One source by its number; all of them otherwise.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what sources answered wrongly in the last 30 days, newest first.

    Status, code, the source's request id, and the path without ids: never a body, a key or a person.
    """
    found = run(lambda settings: _errors(settings, source))
    if as_json:
        _print_json(found)
        return
    for error in found:
        typer.echo(
            f"{error['at'][:19]}  source {error['source']:<3} {error['status'] or '-':>4}  "
            f"{error['code'] or '-':28} {error['path']:32} try {error['attempt']}"
            f"  {error['request_id'] or ''}".rstrip()
        )
    if not found:
        typer.echo("No source has answered wrongly in the last 30 days.")


async def _errors(settings: "Settings", source_id: int | None) -> list[dict[str, Any]]:
    from storage import accounts
    from storage.trust.error_log import list_errors

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        found = await list_errors(place.db, account_id, source_id=source_id)
    return [
        {
            "at": error.at.isoformat(),
            "source": error.source_id,
            "path": error.path,
            "status": error.status,
            "code": error.code,
            "request_id": error.request_id,
            "attempt": error.attempt,
        }
        for error in found
    ]


def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is due.")] = False,
    as_json: Json = False,
) -> None:
    """Delete what is past its time, as the worker does by itself every half an hour.

    Example:  chewbotta purge --dry-run
    """
    found = run(lambda settings: _purge(settings, dry_run=dry_run))
    if as_json:
        _print_json({rule.purge: count for rule, count in found})
        return
    for rule, count in found:
        what = "busy elsewhere" if count is None else f"{count:,} {'due' if dry_run else 'deleted'}"
        typer.echo(f"{rule.purge:14} {what:16} kept {rule.kept_for}")


async def _purge(settings: "Settings", *, dry_run: bool) -> "Iterable[tuple[Rule, int | None]]":
    from storage.locks import Busy
    from storage.retention import RULES, count_due
    from storage.retention import purge as purge_one
    from storage.trust.audit import COMMAND_LINE

    found: list[tuple[Rule, int | None]] = []
    async with opened(settings) as place:
        for rule in RULES:
            try:
                count = (
                    await count_due(place.db, rule)
                    if dry_run
                    else await purge_one(place.db, rule, origin=COMMAND_LINE)
                )
            except Busy:
                found.append((rule, None))
            else:
                found.append((rule, count))
    return found


def _print_json(content: object) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
