"""What sources of sales and support say of customers: people, owners, deals, conversations.

As in `records.py`: what is not declared here cannot be stored. Of a conversation that is its facts and, where
the account wants it, the subject; never what was written in it.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from storage.record_base import Record


class ConversationState(StrEnum):
    """All but `solved` and `closed` are open. A vendor's new state is its nearest of these."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    HOLD = "hold"
    SNOOZED = "snoozed"
    SOLVED = "solved"
    CLOSED = "closed"


class DealState(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Owner(Record, frozen=True, kw_only=True, gc=False):
    """A colleague in a source: owns customers and deals, is assigned conversations (admin, agent)."""

    KIND: ClassVar[str] = "owner"
    PERSONAL: ClassVar[tuple[str, ...]] = ("id", "name", "email")

    name: str | None = None
    email: str | None = None

    def __repr__(self) -> str:
        return "Owner(...)"


class Contact(Record, frozen=True, kw_only=True, gc=False):
    """A person at customers (`customer_ids`, of the same source; the main one first, may be none)."""

    KIND: ClassVar[str] = "contact"
    PERSONAL: ClassVar[tuple[str, ...]] = ("id", "name", "email", "phone", "title")

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    customer_ids: tuple[str, ...] = ()
    created_at: datetime

    def __repr__(self) -> str:
        return "Contact(...)"


class Conversation(Record, frozen=True, kw_only=True, gc=False):
    """A support thread (conversation, ticket). Where it names no customer, its contacts' customer has it.

    `first_reply_at` is the first answer by a colleague. `contact_ids`: who asked comes first.
    """

    KIND: ClassVar[str] = "conversation"
    PERSONAL: ClassVar[tuple[str, ...]] = ("id", "subject")

    subject: str | None = None
    state: ConversationState
    opened_at: datetime
    first_reply_at: datetime | None = None
    closed_at: datetime | None = None
    assignee_id: str | None = None
    customer_id: str | None = None
    contact_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Conversation(...)"


class Rating(Record, frozen=True, kw_only=True, gc=False):
    """What a customer thought of a conversation: `good` is Intercom's 4 and 5, Zendesk's good.

    Where the rating has no id of its own, `id` is the conversation's.
    """

    KIND: ClassVar[str] = "rating"

    conversation_id: str
    good: bool
    rated_at: datetime


class Stage(Record, frozen=True, kw_only=True, gc=False):
    """A step of a sales pipeline, under the account's own names. `id` is unique over all pipelines."""

    KIND: ClassVar[str] = "stage"

    name: str
    pipeline: str
    position: int = 0


class Deal(Record, frozen=True, kw_only=True, gc=False):
    """A sales opportunity. `amount` in minor units; None (and no currency) where nobody has put one.

    `closes_at` is when it was closed, or is expected to be.
    """

    KIND: ClassVar[str] = "deal"
    PERSONAL: ClassVar[tuple[str, ...]] = ("id", "name")

    name: str | None = None
    state: DealState
    stage_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    closes_at: datetime | None = None
    owner_id: str | None = None
    customer_id: str | None = None
    created_at: datetime

    def __repr__(self) -> str:
        return "Deal(...)"
