"""The commands about receipts of deletions. Heavy imports stand where they are used."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from storage.command_line import fail, opened, run

if TYPE_CHECKING:
    from storage.settings import Settings
    from storage.trust.receipts import Receipt, SignedReceipt

receipt_app = typer.Typer(
    name="receipt", no_args_is_help=True, help="Signed receipts of what was deleted: list and check them."
)


@receipt_app.command(name="list")
def list_() -> None:
    """Print every receipt that the account keeps, oldest first, as JSON."""
    found = run(_list)
    if not found:
        typer.echo("Nothing was deleted yet.", err=True)
    for signed in found:
        typer.echo(signed.as_json(), nl=False)


async def _list(settings: "Settings") -> "list[SignedReceipt]":
    from storage import accounts
    from storage.trust import receipts

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return list(await receipts.stored_receipts(place.db, place.vault, account_id))


@receipt_app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The receipt; '-' reads it from standard input.")],
    public_key: Annotated[
        str | None,
        typer.Option(help="Check against this key, with no installation.", show_default="our own"),
    ] = None,
) -> None:
    """Say whether a receipt was signed here and not altered since. Exit code 1 if not."""
    try:
        text = sys.stdin.buffer.read() if file == Path("-") else file.read_bytes()
    except OSError as problem:
        fail(f"{file} cannot be read ({problem.strerror}).")
    receipt = run(lambda settings: _verify(settings, text, public_key))
    rows = sum(receipt.deleted.values())
    typer.echo(f"Genuine: {receipt.what} deleted on {receipt.finished_at:%Y-%m-%d %H:%M} UTC, {rows:,} rows.")


async def _verify(settings: "Settings", text: bytes, public_key: str | None) -> "Receipt":
    from storage.keys.vault import open_vault
    from storage.trust import receipts

    if public_key is not None:
        return receipts.verify(text, public_key)
    async with open_vault(settings) as vault:
        return receipts.verify(text, await receipts.public_key(vault))


@receipt_app.command()
def key() -> None:
    """Print the public key that this installation's receipts are checked with."""
    typer.echo(run(_key))


async def _key(settings: "Settings") -> str:
    from storage.keys.vault import open_vault
    from storage.trust import receipts

    async with open_vault(settings) as vault:
        return await receipts.public_key(vault)
