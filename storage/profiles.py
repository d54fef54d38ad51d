"""Joining a source's records into profiles: one profile is one real customer.

Two records are the same customer when they carry the same id of another system or share a normalised
e-mail address; never by name alone. A profile is named after the smallest record id in it, so that the
same records give the same profile in whatever order they came.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among
from storage.keys.source_keys import SourceKeys
from storage.models.base import table_of
from storage.personal_document import open_personal


@dataclass(frozen=True, slots=True)
class _Known:
    """What joins a record: its keyed e-mail, and the profile it is in."""

    email_key: bytes | None
    profile_id: bytes


@dataclass(frozen=True, slots=True)
class Rejoined:
    """The profiles that records are in now, and those that lost or won a record and must be recomputed."""

    profile_of: dict[bytes, bytes]
    touched: set[bytes]


async def rejoin(
    session: AsyncSession,
    account_id: int,
    source_id: int,
    customer_ids: Iterable[bytes],
    keys: SourceKeys | None = None,
) -> Rejoined:
    """Joins these records, and all that hang together with them, anew.

    A record that has no row any more (an anonymous one) is a profile of its own. While a data key is being
    renewed, the same address has two look-up keys; then `keys` are needed to see that they are one.
    """
    wanted = set(customer_ids)
    mixed = keys if keys is not None and len(keys.epochs) > 1 else None
    known, links = await _connected(session, account_id, source_id, wanted, mixed)
    profile_of = _join(known, links)
    moved = [
        {"row_id": record, "profile": profile}
        for record, profile in profile_of.items()
        if known[record].profile_id != profile
    ]
    if moved:
        await _move(session, account_id, source_id, moved)
    touched = {known_record.profile_id for known_record in known.values()} | set(profile_of.values())
    for anonymous in wanted - known.keys():
        profile_of[anonymous] = anonymous
        touched.add(anonymous)
    return Rejoined(profile_of, touched)


async def _connected(
    session: AsyncSession, account_id: int, source_id: int, wanted: set[bytes], mixed: SourceKeys | None
) -> tuple[dict[bytes, _Known], dict[bytes, set[bytes]]]:
    """All records that hang together with the wanted ones, and which records carry each link.

    Each round finds the neighbours of the last one; real customers are a round or two deep.
    """
    customer, link = models.Customer, models.CustomerLink
    of_source = (customer.account_id == account_id, customer.source_id == source_id)
    known: dict[bytes, _Known] = {}
    links: dict[bytes, set[bytes]] = defaultdict(set)
    conditions: Any = among(session, customer.id, wanted)
    while True:
        rows = await session.execute(
            select(customer.id, customer.email_key, customer.profile_id, customer.sealed).where(
                *of_source, conditions
            )
        )
        unseen = [row for row in rows if row.id not in known]
        addresses = await asyncio.to_thread(_addresses, mixed, unseen) if mixed else {}
        fresh = {row.id: _Known(addresses.get(row.id, [row.email_key])[0], row.profile_id) for row in unseen}
        if not fresh:
            return known, links
        known |= fresh
        carried = await session.execute(
            select(link.customer_id, link.link_key).where(
                link.account_id == account_id,
                link.source_id == source_id,
                among(session, link.customer_id, fresh),
            )
        )
        link_keys = set()
        for record, link_key in carried:
            links[link_key].add(record)
            link_keys.add(link_key)
        sharing = select(link.customer_id).where(
            link.account_id == account_id,
            link.source_id == source_id,
            among(session, link.link_key, link_keys),
        )
        emails = {record.email_key for record in fresh.values() if record.email_key is not None}
        emails |= {key for of_record in addresses.values() for key in of_record}
        conditions = or_(
            among(session, customer.email_key, emails),
            among(session, customer.profile_id, {record.profile_id for record in fresh.values()}),
            customer.id.in_(sharing),
        )


def _addresses(keys: SourceKeys, rows: Iterable[Any]) -> dict[bytes, list[bytes]]:
    """Every look-up key of the address in each record, in the same order for the same address."""
    found = {}
    for row in rows:
        address = open_personal(keys, row.id, row.sealed).email
        if of_record := keys.blind_all("email", address):
            found[row.id] = of_record
    return found


def _join(known: dict[bytes, _Known], links: dict[bytes, set[bytes]]) -> dict[bytes, bytes]:
    """Union-find over shared e-mails and links; the root of a set is its smallest record id."""
    root = {record: record for record in known}

    def find(record: bytes) -> bytes:
        while root[record] != record:
            root[record] = root[root[record]]
            record = root[record]
        return record

    groups: dict[bytes, list[bytes]] = defaultdict(list)
    for record, facts in known.items():
        if facts.email_key is not None:
            groups[facts.email_key].append(record)
    for members in (*groups.values(), *links.values()):
        roots = {find(record) for record in members if record in root}
        smallest = min(roots, default=None)
        for other in roots:
            if smallest is not None:
                root[other] = smallest
    return {record: find(record) for record in known}


async def _move(
    session: AsyncSession, account_id: int, source_id: int, moved: list[dict[str, bytes]]
) -> None:
    connection = await session.connection()
    for table, key in ((table_of(models.Customer), "id"), (table_of(models.MrrSpan), "customer_id")):
        await connection.execute(
            update(table)
            .where(
                table.c.account_id == account_id,
                table.c.source_id == source_id,
                table.c[key] == bindparam("row_id"),
            )
            .values(profile_id=bindparam("profile")),
            moved,
        )
