"""What people said of profiles by hand: these records are one customer, or these are not."""

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant
from storage.types import RecordId


class ProfileLink(Base, Tenant):
    """Two customer records of the account that belong together, or (`apart`) must not.

    It goes with either record; the smaller (source, id) comes first.
    """

    __tablename__ = "profile_link"
    __table_args__ = (Index("ix_profile_link_other", "account_id", "other_source_id", "other_id"),)

    one_source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    one_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    other_source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    other_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    apart: Mapped[bool]
