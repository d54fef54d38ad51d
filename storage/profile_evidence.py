"""What records of several sources carry, opened in memory to be compared.

Look-up keys die with their source's key, so no two sources share any: a value of one source is looked for in
another under that other's own keys, and nothing at rest says across sources who is who but the profile.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among
from storage.intake.relation_rows import LINK_KINDS, link_text
from storage.keys.source_keys import SourceKeys
from storage.normalise import Field, normalise
from storage.personal_document import PersonalContact, open_document, open_personal
from storage.profile_joins import MOST_OF_A_DOMAIN, ByHand, Ref, Sign, Token
from storage.records import OWN_SYSTEM


class Ring(NamedTuple):
    """A source that takes part: its kind and its keys."""

    kind: str
    keys: SourceKeys

    @property
    def system(self) -> str:
        return OWN_SYSTEM.get(self.kind, self.kind)


Rings = Mapping[int, Ring]
_Found = dict[Ref, set[Token]]


@dataclass(slots=True)
class Evidence:
    """What is known of the records that hang together with those asked for."""

    carried: _Found = field(default_factory=dict)
    profiles: dict[Ref, bytes] = field(default_factory=dict)
    by_hand: list[ByHand] = field(default_factory=list)


async def gather(session: AsyncSession, account_id: int, rings: Rings, wanted: Iterable[Ref]) -> Evidence:
    """All records that could be joined with the wanted ones, whatever else they are joined with.

    Each round finds the neighbours of the last one; real customers are a round or two deep.
    """
    found = Evidence()
    asked = _these(session, account_id, rings, wanted)
    while asked:
        fresh = await _records(session, account_id, rings, asked, found)
        if not fresh:
            break
        await _add_contacts(session, account_id, rings, fresh, found)
        await _add_by_hand(session, account_id, fresh, found)
        asked = await _neighbours(session, account_id, rings, fresh, found)
    return found


Refs = Select[int, bytes]
"""The source and id of some records, by one index."""


def _refs(account_id: int, *where: ColumnElement[bool]) -> Refs:
    customer = models.Customer
    return select(customer.source_id, customer.id).where(customer.account_id == account_id, *where)


def _these(session: AsyncSession, account_id: int, rings: Rings, refs: Iterable[Ref]) -> list[Refs]:
    customer = models.Customer
    by_source: dict[int, set[bytes]] = defaultdict(set)
    for source_id, row_id in refs:
        by_source[source_id].add(row_id)
    return [
        _refs(account_id, customer.source_id == source_id, among(session, customer.id, ids))
        for source_id, ids in sorted(by_source.items())
        if source_id in rings
    ]


async def _records(
    session: AsyncSession, account_id: int, rings: Rings, asked: Sequence[Refs], found: Evidence
) -> set[Ref]:
    """Reads and opens the records that are asked for and not known yet."""
    customer = models.Customer
    wanted = union(*asked).subquery("wanted")
    rows = await session.execute(
        select(customer.source_id, customer.id, customer.sealed, customer.email_key, customer.profile_id)
        .join(wanted, (wanted.c.source_id == customer.source_id) & (wanted.c.id == customer.id))
        .where(customer.account_id == account_id, customer.source_id.in_(rings))
    )
    unseen = [row for row in rows if (row.source_id, row.id) not in found.profiles]
    for row in unseen:
        found.profiles[row.source_id, row.id] = row.profile_id
    opened = await asyncio.to_thread(_opened, rings, unseen)
    found.carried.update(opened)
    return set(opened)


def _opened(rings: Rings, rows: Iterable[Any]) -> _Found:
    found: _Found = {}
    for row in rows:
        ring = rings[row.source_id]
        personal = open_personal(ring.keys, row.id, row.sealed)
        own = (personal.id, *personal.aliases)
        tokens = {Token(Sign.IS, link_text(ring.system, value)) for value in own}
        tokens |= {Token(Sign.NAMES, link_text(system, value)) for system, value in personal.links}
        hosts = (personal.email, *personal.domains)
        tokens |= {Token(Sign.DOMAIN, domain) for host in hosts if (domain := normalise(Field.DOMAIN, host))}
        if address := normalise(Field.EMAIL, personal.email):
            tokens.add(Token(Sign.EMAIL, address))
        elif row.email_key is not None:  # switched off: its hash still joins records of its own source
            tokens.add(Token(Sign.EMAIL, f"{row.source_id}:{row.email_key.hex()}"))
        found[row.source_id, row.id] = tokens
    return found


async def _add_contacts(
    session: AsyncSession, account_id: int, rings: Rings, fresh: Collection[Ref], found: Evidence
) -> None:
    contact, at = models.Contact, models.ContactCustomer
    ids = [row_id for _, row_id in fresh]
    rows = (
        await session.execute(
            select(at.source_id, at.customer_id, contact.id, contact.sealed)
            .join(
                contact,
                (contact.account_id == at.account_id)
                & (contact.source_id == at.source_id)
                & (contact.id == at.contact_id),
            )
            .where(
                at.account_id == account_id,
                at.source_id.in_(rings),
                among(session, at.customer_id, ids),
                contact.email_key.is_not(None),
            )
        )
    ).all()
    for ref, address in await asyncio.to_thread(_addresses, rings, rows):
        if ref in fresh:
            found.carried[ref].add(Token(Sign.CONTACT, address))


def _addresses(rings: Rings, rows: Sequence[Any]) -> list[tuple[Ref, str]]:
    found = []
    for row in rows:
        personal = open_document(rings[row.source_id].keys, PersonalContact, row.id, row.sealed)
        if address := normalise(Field.EMAIL, personal.email):
            found.append(((row.source_id, row.customer_id), address))
    return found


async def _add_by_hand(
    session: AsyncSession, account_id: int, fresh: Collection[Ref], found: Evidence
) -> None:
    link = models.ProfileLink
    ids = [row_id for _, row_id in fresh]
    rows = await session.execute(
        select(link.one_source_id, link.one_id, link.other_source_id, link.other_id, link.apart).where(
            link.account_id == account_id,
            or_(among(session, link.one_id, ids), among(session, link.other_id, ids)),
        )
    )
    said = {ByHand((row[0], row[1]), (row[2], row[3]), row[4]) for row in rows}
    found.by_hand.extend(said.difference(found.by_hand))


async def _neighbours(
    session: AsyncSession, account_id: int, rings: Rings, fresh: Collection[Ref], found: Evidence
) -> list[Refs]:
    """The records that share something with these, in any source."""
    customer = models.Customer
    tokens = {token for ref in fresh for token in found.carried[ref]}
    keys = {source_id: await asyncio.to_thread(_keys_of, ring, tokens) for source_id, ring in rings.items()}
    domains = await _domains(session, account_id, keys)
    hand = {ref for said in found.by_hand for ref in (said.one, said.other)} - found.profiles.keys()
    asked = [
        _refs(account_id, among(session, customer.profile_id, {found.profiles[ref] for ref in fresh})),
        *_these(session, account_id, rings, hand),
    ]
    for source_id, of_source in keys.items():
        asked += _with(session, account_id, source_id, of_source, domains)
    return asked


@dataclass(frozen=True, slots=True)
class _Keys:
    """What tokens are looked for under in one source."""

    ids: frozenset[bytes]
    emails: frozenset[bytes]
    links: frozenset[bytes]
    host_domains: frozenset[bytes]
    own_domains: frozenset[bytes]


def _keys_of(ring: Ring, tokens: Iterable[Token]) -> _Keys:
    keys = ring.keys
    texts: dict[Sign, set[str]] = defaultdict(set)
    for token in tokens:
        texts[token.sign].add(token.text)
    ids = texts[Sign.IS] | texts[Sign.NAMES]
    own = f"{ring.system}:"
    emails = texts[Sign.EMAIL] | texts[Sign.CONTACT]
    hashed = {bytes.fromhex(key) for text in emails for source, _, key in [text.partition(":")]
              if "@" not in text and source == str(keys.source_id)}  # fmt: skip
    return _Keys(
        ids=frozenset(
            keys.record_id("customer", text.removeprefix(own)) for text in ids if text.startswith(own)
        ),
        emails=frozenset(key for text in emails if "@" in text for key in keys.blind_all(Field.EMAIL, text))
        | hashed,
        links=frozenset(keys.record_id(LINK_KINDS["id"], text) for text in ids),
        host_domains=frozenset(
            key for text in texts[Sign.DOMAIN] for key in keys.blind_all(Field.DOMAIN, text)
        ),
        own_domains=frozenset(keys.record_id(LINK_KINDS["domain"], text) for text in texts[Sign.DOMAIN]),
    )


def _with(
    session: AsyncSession, account_id: int, source_id: int, keys: _Keys, domains: frozenset[bytes]
) -> list[Refs]:
    """Records of one source by each of their look-up keys: a statement that asked for any of them at once
    would read the whole table."""
    customer, link = models.Customer, models.CustomerLink
    at, contact = models.ContactCustomer, models.Contact
    by_column: tuple[tuple[Any, frozenset[bytes]], ...] = (
        (customer.id, keys.ids),
        (customer.email_key, keys.emails),
        (customer.domain_key, keys.host_domains & domains),
    )
    found: list[Refs] = [
        _refs(account_id, customer.source_id == source_id, among(session, column, values))
        for column, values in by_column
        if values
    ]
    if linked := keys.links | (keys.own_domains & domains):
        found.append(
            select(link.source_id, link.customer_id.label("id")).where(
                link.account_id == account_id,
                link.source_id == source_id,
                among(session, link.link_key, linked),
            )
        )
    if keys.emails:
        is_at = and_(
            contact.account_id == at.account_id,
            contact.source_id == at.source_id,
            contact.id == at.contact_id,
        )
        found.append(
            select(at.source_id, at.customer_id.label("id"))
            .join(contact, is_at)
            .where(
                contact.account_id == account_id,
                contact.source_id == source_id,
                among(session, contact.email_key, keys.emails),
            )
        )
    return found


async def _domains(session: AsyncSession, account_id: int, keys: Mapping[int, _Keys]) -> frozenset[bytes]:
    """The keys of those domains that few records of a source share: of others nobody would be joined."""
    customer, link = models.Customer, models.CustomerLink
    few: set[bytes] = set()
    for model, column, of in (
        (customer, customer.domain_key, "host_domains"),
        (link, link.link_key, "own_domains"),
    ):
        table: Any = model
        by_source = [
            and_(table.source_id == source_id, among(session, column, getattr(of_source, of)))
            for source_id, of_source in keys.items()
            if getattr(of_source, of)
        ]
        if not by_source:
            continue
        counted = await session.execute(
            select(column.label("key"), func.count().label("records"))
            .where(table.account_id == account_id, or_(*by_source))
            .group_by(table.source_id, column)
        )
        few |= {row.key for row in counted if row.records <= 2 * MOST_OF_A_DOMAIN}
    return frozenset(few)
