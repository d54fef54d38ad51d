"""`chewbotta demo`: an invented company in a folder of its own, five answers, then a prompt for yours.

Everything is as in earnest but the company: the same databases, keys, sync, questions and answers. The folder
is the demo's alone, whatever the environment says: it never touches a database with real customers.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as ProgressBar
from rich.text import Text

from bot.console import Answers, Chat, prompt_session, talk
from bot.render import terminal
from connectors.demo import Demo, new_key
from connectors.sync import OnProgress, SyncResult, sync_source
from storage import accounts, migrate, sources
from storage.keys import master_keys
from storage.keys.vault import Vault, open_vault
from storage.session import Database
from storage.settings import Settings

QUESTIONS = (
    "What is our MRR?",
    "How much revenue did we collect last month compared to the month before?",
    "Top 5 customers by MRR",
    "MRR by month for the last 12 months in usd",
    "How many customers do we have by plan?",
)
_PHASES = {"load": "Reading the company", "changes": "Reading what is new", "figures": "Working out its MRR"}


async def demo(folder: Path) -> None:
    """Prepare, sync, answer five questions, chat."""
    from bot.why import with_receipt
    from bot.wiring import open_ready

    console = Console()
    settings = settings_of(folder)
    result = await bring_up(settings, console)
    console.print(
        f"An invented company, with {result.read:,} records new or changed, is in {folder}.", style="dim"
    )
    async with open_ready(settings) as ready:
        await show_off(ready.assistant, ready.account_id, console)
        why = partial(with_receipt, ready.db, ready.account_id)
        chat = Chat(ready.assistant, ready.account_id, console, why=why)
        if sys.stdin.isatty() and console.is_terminal:
            await talk(chat, console, prompt_session(settings.chewbotta_home))


def settings_of(folder: Path) -> Settings:
    """Settings of the demo: its databases and keys in one folder, whatever the environment says."""
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Settings(
        _env_file=None,
        chewbotta_home=folder,
        database_url=SecretStr(f"sqlite:///{folder}/chewbotta.sqlite3"),
        keystore_url=SecretStr(f"sqlite:///{folder}/keys.sqlite3"),
        master_keys=None,
        MASTER_KEY_FILE=None,
        database_admin_url=None,
        replica_url=None,
        kms_key_id=None,
    )


async def bring_up(settings: Settings, console: Console) -> SyncResult:
    """Make what is not there yet, then bring it up to this moment."""
    url = settings.database_url.get_secret_value()
    await migrate.upgrade(url)
    key_file = master_keys.default_file(settings)
    if not key_file.exists():
        master_keys.create_file(key_file)
    db = Database.connect(url)
    try:
        async with open_vault(settings) as vault:
            account_id, source_id = await _company(db, vault)
            with _watched(console) as watch:
                return await sync_source(db, vault, account_id, source_id, on_progress=watch)
    finally:
        await db.dispose()


async def _company(db: Database, vault: Vault) -> tuple[int, int]:
    """(account, source) of the demo, made at the first call."""
    now = datetime.now(UTC)
    known = await accounts.all_accounts(db)
    account_id = known[0] if known else await accounts.create_account(db, vault, name=Demo.label, now=now)
    for source in await sources.list_sources(db, account_id):
        return account_id, source.source_id
    source_id = await sources.add_source(
        db,
        vault,
        account_id,
        kind=Demo.name,
        label=Demo.label,
        secret=sources.SourceSecret(new_key(now)),
        base_url=None,
        now=now,
    )
    return account_id, source_id


@contextmanager
def _watched(console: Console) -> Iterator[OnProgress]:
    """A bar that follows a sync and leaves no trace."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,}"),
    )
    with ProgressBar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda step: bar.update(task, description=_PHASES[step.phase], completed=step.done)


async def show_off(assistant: Answers, account_id: int, console: Console) -> None:
    """Ask the five questions and draw their answers."""
    for question in QUESTIONS:
        console.rule(Text(question, style="bold"), align="left", style=terminal.DIM)
        terminal.show(await assistant.ask(question, account_id=account_id), console)
