"""Invented customers with the mess of real ones, known to some of four sources, and the truth about them.

Shared domains, agencies that pay for several clients, consultants at many companies, plus-addresses, renamed
domains, free mail, ids that were mistyped: what joining must see through, or leave alone.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from storage.normalise import Field, normalise
from storage.profile_joins import Ref, Sign, Token

STRIPE, HUBSPOT, INTERCOM, ZENDESK = 1, 2, 3, 4
_SYSTEM = {
    STRIPE: "stripe_customer",
    HUBSPOT: "hubspot_company",
    INTERCOM: "intercom_company",
    ZENDESK: "zendesk_organization",
}
_FREE_MAIL = ("gmail.com", "outlook.com", "yahoo.co.uk", "gmx.de", "proton.me")


@dataclass
class Company:
    """`carried` is what each record carries; `truth` is which customer it is."""

    carried: dict[Ref, set[Token]] = field(default_factory=lambda: defaultdict(set))
    truth: dict[Ref, int] = field(default_factory=dict)

    def frozen(self) -> dict[Ref, frozenset[Token]]:
        return {ref: frozenset(tokens) for ref, tokens in self.carried.items()}

    def connected(self) -> dict[Ref, object]:
        """The truth as far as anybody could know it: the records of a customer that share anything at all."""
        of: dict[int, list[Ref]] = defaultdict(list)
        for ref, customer in self.truth.items():
            of[customer].append(ref)
        found: dict[Ref, object] = {}
        for refs in of.values():
            groups: list[tuple[set[Ref], set[str]]] = []
            for ref in refs:
                members, texts = {ref}, {token.text for token in self.carried[ref]}
                for group in [group for group in groups if group[1] & texts]:
                    groups.remove(group)
                    members, texts = members | group[0], texts | group[1]
                groups.append((members, texts))
            for members, _ in groups:
                found |= dict.fromkeys(members, min(members))
        return found

    def _record(self, source: int, customer: int) -> Ref:
        ref = (source, b"%d-%d" % (customer, len(self.truth)))
        self.truth[ref] = customer
        self.carried[ref].add(Token(Sign.IS, _id_of(ref)))
        return ref

    def _email(self, ref: Ref, address: str, sign: Sign = Sign.EMAIL) -> None:
        if text := normalise(Field.EMAIL, address):
            self.carried[ref].add(Token(sign, text))
        if sign is Sign.EMAIL:
            self._domain(ref, address)

    def _domain(self, ref: Ref, host: str) -> None:
        if text := normalise(Field.DOMAIN, host):
            self.carried[ref].add(Token(Sign.DOMAIN, text))


def _id_of(ref: Ref) -> str:
    return f"{_SYSTEM[ref[0]]}:{ref[1].decode()}"


def invent(customers: int, seed: int = 7) -> Company:
    """So many customers; about one in four has something untidy about it."""
    chance, found = random.Random(seed), Company()
    agencies = [f"agency{number}.io" for number in range(max(1, customers // 50))]
    consultants = [f"ada{number}@consult{number}.io" for number in range(max(1, customers // 100))]
    for number in range(customers):
        _customer(found, chance, number, agencies, consultants)
    return found


def _customer(
    found: Company, chance: random.Random, number: int, agencies: list[str], consultants: list[str]
) -> None:
    domain = f"firm{number}.{chance.choice(('com', 'io', 'co.uk', 'de'))}"
    people = [f"{name}.{number}@{domain}" for name in ("tom", "ida", "omar")]
    kind = chance.choices(("tidy", "free", "agency", "renamed", "plus", "twins"), (75, 8, 6, 4, 4, 3))[0]
    paying = {
        "free": f"someone.{number}@{chance.choice(_FREE_MAIL)}",
        "agency": f"client{number}@{chance.choice(agencies)}",
        "renamed": f"pay@old-firm{number}.com",
        "plus": f"pay+{number}@{domain}",
    }.get(kind, f"billing@{domain}")
    stripe = found._record(STRIPE, number)
    found._email(stripe, paying)
    if kind == "twins":
        found._email(found._record(STRIPE, number), paying.upper())
    for source in (HUBSPOT, INTERCOM, ZENDESK):
        if chance.random() < 0.7:
            _relation(found, chance, found._record(source, number), stripe, domain, [*people, paying])
    _noise(found, chance, number, consultants)


def _relation(
    found: Company, chance: random.Random, ref: Ref, stripe: Ref, domain: str, people: list[str]
) -> None:
    """A company of a CRM or support tool: found by an id, by who pays, or by its domain; seldom by none."""
    how = chance.random()
    if how < 0.45:
        names, named = (ref, stripe) if chance.random() < 0.7 else (stripe, ref)
        found.carried[names].add(Token(Sign.NAMES, _id_of(named)))
    elif how < 0.75:
        found._email(ref, people[-1], Sign.CONTACT)
    elif how < 0.97:
        found._domain(ref, f"https://www.{domain}/")
    for person in chance.sample(people[:-1], chance.randint(0, 2)):
        found._email(ref, person, Sign.CONTACT)


def _noise(found: Company, chance: random.Random, number: int, consultants: list[str]) -> None:
    """A consultant who is a contact of this company too; an id of nobody."""
    others = [ref for ref, customer in found.truth.items() if customer == number and ref[0] != STRIPE]
    if not others:
        return
    if chance.random() < 0.15:
        found._email(chance.choice(others), chance.choice(consultants), Sign.CONTACT)
    if chance.random() < 0.02:
        found.carried[chance.choice(others)].add(Token(Sign.NAMES, f"stripe_customer:cus_typo{number}"))


def pairs(groups: dict[Ref, object]) -> Iterator[tuple[Ref, Ref]]:
    """Every two records that are in one group."""
    members: dict[object, list[Ref]] = defaultdict(list)
    for ref, group in groups.items():
        members[group].append(ref)
    for refs in members.values():
        ordered = sorted(refs)
        yield from ((one, other) for i, one in enumerate(ordered) for other in ordered[i + 1 :])
