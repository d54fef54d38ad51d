"""The words that are an account's own, over those that all share: its plans, tags, colleagues, sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from bot.questions import places
from bot.questions.lexicon import Lexicon, Tag, common
from bot.questions.vocabulary import Vocabulary
from bot.questions.words import K
from storage.names import fold

_SHORTEST_NAME = 3
_KNOWN_SOURCES = ("stripe", "hubspot", "intercom", "zendesk", "chargebee", "paddle", "recurly", "salesforce")
"""Vendors that people name; one that is not connected is told apart from a word that means nothing."""


def of(vocabulary: Vocabulary) -> Lexicon:
    """The lexicon of an account: built once for its words."""
    own = vocabulary
    values = (
        ("plan", own.plans),
        ("product", tuple(name for name in own.products if name not in own.plans)),
        ("stage", own.stages),
        ("tag", own.tags),
    )
    colleagues = tuple(dict.fromkeys(name for name, _ in (*own.owners, *own.assignees)))
    return _lexicon(values, colleagues, own.sources, own.currencies, own.currency)


@lru_cache(maxsize=64)
def _lexicon(
    values: tuple[tuple[str, tuple[str, ...]], ...],
    colleagues: tuple[str, ...],
    sources: tuple[str, ...],
    currencies: tuple[str, ...],
    currency: str,
) -> Lexicon:
    shared = common()
    lexicon = Lexicon(shared)
    for word, code in places.currency_words(currencies, currency).items():
        lexicon.add(word, Tag(K.VALUE, ("currency", code)))
    for source in _KNOWN_SOURCES:
        lexicon.add(source, Tag(K.VALUE, ("source", source)) if source in sources else Tag(K.ABSENT, source))
    for phrase, name in _called(colleagues):
        if not shared.has(phrase):
            lexicon.add(phrase, Tag(K.VALUE, ("owner", name)))
    for field, names in reversed(values):
        for name in names:
            if fold(name) and (field == "plan" or not shared.has(fold(name))):
                lexicon.add(fold(name), Tag(K.VALUE, (field, name)))
    lexicon.learn_spellings()
    lexicon.own = frozenset(fold(plan) for plan in values[0][1])
    return lexicon


def _called(colleagues: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Full names; first and last names where only one colleague has them."""
    words = {name: fold(name).split() for name in colleagues}
    edges = {name: {of_one[0], of_one[-1]} for name, of_one in words.items() if of_one}
    shared = Counter(word for of_one in edges.values() for word in of_one)
    for name, of_one in edges.items():
        yield from ((word, name) for word in of_one if shared[word] == 1 and len(word) >= _SHORTEST_NAME)
        yield " ".join(words[name]), name
