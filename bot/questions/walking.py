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
