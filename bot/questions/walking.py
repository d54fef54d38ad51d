"""The walk over a question's spans: what stands where, and the frame that fills."""

from collections.abc import Sequence

from bot.questions.amounts import PendingAmount
from bot.questions.frame import Frame
from bot.questions.spans import Span
from bot.questions.text import Text
from bot.questions.words import K


class Walk:
    """The state between one span and the next."""

    def __init__(self, text: Text, spans: Sequence[Span]) -> None:
        self.frame = Frame(text)
        self.text = text
        self.spans = [s for s in spans if s.kind is not K.FILLER]
        self.at = 0
        self.negated = False
        self.negation_used = False
        self.grouping = False
        self.amount = PendingAmount()

    def neighbour(self, step: int) -> Span | None:
        at = self.at + step
        return self.spans[at] if 0 <= at < len(self.spans) else None

    def word_before(self, span: Span) -> str:
        return self.text.tokens[span.start - 1].word if span.start else ""

    def said(self, span: Span) -> str:
        return self.text.between(span.start, span.end)


_EVERY = frozenset({"all", "every", "everyone", "everybody", "everything", "any"})


def is_excepted(walk: Walk, span: Span) -> bool:
    """ "All customers but VIP ones": what "but" excepts from all."""
    words = {token.word for token in walk.text.tokens[: span.start]}
    return walk.word_before(span) == "but" and bool(words & _EVERY)


def leads_to_excepted(walk: Walk, span: Span) -> bool:
    """ "except those on Basic": "those" points at nothing that was said before, only on to what follows."""
    leads = span.kind is K.THEM and walk.negated and walk.neighbour(1) is not None
    if leads:
        walk.negation_used = False  # "except those in Germany and those on Basic": neither
    return leads


def opens_card(walk: Walk, atoms: set[str]) -> bool:
    """ "open Acme" asks to see it, where "open invoices" are a state."""
    rest = walk.spans[walk.at + 1 :]
    named = bool(rest) and rest[0].kind is K.NAME
    return (
        atoms == {"open"} and walk.at == 0 and named and all(s.tag.value == ("customer",) for s in rest[1:])
    )


def is_value_of(name: str, span: Span | None) -> bool:
    """Whether the field's word only goes with a value: "the Growth plan", "annual plans"."""
    if span is None:
        return False
    if span.kind is K.RHYTHM:
        return name in ("plan", "interval")
    said = {"assignee": "owner"}.get(name, name)  # both are colleagues
    return span.kind is K.VALUE and isinstance(span.tag.value, tuple) and span.tag.value[0] == said


_SAME_FIELD = {K.RHYTHM: "interval"}


def begins_clause(walk: Walk, span: Span) -> bool:
    """Whether a comma ends what was negated: "outside the US, that pay monthly" pays monthly.

    "not in Germany, France" goes on: values of one field are one list.
    """
    before = walk.neighbour(-1)
    if not (walk.negated and walk.negation_used and before is not None and walk.frame.wanted):
        return False
    if span.kind in (K.NOT, K.NAME, K.AND, K.OR):
        return False
    between = walk.text.clean[walk.text.tokens[before.end - 1].end : walk.text.tokens[span.start].start]
    name = _SAME_FIELD.get(span.kind)
    if name is None and span.kind is K.VALUE and isinstance(span.tag.value, tuple):
        name = str(span.tag.value[0])
    last = walk.frame.wanted[-1].field
    return "," in between and name != last and (name, last) != ("region", "country")
