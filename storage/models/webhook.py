"""Webhooks as they were received: stored once, sealed, worked on later, gone after 30 days."""

from datetime import datetime

from sqlalchemy import Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, OfSource
from storage.types import Instant, RecordId


class WebhookEvent(Base, OfSource):
    """One event of a vendor. `event_id` is the keyed hash of the vendor's; `sealed` is the body.

    `customer_id`: the record id of the customer that the body speaks of, where it is known, so that the body
    goes with the customer; then `sealed` is empty.
    """

    __tablename__ = "webhook_event"
    __table_args__ = (
        Index("ix_webhook_event_received", "received_at"),
        Index("ix_webhook_event_state", "account_id", "source_id", "state", "received_at"),
        Index("ix_webhook_event_customer", "account_id", "source_id", "customer_id"),
    )

    event_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(Instant)
    type: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    failure: Mapped[str | None] = mapped_column(String(120))
    customer_id: Mapped[bytes | None] = mapped_column(RecordId)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
