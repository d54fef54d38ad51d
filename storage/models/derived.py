"""What is computed from the records: MRR over time and its movements. Can be rebuilt at any time."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, OfSource, Tenant
from storage.types import Instant, RecordId


class MrrSpan(Base, OfSource):
    """A subscription's MRR, constant over [starts_at, ends_at); an open end is in force now.

    MRR at t is the sum over the spans that hold t. Spans with `trial` carry MRR 0 and say who was trialing.
    """

    __tablename__ = "mrr_span"
    __table_args__ = (
        Index("ix_mrr_span_customer", "account_id", "source_id", "customer_id"),
        Index("ix_mrr_span_profile", "account_id", "profile_id"),
        Index("ix_mrr_span_time", "account_id", "ends_at", "starts_at"),
        Index("ix_mrr_span_starts", "account_id", "starts_at"),
    )

    subscription_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    ends_at: Mapped[datetime | None] = mapped_column(Instant)
    customer_id: Mapped[bytes] = mapped_column(RecordId)
    profile_id: Mapped[bytes] = mapped_column(RecordId)
    product_id: Mapped[bytes | None] = mapped_column(RecordId)
    interval: Mapped[str | None] = mapped_column(String(16))
    currency: Mapped[str] = mapped_column(String(3))
    mrr: Mapped[int] = mapped_column(BigInteger)
    trial: Mapped[bool]


class MrrPart(Base, OfSource):
    """What one product brings of a span's MRR, for spans whose MRR is not all of their own product.

    The parts of a span add up to it; a span without parts is its product's, whole.
    """

    __tablename__ = "mrr_part"

    subscription_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    product_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    mrr: Mapped[int] = mapped_column(BigInteger)


class Movement(Base, Tenant):
    """A net change of a profile's MRR in one currency on one day of the account's time zone.

    Its source, product and interval are those of the largest subscription that the profile has then in that
    currency, or left with a churn: what the movement is split by.
    """

    __tablename__ = "movement"
    __table_args__ = (Index("ix_movement_at", "account_id", "at"),)

    profile_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    type: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    source_id: Mapped[int | None]
    product_id: Mapped[bytes | None] = mapped_column(RecordId)
    interval: Mapped[str | None] = mapped_column(String(16))


class Profile(Base, Tenant):
    """A real customer: what its records say together. Current facts that lists and cuts read at once.

    `country` is that of its oldest billing record which has one; `signed_up_at` the creation of its first.
    `customer_since` is when its MRR first rose above 0; `failing` says that its latest payment failed.
    `owner_id` is the colleague who owns it, by its first sales record that has one.
    An anonymous profile (of a customer that its source deleted) has no country and no sign-up.
    """

    __tablename__ = "profile"
    __table_args__ = (
        Index("ix_profile_since", "account_id", "customer_since"),
        Index("ix_profile_signed_up", "account_id", "signed_up_at"),
        Index(
            "ix_profile_failing",
            "account_id",
            "profile_id",
            sqlite_where=text("failing = 1"),
            postgresql_where=text("failing"),
        ),
    )

    profile_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    country: Mapped[str | None] = mapped_column(String(2))
    signed_up_at: Mapped[datetime | None] = mapped_column(Instant)
    customer_since: Mapped[datetime | None] = mapped_column(Instant)
    failing: Mapped[bool]
    owner_id: Mapped[bytes | None] = mapped_column(RecordId)


class StaleCustomer(Base, OfSource):
    """A customer whose records changed and whose spans wait to be recomputed; written with the change."""

    __tablename__ = "stale_customer"

    customer_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
