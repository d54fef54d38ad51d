"""The account (a tenant), and what it remembers of conversations."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant
from storage.types import Document, Instant


class Account(Base):
    """A tenant: one company that uses Chewbotta.

    `sources_made` counts sources ever added, so that a source's number is never used again.
    `message_days`: how long Messages are kept, 0 keeps none. `on_customer_deleted`: keep, redact or delete
    the Messages that name a customer whom its source deletes. `rekey_since` is when something that the
    account's own key had sealed (a Message, a conversation) was first forgotten: within a day it is renewed.
    `second_factor_required`: whoever signs in with a password must have a second factor.
    `tells_values`: a language model may be told the names of plans, products, stages and tags.
    `rated` are the currencies that it has exchange rates of: where there are none, nothing is converted.
    """

    __tablename__ = "account"
    __table_args__ = ({"sqlite_autoincrement": True},)

    account_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    currency: Mapped[str] = mapped_column(String(3), default="usd")
    sources_made: Mapped[int] = mapped_column(Integer, default=0)
    message_days: Mapped[int] = mapped_column(Integer, default=90)
    on_customer_deleted: Mapped[str] = mapped_column(String(8), default="keep")
    deleting: Mapped[bool] = mapped_column(default=False)
    rated: Mapped[tuple[str, ...]] = mapped_column(Document(tuple[str, ...]), default=tuple)
    second_factor_required: Mapped[bool] = mapped_column(default=False)
    tells_values: Mapped[bool] = mapped_column(default=False)
    rekey_since: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Conversation(Base, Tenant):
    """The last plan of a conversation, sealed with the account's key, for follow-ups until it expires.

    A `personal` one may name a customer: those go with every customer that is deleted.
    """

    __tablename__ = "conversation"
    __table_args__ = (ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),)

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    personal: Mapped[bool] = mapped_column(default=True)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class SeenEvent(Base, Tenant):
    """A chat event that was taken up, so that the platform's retry of it is not answered again."""

    __tablename__ = "seen_event"
    __table_args__ = (ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),)

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(Instant, index=True)
