"""Slips of typing, put right against the words that mean something: never against a customer's name."""

from dataclasses import replace

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.questions import places
from bot.questions.english import NO_SLIPS, SLIPS
from bot.questions.lexicon import SHORTEST_CORRECTED, Lexicon
from bot.questions.text import Kind, Token
from storage.names import allowed_edits

_SHORT_WORDS = ("arpa", "arpu", "arr", "mrr")


def spelt(token: Token, words: Lexicon) -> Token | None:
    if token.kind is Kind.WORD and token.quoted is None and token.lemma in SLIPS:
        word = SLIPS[token.lemma]
        return replace(token, word=word, whole=word, lemma=word)
    if token.lemma in NO_SLIPS:
        return None
    if 3 <= len(token.lemma) <= SHORTEST_CORRECTED and token.kind is Kind.WORD:  # noqa: PLR2004 - three letters are the least
        near = [
            word
            for word in _SHORT_WORDS
            if OSA.distance(token.lemma, word) == 1 and set(token.lemma) <= set(word)  # "mmr", never "mars"
        ]
        if len(near) == 1:
            return replace(token, word=near[0], whole=near[0], lemma=near[0])
    return _closest(token, words)


def _closest(token: Token, words: Lexicon) -> Token | None:
    if token.kind is not Kind.WORD or len(token.lemma) < SHORTEST_CORRECTED or token.quoted is not None:
        return None
    near = process.extract(
        token.lemma, words.spellings, scorer=OSA.distance, score_cutoff=allowed_edits(token.lemma), limit=4
    )
    near = [hit for hit in near if hit[0][0] == token.lemma[0] and not _is_risky(token.lemma, hit[0])]
    if not near:
        return None
    word = min(near, key=lambda hit: (hit[1], abs(len(hit[0]) - len(token.lemma))))[0]
    return replace(token, word=word, whole=word, lemma=word)


_SHORTEST_PLACE = 6


def _is_risky(typed: str, spelt: str) -> bool:
    """Whether a short word is about to become a country: "green" is no slip of "greek"."""
    return len(typed) < _SHORTEST_PLACE and spelt in places.country_names()
