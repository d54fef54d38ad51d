"""Sources of an account: added, listed, opened; and how far their sync has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from storage import models
from storage.doer import Doer
from storage.errors import OperatorError
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models import Source, SourceState
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Fact, Kind, Subject
from storage.trust.optional_fields import OFF_AT_FIRST


class NoSourceError(OperatorError):
    """The account has no such source."""


@dataclass(frozen=True, slots=True)
class SourceSecret:
    """A source's credential, opened. Keep it out of logs: its repr shows nothing.

    `signing`: the secrets that its webhooks may be signed with, the newest first.
    """

    key: str
    signing: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "SourceSecret(...)"


async def add_source(
    db: Database,
    vault: Vault,
    account_id: int,
    *,
    kind: str,
    label: str,
    secret: SourceSecret,
    base_url: str | None,
    now: datetime,
    live: bool = True,
    by: Doer | None = None,
) -> int:
    """Makes a source with keys of its own and returns its number; the credential is stored sealed.

    `by`: who adds it, the operator of this machine by default.
    """
    async with db.tenant(account_id) as session:
        numbered = (
            update(models.Account)
            .where(models.Account.account_id == account_id)
            .values(sources_made=models.Account.sources_made + 1)
            .returning(models.Account.sources_made)
        )
        source_id = (await session.execute(numbered)).scalar_one()
    await vault.create_source_keys(account_id, source_id)
    keys = await vault.source_keys(account_id, source_id)
    async with db.tenant(account_id) as session:
        session.add(
            Source(
                account_id=account_id,
                source_id=source_id,
                kind=kind,
                label=label,
                state=SourceState.ACTIVE,
                base_url=base_url,
                live=live,
                credential=_seal_secret(keys, source_id, secret),
                created_at=now,
                left_out={},
                switched_off=OFF_AT_FIRST.get(kind, ()),
                add_ons=(),
            )
        )
        by = by or Doer.operator()
        await audit.record(
            session,
            actor=by.actor,
            action=Action.SOURCE_ADDED,
            subject=Subject(Kind.SOURCE, source_id),
            origin=by.origin,
            details={Fact.LIVE: live},
        )
    return source_id


def _seal_secret(keys: SourceKeys, source_id: int, secret: SourceSecret) -> bytes:
    row_id = source_row_id(source_id)
    text = "\n".join((secret.key, *secret.signing))  # no key and no secret has a line end
    return keys.seal(table="source", row_id=row_id, column="credential", plaintext=text.encode())


def source_row_id(source_id: int) -> bytes:
    """What a source's credential is sealed for."""
    return source_id.to_bytes(4, "big")


async def open_secret(vault: Vault, source: Source) -> SourceSecret:
    """The credential of a source; raises KeyDestroyed once the source was removed."""
    keys = await vault.source_keys(source.account_id, source.source_id)
    row_id = source_row_id(source.source_id)
    opened = keys.open(table="source", row_id=row_id, column="credential", sealed=source.credential)
    key, *signing = opened.decode().split("\n")
    return SourceSecret(key, tuple(signing))


async def set_signing_secrets(
    db: Database,
    vault: Vault,
    account_id: int,
    source_id: int,
    secrets: Sequence[str],
    *,
    by: Doer | None = None,
) -> None:
    """Replaces the secrets that the source's webhooks may be signed with; raises NoSourceError."""
    source = await get_source(db, account_id, source_id)
    known = await open_secret(vault, source)
    keys = await vault.source_keys(account_id, source_id)
    sealed = _seal_secret(keys, source_id, SourceSecret(known.key, tuple(secrets)))
    by = by or Doer.operator()
    async with db.tenant(account_id) as session:
        await session.execute(
            update(Source)
            .where(Source.account_id == account_id, Source.source_id == source_id)
            .values(credential=sealed)
        )
        await audit.record(
            session,
            actor=by.actor,
            action=Action.SOURCE_CHANGED,
            subject=Subject(Kind.SOURCE, source_id),
            origin=by.origin,
        )


async def list_sources(db: Database, account_id: int) -> Sequence[Source]:
    """The account's sources by number, without those that are being removed."""
    async with db.tenant(account_id, read_only=True) as session:
        found = await session.scalars(
            select(Source).where(Source.state != SourceState.REMOVING).order_by(Source.source_id)
        )
        return found.all()


async def get_source(db: Database, account_id: int, source_id: int) -> Source:
    """Raises NoSourceError where there is none of that number."""
    async with db.tenant(account_id, read_only=True) as session:
        source = await session.get(Source, (account_id, source_id))
    if source is None or source.state == SourceState.REMOVING:
        raise NoSourceError(f"There is no source {source_id}: `chewbotta source list` shows them.")
    return source


def freshness(listed: Iterable[Source]) -> dict[str, datetime]:
    """When each kind of source was last completely synced; the oldest where there are several of a kind."""
    found: dict[str, datetime] = {}
    for source in listed:
        if source.synced_at is not None:
            known = found.get(source.kind, source.synced_at)
            found[source.kind] = min(known, source.synced_at)
    return found
