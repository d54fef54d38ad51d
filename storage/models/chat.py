"""What chat platforms need to be remembered: who may see what, messages that wait, long buttons, votes."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant
from storage.types import Instant, RecordId


def _of_account() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE")


class ChatAccess(Base, Tenant):
    """A line of who may see what: `kind` and `subject` name whom or where on a platform, `choice` says what.

    What there is to choose stands in `storage/chat_access.py`. Subjects are ids of the platform, never names.
    """

    __tablename__ = "chat_access"
    __table_args__ = (_of_account(),)

    platform: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(32), primary_key=True)
    choice: Mapped[str] = mapped_column(String(16))
    chosen_at: Mapped[datetime] = mapped_column(Instant)


class Outgoing(Base, Tenant):
    """A message that its platform could not take yet, sealed with the account's key until it does.

    Those of one `lane` (a channel, hashed) go out in the order of their `number`. Whoever sends one holds it
    until `held_until`. After `until` it is given up. A `personal` one is emptied when any customer is
    deleted: an empty `sealed` says so, and `address`, sealed too, still says whom to tell.
    """

    __tablename__ = "outgoing"
    __table_args__ = (
        _of_account(),
        Index("ix_outgoing_lane", "account_id", "lane", "number"),
        Index("ix_outgoing_until", "until"),
    )

    item_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    lane: Mapped[bytes] = mapped_column(RecordId)
    number: Mapped[int] = mapped_column(BigInteger)
    address: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    personal: Mapped[bool] = mapped_column(default=True)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(Instant)
    held_until: Mapped[datetime | None] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)


class KeptButton(Base, Tenant):
    """What a button stands for where it is too long for the button itself, sealed until it expires."""

    __tablename__ = "kept_button"
    __table_args__ = (_of_account(), Index("ix_kept_button_expires_at", "expires_at"))

    button_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    personal: Mapped[bool] = mapped_column(default=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class Feedback(Base, Tenant):
    """A thumb up or down on an answer, and the plan behind it with nothing in it that could name anyone.

    `feedback_id` is a keyed hash of who voted on which message: voting again changes the vote.
    """

    __tablename__ = "feedback"
    __table_args__ = (_of_account(), Index("ix_feedback_at", "account_id", "at"))

    feedback_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    platform: Mapped[str] = mapped_column(String(16))
    is_good: Mapped[bool]
    kind: Mapped[str] = mapped_column(String(16))
    interpreter: Mapped[str] = mapped_column(String(16))
    plan: Mapped[str | None] = mapped_column(Text)
