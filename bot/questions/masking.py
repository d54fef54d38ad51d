"""What of a question may leave for a language model: plain words, and placeholders for everything else.

Three nets, one behind the other: what the account's own names and values explain becomes a placeholder that
says its kind; then addresses, amounts and longer numbers; then every word that is not on the closed list of
plain words (`storage/plain_words.py`). The last net does not depend on knowing what a word is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.questions import spans, text
from bot.questions.text import Kind, Token
from bot.questions.vocabulary import Vocabulary
from bot.questions.words import K
from storage.metrics.plan import Plan
from storage.names import NameMatch
from storage.plain_words import is_plain

GENERAL = frozenset({"interval", "status"})
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
    """`text` may leave; `hidden` (placeholder → what it stands for) stays.

    `before` says the plan before a follow-up, in words that may leave; its placeholders, `optional`, need not
    be used. `values` (placeholder → name) are told beside where the account allows it.
    """

    text: str
    hidden: Mapping[str, Hidden]
    before: str | None = None
    optional: frozenset[str] = frozenset()
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> str:
        """All of it that is words: the plan before, a plus, the question."""
        return self.text if self.before is None else f"{self.before} + {self.text}"

    @property
    def is_whole(self) -> bool:
        """Whether nothing was hidden that the plan could not be given back."""
        return all(hidden.is_known for hidden in self.hidden.values())


def mask(question: str, vocabulary: Vocabulary, now: datetime, before: Plan | None = None) -> Masked:
    """The question with everything replaced that could name anyone, after the plan before it.

    Raises QuestionTooLong.
    """
    from bot.questions.model_context import told

    said = text.read(question)
    hidden: dict[str, Hidden] = {}
    words = [
        part if isinstance(part, str) else _placeholder(part, hidden)
        for part in _parts(said, spans.tag(said, vocabulary, now))
    ]
    own = frozenset(hidden)
    context = told(before, hidden) if before is not None else None
    values = _values(hidden) if vocabulary.tells_values else {}
    return Masked(" ".join(words), hidden, context, frozenset(hidden) - own, values)


_TOLD = frozenset({"PLAN", "PRODUCT", "STAGE", "TAG"})
_LONGEST_VALUE = 60


def _values(hidden: Mapping[str, Hidden]) -> dict[str, str]:
    """What values of the account's own are called, as one printable line each: never who anybody is."""
    return {
        name: "".join(c for c in one.value if c.isprintable())[:_LONGEST_VALUE]
        for name, one in hidden.items()
        if one.kind in _TOLD
    }


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
        elif span.kind is K.VALUE and isinstance(span.tag.value, tuple) and span.tag.value[0] not in GENERAL:
            name, value = span.tag.value
            yield Hidden(str(name).upper().replace("_", ""), str(value))
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
