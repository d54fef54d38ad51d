"""Erasing a person on request, and keeping the source from bringing them back."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.batches import count_rows
from storage.doer import Doer
from storage.intake.bulk import among
from storage.intake.derive import derive
from storage.intake.source_lock import hold_source
from storage.intake.stale import mark_customers_stale
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models.base import table_of
from storage.personal import live_keys
from storage.personal_document import open_personal
from storage.session import Database
from storage.trust import receipts
from storage.trust.audit import Action, Fact
from storage.trust.deletion import forget_customers
from storage.trust.held_members import member_at
from storage.trust.held_people import contacts_at
from storage.trust.messages import Platforms, Settled, settle
from storage.trust.people import forget_contacts
from storage.trust.privacy import checked_address, note_person, same_customers
from storage.trust.receipts import Receipt, Remaining, SignedReceipt
from storage.trust.tombstones import remember_erased

_DELETED: tuple[tuple[Any, str], ...] = ((models.Customer, "id"), (models.CustomerLink, "customer_id"))
_ANONYMOUS: tuple[tuple[Any, str], ...] = (
    (models.Subscription, "customer_id"),
    (models.Invoice, "customer_id"),
    (models.Payment, "customer_id"),
    (models.Ticket, "customer_id"),
    (models.Deal, "customer_id"),
)
_DELETED_OF_PEOPLE: tuple[tuple[Any, str], ...] = (
    (models.Contact, "id"),
    (models.ContactCustomer, "contact_id"),
)
_ANONYMOUS_OF_PEOPLE: tuple[tuple[Any, str], ...] = ((models.Ticket, "contact_id"),)

_REMAINING = (
    Remaining(
        where="the source systems",
        why="Chewbotta only reads them: erase the person there too; here nothing is stored again",
    ),
    Remaining(
        where="backups and logs of the database",
        why="encrypted; the key is renewed and the old one destroyed within 24 hours",
    ),
    Remaining(
        where="a keyed hash of the address and of each customer id",
        why="without them the next sync would bring the person back; they lead to nobody",
    ),
)

_MEMBER = Remaining(
    where="the account's members or invitations",
    count=1,
    why="who signs in here is no customer: those who run the account remove them, on its page of members",
)


@dataclass(frozen=True, slots=True)
class _Ids:
    """Who is erased from a source."""

    customers: Sequence[bytes]
    contacts: Sequence[bytes]


@dataclass(slots=True)
class _Counts:
    """Rows by table."""

    deleted: dict[str, int]
    anonymous: dict[str, int]


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def erase(
    db: Database,
    vault: Vault,
    account_id: int,
    email: str,
    *,
    posts: Platforms | None = None,
    clock: Callable[[], datetime] = _utc_now,
    by: Doer | None = None,
) -> SignedReceipt:
    """Erases all records of the customers who carry the address, and the address from all sources for good.
    Who is a contact is erased as that; the customers they are at stay.

    Nothing found is no error: the address is kept away all the same. The receipt names nobody.
    """
    address, requested = checked_address(email), clock()
    counts = _Counts({}, {})
    keys = await live_keys(db, vault, account_id)
    found = await same_customers(db, account_id, keys, address)
    people: dict[int, list[bytes]] = defaultdict(list)
    for contact in await contacts_at(db, account_id, keys, address):
        people[contact.source_id].append(contact.record_id)
    for source_id, of_source in keys.items():
        ids = _Ids(found.get(source_id, ()), people[source_id])
        await _erase_from(db, of_source, ids, address, clock(), counts)
        await derive(db, account_id, source_id, vault=vault)
    member = await member_at(db, vault, account_id, address)
    settled = await settle(db, vault, account_id, posts)
    receipt = Receipt(
        what="person",
        account=account_id,
        requested_at=requested,
        finished_at=clock(),
        deleted={name: count for name, count in sorted(counts.deleted.items()) if count},
        left_anonymous={name: count for name, count in sorted(counts.anonymous.items()) if count},
        remaining=(*_REMAINING, *([_MEMBER] if member else []), *_posts_left(settled)),
    )
    signed = await receipts.sign(vault, receipt)
    async with db.tenant(account_id) as session:
        await receipts.store(session, account_id, signed)
    details = {Fact.ROWS: sum(counts.deleted.values())}
    await note_person(db, vault, account_id, address, Action.PERSON_ERASED, by or Doer.operator(), details)
    return signed


def _posts_left(settled: Settled) -> list[Remaining]:
    left = []
    if settled.unreachable:
        why = "posts that named the person and that the platform no longer lets us edit or delete"
        left.append(Remaining(where="Slack or Discord", count=settled.unreachable, why=why))
    if settled.waiting:
        why = "posts that named the person and could not be reached now: the worker goes on trying"
        left.append(Remaining(where="Slack or Discord", count=settled.waiting, why=why))
    return left


async def _erase_from(
    db: Database, keys: SourceKeys, found: _Ids, address: str, now: datetime, counts: _Counts
) -> None:
    ids = found.customers
    account_id, source_id = keys.account_id, keys.source_id
    async with db.tenant(account_id) as session:
        await hold_source(session, account_id, source_id, alone=True)
        customer = models.Customer
        rows = await session.execute(
            select(customer.id, customer.sealed).where(
                customer.account_id == account_id,
                customer.source_id == source_id,
                among(session, customer.id, ids),
            )
        )
        emails = {open_personal(keys, row.id, row.sealed).email for row in rows}
        await remember_erased(session, keys, {address, *filter(None, emails)}, now)
        await _count(session, keys, ids, _DELETED, counts.deleted)
        await _count(session, keys, ids, _ANONYMOUS, counts.anonymous)
        await _count(session, keys, found.contacts, _DELETED_OF_PEOPLE, counts.deleted)
        await _count(session, keys, found.contacts, _ANONYMOUS_OF_PEOPLE, counts.anonymous)
        asked = dict.fromkeys(found.contacts)
        alone = await forget_contacts(session, account_id, source_id, asked, noticed_at=now)
        stale = await forget_customers(session, account_id, source_id, dict.fromkeys(ids), noticed_at=now)
        await mark_customers_stale(session, account_id, source_id, stale | alone)


async def _count(
    session: AsyncSession,
    keys: SourceKeys,
    ids: Sequence[bytes],
    of: Sequence[tuple[Any, str]],
    into: dict[str, int],
) -> None:
    for model, column in of:
        table = table_of(model)
        where = (
            table.c.account_id == keys.account_id,
            table.c.source_id == keys.source_id,
            among(session, table.c[column], ids),
        )
        into[table.name] = into.get(table.name, 0) + await count_rows(session, table, *where)
