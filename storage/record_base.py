"""What every record of a source shares, and how a source says that one is gone."""

from datetime import datetime
from typing import ClassVar

from msgspec import Struct


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """One object of a source. `id` is the vendor's id."""

    KIND: ClassVar[str]
    PERSONAL: ClassVar[tuple[str, ...]] = ()

    id: str


class Deletion(Record, frozen=True, kw_only=True, gc=False):
    """The source says that an object is gone. `of` is the record class that it was."""

    KIND: ClassVar[str] = "deletion"

    of: type[Record]
    deleted_at: datetime
