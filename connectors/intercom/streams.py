"""Intercom's streams: how each list is read, and the records its objects become; pure."""

import re
from collections.abc import Iterator

from connectors.base import Stream, Vanishing
from connectors.declared import Reading
from connectors.intercom import wire
from connectors.values import at, when
from storage import records
from storage.records import ConversationState, Record

GOOD = 4
"""Of five: a conversation so rated went well."""

_TAGS = re.compile(r"<[^>]{0,200}>")


def customer(row: wire.Company) -> Iterator[Record]:
    """People put their own id of a company into `company_id`, often that of the billing system."""
    own = row.company_id or ""
    yield records.Customer(
        id=row.id,
        name=row.name or None,
        domains=(row.website,) if row.website else (),
        aliases=(own,) if own else (),
        links=(("stripe_customer", own),) if own.startswith("cus_") else (),
        tags=_names(row.tags),
        created_at=at(row.created_at),
    )


def contact(row: wire.Contact) -> Iterator[Record]:
    companies = row.companies.data if row.companies else []
    yield records.Contact(
        id=row.id,
        name=row.name or None,
        email=row.email or None,
        phone=row.phone or None,
        customer_ids=tuple(company.id for company in companies),
        created_at=at(row.created_at),
    )


def conversation(row: wire.Conversation) -> Iterator[Record]:
    facts = row.statistics or wire.Statistics()
    state = _state(row)
    subject = row.title or (row.source.subject if row.source else None) or ""
    yield records.Conversation(
        id=row.id,
        subject=_TAGS.sub("", subject).strip() or None,
        state=state,
        opened_at=at(row.created_at),
        first_reply_at=when(facts.first_admin_reply_at),
        closed_at=when(facts.last_close_at) if state is ConversationState.CLOSED else None,
        assignee_id=str(row.assignee) if row.assignee else None,
        customer_id=row.company.id if row.company else None,
        contact_ids=tuple(one.id for one in row.contacts.contacts) if row.contacts else (),
        tags=_names(row.tags),
    )
    if row.rating and row.rating.rating is not None:
        yield records.Rating(
            id=row.id,
            conversation_id=row.id,
            good=row.rating.rating >= GOOD,
            rated_at=at(row.rating.created_at),
        )


def _state(row: wire.Conversation) -> ConversationState:
    """A state that is new to us counts as what `open` says."""
    try:
        return ConversationState(row.state)
    except ValueError:
        return ConversationState.OPEN if row.open else ConversationState.CLOSED


def owner(row: wire.Admin) -> Iterator[Record]:
    yield records.Owner(id=row.id, name=row.name or None, email=row.email or None)


def _names(tags: wire.TagList | None) -> tuple[str, ...]:
    return tuple(tag.name for tag in tags.tags) if tags else ()


ADMINS = Reading(
    stream=Stream(name="admins", record=records.Owner, path="/admins", permission="Read admins"),
    row=wire.Admin,
    build=owner,
    rows="admins",
)
COMPANIES = Reading(
    stream=Stream(
        name="companies",
        record=records.Customer,
        path="/companies/scroll",
        vanishing=Vanishing(),
        permission="Read users and companies",
    ),
    row=wire.Company,
    build=customer,
    rows="data",
)
CONTACTS = Reading(
    stream=Stream(
        name="contacts",
        record=records.Contact,
        path="/contacts",
        vanishing=Vanishing(),
        permission="Read users and companies",
    ),
    row=wire.Contact,
    build=contact,
    rows="data",
)
CONVERSATIONS = Reading(
    stream=Stream(
        name="conversations",
        record=records.Conversation,
        also=(records.Rating,),
        path="/conversations",
        vanishing=Vanishing(),
        permission="Read conversations",
    ),
    row=wire.Conversation,
    build=conversation,
    rows="conversations",
)
READINGS = (ADMINS, COMPANIES, CONTACTS, CONVERSATIONS)
