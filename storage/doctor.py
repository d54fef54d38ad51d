"""What `chewbotta doctor` says: what is configured, what is missing, and what to do about it."""

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from storage import accounts, health, migrate, sources
from storage.errors import OperatorError
from storage.features import features
from storage.keys.vault import open_vault
from storage.session import Database
from storage.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """`ok` None: an optional feature that is off. `advice`: what to do; empty when there is nothing to do."""

    name: str
    ok: bool | None
    advice: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Looks at the settings, the keys, the tables and the sources; changes nothing."""
    findings = [
        Finding(feature.name, True if feature.on else None, feature.advice) for feature in features(settings)
    ]
    database = await _database(settings)
    findings += [await _keys(settings), database]
    if database.ok:
        findings += await _contents(settings)
    return findings


async def _keys(settings: Settings) -> Finding:
    try:
        async with open_vault(settings):
            return Finding("Keys open", True)
    except OperatorError as problem:
        return Finding("Keys open", False, str(problem))


async def _database(settings: Settings) -> Finding:
    url = settings.database_url.get_secret_value()
    if migrate.is_missing(url):
        return Finding("Database", False, "there is none yet: run `chewbotta init`")
    try:
        revision = await migrate.current_revision(url)
    except (DBAPIError, OSError) as problem:
        return Finding(
            "Database", False, f"it does not answer ({type(problem).__name__}): check DATABASE_URL"
        )
    if revision != migrate.head_revision():
        return Finding("Database", False, "its tables are not of this release: run `chewbotta migrate`")
    return Finding("Database", True)


async def _contents(settings: Settings) -> list[Finding]:
    db = Database.connect(settings.database_url.get_secret_value())
    try:
        known = await accounts.all_accounts(db)
        if not known:
            return [Finding("Account", False, "there is none: run `chewbotta init`")]
        of_sources = [finding for account in known for finding in await _sources(db, account)]
        return [Finding("Account", True), *of_sources, await _purges(db)]
    finally:
        await db.dispose()


async def _purges(db: Database) -> Finding:
    late = [found for found in await health.purges(db) if found.is_late]
    if not late:
        return Finding("Purges", True)
    ran = [found.ran_at for found in late if found.ran_at]
    since = f"since {min(ran):%Y-%m-%d %H:%M} UTC" if len(ran) == len(late) else "yet"
    tables = ", ".join(found.purge for found in late)
    advice = f"{tables}: did not run {since}: start `chewbotta worker`, or run `chewbotta purge`"
    return Finding("Purges", False, advice)


async def _sources(db: Database, account_id: int) -> list[Finding]:
    found = await sources.list_sources(db, account_id)
    if not found:
        return [Finding("Sources", False, "there are none: run `chewbotta source add stripe`")]
    return [
        Finding(
            f"Source {source.source_id} ({source.kind})",
            source.synced_at is not None,
            ""
            if source.synced_at
            else f"it was never synced: run `chewbotta sync --source {source.source_id}`",
        )
        for source in found
    ]
