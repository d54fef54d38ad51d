"""What support sources say. Their conversations are tickets here: a `Conversation` is one with Chewbotta."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, OfSource, SourceRecord
from storage.types import Instant, RecordId

_OPEN = "state NOT IN ('solved', 'closed')"


class Ticket(Base, SourceRecord):
    """A support thread. `sealed` is the encrypted JSON of `records.Conversation.PERSONAL`.

    `customer_id` is what the source says (`named`) or else the main customer of `contact_id`, who asked.
    `reply_seconds`: from opening to the first answer of a colleague. Of a deleted customer a row stays that
    names nobody and whose `sealed` is empty, so that figures of the past do not change.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_opened", "account_id", "opened_at"),
        Index("ix_ticket_customer", "account_id", "source_id", "customer_id"),
        Index("ix_ticket_contact", "account_id", "source_id", "contact_id"),
        Index(
            "ix_ticket_open",
            "account_id",
            "source_id",
            "customer_id",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
    )

    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    reply_seconds: Mapped[int | None] = mapped_column(BigInteger)
    assignee_id: Mapped[bytes | None] = mapped_column(RecordId)
    customer_id: Mapped[bytes | None] = mapped_column(RecordId)
    named: Mapped[bool]
    contact_id: Mapped[bytes | None] = mapped_column(RecordId)


class TicketRating(Base, SourceRecord):
    """What a customer thought of a conversation."""

    __tablename__ = "ticket_rating"
    __table_args__ = (
        Index("ix_ticket_rating_rated", "account_id", "rated_at"),
        Index("ix_ticket_rating_ticket", "account_id", "source_id", "ticket_id"),
    )

    ticket_id: Mapped[bytes] = mapped_column(RecordId)
    good: Mapped[bool]
    rated_at: Mapped[datetime] = mapped_column(Instant)


class TicketTag(Base, OfSource):
    """A word that the account put on a conversation."""

    __tablename__ = "ticket_tag"
    __table_args__ = (Index("ix_ticket_tag_tag", "account_id", "tag"),)

    ticket_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    tag: Mapped[str] = mapped_column(String(80), primary_key=True)


class CustomerTag(Base, OfSource):
    """A word that the account put on a customer."""

    __tablename__ = "customer_tag"
    __table_args__ = (Index("ix_customer_tag_tag", "account_id", "tag"),)

    customer_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    tag: Mapped[str] = mapped_column(String(80), primary_key=True)
