"""The commands about profiles: which records are one customer, and why; said otherwise by hand."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from storage.command_line import opened, printable, run

if TYPE_CHECKING:
    from storage.profile_links import Joined
    from storage.settings import Settings

profiles_app = typer.Typer(
    name="profiles",
    no_args_is_help=True,
    help="Which records of your sources are one customer.\n\n"
    "A record is named by its customer's name, e-mail address or domain, or as its source knows it: "
    "stripe:cus_123, hubspot:456.",
)

Record = Annotated[str, typer.Argument(help="A name, an e-mail address, or source:id.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@profiles_app.command()
def explain(name: Record, as_json: Json = False) -> None:
    """Show the records of a customer, and why they are joined.

    Example:  chewbotta profiles explain "Acme Labs"
    """
    joined = run(lambda settings: _explain(settings, name))
    if as_json:
        members = [
            {"source": one.kind, "source_id": one.source_id, "id": one.vendor_id, "name": one.name}
            for one in joined.members
        ]
        typer.echo(json.dumps({"records": members, "reasons": list(joined.reasons)}))
        return
    for one in joined.members:
        typer.echo(printable(f"{one.said}  {one.name or ''}".rstrip()))
    for reason in joined.reasons or ("one record alone: nothing joins it to another",):
        typer.echo(printable(f"  {reason}"))


@profiles_app.command()
def link(one: Record, other: Record) -> None:
    """Join two records, and with them their customers. Syncs keep to it.

    Example:  chewbotta profiles link stripe:cus_123 hubspot:456
    """
    run(lambda settings: _say(settings, one, other, apart=False))
    typer.echo("Joined.")


@profiles_app.command()
def unlink(one: Record, other: Record) -> None:
    """Keep two records apart, whatever they share. Syncs keep to it.

    Example:  chewbotta profiles unlink stripe:cus_123 hubspot:456
    """
    run(lambda settings: _say(settings, one, other, apart=True))
    typer.echo("Kept apart.")


async def _explain(settings: "Settings", name: str) -> "Joined":
    from storage import accounts, profile_links

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        of = await profile_links.find_record(place.db, place.vault, account_id, name)
        return await profile_links.explain(place.db, place.vault, account_id, of)


async def _say(settings: "Settings", one: str, other: str, *, apart: bool) -> None:
    from storage import accounts, profile_links

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        refs = [
            await profile_links.find_record(place.db, place.vault, account_id, said) for said in (one, other)
        ]
        await profile_links.say(place.db, place.vault, account_id, refs[0], refs[1], apart=apart)
