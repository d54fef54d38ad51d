"""Customers, people, tickets and deals → rows: personal fields one sealed document, the rest columns."""

from collections.abc import Iterable

import msgspec

from storage import records
from storage.intake.billing_rows import stored_discounts
from storage.intake.writing import Row, Writing
from storage.normalise import Field, normalise
from storage.personal_document import (
    Personal,
    PersonalContact,
    PersonalDeal,
    PersonalOwner,
    PersonalTicket,
    blind_keys,
    seal_document,
    seal_personal,
)
from storage.trust.optional_fields import OPTIONAL, hash_only

_TAG_CHARACTERS = 80
_MOST_TAGS = 50
_NAME_CHARACTERS = 120
_MOST_CUSTOMERS = 100
"""Of one contact. A person at more companies than that joins nothing anyway."""


def customer_row(record: records.Customer, writing: Writing) -> Row:
    keys, off = writing.keys, writing.switched_off
    if "phone" in off:
        record = msgspec.structs.replace(record, phone=None)
    row = writing.start(record)
    personal = Personal(
        record.id,
        name=None if "name" in off else record.name,
        email=None if "email" in off else record.email,
        phone=record.phone,
        domains=record.domains,
        links=record.links,
        aliases=record.aliases,
    )
    row["sealed"] = seal_personal(keys, row["id"], personal)
    row |= blind_keys(keys, personal)
    row |= {
        f"{name}_key": hash_only(keys, name, getattr(record, name))
        for name in off
        if name in _OF_CUSTOMERS and OPTIONAL[name].hashed
    }
    row["profile_id"] = row["id"]
    row["country"] = record.country
    row["currency"] = record.currency
    row["owner_id"] = writing.id_of("owner", record.owner_id)
    row["discounts"] = stored_discounts(record.discounts, writing)
    row["created_at"] = record.created_at
    return row


_OF_CUSTOMERS = frozenset(Personal.__struct_fields__)


def link_rows(record: records.Customer, writing: Writing) -> list[Row]:
    """One row for each id that the customer carries of another system, each further one of its own, and each
    of its domains."""
    own = records.OWN_SYSTEM.get(writing.kind, writing.kind)
    ids = {link_text(system, value) for system, value in (*record.links, *((own, a) for a in record.aliases))}
    domains = {domain for value in record.domains if (domain := normalise(Field.DOMAIN, value))}
    customer_id = writing.record_id(record.KIND, record.id)
    return [
        {
            "account_id": writing.account_id,
            "source_id": writing.source_id,
            "customer_id": customer_id,
            "of": of,
            "link_key": writing.record_id(LINK_KINDS[of], text),
        }
        for of, texts in (("id", ids), ("domain", domains))
        for text in sorted(texts)
    ]


LINK_KINDS = {"id": "link", "domain": "domain"}
"""By `CustomerLink.of`: the kind that its key is hashed as."""


def link_text(system: str, value: str) -> str:
    """What is hashed for an id of a customer in a system."""
    return f"{system}:{value.strip()}"


def customer_tag_rows(record: records.Customer, writing: Writing) -> list[Row]:
    return _tag_rows("customer_id", record, record.tags, writing)


def ticket_tag_rows(record: records.Conversation, writing: Writing) -> list[Row]:
    return _tag_rows("ticket_id", record, record.tags, writing)


def _tag_rows(owner: str, record: records.Record, tags: Iterable[str], writing: Writing) -> list[Row]:
    clean = dict.fromkeys(tag for given in tags if (tag := " ".join(given.split())[:_TAG_CHARACTERS]))
    return [
        {
            "account_id": writing.account_id,
            "source_id": writing.source_id,
            owner: writing.record_id(record.KIND, record.id),
            "tag": tag,
        }
        for tag in list(clean)[:_MOST_TAGS]
    ]


def contact_row(record: records.Contact, writing: Writing) -> Row:
    keys, off = writing.keys, writing.switched_off
    row = writing.start(record)
    personal = PersonalContact(
        record.id,
        name=None if "name" in off else record.name,
        email=None if "email" in off else record.email,
        phone=None if "phone" in off else record.phone,
        title=None if "title" in off else record.title,
    )
    row["sealed"] = seal_document(keys, row["id"], personal)
    row["email_key"] = keys.blind(Field.EMAIL, personal.email)
    row["created_at"] = record.created_at
    return row


def contact_customer_rows(record: records.Contact, writing: Writing) -> list[Row]:
    """One row for each customer that the contact is at."""
    contact_id = writing.record_id(record.KIND, record.id)
    return [
        {
            "account_id": writing.account_id,
            "source_id": writing.source_id,
            "contact_id": contact_id,
            "customer_id": writing.record_id("customer", customer),
            "place": place,
        }
        for place, customer in enumerate(list(dict.fromkeys(record.customer_ids))[:_MOST_CUSTOMERS])
    ]


def owner_row(record: records.Owner, writing: Writing) -> Row:
    row = writing.start(record)
    personal = PersonalOwner(record.id, name=record.name, email=record.email)
    row["sealed"] = seal_document(writing.keys, row["id"], personal)
    return row


def ticket_row(record: records.Conversation, writing: Writing) -> Row:
    row = writing.start(record)
    subject = None if "subject" in writing.switched_off else record.subject
    row["sealed"] = seal_document(writing.keys, row["id"], PersonalTicket(record.id, subject=subject))
    replied = record.first_reply_at
    row["state"] = record.state
    row["opened_at"] = record.opened_at
    row["closed_at"] = record.closed_at
    row["reply_seconds"] = max(0, round((replied - record.opened_at).total_seconds())) if replied else None
    row["assignee_id"] = writing.id_of("owner", record.assignee_id)
    row["customer_id"] = writing.id_of("customer", record.customer_id)
    row["named"] = record.customer_id is not None
    row["contact_id"] = writing.id_of("contact", next(iter(record.contact_ids), None))
    return row


def rating_row(record: records.Rating, writing: Writing) -> Row:
    return {
        **writing.start(record),
        "ticket_id": writing.record_id("conversation", record.conversation_id),
        "good": record.good,
        "rated_at": record.rated_at,
    }


def stage_row(record: records.Stage, writing: Writing) -> Row:
    return {
        **writing.start(record),
        "name": record.name[:_NAME_CHARACTERS],
        "pipeline": record.pipeline[:_NAME_CHARACTERS],
        "position": record.position,
    }


def deal_row(record: records.Deal, writing: Writing) -> Row:
    row = writing.start(record)
    name = None if "deal_name" in writing.switched_off else record.name
    row["sealed"] = seal_document(writing.keys, row["id"], PersonalDeal(record.id, name=name))
    row["state"] = record.state
    row["stage_id"] = writing.id_of("stage", record.stage_id)
    row["amount"] = record.amount
    row["currency"] = record.currency
    row["closes_at"] = record.closes_at
    row["owner_id"] = writing.id_of("owner", record.owner_id)
    row["customer_id"] = writing.id_of("customer", record.customer_id)
    row["created_at"] = record.created_at
    return row
