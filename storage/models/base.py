"""What every table shares: names of constraints, and the tenant's key in front of every other."""

from typing import cast

from sqlalchemy import Integer, MetaData, Table, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.types import RecordId


class Base(DeclarativeBase):
    """Base of all tables of the main database. Constraints have fixed names: migrations must find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(model: type[object]) -> Table:
    """The table of a model, for statements that go past the ORM for speed."""
    return cast("Table", inspect(model).local_table)


class Tenant:
    """A table of one account's rows. `account_id` comes first in its primary key, so rows can be spread by
    account; PostgreSQL guards it with row-level security, the session's filter guards it on SQLite."""

    account_id: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=-20)


class OfSource(Tenant):
    """A row that belongs to one source of an account and goes when the source goes.

    No foreign key: streams arrive in any order and in bulk. The writer checks once a page, in the same
    transaction, that the source still takes rows (`upsert.py`), and removal deletes by this column.
    """

    source_id: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=-19)


class SourceRecord(OfSource):
    """One object of a source. `id` is the keyed hash of the vendor's id; `fingerprint` a keyed hash of the
    whole record, so that an unchanged one is recognised without opening it."""

    id: Mapped[bytes] = mapped_column(RecordId, primary_key=True, sort_order=-18)
    fingerprint: Mapped[bytes] = mapped_column(RecordId, sort_order=90)
