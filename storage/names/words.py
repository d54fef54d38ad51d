"""What makes two spellings of a name the same: case, accents, signs, legal forms, a slip or two."""

import re
import unicodedata
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile(r"['’`´]")
_LEGAL_FORMS = """
    inc incorporated llc llp ltd limited gmbh mbh ag bv nv oy oyj ab aps sa sas sarl srl spa plc pty corp
    corporation co company kg kk pte sl lda kft as
"""
_LEGAL = frozenset(_LEGAL_FORMS.split())
_SHORT_WORD, _LONG_WORD = 4, 8


def fold(text: str) -> str:
    """Case, accents, emoji and punctuation away: "Société Générale!" and "societe generale" are one."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    text = text.casefold()
    if not text.replace(" ", "").isalnum():
        text = _APOSTROPHES.sub("", text).replace("&", " and ")
    return " ".join(_WORD.findall(text))


def without_legal_form(words: Sequence[str]) -> tuple[str, ...]:
    """ "acme labs gmbh" → "acme labs"; a name that is nothing else stays as it is."""
    kept = list(words)
    while len(kept) > 1 and (kept[-1] in _LEGAL or kept[-1] == "and"):
        kept.pop()
    if len(kept) > 1 and kept[0] == "the":
        kept = kept[1:]
    return tuple(kept)


def allowed_edits(word: str) -> int:
    """How many slips a word of that length may hold and still be meant."""
    if len(word) < _SHORT_WORD:
        return 0
    return 1 if len(word) < _LONG_WORD else 2
