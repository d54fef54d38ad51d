"""The words that mean something, ready to be found in a question: a tree of phrases per account.

The common part is built once from the catalog and the tables of words; an account's plan names and
currencies lie over it. Phrases are compared by their words in singular, the longest fits best.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.questions import later, places, regions, slang, words
from bot.questions.text import Kind, Token, lemma
from bot.questions.words import K
from storage.metrics import catalog
from storage.names import fold


@dataclass(frozen=True, slots=True)
class Tag:
    """What a phrase means: its part in the question, and which one. VALUE tags carry (field, value)."""

    kind: K
    value: object = None


# Metrics that people put together from words ("new" + "customers"): all their synonyms become these atoms.
COMPOSED: dict[str, tuple[str, ...]] = {
    "customers": ("customer",),
    "trialing_customers": ("trial",),
    "new_customers": ("new", "customer"),
    "churned_customers": ("churned",),
    "signups": ("signed_up",),
    "upgraded_customers": ("upgrades", "customer"),
    "downgraded_customers": ("downgrades", "customer"),
    "reactivated_customers": ("reactivations", "customer"),
    "failed_payments": ("failed", "payment"),
    "outstanding": ("unpaid",),
    "overdue": ("overdue",),
    "overdue_invoices": ("overdue", "invoice"),
    "overdue_customers": ("overdue", "customer"),
    "open_invoices": ("invoice", "open"),
    "invoices": ("invoice",),
    "payments": ("payment", "succeeded"),
    "refund_count": ("refunds",),
    "failing_customers": ("failed", "payment", "customer"),
    "subscriptions": ("subscription",),
    "conversations": ("ticket",),
    "open_conversations": ("ticket", "open"),
    "closed_conversations": ("ticket", "closed"),
    "unanswered_conversations": ("ticket", "unanswered"),
    "open_deals": ("deal", "open"),
    "deals_won": ("deal", "closed"),
    "deals_lost": ("deal", "churned"),
}
_COUNTED = ("number of ", "count of ")
"""How a synonym begins that says "how many" itself: the words say that for every metric."""
_GROUPS = tuple(info for info in catalog.FIELDS.values() if info.groupable)
_INTERVALS = {"semiannual": "half_year", "half yearly": "half_year", "biannual": "half_year"}
_STATUSES = ("paused", "incomplete")

Node = dict[str, object]
_END = ""


class Lexicon:
    """Phrases by their words. `base`, where given, is asked as well."""

    def __init__(self, base: Lexicon | None = None) -> None:
        self._root: Node = {}
        self._base = base
        self.spellings: tuple[str, ...] = ()
        self.own: frozenset[str] = frozenset()

    def add(self, phrase: str, *tags: Tag) -> None:
        """A later meaning of a phrase takes the place of the one before."""
        node = self._root
        for word in phrase_words(phrase):
            node = node.setdefault(word, {})  # type: ignore[assignment]  # inner nodes are nodes, ends are tags
        node[_END] = tags

    def matches(self, tokens: Sequence[Token], start: int) -> Iterator[tuple[int, tuple[Tag, ...]]]:
        """Every (end, tags) of a phrase that begins at token `start`."""
        if self._base is not None:
            yield from self._base.matches(tokens, start)
        nodes = [self._root]
        for at in range(start, len(tokens)):
            token = tokens[at]
            forms = {token.lemma, token.word, token.whole}
            nodes = [child for node in nodes for form in forms if isinstance(child := node.get(form), dict)]
            if not nodes:
                return
            for node in nodes:
                tags = node.get(_END)
                if isinstance(tags, tuple):
                    yield at + 1, tags

    def has(self, phrase: str) -> bool:
        """Whether that phrase, as a whole, means something (glue words aside)."""
        node: object = self._root
        for word in phrase_words(phrase):
            node = node.get(word) if isinstance(node, dict) else None
        tags = node.get(_END) if isinstance(node, dict) else None
        return isinstance(tags, tuple) and any(tag.kind is not K.FILLER for tag in tags)

    def learn_spellings(self) -> None:
        """Remembers the words long enough to be misspelt, for corrections."""
        found: set[str] = set(self._base.spellings) if self._base else set()
        stack = [self._root]
        while stack:
            for word, child in stack.pop().items():
                if isinstance(child, dict):
                    stack.append(child)
                    if len(word) >= SHORTEST_CORRECTED and word.isalpha():
                        found.add(word)
        self.spellings = tuple(sorted(found | _DATES))


SHORTEST_CORRECTED = 4
_DATES = frozenset(
    ["january", "february", "april", "august", "september", "october", "november", "december", "monday",
     "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "yesterday", "tomorrow"]
)  # fmt: skip


def phrase_words(phrase: str) -> list[str]:
    """A phrase as the words that tokens are compared with; signs stand for themselves."""
    return [
        lemma(fold(word) or word)
        for part in phrase.split()
        for word in (part.split("-") if "-" in part else [part])
    ]


@lru_cache(maxsize=1)
def common() -> Lexicon:
    """What every account's questions share."""
    lexicon = Lexicon()
    for word in words.FILLERS.split():
        lexicon.add(word, Tag(K.FILLER))
    for phrase, tag in _declared():
        lexicon.add(phrase, tag)
    lexicon.learn_spellings()
    return lexicon


def _declared() -> Iterator[tuple[str, Tag]]:
    """All phrases, the more particular after the more general."""
    for country, code in places.country_names().items():
        yield country, Tag(K.VALUE, ("country", code))
    for said, region in regions.region_words().items():
        yield said, Tag(K.VALUE, ("region", region))
    for reason, (_, phrases) in later.OUTSIDE.items():
        yield from _phrases(phrases, Tag(K.OUTSIDE, reason))
    yield from _of_catalog()
    for name, known in later.known().items():
        yield from _phrases(known.said, Tag(K.LATER, name))
    yield from _everyday()


def _of_catalog() -> Iterator[tuple[str, Tag]]:
    for metric in catalog.METRICS.values():
        atoms = COMPOSED.get(metric.name, (metric.name,))
        for phrase in (*metric.synonyms, metric.label.lower()):
            if phrase.startswith(_COUNTED) or phrase.endswith(" count"):
                continue
            said = set(phrase.split())
            nouns = [noun for noun in ("invoice", "customer") if noun in said and metric.entity == noun]
            yield phrase, Tag(K.ATOM, tuple(dict.fromkeys((*atoms, *nouns))))


def _everyday() -> Iterator[tuple[str, Tag]]:
    for kind, values in words.WORDS.items():
        for value, phrases in values.items():
            yield from _phrases(phrases, Tag(kind, value))
    for info in _GROUPS:
        yield from ((phrase, Tag(K.FIELD, info.name)) for phrase in info.synonyms)
    for atom, phrases in words.ATOMS.items():
        yield from _phrases(phrases, Tag(K.ATOM, (atom,)))
    for atom, phrases in slang.SLANG.items():
        yield from _phrases(phrases, Tag(K.ATOM, (atom,)))
    yield from _phrases(slang.CHARTS, Tag(K.CHART, "chart"))
    yield from _phrases(slang.TAKEN_ALONG, Tag(K.ATOM, ("churned",)))
    yield from ((phrase, Tag(K.ATOM, together)) for phrase, together in words.TOGETHER.items())
    yield from ((phrase, Tag(K.VALUE, ("interval", value))) for phrase, value in _INTERVALS.items())
    yield from ((phrase, Tag(K.VALUE, ("status", phrase))) for phrase in _STATUSES)


def _phrases(said: str, tag: Tag) -> Iterable[tuple[str, Tag]]:
    return ((phrase, tag) for phrase in said.split("|") if phrase)


def is_code_of_country(
    token: Token, before: str, after: str, shouted: bool, present: Sequence[str]
) -> str | None:
    """The country whose two-letter code a token is, where it cannot be an everyday word; else None."""
    code = token.word.upper() if token.kind is Kind.WORD else ""
    known = set(places.country_names().values())
    if len(code) != 2 or code not in known:  # noqa: PLR2004 - ISO codes
        return None
    after_place = before in {"in", "from", "the", "to", "outside", "not", "of", "and", "or"}
    if token.raw.removesuffix("'s").isupper() and not shouted:
        return code if code in {"US"} or code not in places.CODES_THAT_ARE_WORDS or after_place else None
    if code == "US":
        compared = {before, after} & {"vs", "versus", "v"}
        return code if compared or before in {"in", "from", "the"} else None
    return code if after_place and code in present and code not in places.CODES_THAT_ARE_WORDS else None
