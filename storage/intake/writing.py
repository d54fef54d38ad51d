"""What turns records into rows: the keys and the surroundings of a batch, and where rows of a class go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from storage import models, records
from storage.keys.source_keys import SourceKeys

Row = dict[str, Any]

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Writing:
    """What a row needs to know of its surroundings.

    `observed_at` is when the records were read; `told`, by kind and vendor's id, when the source says that
    one of them became what it is; `switched_off` are the fields that its source must not store, `kind` is
    the kind of source: both are read with the lock on it.
    """

    account_id: int
    source_id: int
    keys: SourceKeys
    observed_at: datetime
    told: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    switched_off: frozenset[str] = frozenset()
    kind: str = ""
    _ids: dict[tuple[str, str], bytes] = field(default_factory=dict, repr=False)

    def since(self, record: records.Record) -> datetime:
        """Since when the record is known to be as it is; never later than it was read."""
        return min(self.told.get((record.KIND, record.id), self.observed_at), self.observed_at)

    def record_id(self, kind: str, vendor_id: str) -> bytes:
        """As `SourceKeys.record_id`, once an id: a batch names most of its ids many times."""
        known = self._ids.get((kind, vendor_id))
        if known is None:
            known = self._ids[kind, vendor_id] = self.keys.record_id(kind, vendor_id)
        return known

    def id_of(self, kind: str, vendor_id: str | None) -> bytes | None:
        return None if vendor_id is None else self.record_id(kind, vendor_id)

    def start(self, record: records.Record) -> Row:
        """The columns that every record's row has."""
        return {
            "account_id": self.account_id,
            "source_id": self.source_id,
            "id": self.record_id(record.KIND, record.id),
            "fingerprint": self.keys.record_id("fingerprint", _encode(record).decode()),
        }


@dataclass(frozen=True, slots=True)
class Side:
    """A table of what a record has several of (tags, links): replaced whenever the record changes.

    `owner` is its column with the record's id.
    """

    model: type[models.Base]
    owner: str
    to_rows: Callable[[Any, Writing], list[Row]]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the records of one class go. `keep`: columns that an update leaves as they are.

    `customer_column`: the column that names the customer whose derived rows a change of the row may move.
    """

    model: type[models.SourceRecord]
    to_row: Callable[[Any, Writing], Row]
    keep: frozenset[str] = frozenset()
    customer_column: str | None = None
    sides: tuple[Side, ...] = ()
