"""What was said: answers and thoughts that were sent, and whom they name; receipts of deletions."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant
from storage.types import Instant, RecordId


class Message(Base, Tenant):
    """An answer or a thought that was sent. Its content and where it went are sealed with the account's key.

    Kept for the account's `message_days`; the only thing that may still mention a deleted customer.
    `places` (sealed) is where it stands on the platform. `due` is what is still to be done to it there
    ("redact" or "delete"); its own content went when that was noted, and an empty `sealed` says so.
    """

    __tablename__ = "message"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
        Index("ix_message_at", "account_id", "at"),
    )

    message_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(String(16))
    platform: Mapped[str] = mapped_column(String(16))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    places: Mapped[bytes | None] = mapped_column(LargeBinary)
    due: Mapped[str | None] = mapped_column(String(8))


class MessageProfile(Base, Tenant):
    """A message names a customer: so that it is found when that is deleted.

    `profile_id` is the profile's id or that of any of its records, as they were when the message was sent:
    a profile that is joined anew gets another id, its records keep theirs.
    """

    __tablename__ = "message_profile"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "message_id"], ["message.account_id", "message.message_id"], ondelete="CASCADE"
        ),
        Index("ix_message_profile_profile", "account_id", "profile_id"),
    )

    message_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    profile_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)


class Receipt(Base, Tenant):
    """The signed receipt of a deletion: what went, how many rows of each table, what is left elsewhere."""

    __tablename__ = "receipt"
    __table_args__ = (ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),)

    receipt_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    content: Mapped[str] = mapped_column(String)
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class DeletedAccount(Base):
    """All that is left of a deleted account: its number, so that it is never given again."""

    __tablename__ = "deleted_account"

    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    deleted_at: Mapped[datetime] = mapped_column(Instant)
