"""Customers: one sealed document a row, and keyed look-ups beside it."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.intake.stored import StoredDiscount
from storage.models.base import Base, OfSource, SourceRecord
from storage.types import Document, Instant, RecordId


def _lookup(column: str) -> Index:
    return Index(
        f"ix_customer_{column}",
        "account_id",
        "source_id",
        column,
        sqlite_where=text(f"{column} IS NOT NULL"),
        postgresql_where=text(f"{column} IS NOT NULL"),
    )


class Customer(Base, SourceRecord):
    """A customer as one source knows it.

    `sealed` is the encrypted JSON of `records.Customer.PERSONAL`. The `*_key` columns are keyed hashes of
    the normalised value. `profile_id` names the real customer that this record is part of.
    """

    __tablename__ = "customer"
    __table_args__ = (
        *map(_lookup, ("email_key", "domain_key", "name_key", "phone_key")),
        Index("ix_customer_profile", "account_id", "profile_id"),
    )

    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    email_key: Mapped[bytes | None] = mapped_column(RecordId)
    domain_key: Mapped[bytes | None] = mapped_column(RecordId)
    name_key: Mapped[bytes | None] = mapped_column(RecordId)
    phone_key: Mapped[bytes | None] = mapped_column(RecordId)
    profile_id: Mapped[bytes] = mapped_column(RecordId)
    country: Mapped[str | None] = mapped_column(String(2))
    currency: Mapped[str | None] = mapped_column(String(3))
    owner_id: Mapped[bytes | None] = mapped_column(RecordId)
    discounts: Mapped[tuple[StoredDiscount, ...]] = mapped_column(Document(tuple[StoredDiscount, ...]))
    created_at: Mapped[datetime] = mapped_column(Instant)


class CustomerLink(Base, OfSource):
    """An id of a customer in another system (or a second one in its own), or one of its domains, as a keyed
    hash: what records find each other by. `of` is "id" or "domain"."""

    __tablename__ = "customer_link"
    __table_args__ = (Index("ix_customer_link_key", "account_id", "source_id", "link_key"),)

    customer_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    of: Mapped[str] = mapped_column(String(8))
    link_key: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
