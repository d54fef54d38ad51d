"""Two sets of ids compared in bounded memory: spooled into parts by their first byte, then part by part.

Ids are keyed hashes of 16 bytes, so that parts are of even size and a spool on the disk names nobody.
"""

from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

ID_BYTES = 16
_PARTS = 64
_IN_MEMORY = 64 * 1024  # bytes of a part, before it moves to the disk


class IdSet:
    """Ids that were added, some of them twice perhaps. A context manager: leaving it deletes the spool."""

    def __init__(self) -> None:
        self._parts = [SpooledTemporaryFile(max_size=_IN_MEMORY) for _ in range(_PARTS)]  # noqa: SIM115 - see __exit__
        self.added = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for part in self._parts:
            part.close()

    def add(self, ids: Iterable[bytes]) -> None:
        for id_ in ids:
            self._parts[id_[0] % _PARTS].write(id_)
            self.added += 1

    def missing_from(self, other: "IdSet") -> Iterator[bytes]:
        """The ids of this set that are not in the other, each once."""
        for mine, theirs in zip(self._parts, other._parts, strict=True):
            yield from _read(mine) - _read(theirs)


def _read(part: SpooledTemporaryFile[bytes]) -> set[bytes]:
    part.seek(0)
    found = set()
    while id_ := part.read(ID_BYTES):
        found.add(id_)
    return found
