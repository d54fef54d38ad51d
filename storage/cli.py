"""The commands of this floor. Heavy imports stand in the functions that need them: `--help` stays instant."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from storage.command_line import run

if TYPE_CHECKING:
    from storage.keys.key_status import KeyStatus
    from storage.settings import Settings

keys_app = typer.Typer(
    name="keys",
    no_args_is_help=True,
    help="The master key, which protects every other key.\n\n"
    "Customers' data is encrypted with a key per source; those keys stand in the key store, each wrapped by "
    "the master key. Without the master key nothing can be read: keep a copy of it, apart from all backups.",
)

STDOUT = Path("-")


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
    run(lambda settings: _generate(settings, file))


async def _generate(settings: "Settings", file: Path | None) -> None:
    from storage.keys import master_keys as masters
    from storage.keys.keystore import KeyStore

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
    from storage.keys.master_keys import default_file, load_master_keys, needs_file

    if not needs_file(settings) or default_file(settings).exists():
        return max(load_master_keys(settings).versions()) + 1
    return 1


@keys_app.command()
def rotate() -> None:
    """Change the master key: add a new version and wrap every data key with it.

    Nothing stops meanwhile and nothing is encrypted anew. Interrupted at any point, everything stays
    readable, and running the command again goes on where it ended. Running processes read a key file again
    by themselves. When the keys come from MASTER_KEYS, the command says what to change first.
    """
    run(_rotate)


async def _rotate(settings: "Settings") -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from storage.keys.key_status import key_status
    from storage.keys.keystore import KeyStore
    from storage.keys.master_keys import MasterKeyError, append_version, load_master_keys
    from storage.keys.vault import Vault

    master_keys = load_master_keys(settings)
    url = settings.keystore_url.get_secret_value()
    async with Vault(KeyStore(url), master_keys):  # proves the keys before anything is changed
        pass
    status = await key_status(settings)
    if not status.rotation_pending:
        if not master_keys.file:
            raise MasterKeyError(
                f"{master_keys.where} comes from the environment: add a version to the present ones (for "
                "MASTER_KEYS, `chewbotta keys generate --file -` makes one), restart every process, then run "
                "`chewbotta keys rotate` again"
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
    await _note_rotation(settings, newest)
    typer.echo(f"{wrapped} data keys are now wrapped by master key version {newest}.")
    typer.echo(f"Older versions in {master_keys.where} are needed for old copies of the key store only.")


async def _note_rotation(settings: "Settings", version: int) -> None:
    """In every account's audit trail. Keys are changed also where there is no database yet, or it is down."""
    from sqlalchemy.exc import DBAPIError

    from storage import accounts, migrate
    from storage.session import Database
    from storage.trust import audit

    url = settings.database_url.get_secret_value()
    db = Database.connect(url)
    try:
        if migrate.is_missing(url) or await migrate.current_revision(url) != migrate.head_revision():
            return
        for account_id in await accounts.all_accounts(db):
            async with db.tenant(account_id) as session:
                await audit.record(
                    session,
                    actor=audit.Actor.operator(),
                    action=audit.Action.KEY_REWRAPPED,
                    subject=audit.Subject(audit.Kind.KEY),
                    origin=audit.COMMAND_LINE,
                    details={audit.Fact.VERSION: version},
                )
    except (DBAPIError, OSError):
        typer.echo("The database does not answer: the audit trail has no entry of this.", err=True)
    finally:
        await db.dispose()


@keys_app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show where the master keys are, and what they wrap. Exit code 1 when something is wrong."""
    from storage.keys.key_status import key_status

    found = run(key_status)
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


def init(
    name: Annotated[str, typer.Option(help="The account's name: your company's.")] = "My company",
    time_zone: Annotated[str, typer.Option(help="Where its days begin, such as Europe/Berlin.")] = "UTC",
    currency: Annotated[str, typer.Option(help="The currency it thinks in, such as usd.")] = "usd",
) -> None:
    """Set up: a master key, the tables, the first account. Safe to repeat.

    Example:  chewbotta init --name "Acme Inc" --time-zone America/New_York
    """
    from storage.setup import initialise

    done = run(lambda settings: initialise(settings, name=name, time_zone=time_zone, currency=currency))
    if done.key_file:
        typer.echo(
            f"A new master key is in {done.key_file}. Keep a copy in a safe place, apart from backups."
        )
    typer.echo(f"Account {done.account_id} is {'ready' if done.made_account else 'there already'}.")
    typer.echo("Next: chewbotta source add stripe")


def migrate() -> None:
    """Bring the database's tables to this release. Safe to repeat, and to run from several machines."""
    from storage.setup import migrate_database

    run(migrate_database)
    typer.echo("The tables are of this release.")


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Say what is configured, what is missing, and what to do about it. Exit code 1 if something is wrong."""
    from dataclasses import asdict

    from storage.doctor import examine

    findings = run(examine)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            sign, colour = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", None)}[finding.ok]
            typer.secho(f"{sign} {finding.name:32}", fg=colour, nl=False)
            typer.echo(f" {finding.advice}" if finding.advice else "")
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)
