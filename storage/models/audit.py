"""Who did what: the audit trail and its head, and when each purge last ran."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant
from storage.types import Document, Instant


class AuditEntry(Base, Tenant):
    """One action: who did what to what, and when. Kept 60 days; can be added and read, never changed.

    `actor` and `subject` are ids or keyed references, never a name or an address; `details` holds counts,
    enums and ids alone. `digest` covers the entry and the digest before it, so that a removed or changed
    line shows.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),)

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(120))
    origin: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, str | int | bool | None]] = mapped_column(
        Document(dict[str, str | int | bool | None])
    )
    before: Mapped[bytes] = mapped_column(LargeBinary(32))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditHead(Base, Tenant):
    """Where an account's trail ends: the number, time and digest of its newest entry.

    Its row is the lock that numbers entries without gaps, and shows when the newest entries were removed.
    """

    __tablename__ = "audit_head"
    __table_args__ = (ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),)

    number: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(Instant)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class PurgeRun(Base):
    """When a purge last ran over all accounts, and how many rows went: health, not a tenant's data."""

    __tablename__ = "purge_run"

    purge: Mapped[str] = mapped_column(String(48), primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(Instant)
    deleted: Mapped[int] = mapped_column(Integer)
