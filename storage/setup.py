"""Making an installation: the master key, the tables, the first account. Safe to repeat."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from storage import accounts, migrate
from storage.errors import OperatorError
from storage.keys.master_keys import create_file, default_file, needs_file
from storage.keys.vault import open_vault
from storage.session import Database
from storage.settings import Settings

_CURRENCY_LETTERS = 3


class SetupError(OperatorError):
    """What was given for the first account cannot be used."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What `initialise` found or made. `key_file`: a master key made now, None if there was one."""

    account_id: int
    made_account: bool
    key_file: Path | None


async def initialise(
    settings: Settings, *, name: str, time_zone: str = "UTC", currency: str = "usd"
) -> Installed:
    """Makes whatever is missing: home folder, master key, tables, an account. Raises OperatorError."""
    _check(time_zone, currency)
    key_file = None
    if needs_file(settings) and not default_file(settings).exists():
        key_file = default_file(settings)
        create_file(key_file)
    await migrate_database(settings)
    db = Database.connect(settings.database_url.get_secret_value())
    try:
        async with open_vault(settings) as vault:
            known = await accounts.all_accounts(db)
            if known:
                return Installed(known[0], made_account=False, key_file=key_file)
            account_id = await accounts.create_account(
                db,
                vault,
                name=name,
                now=datetime.now(UTC),
                time_zone=time_zone,
                currency=currency.lower(),
            )
            return Installed(account_id, made_account=True, key_file=key_file)
    finally:
        await db.dispose()


def _check(time_zone: str, currency: str) -> None:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise SetupError("The time zone is not known: give one such as Europe/Berlin.") from None
    if len(currency) != _CURRENCY_LETTERS or not currency.isalpha() or not currency.isascii():
        raise SetupError("The currency must be a three-letter code such as usd.")


async def migrate_database(settings: Settings) -> None:
    """Brings the tables to this release, as the role that owns them where one is given."""
    home = settings.chewbotta_home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise SetupError(f"CHEWBOTTA_HOME: {home} cannot be made ({problem.strerror}).") from None
    url = settings.database_admin_url or settings.database_url
    await migrate.upgrade(url.get_secret_value())
