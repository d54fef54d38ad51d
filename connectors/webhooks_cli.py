"""The commands about webhooks: switched on, listed, worked on again. Heavy imports stand inside."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from storage.command_line import fail, opened, run

if TYPE_CHECKING:
    from storage.settings import Settings

webhooks_app = typer.Typer(
    name="webhooks",
    no_args_is_help=True,
    help="What vendors tell at once: switch it on, see what arrived, have it worked on again.",
)

SourceNumber = Annotated[int, typer.Argument(help="The source's number, as `source list` shows it.")]


@webhooks_app.command()
def on(
    source: SourceNumber,
    replace: Annotated[
        bool, typer.Option("--replace", help="Forget the secrets that are known so far.")
    ] = False,
) -> None:
    """Say with which secret a vendor signs its webhooks, and print where to send them.

    The secret is asked for, or read from a pipe. While a vendor rolls its secret, the older one goes on until
    --replace.
    """
    secret = typer.prompt("Signing secret", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not (secret := secret.strip()):
        fail("No secret was given: type it at the prompt, or pipe it in.")
    address = run(lambda settings: _on(settings, source, secret, replace=replace))
    typer.echo(f"Webhooks of source {source} are taken at {address}")


async def _on(settings: "Settings", source_id: int, secret: str, *, replace: bool) -> str:
    from connectors.registry import connector_class
    from storage import accounts, sources

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        source = await sources.get_source(place.db, account_id, source_id)
        if connector_class(source.kind).hook is None:
            fail(f"{source.kind} has no webhooks that are signed.")
        known = await sources.open_secret(place.vault, source)
        secrets = dict.fromkeys((secret, *(() if replace else known.signing)))
        await sources.set_signing_secrets(place.db, place.vault, account_id, source_id, list(secrets))
    base = (settings.public_url or "https://your-address.example").rstrip("/")
    return f"{base}/webhooks/{account_id}/{source_id}"


@webhooks_app.command(name="list")
def list_(
    source: SourceNumber,
    state: Annotated[
        str | None, typer.Option(help="Only those: received, done, failed, or dead (set aside).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show the newest events that arrived, and what became of them."""
    found = run(lambda settings: _list(settings, source, state))
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found:
        why = f"  {one['failure']}" if one["failure"] else ""
        typer.echo(f"{one['event']}  {one['received_at']}  {one['state']:9} {one['type']}{why}")


async def _list(settings: "Settings", source_id: int, state: str | None) -> list[dict[str, Any]]:
    from storage import accounts, sources
    from storage.trust.webhook_events import EventState, list_events

    if state is not None and state not in set(EventState):
        fail(f"There is no state {state!r}; there are {', '.join(EventState)}.")
    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        await sources.get_source(place.db, account_id, source_id)
        wanted = EventState(state) if state else None
        return [
            {
                "event": event.event_id.hex(),
                "received_at": event.received_at.isoformat(timespec="seconds"),
                "type": event.type,
                "state": event.state,
                "attempts": event.attempts,
                "failure": event.failure,
            }
            for event in await list_events(place.db, account_id, source_id=source_id, state=wanted)
        ]


@webhooks_app.command()
def replay(
    source: SourceNumber,
    events: Annotated[list[str] | None, typer.Argument(help="Events as `webhooks list` shows them.")] = None,
) -> None:
    """Have events worked on again: those that are named, or all that were set aside."""
    done = run(lambda settings: _replay(settings, source, events))
    typer.echo(f"{done.done:,} done, {done.failed:,} failed, {done.dead:,} set aside.")


async def _replay(settings: "Settings", source_id: int, events: list[str] | None) -> Any:
    from connectors.webhooks import work_off
    from storage import accounts, sources
    from storage.trust.webhook_events import EventState, list_events
    from storage.trust.webhook_events import replay as again

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        await sources.get_source(place.db, account_id, source_id)
        if events is None:
            dead = await list_events(place.db, account_id, source_id=source_id, state=EventState.DEAD)
            ids = [event.event_id for event in dead]
        else:
            ids = [_id(event) for event in events]
        await again(place.db, account_id, source_id, ids)
        return await work_off(place.db, place.vault, account_id, source_id)


def _id(event: str) -> bytes:
    try:
        return bytes.fromhex(event)
    except ValueError:
        fail(f"{event!r} is no event: `chewbotta webhooks list` shows them.")
