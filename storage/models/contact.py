"""People: those at customers, and colleagues who own customers and answer them. Their fields are sealed."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, OfSource, SourceRecord
from storage.types import Instant, RecordId


class Contact(Base, SourceRecord):
    """A person at customers. `sealed` is the encrypted JSON of `records.Contact.PERSONAL`."""

    __tablename__ = "contact"
    __table_args__ = (
        Index(
            "ix_contact_email_key",
            "account_id",
            "source_id",
            "email_key",
            sqlite_where=text("email_key IS NOT NULL"),
            postgresql_where=text("email_key IS NOT NULL"),
        ),
    )

    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    email_key: Mapped[bytes | None] = mapped_column(RecordId)
    created_at: Mapped[datetime] = mapped_column(Instant)


class ContactCustomer(Base, OfSource):
    """A contact is at a customer; `place` 0 is the main one."""

    __tablename__ = "contact_customer"
    __table_args__ = (Index("ix_contact_customer_customer", "account_id", "source_id", "customer_id"),)

    contact_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    customer_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger)


class Owner(Base, SourceRecord):
    """A colleague. `sealed` is the encrypted JSON of `records.Owner.PERSONAL`."""

    __tablename__ = "owner"

    sealed: Mapped[bytes] = mapped_column(LargeBinary)
