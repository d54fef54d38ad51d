"""The people of an account, and how they sign in: members, sessions, one-time links, tries."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant
from storage.types import Instant, RecordId


class Member(Base, Tenant):
    """A person who signs in. Address and name are sealed with the account's key.

    `email_key` and `google_key` are keyed hashes of this installation: by them a person is found before it
    is known of which account. An address belongs to one member of one account. `totp` is the sealed seed of
    the second factor, which counts from `totp_since` on; `totp_step` is the newest time step whose code was
    taken. `password` is a bcrypt hash; None for whoever signs in with Google alone.
    """

    __tablename__ = "member"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
        UniqueConstraint("email_key"),
        UniqueConstraint("google_key"),
    )

    member_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    email_key: Mapped[bytes] = mapped_column(RecordId)
    google_key: Mapped[bytes | None] = mapped_column(RecordId)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    role: Mapped[str] = mapped_column(String(8))
    password: Mapped[str | None] = mapped_column(String(80))
    totp: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_since: Mapped[datetime | None] = mapped_column(Instant)
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)
    signed_in_at: Mapped[datetime | None] = mapped_column(Instant)


class RecoveryCode(Base, Tenant):
    """A code that stands in for the second factor once, as a hash."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "member_id"], ["member.account_id", "member.member_id"], ondelete="CASCADE"
        ),
    )

    member_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)


class WebSession(Base, Tenant):
    """A browser that is signed in, by the hash of its token.

    `state` is "half" until the second factor was given. `method` is how it was signed in, `device` a browser
    and a system from a short list, `confirmed_at` when the person last proved who they are.
    """

    __tablename__ = "web_session"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "member_id"], ["member.account_id", "member.member_id"], ondelete="CASCADE"
        ),
        Index("ix_web_session_member", "account_id", "member_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    member_id: Mapped[bytes] = mapped_column(RecordId)
    state: Mapped[str] = mapped_column(String(8))
    method: Mapped[str] = mapped_column(String(16))
    device: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class MailLink(Base, Tenant):
    """A link that was mailed and works once: an invitation, a new password, a new address.

    `sealed` is the address that it is about, `role` what an invited person becomes.
    """

    __tablename__ = "mail_link"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
        Index("ix_mail_link_member", "account_id", "member_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    member_id: Mapped[bytes | None] = mapped_column(RecordId)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    role: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class PendingSignup(Base):
    """Somebody who wants an account and has not yet opened the mail: sealed with a key that only that mail
    has, so that nobody here can read it."""

    __tablename__ = "pending_signup"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class Throttle(Base):
    """How often something was tried (a password, a code, a link), by the keyed hash of who tried what."""

    __tablename__ = "throttle"

    key: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
