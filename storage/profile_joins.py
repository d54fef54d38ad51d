"""Which records are the same real customer: the rules of joining, as pure functions over what records carry.

Two records are one customer when (1) one carries the other's id, or both carry the same third one; (2) they
share an e-mail address, where a contact's address is its company's; (3) they share a company domain and no
two records of one source would be joined by it. Never by name.

A wrong join is worse than none: an id that two records call their own, an address of a person at several
companies of a source, a domain of many records join nobody; and an address that is but a contact's on every
side joins no two records of one source either, as consultants know many companies. What people said by hand
comes first: together, or apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Ref = tuple[int, bytes]
"""A customer record: its source's number and its id."""

MOST_OF_A_DOMAIN = 8
"""A domain that more records of one source share is not one company's."""


class Sign(StrEnum):
    """What a record carries. `IS` and `NAMES` are ids, its own and another's, as "system:id"."""

    IS = "is"
    NAMES = "names"
    EMAIL = "email"
    CONTACT = "contact"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True, order=True)
class Token:
    """One thing that a record carries, by which others may be joined to it."""

    sign: Sign
    text: str

    def __repr__(self) -> str:
        return f"Token({self.sign})"


Carried = Mapping[Ref, frozenset[Token]]


@dataclass(frozen=True, slots=True)
class ByHand:
    """What people said: these two are one customer, or (`apart`) are not."""

    one: Ref
    other: Ref
    apart: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why records were joined: what they share. `token` None: by hand."""

    refs: tuple[Ref, ...]
    token: Token | None


class _Clusters:
    """Union-find; the root of a cluster is its smallest record, so that the order of joining says nothing."""

    def __init__(self, refs: Iterable[Ref], apart: Sequence[tuple[Ref, Ref]]) -> None:
        self._root = {ref: ref for ref in refs}
        self._apart = [pair for pair in apart if pair[0] in self._root and pair[1] in self._root]

    def find(self, ref: Ref) -> Ref:
        root = self._root
        while root[ref] != ref:
            root[ref] = root[root[ref]]
            ref = root[ref]
        return ref

    def join(self, refs: Iterable[Ref]) -> bool:
        """Joins all that may be; says whether anything was joined that was not."""
        roots = sorted({self.find(ref) for ref in refs})
        joined = False
        for other in roots[1:]:
            first = self.find(roots[0])
            if first != self.find(other) and not self._kept_apart(first, self.find(other)):
                smaller, larger = sorted((first, self.find(other)))
                self._root[larger] = smaller
                joined = True
        return joined

    def _kept_apart(self, one: Ref, other: Ref) -> bool:
        return any({self.find(a), self.find(b)} == {one, other} for a, b in self._apart)

    def members(self) -> dict[Ref, list[Ref]]:
        found: dict[Ref, list[Ref]] = defaultdict(list)
        for ref in self._root:
            found[self.find(ref)].append(ref)
        return found


def join(carried: Carried, by_hand: Sequence[ByHand] = ()) -> tuple[dict[Ref, Ref], list[Reason]]:
    """Each record's profile, named after its smallest record, and why records were joined."""
    apart = [(said.one, said.other) for said in by_hand if said.apart]
    clusters = _Clusters(carried, apart)
    together = {(said.one, said.other) for said in by_hand if not said.apart}
    reasons = [
        Reason(pair, None) for pair in sorted(together) if carried.keys() >= set(pair) and clusters.join(pair)
    ]
    for token, refs in [*_by_id(carried), *_by_address(carried)]:
        if clusters.join(refs):
            reasons.append(Reason(tuple(sorted(refs)), token))
    for weak in (_by_colleague, _by_domain):
        for token, refs in _guarded(weak(carried), clusters):
            if clusters.join(refs):
                reasons.append(Reason(tuple(sorted(refs)), token))
    return {ref: clusters.find(ref) for ref in carried}, reasons


def _holders(carried: Carried, *signs: Sign) -> dict[str, set[Ref]]:
    found: dict[str, set[Ref]] = defaultdict(set)
    for ref, tokens in carried.items():
        for token in tokens:
            if token.sign in signs:
                found[token.text].add(ref)
    return dict(sorted(found.items()))


def _by_id(carried: Carried) -> Iterator[tuple[Token, set[Ref]]]:
    """Who is or names an id. One that several call their own (two accounts of one vendor) tells nothing."""
    owners = _holders(carried, Sign.IS)
    for text, refs in _holders(carried, Sign.IS, Sign.NAMES).items():
        if len(refs) > 1 and len(owners.get(text, ())) <= 1:
            yield Token(Sign.NAMES, text), refs


def _by_address(carried: Carried) -> Iterator[tuple[Token, set[Ref]]]:
    """Who has an address as its own, and the companies of whom it is."""
    people = _settled(carried)
    for text, refs in _holders(carried, Sign.EMAIL).items():
        if len(every := refs | people.get(text, set())) > 1:
            yield Token(Sign.EMAIL, text), every


def _settled(carried: Carried) -> dict[str, set[Ref]]:
    """The companies of a person, by address: where they are at one company of a source alone."""
    found: dict[str, set[Ref]] = {}
    for text, refs in _holders(carried, Sign.CONTACT).items():
        at: dict[int, set[Ref]] = defaultdict(set)
        for ref in refs:
            at[ref[0]].add(ref)
        found[text] = {ref for of_source in at.values() if len(of_source) == 1 for ref in of_source}
    return found


Shared = Iterable[tuple[Token, set[Ref]]]


def _by_colleague(carried: Carried) -> Shared:
    """Companies of one person in several sources."""
    own = _holders(carried, Sign.EMAIL)
    for text, refs in _settled(carried).items():
        if text not in own:
            yield Token(Sign.CONTACT, text), refs


def _by_domain(carried: Carried) -> Shared:
    """Who shares a company domain."""
    for text, refs in _holders(carried, Sign.DOMAIN).items():
        of_source: dict[int, int] = defaultdict(int)
        for source, _ in refs:
            of_source[source] += 1
        if max(of_source.values()) <= MOST_OF_A_DOMAIN:
            yield Token(Sign.DOMAIN, text), refs


def _guarded(shared: Shared, clusters: _Clusters) -> Shared:
    """What joins no two records of a source that were not one customer before.

    Tokens that hang together through a customer are judged together: else their order would decide.
    """
    refs_of = dict(shared)
    members = clusters.members()
    sources = {root: {source for source, _ in refs} for root, refs in members.items()}
    possible = {
        token: roots
        for token, refs in refs_of.items()
        if len(roots := {clusters.find(ref) for ref in refs}) > 1 and _may_join(roots, sources)
    }
    for tokens, roots in _hanging_together(possible):
        if _may_join(roots, sources):
            for token in sorted(tokens):
                yield token, refs_of[token]


def _may_join(roots: Iterable[Ref], sources: Mapping[Ref, set[int]]) -> bool:
    """Whether no source has records in two of these customers."""
    seen: set[int] = set()
    for root in roots:
        if seen & sources[root]:
            return False
        seen |= sources[root]
    return True


def _hanging_together(groups: Mapping[Token, set[Ref]]) -> Iterator[tuple[list[Token], set[Ref]]]:
    """Groups that share a member, and theirs, as one: their names and all members."""
    hanging = _Clusters({root for roots in groups.values() for root in roots}, ())
    for roots in groups.values():
        hanging.join(roots)
    together: dict[Ref, tuple[list[Token], set[Ref]]] = {}
    for token, roots in groups.items():
        names, every = together.setdefault(hanging.find(min(roots)), ([], set()))
        names.append(token)
        every |= roots
    yield from together.values()
