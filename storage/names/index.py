"""An in-memory index over one account's opened names, domains and e-mail addresses.

Exact, prefix, word, initials and domain look-ups are dictionary reads; a typo costs one bounded scan over
words of about the same length.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from rapidfuzz import process
from rapidfuzz.distance import OSA

from storage.names.match import How, Named, NameMatch
from storage.names.words import allowed_edits, fold, without_legal_form

MAX_WORDS = 8
_MAX_CANDIDATES = 400
_MAIL_PROVIDERS = """
    gmail googlemail outlook hotmail live yahoo icloud proton protonmail gmx web aol mail
"""
_PUBLIC_LABELS = frozenset(_MAIL_PROVIDERS.split())
_LONGEST_WORD = 40
_SHORTEST_PREFIX = _SHORTEST_INITIALS = 3


class NameIndex:
    """Look-ups over one account's customers. Build it once, then it only reads."""

    __slots__ = (
        "_buckets",
        "_by_word",
        "_domains",
        "_emails",
        "_exact",
        "_hosts",
        "_ids",
        "_initials",
        "_keys",
        "_names",
        "_owner",
        "_sorted",
    )

    def __init__(self, entries: Iterable[Named] = ()) -> None:
        self._ids: list[bytes] = []
        self._names: list[str] = []
        self._domains: list[str | None] = []
        self._keys: list[str] = []
        self._owner = array("I")
        self._exact: dict[str, int | list[int]] = {}
        self._hosts: dict[str, int | list[int]] = {}
        self._emails: dict[str, int | list[int]] = {}
        self._initials: dict[str, int | list[int]] = {}
        by_word: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        for entry in entries:
            self._add(entry, by_word)
        self._by_word = dict(by_word)
        self._sorted = sorted(self._by_word)
        self._buckets: defaultdict[tuple[int, str, bool], list[str]] = defaultdict(list)
        for word in self._sorted:
            self._buckets[len(word), word[0], True].append(word)
            self._buckets[len(word), word[-1], False].append(word)

    def __len__(self) -> int:
        return len(self._ids)

    def _add(self, entry: Named, by_word: defaultdict[str, array[int]]) -> None:
        profile = len(self._ids)
        self._ids.append(entry.profile_id)
        self._names.append(entry.names[0] if entry.names else next(iter(entry.domains), "(no name)"))
        self._domains.append(entry.domains[0] if entry.domains else None)
        for name in entry.names:
            self._add_key(fold(name), profile, by_word)
        for domain in entry.domains:
            host = domain.casefold().removeprefix("www.")
            _put(self._hosts, host, profile)
            label = host.partition(".")[0]
            if label not in _PUBLIC_LABELS:
                _put(self._hosts, label, profile)
        for email in entry.emails:
            _put(self._emails, email.strip().casefold(), profile)

    def _add_key(self, key: str, profile: int, by_word: defaultdict[str, array[int]]) -> None:
        if not key:
            return
        number = len(self._keys)
        self._keys.append(key)
        self._owner.append(profile)
        words = key.split()
        short = without_legal_form(words)
        _put(self._exact, key, profile)
        if len(short) != len(words):
            _put(self._exact, " ".join(short), profile)
        if len(short) > 1:
            _put(self._exact, "".join(short), profile)
        if _SHORTEST_INITIALS <= len(short) <= MAX_WORDS:
            _put(self._initials, "".join(word[0] for word in short), profile)
        for word in dict.fromkeys(words):
            by_word[word].append(number)

    # --- spotting names inside a question ---------------------------------------------------------------

    def spot(self, words: Sequence[str], ends: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Every [start, end) of `words` that is a whole name, e-mail or domain.

        `words` are folded with their possessive s ("quitters"), `ends` without it ("quitter"): the last word
        of a name may carry an 's that is not the name's.
        """
        for start in range(len(words)):
            head = ""
            for end in range(start + 1, min(start + MAX_WORDS, len(words)) + 1):
                whole, last = head + words[end - 1], head + ends[end - 1]
                alone = end == start + 1 and (last in self._hosts or last in self._emails)
                if alone or whole in self._exact or last in self._exact:
                    yield start, end
                head = f"{whole} "

    def knows_word(self, word: str) -> bool:
        """Whether some customer's name has that folded word in it."""
        return word in self._by_word

    # --- looking one name up ----------------------------------------------------------------------------

    def lookup(self, text: str, limit: int = 8) -> list[NameMatch]:
        """The customers that `text` may mean, best first; empty when none does."""
        raw = text.strip().casefold()
        if raw in self._emails:
            return self._matches(self._emails[raw], 100, How.EMAIL, limit)
        if "@" in raw:
            raw = raw.rpartition("@")[2]
            found = self._hosts.get(raw) if raw.partition(".")[0] not in _PUBLIC_LABELS else None
            return self._matches(found, 90, How.DOMAIN, limit) if found is not None else []
        host = raw.removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")
        if "." in host and host in self._hosts:
            return self._matches(self._hosts[host], 100, How.DOMAIN, limit)
        words = fold(text).split()[:MAX_WORDS]
        return self._by_name(words, limit) if words else []

    def _by_name(self, words: list[str], limit: int) -> list[NameMatch]:
        key = " ".join(words)
        for form in (key, " ".join(without_legal_form(words)), "".join(words)):
            if form in self._exact:
                return self._matches(self._exact[form], 100, How.EXACT, limit)
        by_words = self._by_words(words, limit)
        label = "".join(words)
        if label in self._hosts and not (by_words and by_words[0].how is How.PREFIX):
            return self._matches(self._hosts[label], 95, How.DOMAIN, limit)
        if by_words:
            return by_words
        if len(words) == 1 and label in self._initials:
            return self._matches(self._initials[label], 75, How.INITIALS, limit)
        return self._by_typo(words, limit)

    def _by_words(self, words: list[str], limit: int) -> list[NameMatch]:
        """Names that have every word; the last may be only begun ("blue oce")."""
        *whole, last = words
        numbers = self._having(whole)
        endings = [last] if last in self._by_word else list(self._beginning(last))
        if not endings or (whole and numbers is None):
            return []
        found = {number for ending in endings for number in self._by_word[ending]}
        found = found if numbers is None else found & numbers
        return self._ranked(words, found, limit, penalty=0.0)

    def _by_typo(self, words: list[str], limit: int) -> list[NameMatch]:
        """Names whose words are each within a few slips of the words asked for."""
        numbers: set[int] | None = None
        slips = 0
        for word in words:
            near = self._near(word)
            if not near:
                return []
            slips += min(edits for _, edits in near)
            having = {number for candidate, _ in near for number in self._by_word[candidate]}
            numbers = having if numbers is None else numbers & having
        return self._ranked(words, numbers or set(), limit, penalty=8.0 * max(slips, 1))

    def _near(self, word: str) -> list[tuple[str, int]]:
        if word in self._by_word:
            return [(word, 0)]
        if len(word) > _LONGEST_WORD:
            return []
        for edits in range(1, allowed_edits(word) + 1):
            near = [
                (candidate, int(distance))
                for bucket in self._alike(word, edits)
                for candidate, distance, _ in process.extract(
                    word, bucket, scorer=OSA.distance, score_cutoff=edits, limit=8
                )
            ]
            if near:
                return near
        return []

    def _alike(self, word: str, edits: int) -> Iterator[list[str]]:
        """Words of about that length that begin or end alike: who slips seldom misses both ends."""
        for length in range(len(word) - edits, len(word) + edits + 1):
            yield self._buckets.get((length, word[0], True), [])
            yield self._buckets.get((length, word[-1], False), [])

    def _having(self, words: list[str]) -> set[int] | None:
        """Numbers of the names that have all words; None when no word was given or one is unknown."""
        if not words or any(word not in self._by_word for word in words):
            return None
        postings = sorted((self._by_word[word] for word in words), key=len)
        numbers = set(postings[0])
        for posting in postings[1:]:
            numbers.intersection_update(posting)
        return numbers

    def _beginning(self, prefix: str) -> Iterator[str]:
        if len(prefix) < _SHORTEST_PREFIX:
            return
        at = bisect_left(self._sorted, prefix)
        for word in islice(self._sorted, at, at + 50):
            if not word.startswith(prefix):
                return
            yield word

    def _ranked(self, words: list[str], numbers: set[int], limit: int, penalty: float) -> list[NameMatch]:
        asked = " ".join(words)
        best: dict[int, tuple[float, How]] = {}
        for number in islice(sorted(numbers), _MAX_CANDIDATES):
            key = self._keys[number]
            leads = key.startswith(asked) or (penalty > 0 and len(key.split()) == len(words))
            how = How.TYPO if penalty else How.PREFIX if leads else How.WORDS
            score = (90.0 if leads else 80.0) - penalty
            profile = self._owner[number]
            if profile not in best or best[profile][0] < score:
                best[profile] = (score, how)
        ranked = sorted(best.items(), key=lambda item: (-item[1][0], self._names[item[0]]))
        return [self._match(profile, score, how) for profile, (score, how) in ranked[:limit]]

    def _matches(self, found: int | list[int], score: float, how: How, limit: int) -> list[NameMatch]:
        profiles = [found] if isinstance(found, int) else found
        return [self._match(profile, score, how) for profile in profiles[:limit]]

    def _match(self, profile: int, score: float, how: How) -> NameMatch:
        name, domain = self._names[profile], self._domains[profile]
        return NameMatch(self._ids[profile].hex(), name, score, how, domain)


def _put(table: dict[str, int | list[int]], key: str, profile: int) -> None:
    """Most keys belong to one profile: a bare number then, a list only where several share it."""
    there = table.setdefault(key, profile)
    if there == profile:
        return
    if isinstance(there, int):
        table[key] = [there, profile]
    elif there[-1] != profile:
        there.append(profile)
