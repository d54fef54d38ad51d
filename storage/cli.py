"""The commands of this floor. Heavy imports stand in the functions that need them: `--help` stays instant."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from storage.key_status import KeyStatus
    from storage.settings import Settings

keys_app = typer.Typer(
    name="keys",
    no_args_is_help=True,
    help="The master key, which protects every other key.\n\n"
    "Customers' data is encrypted with a key per source; those keys stand in the key store, each wrapped by "
    "the master key. Without the master key nothing can be read: keep a copy of it, apart from all backups.",
)

STDOUT = Path("-")

Result = TypeVar("Result")


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """What the operator has to put right is one line on stderr and exit code 1."""
    from storage.errors import OperatorError

    try:
        yield
    except OperatorError as problem:
        typer.secho(f"Error: {problem}", err=True, fg="red")
        raise typer.Exit(1) from None


def _run(work: Callable[["Settings"], Coroutine[Any, Any, Result]]) -> Result:
    from storage.settings import load_settings

    with _one_line_errors():
        return asyncio.run(work(load_settings()))


@keys_app.command()
def generate(
    file: Annotated[
        Path | None,
        typer.Option(
            help="Where to put the key; '-' prints an entry for MASTER_KEYS instead.",
            show_default="master.key in CHEWBOTTA_HOME, or MASTER_KEY_FILE",
        ),
    ] = None,
) -> None:
    """Make a master key.

    The file is readable by you alone and is never overwritten. `--file -` prints an entry for MASTER_KEYS
    with the next free version: the first one, or the one to put beside those you have for a rotation.

    Examples:  chewbotta keys generate   ·   chewbotta keys generate --file -
    """
    _run(lambda settings: _generate(settings, file))


async def _generate(settings: "Settings", file: Path | None) -> None:
    from storage import master_keys as masters
    from storage.keystore import KeyStore

    if file == STDOUT:
        sys.stdout.write(masters.new_entry(_next_version(settings)) + "\n")
        return
    target = (file or masters.default_file(settings)).expanduser().absolute()
    if not target.exists():
        async with KeyStore(settings.keystore_url.get_secret_value()) as store:
            versions = (await store.summary()).canaries
        if versions:
            raise masters.MasterKeyError(
                f"the key store {store.where} belongs to master key version {versions[-1]}: a new key cannot "
                f"open it; put the old one back in {target}, or `chewbotta keys rotate` to change it"
            )
    masters.create_file(target)
    typer.echo(f"A new master key is in {target}, readable by you alone.")
    typer.echo("Keep a copy in a safe place, apart from all backups: without it nothing can be read again.")
    if target != masters.default_file(settings):
        typer.echo(f"Set MASTER_KEY_FILE={target}")


def _next_version(settings: "Settings") -> int:
    from storage.master_keys import default_file, load_master_keys

    if settings.master_keys or default_file(settings).exists():
        return max(load_master_keys(settings).versions()) + 1
    return 1


@keys_app.command()
def rotate() -> None:
    """Change the master key: add a new version and wrap every data key with it.

    Nothing stops meanwhile and nothing is encrypted anew. Interrupted at any point, everything stays
    readable, and running the command again goes on where it ended. Running processes read a key file again
    by themselves. When the keys come from MASTER_KEYS, the command says what to change first.
    """
    _run(_rotate)


async def _rotate(settings: "Settings") -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from storage.key_status import key_status
    from storage.keystore import KeyStore
    from storage.master_keys import MasterKeyError, append_version, load_master_keys
    from storage.vault import Vault

    master_keys = load_master_keys(settings)
    url = settings.keystore_url.get_secret_value()
    async with Vault(KeyStore(url), master_keys):  # proves the keys before anything is changed
        pass
    status = await key_status(settings)
    if not status.rotation_pending:
        if not master_keys.file:
            raise MasterKeyError(
                "MASTER_KEYS comes from the environment: add an entry (`chewbotta keys generate --file -`) "
                "to the present ones, restart every process, then run `chewbotta keys rotate` again"
            )
        typer.echo(f"Master key version {append_version(master_keys.file)} is now in {master_keys.file}.")
        master_keys = load_master_keys(settings)
    columns = (TextColumn("Wrapping data keys"), BarColumn(), MofNCompleteColumn())
    async with Vault(KeyStore(url), master_keys) as vault:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=None)
            wrapped = await vault.rewrap_all(
                lambda done, total: bar.update(task, completed=done, total=total)
            )
    newest = max(master_keys.versions())
    typer.echo(f"{wrapped} data keys are now wrapped by master key version {newest}.")
    typer.echo(f"Older versions in {master_keys.where} are needed for old copies of the key store only.")


@keys_app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show where the master keys are, and what they wrap. Exit code 1 when something is wrong."""
    from storage.key_status import key_status

    found = _run(key_status)
    if as_json:
        sys.stdout.write(json.dumps(found._asdict()) + "\n")
    else:
        _print(found)


def _print(status: "KeyStatus") -> None:
    held = ", ".join(str(version) for version in status.versions)
    typer.echo(f"Master keys   {status.master_keys}, version {held}")
    typer.echo(f"Key store     {status.key_store}")
    typer.echo(f"In use        version {status.in_use}")
    for version, count in status.data_keys.items():
        typer.echo(f"Data keys     {count} wrapped by version {version}")
    typer.echo(
        f"They serve    {status.accounts} accounts, {status.sources} sources; {status.destroyed} destroyed"
    )
    if status.rotation_pending:
        typer.echo("A rotation is not finished: run `chewbotta keys rotate`.")
