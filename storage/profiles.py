"""Joining records into profiles: one profile is one real customer. `profile_joins.py` has the rules.

A profile is named after its smallest record, that of the first source first: so the same records give the
same profile in whatever order they came, and a source that is added later renames none.

Within one source the keyed hashes beside the records say who is who, and nothing need be opened; over several
sources their documents are (`profile_evidence.py`).
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, union, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among
from storage.keys.source_keys import SourceKeys
from storage.models.base import table_of
from storage.personal_document import open_personal
from storage.profile_evidence import Rings, gather
from storage.profile_joins import Ref, join


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
    session: AsyncSession, account_id: int, source_id: int, customer_ids: Iterable[bytes], rings: Rings
) -> Rejoined:
    """Joins these records of a source, and all that hang together with them in any of `rings`, anew.

    A record that has no row any more (an anonymous one) is a profile of its own.
    """
    wanted = set(customer_ids)
    if len(rings) > 1 or await _said_by_hand(session, account_id):
        before, after = await _over_sources(session, account_id, rings, {(source_id, one) for one in wanted})
    else:
        before, after = await _within_source(session, account_id, rings[source_id].keys, wanted)
    moved: dict[int, list[dict[str, bytes]]] = defaultdict(list)
    for (of_source, record), profile in sorted(after.items()):
        if before[of_source, record] != profile:
            moved[of_source].append({"row_id": record, "profile": profile})
    await _hold(session, account_id, moved.keys() - {source_id})
    for of_source, rows in moved.items():
        await _move(session, account_id, of_source, rows)
    profile_of = {record: profile for (of_source, record), profile in after.items() if of_source == source_id}
    touched = set(before.values()) | set(after.values())
    for anonymous in wanted - profile_of.keys():
        profile_of[anonymous] = anonymous
        touched.add(anonymous)
    return Rejoined(profile_of, touched)


Profiles = dict[Ref, bytes]


async def _said_by_hand(session: AsyncSession, account_id: int) -> bool:
    """Whether people joined or parted anything themselves."""
    one = select(models.ProfileLink.one_id).where(models.ProfileLink.account_id == account_id).limit(1)
    return await session.scalar(one) is not None


async def _over_sources(
    session: AsyncSession, account_id: int, rings: Rings, wanted: set[Ref]
) -> tuple[Profiles, Profiles]:
    """The profiles of all records that hang together with these, as they are and as they should be."""
    found = await gather(session, account_id, rings, wanted)
    carried = {ref: frozenset(tokens) for ref, tokens in found.carried.items()}
    root_of, _ = await asyncio.to_thread(join, carried, found.by_hand)
    return found.profiles, {ref: root[1] for ref, root in root_of.items()}


async def _within_source(
    session: AsyncSession, account_id: int, keys: SourceKeys, wanted: set[bytes]
) -> tuple[Profiles, Profiles]:
    """The same where there is but one source. While a data key is being renewed, the same address has two
    look-up keys; then the documents are opened to see that they are one."""
    mixed = keys if len(keys.epochs) > 1 else None
    known, links = await _connected(session, account_id, keys.source_id, wanted, mixed)
    before = {(keys.source_id, record): facts.profile_id for record, facts in known.items()}
    return before, {(keys.source_id, record): root for record, root in _join(known, links).items()}


async def _hold(session: AsyncSession, account_id: int, sources: Iterable[int]) -> None:
    """Keeps writers of other sources out while their records move: else each could wait for the other."""
    for other in sorted(sources):
        await session.execute(
            select(models.Source.source_id)
            .where(models.Source.account_id == account_id, models.Source.source_id == other)
            .with_for_update(key_share=True)
        )


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
                link.of == "id",
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
        profiles = {record.profile_id for record in fresh.values()}
        same_profile = select(customer.id).where(*of_source, among(session, customer.profile_id, profiles))
        same_address = select(customer.id).where(*of_source, among(session, customer.email_key, emails))
        # A union, each by its index: one condition with "or" would read the whole table.
        conditions = customer.id.in_(union(same_address, same_profile, sharing))


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
