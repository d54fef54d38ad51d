"""An in-memory index over one account's opened names, domains and e-mail addresses.

Exact, prefix, word, initials and domain look-ups are dictionary reads; a slip is found by trying all slips of
one letter, two slips by one bounded scan over words of about the same length that begin or end alike.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TypeAlias

from storage.names.compact import Compact
from storage.names.match import How, Named, NameMatch
from storage.names.slips import Slips
from storage.names.words import fold, without_legal_form

MAX_WORDS = 8
_MAX_CANDIDATES, _MAX_SCANNED = 400, 50_000
_MAIL_PROVIDERS = """
    gmail googlemail outlook hotmail live yahoo icloud proton protonmail gmx web aol mail
"""
_PUBLIC_LABELS = frozenset(_MAIL_PROVIDERS.split())
_SHORTEST_PREFIX = _SHORTEST_INITIALS = 3

Posting: TypeAlias = "int | array[int]"


class NameIndex:
    """Look-ups over one account's customers. Build it once, then it only reads.

    A name is known by a number: its folded text is `_keys[number]`, its customer `_owner[number]`. `_exact`
    leads from a name without legal form and spaces to its numbers.
    """

    __slots__ = (
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
        "_slips",
        "_sorted",
    )

    def __init__(self, entries: Iterable[Named] = ()) -> None:
        self._ids: list[bytes] = []
        self._names: list[str] = []
        self._domains: list[str | None] = []
        self._keys: list[str] = []
        self._owner = array("I")
        self._exact, self._hosts, self._emails, self._initials = Compact(), Compact(), Compact(), Compact()
        self._by_word: dict[str, Posting] = {}
        for entry in entries:
            self._add(entry)
        self._sorted = sorted(self._by_word)
        self._slips = Slips(self._sorted, self._by_word)

    def __len__(self) -> int:
        return len(self._ids)

    def _add(self, entry: Named) -> None:
        profile = len(self._ids)
        self._ids.append(entry.profile_id)
        self._names.append(entry.names[0] if entry.names else next(iter(entry.domains), "(no name)"))
        self._domains.append(entry.domains[0] if entry.domains else None)
        for name in entry.names:
            self._add_key(fold(name), profile)
        for domain in entry.domains:
            host = domain.casefold().removeprefix("www.")
            self._hosts.add(host, profile)
            label = host.partition(".")[0]
            if label not in _PUBLIC_LABELS:
                self._hosts.add(label, profile)
        for email in entry.emails:
            self._emails.add(email.strip().casefold(), profile)

    def _add_key(self, key: str, profile: int) -> None:
        if not key:
            return
        number = len(self._keys)
        self._keys.append(key)
        self._owner.append(profile)
        words = key.split()
        short = without_legal_form(words)
        self._exact.add("".join(short), number)
        if _SHORTEST_INITIALS <= len(short) <= MAX_WORDS:
            self._initials.add("".join(word[0] for word in short), profile)
        for word in dict.fromkeys(words):
            there = self._by_word.get(word)
            if there is None:
                self._by_word[word] = number
            elif isinstance(there, int):
                self._by_word[word] = array("I", (there, number))
            else:
                there.append(number)

    # --- spotting names inside a question ---------------------------------------------------------------

    def spot(self, words: Sequence[str], ends: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Every [start, end) of `words` that is a whole name, e-mail or domain.

        `words` are folded with their possessive s ("quitters"), `ends` without it ("quitter"): the last word
        of a name may carry an 's that is not the name's.
        """
        for start in range(len(words)):
            head = ""
            begins = words[start] in self._by_word or words[start] == "the"
            for end in range(start + 1, min(start + MAX_WORDS, len(words)) + 1):
                whole, last = head + words[end - 1], head + ends[end - 1]
                alone = end == start + 1 and self._is_address(last)
                if alone or self._is_name(whole) or (last != whole and self._is_name(last)):
                    yield start, end
                if not begins:
                    break
                head = f"{whole} "

    def _is_address(self, word: str) -> bool:
        return any(True for _ in self._hosts.get(word)) or any(True for _ in self._emails.get(word))

    def _is_name(self, text: str) -> bool:
        """Whether that is a name as it is written, its legal form or the spaces left out."""
        for number in self._spelt_like(text):
            key = self._keys[number]
            short = without_legal_form(key.split())
            if text in (key, " ".join(short)) or (len(short) > 1 and text == "".join(short)):
                return True
        return False

    def _spelt_like(self, text: str) -> Iterator[int]:
        return self._exact.get("".join(without_legal_form(text.split())))

    # --- looking one name up ----------------------------------------------------------------------------

    def lookup(self, text: str, limit: int = 8) -> list[NameMatch]:
        """The customers that `text` may mean, best first; empty when none does."""
        raw = text.strip().casefold()
        found = list(self._emails.get(raw))
        if found:
            return self._matches(found, 100, How.EMAIL, limit)
        if "@" in raw:
            raw = raw.rpartition("@")[2]
            public = raw.partition(".")[0] in _PUBLIC_LABELS
            return [] if public else self._matches(self._hosts.get(raw), 90, How.DOMAIN, limit)
        host = raw.removeprefix("https://").removeprefix("http://").removeprefix("www.").partition("/")[0]
        if "." in host and (found := list(self._hosts.get(host))):
            return self._matches(found, 100, How.DOMAIN, limit)
        words = fold(text).split()[:MAX_WORDS]
        return self._by_name(words, limit) if words else []

    def _by_name(self, words: list[str], limit: int) -> list[NameMatch]:
        exact = self._written(words)
        if exact:
            return self._matches((self._owner[number] for number in exact), 100, How.EXACT, limit)
        by_words = self._by_words(words, limit)
        label = "".join(words)
        hosts = list(self._hosts.get(label))
        if hosts and not (by_words and by_words[0].how is How.PREFIX):
            return self._matches(hosts, 95, How.DOMAIN, limit)
        if by_words:
            return by_words
        if len(words) == 1 and (found := list(self._initials.get(label))):
            return self._matches(found, 75, How.INITIALS, limit)
        return self._by_typo(words, limit)

    def _written(self, words: list[str]) -> list[int]:
        """The names that these words are: as they stand, else less legal forms, else less spaces."""
        asked, shortly = " ".join(words), " ".join(without_legal_form(words))
        numbers = chain(self._spelt_like(asked), self._exact.get("".join(words)))
        forms = {n: (self._keys[n], " ".join(without_legal_form(self._keys[n].split()))) for n in numbers}
        for spelling in (asked, shortly):
            found = [number for number, written in forms.items() if spelling in written]
            if found:
                return found
        return list(forms)

    def _by_words(self, words: list[str], limit: int) -> list[NameMatch]:
        """Names that have every word; the last may be only begun ("blue oce")."""
        *whole, last = words
        if any(word not in self._by_word for word in whole):
            return []
        endings = [last] if last in self._by_word else list(self._beginning(last))
        postings = [self._numbers(ending) for ending in endings]
        if whole and endings:
            rarest = min(map(self._numbers, whole), key=len)
            if len(rarest) < sum(map(len, postings)):
                postings, whole = [rarest], words[:-1]
        fits = (
            number
            for number in islice(chain.from_iterable(postings), _MAX_SCANNED)
            if self._has(number, whole, last)
        )
        return self._ranked(words, fits, limit, penalty=0.0)

    def _has(self, number: int, whole: Sequence[str], last: str) -> bool:
        padded = f" {self._keys[number]} "
        return f" {last}" in padded and all(f" {word} " in padded for word in whole)

    def _by_typo(self, words: list[str], limit: int) -> list[NameMatch]:
        """Names whose words are each within a few slips of the words asked for."""
        numbers: set[int] | None = None
        slips = 0
        for word in words:
            near = self._slips.near(word)
            if not near:
                return []
            slips += min(edits for _, edits in near)
            having = {number for candidate, _ in near for number in self._numbers(candidate)}
            numbers = having if numbers is None else numbers & having
        return self._ranked(words, sorted(numbers or ()), limit, penalty=8.0 * max(slips, 1))

    def _numbers(self, word: str) -> Sequence[int]:
        there = self._by_word[word]
        return (there,) if isinstance(there, int) else there

    def _beginning(self, prefix: str) -> Iterator[str]:
        if len(prefix) < _SHORTEST_PREFIX:
            return
        at = bisect_left(self._sorted, prefix)
        for word in islice(self._sorted, at, at + 50):
            if not word.startswith(prefix):
                return
            yield word

    def _ranked(
        self, words: list[str], numbers: Iterable[int], limit: int, penalty: float
    ) -> list[NameMatch]:
        asked = " ".join(words)
        best: dict[int, tuple[float, How]] = {}
        for number in islice(numbers, _MAX_CANDIDATES):
            key = self._keys[number]
            leads = key.startswith(asked) or (penalty > 0 and len(key.split()) == len(words))
            how = How.TYPO if penalty else How.PREFIX if leads else How.WORDS
            score = (90.0 if leads else 80.0) - penalty
            profile = self._owner[number]
            if profile not in best or best[profile][0] < score:
                best[profile] = (score, how)
        ranked = sorted(best.items(), key=lambda item: (-item[1][0], self._names[item[0]]))
        return [self._match(profile, score, how) for profile, (score, how) in ranked[:limit]]

    def _matches(self, profiles: Iterable[int], score: float, how: How, limit: int) -> list[NameMatch]:
        return [self._match(profile, score, how) for profile in list(dict.fromkeys(profiles))[:limit]]

    def _match(self, profile: int, score: float, how: How) -> NameMatch:
        name, domain = self._names[profile], self._domains[profile]
        return NameMatch(self._ids[profile].hex(), name, score, how, domain)
