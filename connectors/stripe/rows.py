"""Pages of rows from bytes. A row that is not of the documented shape is left out, and its page stays."""

import re
from typing import Any

import msgspec
from msgspec import Raw, Struct

from connectors.base import Skipped
from connectors.stripe import wire

_PLACE = re.compile(r"at `([^`]{1,200})`")
_raw_list = msgspec.json.Decoder(wire.ListOf[Raw])
_head = msgspec.json.Decoder(wire.Head)
_deleted = msgspec.json.Decoder(wire.Deleted)


class Listing(Struct):
    """One page of a list: what could be read, what not, and the place to go on after."""

    rows: list[Any]
    skipped: list[Skipped]
    last: wire.Head | None
    has_more: bool

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.skipped)


class Reader:
    """Decodes pages and single objects of one type. `kind` is what it is called in what is skipped."""

    def __init__(self, kind: str, rows: type[Struct]) -> None:
        self.kind = kind
        self._page = msgspec.json.Decoder(wire.ListOf[rows])  # type: ignore[valid-type]  # made at run time
        self._row = msgspec.json.Decoder(rows)

    def page(self, body: bytes) -> Listing:
        """Raises msgspec.DecodeError when it is no list, or its last row has no id to go on after."""
        try:
            found = self._page.decode(body)
        except msgspec.ValidationError:
            return self._row_by_row(body)
        return Listing(found.data, [], _head_of(found.data), found.has_more)

    def _row_by_row(self, body: bytes) -> Listing:
        found = _raw_list.decode(body)
        rows, skipped = [], []
        for raw in found.data:
            try:
                rows.append(self._row.decode(raw))
            except msgspec.ValidationError as error:
                skipped.append(Skipped(self.kind, place(error)))
        head = _head.decode(found.data[-1]) if found.data else None
        return Listing(rows, skipped, head, found.has_more)

    def row(self, body: bytes) -> Any:
        """One object; a `wire.Deleted` or, if it is not of the documented shape, a Skipped in its place."""
        stub = _deleted.decode(body)
        if stub.deleted:
            return stub
        try:
            return self._row.decode(body)
        except msgspec.ValidationError as error:
            return Skipped(self.kind, place(error))


def _head_of(rows: list[Any]) -> wire.Head | None:
    """The last row's; rows of lists inside objects have no time of creation."""
    if not rows:
        return None
    return wire.Head(rows[-1].id, getattr(rows[-1], "created", None) or 0)


def place(error: msgspec.ValidationError) -> str:
    """Which field the error is about. The rest of its text may quote a value, and is dropped."""
    found = _PLACE.search(str(error))
    return found.group(1) if found else "$"
