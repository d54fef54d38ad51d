"""Words near a misspelt one: all slips of one letter are tried, two are looked for among words alike."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from rapidfuzz import process
from rapidfuzz.distance import OSA

from storage.names.words import allowed_edits

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_LONGEST_WORD = 40
_MOST = 8
_EDGE = 2  # letters at the beginning or the end that two slips leave alone
_MAX_BUCKET = 20_000


class Slips:
    """Over the words of an index, in alphabetical order and as the keys of `known`."""

    __slots__ = ("_edges", "_known")

    def __init__(self, words: Sequence[str], known: Mapping[str, object]) -> None:
        self._known = known
        self._edges: defaultdict[tuple[int, str, bool], list[str]] = defaultdict(list)
        for word in words:
            if allowed_edits(word) > 1 or not word.isascii():
                self._edges[len(word), word[:_EDGE], True].append(word)
                self._edges[len(word), word[-_EDGE:], False].append(word)

    def near(self, word: str) -> list[tuple[str, int]]:
        """(known word, slips) of the nearest words, at most eight; the word itself where it is known."""
        if word in self._known:
            return [(word, 0)]
        edits = allowed_edits(word)
        if not edits or len(word) > _LONGEST_WORD:
            return []
        if word.isascii():
            one = list(islice((w for w in dict.fromkeys(_one_slip(word)) if w in self._known), _MOST))
            if one or edits == 1:
                return [(found, 1) for found in one]
        return self._alike(word, edits)

    def _alike(self, word: str, edits: int) -> list[tuple[str, int]]:
        found: dict[str, int] = {}
        for length in range(len(word) - edits, len(word) + edits + 1):
            for bucket in ((length, word[:_EDGE], True), (length, word[-_EDGE:], False)):
                near = process.extract(
                    word,
                    self._edges.get(bucket, [])[:_MAX_BUCKET],
                    scorer=OSA.distance,
                    score_cutoff=edits,
                    limit=_MOST,
                )
                found.update((candidate, int(distance)) for candidate, distance, _ in near)
        least = min(found.values(), default=0)
        return [pair for pair in found.items() if pair[1] == least][:_MOST]


def _one_slip(word: str) -> Iterator[str]:
    """Every word that is a letter left out, doubled with its neighbour, mistaken or added away."""
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
        yield word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
        yield from (word[:at] + letter + word[at + 1 :] for letter in _LETTERS)
    for at in range(len(word) + 1):
        yield from (word[:at] + letter + word[at:] for letter in _LETTERS)
