"""Exchange rates that the account has set or imported."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Date, ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant
from storage.types import ExactDecimal


class CurrencyRate(Base, Tenant):
    """From `day` on, until the pair's next row, 1 unit of `base` is `rate` units of `currency`.

    Codes are lower-case ISO 4217. `rate` None: from that day on the pair is quoted no more.
    """

    __tablename__ = "currency_rate"
    __table_args__ = (ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),)

    base: Mapped[str] = mapped_column(String(3), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    rate: Mapped[Decimal | None] = mapped_column(ExactDecimal)
