"""What billing sources say: products, prices, subscriptions, invoices, payments, refunds, disputes.

Indexes include what questions need of many rows, so that PostgreSQL need not read the rows themselves.
Amounts are minor units beside their currency. Nothing here is personal; vendor ids are keyed hashes.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.intake.stored import StoredDiscount, StoredItem, StoredLine, StoredPrice
from storage.models.base import Base, OfSource, SourceRecord
from storage.types import Document, Instant, RecordId


class Product(Base, SourceRecord):
    """What the account sells; `name` is what people call the plan."""

    __tablename__ = "product"

    name: Mapped[str] = mapped_column(String(250))
    active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(Instant)


class Price(Base, SourceRecord):
    """A price, kept whole: invoice lines name prices, and MRR needs their interval and tiers."""

    __tablename__ = "price"

    product_id: Mapped[bytes] = mapped_column(RecordId)
    definition: Mapped[StoredPrice] = mapped_column(Document(StoredPrice))


class Subscription(Base, SourceRecord):
    """A recurring agreement as the source has it now. Its MRR over time stands in `mrr_span`.

    `products` are the ids of its licensed products, sorted and joined: which go together tells add-ons.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        Index("ix_subscription_customer", "account_id", "source_id", "customer_id"),
        Index("ix_subscription_renews", "account_id", "current_period_end"),
        # The account second: SQLite would take this for a way to all of an account's subscriptions.
        Index("ix_subscription_products", "source_id", "account_id", "products"),
        Index(
            "ix_subscription_trial",
            "account_id",
            "trial_end",
            postgresql_include=["source_id", "customer_id"],
            sqlite_where=text("status = 'trialing'"),
            postgresql_where=text("status = 'trialing'"),
        ),
        Index(
            "ix_subscription_canceling",
            "account_id",
            "current_period_end",
            sqlite_where=text("cancel_at_period_end = 1 OR cancel_at IS NOT NULL"),
            postgresql_where=text("cancel_at_period_end OR cancel_at IS NOT NULL"),
        ),
    )

    customer_id: Mapped[bytes] = mapped_column(RecordId)
    status: Mapped[str] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    items: Mapped[tuple[StoredItem, ...]] = mapped_column(Document(tuple[StoredItem, ...]))
    discounts: Mapped[tuple[StoredDiscount, ...]] = mapped_column(Document(tuple[StoredDiscount, ...]))
    created_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime] = mapped_column(Instant)
    trial_start: Mapped[datetime | None] = mapped_column(Instant)
    trial_end: Mapped[datetime | None] = mapped_column(Instant)
    current_period_start: Mapped[datetime | None] = mapped_column(Instant)
    current_period_end: Mapped[datetime | None] = mapped_column(Instant)
    cancel_at: Mapped[datetime | None] = mapped_column(Instant)
    cancel_at_period_end: Mapped[bool]
    canceled_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    collection_paused: Mapped[bool]
    first_seen_at: Mapped[datetime] = mapped_column(Instant)
    products: Mapped[bytes] = mapped_column(LargeBinary)


class SubscriptionChange(Base, OfSource):
    """What a subscription became at a moment that Chewbotta saw: history since the source was connected."""

    __tablename__ = "subscription_change"

    subscription_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    items: Mapped[tuple[StoredItem, ...]] = mapped_column(Document(tuple[StoredItem, ...]))
    discounts: Mapped[tuple[StoredDiscount, ...]] = mapped_column(Document(tuple[StoredDiscount, ...]))


class Invoice(Base, SourceRecord):
    """A bill. `lines` keeps only the recurring lines of subscriptions, from which past MRR is rebuilt."""

    __tablename__ = "invoice"
    __table_args__ = (
        Index("ix_invoice_created", "account_id", "created_at"),
        Index("ix_invoice_customer", "account_id", "source_id", "customer_id"),
        Index(
            "ix_invoice_open",
            "account_id",
            "due_at",
            postgresql_include=["currency", "amount_remaining", "source_id", "id", "intent_id"],
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )

    customer_id: Mapped[bytes | None] = mapped_column(RecordId)
    subscription_id: Mapped[bytes | None] = mapped_column(RecordId)
    status: Mapped[str] = mapped_column(String(16))
    currency: Mapped[str] = mapped_column(String(3))
    total: Mapped[int] = mapped_column(BigInteger)
    amount_due: Mapped[int] = mapped_column(BigInteger)
    amount_paid: Mapped[int] = mapped_column(BigInteger)
    amount_remaining: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    finalized_at: Mapped[datetime | None] = mapped_column(Instant)
    paid_at: Mapped[datetime | None] = mapped_column(Instant)
    voided_at: Mapped[datetime | None] = mapped_column(Instant)
    attempt_count: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[datetime | None] = mapped_column(Instant)
    intent_id: Mapped[bytes | None] = mapped_column(RecordId)
    lines: Mapped[tuple[StoredLine, ...]] = mapped_column(Document(tuple[StoredLine, ...]))


class Payment(Base, SourceRecord):
    """One attempt to collect; `failure` is the vendor's code.

    `attempt_of` is the invoice that it pays, or the collection (`Invoice.intent_id`) that both belong to.
    """

    __tablename__ = "payment"
    __table_args__ = (
        Index("ix_payment_created", "account_id", "created_at"),
        Index("ix_payment_customer", "account_id", "source_id", "customer_id", "created_at"),
        Index(
            "ix_payment_failed",
            "account_id",
            "source_id",
            "attempt_of",
            postgresql_include=["created_at"],
            sqlite_where=text("status = 'failed'"),
            postgresql_where=text("status = 'failed'"),
        ),
        Index(
            "ix_payment_failed_at",
            "account_id",
            "created_at",
            sqlite_where=text("status = 'failed'"),
            postgresql_where=text("status = 'failed'"),
        ),
    )

    customer_id: Mapped[bytes | None] = mapped_column(RecordId)
    attempt_of: Mapped[bytes | None] = mapped_column(RecordId)
    status: Mapped[str] = mapped_column(String(16))
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Instant)
    failure: Mapped[str | None] = mapped_column(String(64))


class _Return(SourceRecord):
    """Money that went back: shared columns of refunds and disputes."""

    payment_id: Mapped[bytes | None] = mapped_column(RecordId)
    status: Mapped[str] = mapped_column(String(32))
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Refund(Base, _Return):
    """Money of a payment that was given back."""

    __tablename__ = "refund"
    __table_args__ = (Index("ix_refund_created", "account_id", "created_at"),)


class Dispute(Base, _Return):
    """Money of a payment that the payer's bank claims back."""

    __tablename__ = "dispute"
    __table_args__ = (Index("ix_dispute_created", "account_id", "created_at"),)
