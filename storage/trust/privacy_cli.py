"""The commands about what is held and how it goes. Heavy imports stand where they are used."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from storage.command_line import fail, opened, printable, run

if TYPE_CHECKING:
    from storage.settings import Settings
    from storage.trust.messages import Listed
    from storage.trust.privacy import Held
    from storage.trust.receipts import SignedReceipt

privacy_app = typer.Typer(
    name="privacy",
    no_args_is_help=True,
    help="What is held on a person or for the account: show it, export it, erase it.\n\n"
    "These commands answer requests under the GDPR: articles 15 (access), 17 (erasure), 20 (portability).",
)
account_app = typer.Typer(name="account", no_args_is_help=True, help="The account as a whole.")
messages_app = typer.Typer(
    name="messages",
    no_args_is_help=True,
    help="Answers that were sent to Slack and Discord: kept encrypted, for as long as you choose.",
)

Address = Annotated[str, typer.Argument(help="The person's e-mail address.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="A file, for your eyes alone.", show_default="print it"),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@contextmanager
def _writing(file: Path | None) -> Iterator[IO[bytes]]:
    """The file, made so that nobody else can read it, or standard output. Never overwrites."""
    if file is None:
        yield sys.stdout.buffer
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        fail(f"{file} cannot be made ({problem.strerror}): name a file that is not there yet.")
    with os.fdopen(handle, "wb") as opened_file:
        yield opened_file


@privacy_app.command()
def show(email: Address, as_json: Json = False) -> None:
    """Show everything that is held on a person: every field, where it is from, since when, who was told.

    Example:  chewbotta privacy show jane@acme.com
    """
    from storage.trust.audit import Action

    held = run(lambda settings: _find(settings, email, Action.PERSON_SHOWN))
    if as_json:
        typer.echo(_as_json(held))
    else:
        _print(held)


@privacy_app.command()
def export(
    email: Annotated[str | None, typer.Argument(help="The person's e-mail address.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="The whole account, Messages and audit trail too.")
    ] = False,
    output: Output = None,
) -> None:
    """Export what is held on a person, or for the whole account, as JSON.

    Examples:  chewbotta privacy export jane@acme.com -o jane.json
               chewbotta privacy export --all -o everything.json
    """
    from storage.trust.audit import Action

    if everything == (email is not None):
        fail("Give an e-mail address, or --all for the whole account.")
    with _writing(output) as sink:
        if email is None:
            counts = run(lambda settings: _export_all(settings, sink))
            typer.echo(f"{sum(counts.values()):,} rows of {len(counts)} tables.", err=True)
        else:
            held = run(lambda settings: _find(settings, email, Action.PERSON_EXPORTED))
            sink.write(_as_json(held).encode() + b"\n")


@privacy_app.command()
def erase(email: Address, yes: Yes = False, output: Output = None) -> None:
    """Erase a person here, and keep the next sync from bringing them back.

    Past amounts stay without any link to a person, so that your figures do not change. The source system
    keeps its own record: erase the person there too. Prints the signed receipt, which names nobody.
    """
    if not yes:
        typer.confirm("Erase this person from every source, for good?", abort=True)
    with _writing(output) as sink:
        receipt = run(lambda settings: _erase(settings, email))
        sink.write(receipt.as_json().encode())
    typer.echo("Erased. Posts in Slack that named the person are removed by `chewbotta worker`.", err=True)


async def _find(settings: "Settings", email: str, action: Any) -> "Held":
    from storage import accounts
    from storage.trust import privacy

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return await privacy.find(place.db, place.vault, account_id, email, action=action)


async def _export_all(settings: "Settings", sink: IO[bytes]) -> dict[str, int]:
    from datetime import UTC, datetime

    from storage import accounts
    from storage.trust.export import export_account

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return await export_account(place.db, place.vault, account_id, sink, now=datetime.now(UTC))


async def _erase(settings: "Settings", email: str) -> "SignedReceipt":
    from storage import accounts
    from storage.trust import erasure

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return await erasure.erase(place.db, place.vault, account_id, email)


def _as_json(held: "Held") -> str:
    from storage.trust.privacy import as_document

    return as_document(held)


def _print(held: "Held") -> None:
    if not held.records and not held.contacts and not held.member:
        typer.echo("Nothing is held on this address.")
    for record in held.records:
        typer.echo(f"{printable(record.source)}, held since {record.held_since:%Y-%m-%d} at the earliest")
        for line in record.facts():
            typer.echo(f"  {printable(line)}")
    for contact in held.contacts:
        typer.echo(f"Contact of source {contact.source_id}")
        for fact in contact.facts():
            typer.echo(f"  {printable(fact)}")
    if held.member:
        typer.echo("Signs in here" if held.member.member else "Was invited here")
        for fact in held.member.facts():
            typer.echo(f"  {printable(fact)}")
    typer.echo(f"Messages that name the person: {len(held.messages)}")
    for message in held.messages:
        typer.echo(f"  {message.at:%Y-%m-%d %H:%M}  {message.platform}  {message.message_id.hex()}")
    for source_id, erased_at in held.kept_away.items():
        typer.echo(f"Erased from source {source_id} on {erased_at:%Y-%m-%d}, and kept from coming back.")
    typer.echo(f"Sent to language models: {held.to_language_models}")


@account_app.command()
def delete(yes: Yes = False, output: Output = None) -> None:
    """Delete the account: sources, customers, Messages, audit trail, keys. For good, also in backups.

    What was posted in Slack is Slack's to delete. Prints the signed receipt: keep it, nothing else is left.
    Interrupted, the same command goes on.
    """
    if not yes:
        typed = typer.prompt("This cannot be undone. Type the account's name to go on")
        run(lambda settings: _require_name(settings, typed))
    with _writing(output) as sink:
        receipt = run(_delete_account)
        sink.write(receipt.as_json().encode())
    typer.echo("The account is deleted. Keep the receipt: nothing else is left of it.", err=True)


async def _require_name(settings: "Settings", typed: str) -> None:
    from storage import accounts
    from storage.models import Account

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        async with place.db.tenant(account_id, read_only=True) as session:
            account = await session.get_one(Account, account_id)
    if typed.strip() != account.name:
        fail("That is not the account's name; nothing was deleted.")


async def _delete_account(settings: "Settings") -> "SignedReceipt":
    from storage import accounts
    from storage.trust.account_deletion import delete_account

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return await delete_account(place.db, place.vault, account_id)


@messages_app.command(name="list")
def list_(
    limit: Annotated[int, typer.Option(help="How many of the newest.", min=1)] = 50, as_json: Json = False
) -> None:
    """Show what was sent, the newest first."""
    found = run(lambda settings: _list_messages(settings, limit))
    if as_json:
        typer.echo(json.dumps([_message(one) for one in found]))
        return
    if not found:
        typer.echo("No Message is kept.")
    for one in found:
        text = printable(one.content.text.partition("\n")[0][:90]) if one.content else "(removed)"
        typer.echo(f"{one.at:%Y-%m-%d %H:%M}  {one.message_id.hex()}  {text}")


def _message(one: "Listed") -> dict[str, Any]:
    content = one.content
    return {
        "id": one.message_id.hex(),
        "at": one.at.isoformat(),
        "kind": one.kind,
        "platform": one.platform,
        "posts": one.posts,
        "question": content.question if content else None,
        "text": content.text if content else None,
    }


async def _list_messages(settings: "Settings", limit: int) -> "list[Listed]":
    from storage import accounts
    from storage.trust import messages

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return await messages.list_messages(place.db, place.vault, account_id, limit=limit)


@messages_app.command(name="delete")
def delete_messages(
    messages: Annotated[list[str], typer.Argument(help="Their ids, as `messages list` shows them.")],
    posts_too: Annotated[
        bool, typer.Option("--posts-too", help="Delete their posts in Slack or Discord as well.")
    ] = False,
) -> None:
    """Delete Messages: unreadable at once."""
    run(lambda settings: _delete_messages(settings, messages, posts_too=posts_too))
    typer.echo(f"Deleted: {len(messages)}.")


async def _delete_messages(settings: "Settings", ids: list[str], *, posts_too: bool) -> None:
    from storage import accounts
    from storage.trust import messages

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        await messages.delete_messages(
            place.db, account_id, [messages.read_id(one) for one in ids], posts_too=posts_too
        )


@messages_app.command()
def keep(
    days: Annotated[int | None, typer.Option(help="For how many days; 0 keeps none.")] = None,
    when_deleted: Annotated[
        str | None,
        typer.Option(help="What a customer's deletion does to its Messages: keep, redact or delete."),
    ] = None,
) -> None:
    """Choose how long Messages are kept, and what becomes of those that name a deleted customer."""
    kept, choice = run(lambda settings: _choose(settings, days, when_deleted))
    typer.echo(f"Messages are kept for {kept} days. When a customer they name is deleted: {choice}.")


async def _choose(settings: "Settings", days: int | None, when_deleted: str | None) -> tuple[int, str]:
    from storage import accounts
    from storage.trust import messages

    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        return await messages.choose(place.db, account_id, days=days, on_customer_deleted=when_deleted)
