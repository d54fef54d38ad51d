"""What is held on a person, by e-mail address: shown and exported (GDPR articles 15 and 20).

Found are the records that carry the address, in every source, and all others of the same customers: a
profile is one real customer. What is shown is what `erasure.py` erases, but for who signs in here
(`held_members.py`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, select

from storage import models
from storage.doer import Doer
from storage.errors import OperatorError
from storage.intake.bulk import among
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models.base import table_of
from storage.normalise import Field, normalise
from storage.personal import live_keys
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Fact, Kind, Subject
from storage.trust.held_members import HeldMember, member_at
from storage.trust.held_people import HeldContact, contacts_at
from storage.trust.messages import Listed, list_messages
from storage.trust.optional_fields import email_keys
from storage.trust.plain_rows import Plain, as_plain, shown_columns
from storage.trust.tombstones import erased_key

TO_LANGUAGE_MODELS = (
    "Nothing that is held. Where a language model is set up, it may get a question, with placeholders for "
    "names, addresses and amounts, and never a row or an answer."
)

_OF_A_CUSTOMER: tuple[tuple[Any, str], ...] = (
    (models.Subscription, "customer_id"),
    (models.Invoice, "customer_id"),
    (models.Payment, "customer_id"),
    (models.MrrSpan, "customer_id"),
    (models.WebhookEvent, "customer_id"),
    (models.Ticket, "customer_id"),
    (models.Deal, "customer_id"),
    (models.CustomerTag, "customer_id"),
)
_OF_THOSE: tuple[tuple[Any, str, str], ...] = (
    (models.SubscriptionChange, "subscription_id", "subscription"),
    (models.MrrPart, "subscription_id", "subscription"),
    (models.Refund, "payment_id", "payment"),
    (models.Dispute, "payment_id", "payment"),
    (models.TicketRating, "ticket_id", "ticket"),
    (models.TicketTag, "ticket_id", "ticket"),
)
"""Tables that name a row of another of the customer's tables."""


_NOT_FACTS = frozenset({"personal", "source_id", "profile_id", "label", "kind", "discounts"})


class NoAddressError(OperatorError):
    """What was asked for is no e-mail address."""


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """One record of the person. `held_since`: when it can have come here first. `rows` are by table."""

    source_id: int
    source: str
    record_id: bytes
    profile_id: bytes
    personal: Plain
    held_since: datetime
    rows: Mapping[str, Sequence[Plain]]

    def facts(self) -> Iterator[str]:
        """One line for each field, and one for each table of rows."""
        about = self.personal.get("personal")
        known = {**(msgspec.json.decode(about) if about is not None else {}), **self.personal}
        for name, value in known.items():
            if name not in _NOT_FACTS and value not in (None, [], ()):
                yield f"{name}: {value}"
        for table, rows in self.rows.items():
            yield f"{table}: {len(rows)} rows"


@dataclass(frozen=True, slots=True)
class Held:
    """Everything that is held. `contacts` are the person's own records at customers, `member` what is held
    if they sign in here; `kept_away` are sources from which the address was erased, and when."""

    records: Sequence[HeldRecord]
    contacts: Sequence[HeldContact]
    messages: Sequence[Listed]
    kept_away: Mapping[int, datetime]
    member: HeldMember | None = None
    to_language_models: str = TO_LANGUAGE_MODELS

    def __repr__(self) -> str:
        return f"Held({len(self.records)} records, {len(self.contacts)} contacts)"


def as_document(held: Held) -> str:
    """Everything that is held, as JSON."""
    document = {
        "format": 1,
        "records": [
            {
                "source": record.source,
                "source_id": record.source_id,
                "held_since": record.held_since,
                "customer": record.personal,
                **record.rows,
            }
            for record in held.records
        ],
        "contacts": [contact.as_json() for contact in held.contacts],
        "member": held.member.as_json() if held.member else None,
        "messages": [
            {
                "id": message.message_id.hex(),
                "at": message.at,
                "platform": message.platform,
                "content": message.content,
            }
            for message in held.messages
        ],
        "kept_away": {str(source_id): at for source_id, at in held.kept_away.items()},
        "sent_to_language_models": held.to_language_models,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def checked_address(email: str) -> str:
    """The address in its normal form; raises NoAddressError, which does not repeat it."""
    address = normalise(Field.EMAIL, email)
    if address is None:
        raise NoAddressError("That is not an e-mail address.")
    return address


async def find(
    db: Database, vault: Vault, account_id: int, email: str, *, action: Action, by: Doer | None = None
) -> Held:
    """What is held on the person with this address; that it was asked for is recorded as `action`."""
    address = checked_address(email)
    keys = await live_keys(db, vault, account_id)
    customers = await _customers(db, account_id, keys, address)
    records = [await _held(db, account_id, keys[row["source_id"]], row) for row in customers]
    named = {record.record_id for record in records} | {record.profile_id for record in records}
    messages = await list_messages(db, vault, account_id, naming=named) if named else []
    contacts = await contacts_at(db, account_id, keys, address)
    member = await member_at(db, vault, account_id, address)
    counted = {Fact.COUNT: len(records) + len(contacts) + (member is not None)}
    await note_person(db, vault, account_id, address, action, by or Doer.operator(), counted)
    return Held(records, contacts, messages, await _kept_away(db, account_id, keys, address), member)


async def _customers(
    db: Database, account_id: int, keys: Mapping[int, SourceKeys], address: str
) -> list[dict[str, Any]]:
    """The rows of all records of all profiles in which a record carries the address."""
    table, source = table_of(models.Customer), table_of(models.Source)
    wanted = {key for of_source in keys.values() for key in email_keys(of_source, address)}
    if not wanted:
        return []
    columns = [
        *shown_columns(table),
        source.c.label,
        source.c.kind,
        source.c.created_at.label("connected_at"),
    ]
    async with db.tenant(account_id, read_only=True) as session:
        connection = await session.connection()
        profiles = select(table.c.profile_id).where(
            table.c.account_id == account_id, among(session, table.c.email_key, wanted)
        )
        rows = await connection.execute(
            select(*columns)
            .join(
                source,
                (source.c.account_id == table.c.account_id) & (source.c.source_id == table.c.source_id),
            )
            .where(
                table.c.account_id == account_id,
                table.c.source_id.in_(keys),
                table.c.profile_id.in_(profiles),
            )
            .order_by(table.c.source_id, table.c.created_at, table.c.id)
        )
        return [dict(row) for row in rows.mappings()]


async def same_customers(
    db: Database, account_id: int, keys: Mapping[int, SourceKeys], address: str
) -> dict[int, list[bytes]]:
    """The ids of the records that `find` would show, by source."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for row in await _customers(db, account_id, keys, address):
        found[row["source_id"]].append(bytes(row["id"]))
    return found


async def _held(db: Database, account_id: int, keys: SourceKeys, customer: Mapping[str, Any]) -> HeldRecord:
    table = table_of(models.Customer)
    rows: dict[str, list[Plain]] = {}
    for model, column in _OF_A_CUSTOMER:
        rows[model.__tablename__] = await _rows(db, account_id, keys, model, column, [customer["id"]])
    for model, column, of in _OF_THOSE:
        parents = [bytes.fromhex(row["id"]) for row in rows[of]]
        rows[model.__tablename__] = await _rows(db, account_id, keys, model, column, parents)
    created_at, connected_at = customer["created_at"], customer["connected_at"]
    return HeldRecord(
        source_id=keys.source_id,
        source=f"{customer['label']} ({customer['kind']})",
        record_id=bytes(customer["id"]),
        profile_id=bytes(customer["profile_id"]),
        personal=as_plain(table, customer, keys),
        held_since=max(created_at, connected_at),
        rows={name: found for name, found in rows.items() if found},
    )


async def _rows(
    db: Database, account_id: int, keys: SourceKeys, model: Any, column: str, ids: Iterable[bytes]
) -> list[Plain]:
    table: Table = table_of(model)
    wanted = list(ids)
    if not wanted:
        return []
    async with db.tenant(account_id, read_only=True) as session:
        where: list[ColumnElement[bool]] = [
            table.c.account_id == account_id,
            table.c.source_id == keys.source_id,
            among(session, table.c[column], wanted),
        ]
        connection = await session.connection()
        rows = await connection.execute(
            select(*shown_columns(table)).where(*where).order_by(*table.primary_key)
        )
        return [as_plain(table, row, keys) for row in rows.mappings()]


async def _kept_away(
    db: Database, account_id: int, keys: Mapping[int, SourceKeys], address: str
) -> dict[int, datetime]:
    """The sources from which the address was erased."""
    erased = models.Erased
    wanted = [key for of_source in keys.values() if (key := erased_key(of_source, address))]
    async with db.tenant(account_id, read_only=True) as session:
        rows = await session.execute(
            select(erased.source_id, erased.erased_at).where(among(session, erased.email_key, wanted))
        )
        return {row.source_id: row.erased_at for row in rows}


async def note_person(
    db: Database, vault: Vault, account_id: int, address: str, action: Action, by: Doer,
    details: Mapping[Fact, int],
) -> None:  # fmt: skip
    """Records what was done about a person, who stands in the trail as a keyed reference."""
    keys = await vault.account_keys(account_id)
    reference = keys.record_id("person", address)
    async with db.tenant(account_id) as session:
        await audit.record(
            session,
            actor=by.actor,
            action=action,
            subject=Subject(Kind.PERSON, reference),
            origin=by.origin,
            details=details,
        )
