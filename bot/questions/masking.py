"""What of a question may leave for a language model: plain words, and placeholders for everything else.

Three nets, one behind the other: what the account's own names and values explain becomes a placeholder that
says its kind; then addresses, amounts and longer numbers; then every word that is not on the closed list of
plain words (`storage/plain_words.py`). The last net does not depend on knowing what a word is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.questions import spans, text
from bot.questions.text import Kind, Token
from bot.questions.vocabulary import Vocabulary
from bot.questions.words import K
from storage.names import NameMatch
from storage.plain_words import is_plain

_GENERAL = frozenset({"interval", "status"})
"""Fields whose values are the same words in every account: a model may read those."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a placeholder stands for. `kind`: CUSTOMER, AMOUNT, NUMBER, ADDRESS, WORD, or a field in capitals.

    `value` is the catalog's value of that field, or the words as they were typed.
    """

    kind: str
    value: str
    matches: tuple[NameMatch, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether it can be put back into a plan: one customer, a value of a field, an amount."""
        if self.kind == "CUSTOMER":
            return len(self.matches) == 1
        return self.kind not in ("ADDRESS", "WORD")


@dataclass(frozen=True, slots=True)
class Masked:
    """`text` may leave; `hidden` (placeholder → what it stands for) stays."""

    text: str
    hidden: Mapping[str, Hidden]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was hidden that the plan could not be given back."""
        return all(hidden.is_known for hidden in self.hidden.values())


def mask(question: str, vocabulary: Vocabulary, now: datetime) -> Masked:
    """The question with everything replaced that could name anyone. Raises QuestionTooLong."""
    said = text.read(question)
    hidden: dict[str, Hidden] = {}
    words = [
        part if isinstance(part, str) else _placeholder(part, hidden)
        for part in _parts(said, spans.tag(said, vocabulary, now))
    ]
    return Masked(" ".join(words), hidden)


def _placeholder(found: Hidden, hidden: dict[str, Hidden]) -> str:
    number = 1 + sum(other.kind == found.kind for other in hidden.values())
    name = f"[{found.kind}_{number}]"
    hidden[name] = found
    return name


def _parts(said: text.Text, tagged: tuple[spans.Span, ...]) -> Iterator[str | Hidden]:
    for span in tagged:
        typed = said.between(span.start, span.end)
        if span.kind is K.NAME:
            yield Hidden("CUSTOMER", typed, span.matches)
        elif span.kind is K.VALUE and isinstance(span.tag.value, tuple) and span.tag.value[0] not in _GENERAL:
            field, value = span.tag.value
            yield Hidden(str(field).upper().replace("_", ""), str(value))
        elif span.corrected is not None and span.end - span.start == 1 and is_plain(span.corrected):
            yield span.corrected
        else:
            yield from _words(said.tokens, span.start, span.end)


def _words(tokens: tuple[Token, ...], start: int, end: int) -> Iterator[str | Hidden]:
    for at in range(start, end):
        token = tokens[at]
        if token.kind is Kind.NUMBER:
            yield _number(tokens, at)
        elif token.kind in (Kind.EMAIL, Kind.DOMAIN):
            yield Hidden("ADDRESS", token.raw)
        else:
            plain = next((w for w in (token.whole, token.word, token.lemma) if is_plain(w)), None)
            yield plain or Hidden("WORD", token.raw)


def _number(tokens: tuple[Token, ...], at: int) -> str | Hidden:
    """A small number or a year as it is; an amount, a long number or a part of a telephone number hidden."""
    raw = tokens[at].raw.strip()
    beside = [tokens[i] for i in (at - 1, at + 1) if 0 <= i < len(tokens)]
    if any(token.kind is Kind.NUMBER for token in beside):
        return Hidden("WORD", raw)
    if is_plain(raw):
        return raw
    return Hidden("NUMBER" if raw.isdecimal() else "AMOUNT", raw)
