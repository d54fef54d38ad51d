"""What CRM sources say of sales. Amounts are minor units beside their currency."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, SourceRecord
from storage.types import Instant, RecordId


class Stage(Base, SourceRecord):
    """A step of a sales pipeline, under the account's own names."""

    __tablename__ = "stage"

    name: Mapped[str] = mapped_column(String(120))
    pipeline: Mapped[str] = mapped_column(String(120))
    position: Mapped[int] = mapped_column(Integer)


class Deal(Base, SourceRecord):
    """A sales opportunity. `sealed` is the encrypted JSON of `records.Deal.PERSONAL`; it is empty, and the
    customer is none, once that was deleted."""

    __tablename__ = "deal"
    __table_args__ = (
        Index("ix_deal_state", "account_id", "state", "closes_at"),
        Index("ix_deal_customer", "account_id", "source_id", "customer_id"),
    )

    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(8))
    stage_id: Mapped[bytes | None] = mapped_column(RecordId)
    amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    closes_at: Mapped[datetime | None] = mapped_column(Instant)
    owner_id: Mapped[bytes | None] = mapped_column(RecordId)
    customer_id: Mapped[bytes | None] = mapped_column(RecordId)
    created_at: Mapped[datetime] = mapped_column(Instant)
