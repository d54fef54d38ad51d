"""A question as people type it, made into clean tokens.

Chat markup, smart quotes, emoji, control and right-to-left characters go; contractions are written out; what
was between quotes stays together. Nothing here knows what a word means. Work is bounded: a question longer
than `MAX_CHARACTERS` is not read at all.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from bot.questions import shorthand
from storage.names import fold

MAX_CHARACTERS = 1_000
MAX_TOKENS = 120
_MAX_MARKS = 2  # combining marks kept in a row: enough for every script, too few for zalgo


class QuestionTooLong(ValueError):
    """More than anyone types; the question is not read."""


class Kind(StrEnum):
    WORD = "word"
    NUMBER = "number"
    EMAIL = "email"
    DOMAIN = "domain"
    DATE = "date"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or sign. `word` is folded without possessive s, `whole` with it, `lemma` in singular.

    `start` and `end` are offsets in `Text.clean`; `quoted` is the number of the quotation it stands in.
    """

    kind: Kind
    raw: str
    word: str
    whole: str
    lemma: str
    start: int
    end: int
    possessive: bool = False
    quoted: int | None = None

    @property
    def capital(self) -> bool:
        return self.raw[:1].isupper()


@dataclass(frozen=True, slots=True)
class Text:
    clean: str
    tokens: tuple[Token, ...]

    def between(self, start: int, end: int) -> str:
        """The words as they were typed, from token `start` up to token `end`, without a final 's."""
        if start >= end:
            return ""
        last = self.tokens[end - 1]
        said = self.clean[self.tokens[start].start : last.end]
        return re.sub(r"['’]s?$", "", said) if last.possessive else said

    @property
    def is_shouted(self) -> bool:
        letters = [c for c in self.clean if c.isalpha()]
        return len(letters) > 3 and all(c.isupper() for c in letters)  # noqa: PLR2004 - "MRR" is no shout


_SLACK_LINK = re.compile(r"<(?:mailto:|https?://)([^<>|\s]{1,300})(?:\|[^<>]{0,300})?>")
_SLACK_OTHER = re.compile(r"<[@#!][^<>]{0,300}>")
_LEAD_IN = re.compile(r"^\s*(?:no|nope|sorry|actually|well|right|hmm+)\s*[,.!-]\s*", re.I)
_EMOJI_NAME = re.compile(r"(?<!\w):[a-z][a-z0-9_+-]{1,40}:(?!\w)")
_QUOTES = str.maketrans("‘’‚‛′`´“”„‟″«»\u00a0–—−", "'''''''\"\"\"\"\"\"\" ---")
_ENTITIES = (("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))

_CONTRACTIONS = (
    (re.compile(r"\b(can)'?t\b|\bcannot\b", re.I), "can not"),
    (re.compile(r"\bwon'?t\b", re.I), "will not"),
    (re.compile(r"\b(is|are|was|were|do|does|did|have|has|had|would|could|should)n'?t\b", re.I), r"\1 not"),
    (re.compile(r"^\W*n\s+(?=[a-z])", re.I), "number of "),
    (re.compile(r"(?<=\w)\s+(?:n|'n'|'n|n')\s+(?=[a-z])"), " and "),
    (re.compile(r"\bw/o\b", re.I), "without"),
    (re.compile(r"\bw/(?=\s|\w)", re.I), "with "),
    (re.compile(r"\b(what|who|how|where|when|that|there|here|it)'?s\b(?<!hows)(?<!its)", re.I), r"\1 is"),
    (re.compile(r"\blet's\b", re.I), "let us"),
    (re.compile(r"\b(what|how|who|we|they|you|i)'(?:re|m)\b", re.I), r"\1 are"),
    (re.compile(r"\b(we|they|you|i)'ve\b", re.I), r"\1 have"),
    (re.compile(r"\b(we|they|you|i|who|what)'ll\b", re.I), r"\1 will"),
    (re.compile(r"\b(we|they|you|i|who)'d\b", re.I), r"\1 would"),
)

_TOKEN = re.compile(
    r"""
      (?P<email>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})
    | (?P<date>\b\d{4}-\d{1,2}(?:-\d{1,2})?\b|\b\d{4}/\d{1,2}/\d{1,2}\b|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b)
    | (?P<number>(?:[$€£¥₹]\s?)?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,6})?
        \s?(?:[kKmM](?![\w])|(?:thousand|million|mio|grand)\b)?
        (?:\s?[$€£¥₹])?(?![\w]))
    | (?P<domain>(?:https?://)?(?:www\.)?[^\W_][\w-]{0,62}(?:\.[\w-]{1,63}){0,3}\.[a-zA-Z]{2,18}\b)
    | (?P<word>[^\W_]+(?:['][^\W_]+)*)
    | (?P<sign>>=|<=|[<>=≥≤%&+$€£¥₹])
    """,
    re.X,
)
_QUOTED = re.compile(r'"([^"]{1,120})"')
_KEEP_S = frozenset(
    ["us", "is", "was", "has", "this", "vs", "as", "its", "plus", "minus", "status", "always", "less",
        "across",
     "gross", "previous", "business", "versus", "yes", "does", "alias", "basis", "besides"]
)  # fmt: skip


def read(question: str) -> Text:
    """Clean a question and cut it into tokens; raises QuestionTooLong."""
    if len(question) > MAX_CHARACTERS:
        raise QuestionTooLong
    clean = _clean(question)
    spans = [match.span(1) for match in _QUOTED.finditer(clean)]
    tokens = [_token(match, spans) for match in _TOKEN.finditer(clean)]
    if len(tokens) > MAX_TOKENS:
        raise QuestionTooLong
    return Text(clean, tuple(tokens))


def lemma(word: str) -> str:
    """The singular, near enough to compare words by: customers → customer, companies → company."""
    if len(word) < 4 or not word.endswith("s") or word in _KEEP_S or word.endswith(("ss", "us")):  # noqa: PLR2004 - three letters are no plural
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1]


def _clean(question: str) -> str:
    text = _SLACK_OTHER.sub(" ", _SLACK_LINK.sub(r" \1 ", question))
    for entity, sign in _ENTITIES:
        text = text.replace(entity, sign)
    text = _readable(unicodedata.normalize("NFKC", text.translate(_QUOTES)))
    text = shorthand.plain(_LEAD_IN.sub("", " ".join(_EMOJI_NAME.sub(" ", text).split())))
    for pattern, words in _CONTRACTIONS:
        text = pattern.sub(words, text)
    return " ".join(text.split())


def _readable(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category == "Mn" else 0
        if category == "Cf" or marks > _MAX_MARKS:
            continue
        kept.append(" " if category[0] in "CZ" else character)
    return "".join(kept)


def _token(match: re.Match[str], quotations: list[tuple[int, int]]) -> Token:
    raw, kind = match.group(), Kind(str(match.lastgroup))
    start, end = match.span()
    quoted = next((i for i, (s, e) in enumerate(quotations) if s <= start and end <= e), None)
    if kind is not Kind.WORD:
        plain = "and" if raw == "&" else raw.casefold()
        return Token(kind, raw, plain, plain, plain, start, end, quoted=quoted)
    possessive = raw.casefold().endswith("'s") or match.string[end : end + 2] in ("'", "' ")
    whole = fold(raw) or raw.casefold()
    word = fold(raw[:-2]) if raw.casefold().endswith("'s") else whole
    return Token(kind, raw, word, whole, lemma(word), start, end, possessive, quoted)
