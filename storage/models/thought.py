"""Thoughts that were decided, who wants which of them where, and what was posted for it.

A thought holds ids, amounts and dates, never a name: names are opened when it is worded.
"""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant
from storage.types import Instant, RecordId

_UNDER_WAY = "state IN ('due', 'sending')"


def _of_thought() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["account_id", "thought_id"], ["thought.account_id", "thought.thought_id"], ondelete="CASCADE"
    )


def _of_alert() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["account_id", "alert_id"], ["alert.account_id", "alert.alert_id"], ondelete="CASCADE"
    )


class Thought(Base, Tenant):
    """Something worth a person's attention, decided once: its id is the hash of what it is about.

    `matter_id` is the same for all later news of the matter, `body` the thought as JSON. `late`: its source
    had been away for long, and this is told with all else of that time. `routed_at` is when it was settled
    who gets it.
    """

    __tablename__ = "thought"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
        Index("ix_thought_decided", "decided_at"),
        Index("ix_thought_matter", "account_id", "matter_id"),
        Index(
            "ix_thought_unrouted",
            "account_id",
            "decided_at",
            sqlite_where=text("routed_at IS NULL"),
            postgresql_where=text("routed_at IS NULL"),
        ),
    )

    thought_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    matter_id: Mapped[bytes] = mapped_column(RecordId)
    source_id: Mapped[int | None]
    stage: Mapped[str] = mapped_column(String(12))
    critical: Mapped[bool]
    late: Mapped[bool]
    at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime] = mapped_column(Instant)
    routed_at: Mapped[datetime | None] = mapped_column(Instant)
    body: Mapped[str] = mapped_column(Text)


class ThoughtProfile(Base, Tenant):
    """A thought is about a customer: so that it goes when that is deleted.

    `profile_id` is the profile's id or that of any of its records, as they were when it was decided.
    """

    __tablename__ = "thought_profile"
    __table_args__ = (_of_thought(), Index("ix_thought_profile_profile", "account_id", "profile_id"))

    thought_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    profile_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)


class Alert(Base, Tenant):
    """A subscription to thoughts: a channel or a direct message, and what it wants to hear.

    `team` and `place` are the platform's ids of the workspace and the channel. What it wants (kinds, filters,
    hours, the words that people used) is sealed with the account's key. `state` is "on", "paused" or
    "broken": nothing can be posted there any more. `digest_at` is when its next digest is due.
    """

    __tablename__ = "alert"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
        Index("ix_alert_place", "account_id", "platform", "team", "place"),
    )

    alert_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    platform: Mapped[str] = mapped_column(String(16))
    team: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(8))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(Instant)
    digest_at: Mapped[datetime | None] = mapped_column(Instant)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Letter(Base, Tenant):
    """One message to one channel: thoughts, a digest or a notice. Its id is what the platform knows it by.

    `state`: "due"; "sending", and then perhaps posted; "sent"; "lost" for good. `under` is the letter in
    whose thread it belongs. `channel` and `ts` are where it stands once it is sent. `note` is the platform's
    last word on why it was not sent, of a digest the period that it is of.
    """

    __tablename__ = "letter"
    __table_args__ = (
        _of_alert(),
        Index("ix_letter_made", "made_at"),
        Index("ix_letter_alert", "account_id", "alert_id", "made_at"),
        Index(
            "ix_letter_due",
            "account_id",
            "due_at",
            sqlite_where=text(_UNDER_WAY),
            postgresql_where=text(_UNDER_WAY),
        ),
    )

    letter_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    alert_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    under: Mapped[bytes | None] = mapped_column(RecordId)
    state: Mapped[str] = mapped_column(String(8))
    made_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    tries: Mapped[int]
    leased_until: Mapped[datetime | None] = mapped_column(Instant)
    lease: Mapped[bytes | None] = mapped_column(RecordId)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    channel: Mapped[str | None] = mapped_column(String(64))
    ts: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(64))


class Delivery(Base, Tenant):
    """What becomes of a thought for one subscription: in a letter, kept for a digest, held back."""

    __tablename__ = "delivery"
    __table_args__ = (
        _of_alert(),
        _of_thought(),
        Index("ix_delivery_letter", "account_id", "letter_id"),
        Index("ix_delivery_thought", "account_id", "thought_id"),
    )

    alert_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    thought_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    why: Mapped[str | None] = mapped_column(String(24))
    at: Mapped[datetime] = mapped_column(Instant)
    letter_id: Mapped[bytes | None] = mapped_column(RecordId)


class Mute(Base, Tenant):
    """What a subscription does not want to hear of for a while: everything, a kind, a customer.

    `profile_id` is the customer's profile or one of its records: one row each, so that it is found however
    profiles join, and goes with the customer; sixteen zero bytes for none. `until` None: for good.
    """

    __tablename__ = "mute"
    __table_args__ = (_of_alert(), Index("ix_mute_profile", "account_id", "profile_id"))

    alert_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    profile_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    until: Mapped[datetime | None] = mapped_column(Instant)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(Instant)
