"""Zendesk's streams: how each list is read, and the records its objects become; pure, one function a kind."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from connectors.base import Stream, Vanishing
from connectors.declared import Reading
from connectors.values import Unreadable
from connectors.zendesk import wire
from storage import records
from storage.records import ConversationState, Deletion, Record


def customer(row: wire.Organization) -> Iterator[Record]:
    other = row.external_id or ""
    yield records.Customer(
        id=str(row.id),
        name=row.name or None,
        domains=tuple(row.domain_names or ()),
        links=(("stripe_customer", other),) if other.startswith("cus_") else (),
        tags=tuple(row.tags or ()),
        created_at=row.created_at,
    )


def person(row: wire.User) -> Iterator[Record]:
    """Agents stay, also those who left: their names stand on tickets."""
    id_ = str(row.id)
    if row.role in {"agent", "admin"}:
        yield records.Owner(id=id_, name=row.name or None, email=row.email or None)
    elif not row.active:
        yield Deletion(id=id_, of=records.Contact, deleted_at=row.updated_at)
    else:
        yield records.Contact(
            id=id_,
            name=row.name or None,
            email=row.email or None,
            phone=row.phone or None,
            customer_ids=(str(row.organization_id),) if row.organization_id else (),
            created_at=row.created_at,
        )


def ticket(row: wire.Ticket, metrics: Mapping[int, wire.Metrics]) -> Iterator[Record]:
    id_ = str(row.id)
    if row.status == "deleted":
        yield Deletion(id=id_, of=records.Conversation, deleted_at=row.updated_at)
        return
    facts = metrics.get(row.id) or row.metric_set or wire.Metrics(row.id)
    waited = _waited(facts)
    yield records.Conversation(
        id=id_,
        subject=row.subject or None,
        state=_state(row.status),
        opened_at=row.created_at,
        first_reply_at=row.created_at + waited if waited is not None else None,
        closed_at=facts.solved_at,
        assignee_id=str(row.assignee_id) if row.assignee_id else None,
        customer_id=str(row.organization_id) if row.organization_id else None,
        contact_ids=(str(row.requester_id),) if row.requester_id else (),
        tags=tuple(row.tags or ()),
    )


def _state(status: str) -> ConversationState:
    try:
        return ConversationState(status)
    except ValueError:
        raise Unreadable("$.status") from None


def _waited(facts: wire.Metrics) -> timedelta | None:
    """From the ticket's creation to the first public reply of an agent, by the calendar."""
    if facts.reply_time_in_seconds and facts.reply_time_in_seconds.calendar is not None:
        return timedelta(seconds=facts.reply_time_in_seconds.calendar)
    if facts.reply_time_in_minutes and facts.reply_time_in_minutes.calendar is not None:
        return timedelta(minutes=facts.reply_time_in_minutes.calendar)
    return None


def rating(row: wire.Rated) -> Iterator[Record]:
    """Ratings that were only asked for say nothing yet."""
    if row.score in {"good", "bad"}:
        yield records.Rating(
            id=str(row.id),
            conversation_id=str(row.ticket_id),
            good=row.score == "good",
            rated_at=row.updated_at,
        )


ORGANIZATIONS = Reading(
    stream=Stream(
        name="organizations",
        record=records.Customer,
        path="/api/v2/organizations",
        vanishing=Vanishing(),
        permission="an administrator's API token",
    ),
    row=wire.Organization,
    build=customer,
    rows="organizations",
)
USERS = Reading(
    stream=Stream(
        name="users",
        record=records.Contact,
        also=(records.Owner,),
        path="/api/v2/users",
        vanishing=Vanishing(),
        permission="an administrator's API token",
    ),
    row=wire.User,
    build=person,
    rows="users",
)
# The list of tickets leaves out old ones, so that nothing can be concluded from it; deletions are told.
TICKETS = Reading(
    stream=Stream(
        name="tickets",
        record=records.Conversation,
        path="/api/v2/tickets",
        permission="an administrator's API token",
    ),
    row=wire.Ticket,
    build=ticket,
    rows="tickets",
)
RATINGS = Reading(
    stream=Stream(
        name="satisfaction_ratings",
        record=records.Rating,
        path="/api/v2/satisfaction_ratings",
        permission="customer satisfaction switched on",
    ),
    row=wire.Rated,
    build=rating,
    rows="satisfaction_ratings",
)
READINGS = (ORGANIZATIONS, USERS, TICKETS, RATINGS)
