"""Small tables of sums over what is derived, so that a total over a million customers is read at once.

They are kept with every change of the rows that they add up, in the same transaction
(`storage/intake/tallies.py`), and read where a plan asks for nothing that they leave out
(`storage/metrics/summaries.py`). Rows whose sums came to 0 may stay.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, Date, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, OfSource, Tenant
from storage.types import Instant, RecordId

FOREVER = date.max


class MrrDay(Base, OfSource):
    """By how much MRR changed on a day of the account's time zone: what began less what ended.

    MRR at the end of a day is the sum up to it. Each change stands in the row of its day, and once more in
    that of its month (`whole_month`, day 1), so that years are few rows. Empty product and interval: unknown.
    """

    __tablename__ = "mrr_day"

    whole_month: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    product_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    interval: Mapped[str] = mapped_column(String(16), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    spans: Mapped[int] = mapped_column(BigInteger)


class CustomerDay(Base, Tenant):
    """How many customers did `what` on a day, and the MRR that it moved.

    - a type of movement, by currency: movements of that day;
    - "first": customers who never paid before;
    - "lost": customers who stopped paying on `day` and pay again from `until` on (FOREVER: not so far);
    - "listed", by currency or in any (""): customers who came to have MRR on that day less those who ceased
      to, as lists see it: those that a source deleted are in none.
    """

    __tablename__ = "customer_day"

    what: Mapped[str] = mapped_column(String(16), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    until: Mapped[date] = mapped_column(Date, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    customers: Mapped[int] = mapped_column(BigInteger)


class CustomerMrr(Base, Tenant):
    """A customer's MRR in a currency, above 0, constant over [starts_at, ends_at); None: from then on.

    `total` is that of all its currencies together, to tell who else is billed. Anonymous customers have
    none: lists do not show them.
    """

    __tablename__ = "customer_mrr"
    __table_args__ = (
        Index(
            "ix_customer_mrr_rank",
            "account_id",
            "currency",
            "mrr",
            "total",
            "profile_id",
            sqlite_where=text("ends_at IS NULL"),
            postgresql_where=text("ends_at IS NULL"),
        ),
        Index(
            "ix_customer_mrr_ends",
            "account_id",
            "ends_at",
            postgresql_include=["currency", "starts_at", "mrr", "total", "profile_id"],
        ),
        Index("ix_customer_mrr_starts", "account_id", "starts_at"),
    )

    profile_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    ends_at: Mapped[datetime | None] = mapped_column(Instant)
    mrr: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)


class ProfileTrial(Base, Tenant):
    """When a trial that a customer is on ends. `paid`: it has MRR at some time, so that is to be looked up.

    Anonymous customers have none: lists do not show them.
    """

    __tablename__ = "profile_trial"
    __table_args__ = (Index("ix_profile_trial_ends", "account_id", "ends_at", "paid", "profile_id"),)

    profile_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    paid: Mapped[bool]
