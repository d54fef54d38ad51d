"""A dictionary from texts to numbers that keeps no text: twelve bytes a slot, where a dict takes a hundred.

Texts are kept as 64-bit hashes, so what it finds is a suspicion: whoever looks up compares the text itself,
where a mistake (one in 10^14 look-ups of a million names) would matter.
"""

from array import array
from collections.abc import Iterator

_HASH = (1 << 64) - 1
_FULLEST = 0.6
_MOST_ALIKE = 64
"""Numbers kept of one text: a million customers of one name must not make a chain of a million."""

_SMALLEST = 16


class Compact:
    """Text → numbers; a text may have several. It grows as it fills."""

    __slots__ = ("_count", "_hashes", "_numbers")

    def __init__(self) -> None:
        self._count = 0
        self._make(_SMALLEST)

    def _make(self, slots: int) -> None:
        self._hashes = array("Q", bytes(8 * slots))
        self._numbers = array("I", bytes(4 * slots))

    def add(self, text: str, number: int) -> None:
        """Adds a pair, once; nothing where the text has many already."""
        if self._count >= len(self._hashes) * _FULLEST:
            self._grow()
        self._put(_hash(text), number)

    def _put(self, key: int, number: int) -> None:
        last = len(self._hashes) - 1
        at = key & last
        alike = 0
        while self._hashes[at]:
            if self._hashes[at] == key:
                alike += 1
                if alike == _MOST_ALIKE or self._numbers[at] == number:
                    return
            at = (at + 1) & last
        self._hashes[at], self._numbers[at] = key, number
        self._count += 1

    def _grow(self) -> None:
        hashes, numbers = self._hashes, self._numbers
        self._count = 0
        self._make(2 * len(hashes))
        for key, number in zip(hashes, numbers, strict=True):
            if key:
                self._put(key, number)

    def get(self, text: str) -> Iterator[int]:
        """The numbers of a text, in the order in which they were added."""
        hashes, key = self._hashes, _hash(text)
        last = len(hashes) - 1
        at = key & last
        while hashes[at]:
            if hashes[at] == key:
                yield self._numbers[at]
            at = (at + 1) & last


def _hash(text: str) -> int:
    """Never 0, which marks a free slot."""
    return (hash(text) & _HASH) or 1
