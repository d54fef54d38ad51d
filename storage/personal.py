"""Opening what is sealed, for the few rows that an answer shows or for an account's name index."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select

from storage import models
from storage.keys.source_keys import KeyDestroyed, SourceKeys
from storage.keys.vault import Vault
from storage.names import Named, NameIndex
from storage.normalise import Field, normalise
from storage.personal_document import Personal, open_personal
from storage.profile_facts import TRUST
from storage.profile_rings import open_rings
from storage.session import Database

_OPENED_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """The personal fields of one record of a profile, and where it comes from."""

    source_id: int
    kind: str
    live: bool
    personal: Personal


async def open_profiles(
    db: Database,
    vault: Vault,
    account_id: int,
    profiles: Iterable[bytes],
    active: Iterable[int] | None = None,
) -> dict[bytes, list[OpenedRecord]]:
    """The opened records of these profiles, those believed most first (`TRUST`) and of those the oldest;
    nothing of records that are gone or anonymous. `active` are the sources that were not being removed a
    moment ago, where that is known: whose key is gone meanwhile, of that nothing is opened."""
    wanted = list(set(profiles))
    if not wanted:
        return {}
    customer, source = models.Customer, models.Source
    # Keys come before rows: a key that is renewed in between still opens what was read before that.
    keys = await live_keys(db, vault, account_id, active)
    async with db.tenant(account_id, read_only=True) as session:
        rows = (
            await session.execute(
                select(
                    customer.profile_id,
                    customer.id,
                    customer.sealed,
                    source.source_id,
                    source.kind,
                    source.live,
                )
                .join(
                    source,
                    (source.account_id == customer.account_id) & (source.source_id == customer.source_id),
                )
                .where(
                    customer.account_id == account_id,
                    customer.profile_id.in_(wanted),
                    customer.source_id.in_(keys),
                )
                .order_by(customer.created_at, customer.id)
            )
        ).all()
    opened: dict[bytes, list[OpenedRecord]] = defaultdict(list)
    for row in rows:
        personal = open_personal(keys[row.source_id], row.id, row.sealed)
        opened[row.profile_id].append(OpenedRecord(row.source_id, row.kind, row.live, personal))
    return {
        profile: sorted(of_one, key=lambda record: TRUST.get(record.kind, 0))
        for profile, of_one in opened.items()
    }


async def live_keys(
    db: Database, vault: Vault, account_id: int, active: Iterable[int] | None = None
) -> dict[int, SourceKeys]:
    """The keys of every source that is not being removed, by the source's number; `active` as above."""
    if active is None:
        source = models.Source
        async with db.tenant(account_id, read_only=True) as session:
            found = select(source.source_id).where(source.state != models.SourceState.REMOVING)
            active = (await session.scalars(found)).all()
    keys = {}
    for source_id in active:
        with suppress(KeyDestroyed):  # removed just now
            keys[source_id] = await vault.source_keys(account_id, source_id)
    return keys


async def names_stamp(db: Database, account_id: int) -> tuple[Any, ...]:
    """Changes whenever the account's names may have: after a sync, a deletion, a source added or removed."""
    source, tombstone = models.Source, models.Tombstone
    async with db.tenant(account_id, read_only=True) as session:
        synced = await session.execute(
            select(
                source.source_id, source.state, source.synced_at, source.backfilled_at, source.switched_off
            ).order_by(source.source_id)
        )
        deleted = await session.scalar(select(func.count(tombstone.customer_id)))
        return (*map(tuple, synced), deleted)


async def build_name_index(db: Database, vault: Vault, account_id: int) -> NameIndex:
    """Opens every name of the account, in memory only, in threads: the event loop stays free."""
    customer = models.Customer
    entries: dict[bytes, list[_Entry]] = defaultdict(list)
    rings = await open_rings(db, vault, account_id)
    async with db.tenant(account_id, read_only=True) as session:
        for source_id, (kind, _) in rings.items():
            last = b""
            while True:
                rows = (
                    await session.execute(
                        select(customer.id, customer.profile_id, customer.created_at, customer.sealed)
                        .where(
                            customer.account_id == account_id,
                            customer.source_id == source_id,
                            customer.id > last,
                        )
                        .order_by(customer.id)
                        .limit(_OPENED_AT_ONCE)
                    )
                ).all()
                if not rows:
                    break
                last = rows[-1].id
                try:  # fetched for each batch: a large account takes longer than keys last
                    keys = await vault.source_keys(account_id, source_id)
                except KeyDestroyed:  # removed just now
                    break
                await asyncio.to_thread(_collect, TRUST.get(kind, 0), keys, rows, entries)
    return await asyncio.to_thread(_index, entries)


def _collect(trust: int, keys: SourceKeys, rows: Any, entries: "dict[bytes, list[_Entry]]") -> None:
    for row in rows:
        personal = open_personal(keys, row.id, row.sealed)
        domain = next(iter(company_domains(personal)), None)
        entries[row.profile_id].append(_Entry((trust, row.created_at), personal.name, personal.email, domain))


def company_domains(personal: Personal) -> tuple[str, ...]:
    """The company domains that a record carries, that of its address first."""
    return _distinct(normalise(Field.DOMAIN, host) for host in (personal.email, *personal.domains))


class _Entry(NamedTuple):
    """What the index needs of one record. `rank` orders the records of a profile: how much they are believed,
    then their age."""

    rank: tuple[int, datetime]
    name: str | None
    email: str | None
    domain: str | None


def _index(entries: dict[bytes, list[_Entry]]) -> NameIndex:
    return NameIndex(
        _named(profile_id, sorted(records, key=lambda record: record.rank))
        for profile_id, records in entries.items()
    )


def _named(profile_id: bytes, records: list[_Entry]) -> Named:
    return Named(
        profile_id,
        names=_distinct(record.name for record in records),
        domains=_distinct(record.domain for record in records),
        emails=_distinct(record.email for record in records),
    )


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
