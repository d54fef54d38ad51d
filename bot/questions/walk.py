"""Spans → frame, in one pass from left to right.

A span is understood through those beside it: "monthly customers" against "customers monthly".
"""

from collections.abc import Callable, Sequence

from bot.questions.amounts import PendingAmount
from bot.questions.frame import Asked, Frame, Wanted
from bot.questions.periods import Said
from bot.questions.spans import Span
from bot.questions.text import Text
from bot.questions.words import K
from storage.metrics.plan import Grain

# Words that are glue to the grammar but tell what the word after them is.
_INTERVAL_BEFORE = frozenset(["billed", "on", "paying", "pay", "not", "only", "just", "and", "or", "non"])
_INTERVAL_ATOMS = frozenset("customer subscription paying active churned trial new renewing".split())  # noqa: SIM905 - reads better
_FLOW_ATOMS = frozenset(["revenue", "refunds", "signed_up", "failed"])
_RATES = frozenset(["month", "year"])
_BEFORE_NAME = frozenset("of for about is did has does customer client account me company".split())  # noqa: SIM905 - reads better


class _Walk:
    """The state between one span and the next."""

    def __init__(self, text: Text, spans: Sequence[Span]) -> None:
        self.frame = Frame(text)
        self.text = text
        self.spans = [s for s in spans if s.kind is not K.FILLER]
        self.at = 0
        self.negated = False
        self.grouping = False
        self.amount = PendingAmount()

    def neighbour(self, step: int) -> Span | None:
        at = self.at + step
        return self.spans[at] if 0 <= at < len(self.spans) else None

    def word_before(self, span: Span) -> str:
        return self.text.tokens[span.start - 1].word if span.start else ""

    def said(self, span: Span) -> str:
        return self.text.between(span.start, span.end)


def read(text: Text, spans: Sequence[Span]) -> Frame:
    """The frame of a tagged question."""
    walk = _Walk(text, spans)
    frame = walk.frame
    for at, span in enumerate(walk.spans):
        walk.at = at
        frame.kinds.add(span.kind)
        if span.corrected and span.kind is not K.FILLER:
            frame.corrections.append((walk.said(span), span.corrected))
        _READ.get(span.kind, _keep)(walk, span)
        if span.kind not in (K.NOT, K.OR, K.AND, K.FIELD, K.VALUE, K.RHYTHM, K.NAME):
            walk.negated = False
    frame.leads_on = _leads_on(text, walk.spans)
    frame.leftover.extend(walk.amount.leftover)
    frame.amounts.extend(walk.amount.ranges)
    return frame


def _leads_on(text: Text, spans: Sequence[Span]) -> bool:
    """Whether it begins as the continuation of something said before."""
    first = text.tokens[0].word if text.tokens else ""
    return first in ("and", "or", "also", "only", "just") or bool(spans and spans[0].kind is K.FOLLOW)


def _keep(walk: _Walk, span: Span) -> None:
    """Kinds that only need to have been said."""


def _atom(walk: _Walk, span: Span) -> None:
    atoms = set(span.tag.value) if isinstance(span.tag.value, tuple) else set()
    if "growth" in atoms:
        walk.frame.change = True
        atoms.discard("growth")
    if _is_compared(walk, atoms):
        walk.amount.yearly = "arr" in atoms
    elif walk.grouping:
        walk.frame.by_atoms.update(atoms)
        walk.grouping = False
    elif walk.negated:
        walk.frame.without.update(atoms)
    else:
        walk.frame.atoms.update(atoms)


def _is_compared(walk: _Walk, atoms: set[str]) -> bool:
    """Whether MRR is only what an amount is compared with: "customers with MRR under $30"."""
    after = walk.neighbour(1)
    if not atoms <= {"mrr", "arr"} or after is None or after.kind not in (K.COMPARE, K.BETWEEN):
        return False
    following = walk.neighbour(2)
    return (
        following is not None
        and following.kind in (K.NUMBER, K.VALUE)
        and bool(walk.frame.atoms or walk.frame.kinds)
    )


def _value(walk: _Walk, span: Span) -> None:
    if not isinstance(span.tag.value, tuple):
        return
    name, value = span.tag.value
    if name == "currency" and walk.amount.takes_currency(str(value), walk.neighbour(1)):
        return
    walk.frame.wanted.append(Wanted(name, str(value), walk.negated))


def _field(walk: _Walk, span: Span) -> None:
    name = str(span.tag.value)
    before, after = walk.neighbour(-1), walk.neighbour(1)
    if walk.grouping:
        walk.frame.by.append(name)
        following = after.kind if after else None
        walk.grouping = following in (K.AND, K.FIELD)
    elif not any(_is_value_of(name, beside) for beside in (before, after)):
        walk.frame.by.append(name)
        walk.frame.kinds.add(K.FACT)


def _is_value_of(name: str, span: Span | None) -> bool:
    """Whether the field's word only goes with a value: "the Growth plan", "annual plans"."""
    if span is None:
        return False
    if span.kind is K.RHYTHM:
        return name in ("plan", "interval")
    return span.kind is K.VALUE and isinstance(span.tag.value, tuple) and span.tag.value[0] == name


def _rhythm(walk: _Walk, span: Span) -> None:
    unit = str(span.tag.value)
    if walk.grouping or not _is_interval(walk, span, unit):
        walk.frame.grain = Grain(unit)
        walk.grouping = False
    else:
        walk.frame.wanted.append(Wanted("interval", unit, walk.negated))


def _is_interval(walk: _Walk, span: Span, unit: str) -> bool:
    """Whether "monthly" is how customers are billed, rather than how a figure is to be shown."""
    before, after = walk.neighbour(-1), walk.neighbour(1)
    if after and (after.kind in (K.CHART, K.VERSUS, K.CHANGE, K.GROUP)):
        return False
    if after and after.kind is K.ATOM and isinstance(after.tag.value, tuple):
        return bool(set(after.tag.value) & _INTERVAL_ATOMS) or ("mrr" in after.tag.value and unit == "year")
    if after and after.kind in (K.FIELD, K.VALUE, K.OR, K.AND, K.NOT):
        return True
    if walk.word_before(span) in _INTERVAL_BEFORE or (
        before and before.kind in (K.VALUE, K.NOT, K.FOLLOW, K.OR)
    ):
        return True
    return not (before and before.kind in (K.ATOM, K.LATER, K.PERIOD))


def _each(walk: _Walk, span: Span) -> None:
    unit = str(span.tag.value)
    before = walk.neighbour(-1)
    goes_with_amount = (
        before is not None and before.kind in (K.NUMBER, K.COMPARE, K.VALUE) and walk.amount.touched
    )
    said_a = walk.said(span).casefold().startswith("a ")
    if unit in _RATES and goes_with_amount:
        walk.amount.rate = unit
    elif said_a:
        walk.frame.leftover.append(walk.said(span))
    else:
        walk.frame.grain = Grain(unit)


def _number(walk: _Walk, span: Span) -> None:
    before = walk.neighbour(-1)
    raw = str(span.tag.value)
    after = walk.neighbour(1)
    ranks = walk.frame.superlative is not None and before is not None and before.kind is K.SUPERLATIVE
    leads = after is not None and after.kind in (K.SUPERLATIVE, K.ATOM) and not walk.amount.expects
    if raw.isdigit() and (ranks or leads) and walk.frame.limit is None:
        walk.frame.limit = max(1, min(int(raw), 1000))
    else:
        walk.amount.number(raw, negated=walk.negated)


def _comparator(walk: _Walk, span: Span) -> None:
    after = walk.neighbour(1)
    op = str(span.tag.value)
    if op == "over" and after is not None and after.kind in (K.PERIOD, K.CHART):
        return
    walk.amount.compare(op, walk.said(span))


def _between(walk: _Walk, span: Span) -> None:
    walk.amount.between()


def _superlative(walk: _Walk, span: Span) -> None:
    if isinstance(span.tag.value, tuple):
        walk.frame.superlative = span.tag.value
    if walk.word_before(span) == "at":
        walk.frame.leftover.append(walk.said(span))


def _group(walk: _Walk, span: Span) -> None:
    walk.grouping = True


def _period(walk: _Walk, span: Span) -> None:
    said = span.tag.value
    if not isinstance(said, Said):
        return
    frame = walk.frame
    before = walk.neighbour(-1)
    after_versus = before is not None and before.kind is K.VERSUS and (frame.periods or not _more(walk))
    if said.is_relative or after_versus or (frame.versus and frame.periods):
        frame.compared.append(said)
    else:
        frame.periods.append(said)


def _more(walk: _Walk) -> bool:
    """Whether another period follows: "compare last month with the month before"."""
    return any(span.kind is K.PERIOD for span in walk.spans[walk.at + 1 :])


def _versus(walk: _Walk, span: Span) -> None:
    walk.frame.versus = str(span.tag.value)


def _change(walk: _Walk, span: Span) -> None:
    walk.frame.change = True


def _not(walk: _Walk, span: Span) -> None:
    walk.negated = True


def _joins(walk: _Walk, span: Span) -> None:
    walk.amount.joined()


def _chart(walk: _Walk, span: Span) -> None:
    walk.frame.chart = True


def _name(walk: _Walk, span: Span) -> None:
    said = walk.said(span)
    walk.frame.names.append(Asked(said, span.matches, walk.negated))
    walk.grouping = False


def _unknown(walk: _Walk, span: Span) -> None:
    said = walk.said(span)
    last = walk.text.tokens[span.end - 1]
    if last.possessive or walk.word_before(span) in _BEFORE_NAME or K.ABOUT in walk.frame.kinds:
        walk.frame.maybe_names.append(said)
    else:
        walk.frame.leftover.append(said)


def _later(walk: _Walk, span: Span) -> None:
    before = walk.neighbour(-1)
    if before is not None and before.kind is K.UNKNOWN and walk.text.tokens[span.start].capital:
        walk.frame.maybe_names.append(walk.said(span))
        return
    walk.frame.later.append(str(span.tag.value))


def _outside(walk: _Walk, span: Span) -> None:
    reason = str(span.tag.value)
    if reason != "action" or walk.at == 0:
        walk.frame.outside.append(reason)
    else:
        walk.frame.leftover.append(walk.said(span))


_READ: dict[K, Callable[[_Walk, Span], None]] = {
    K.ATOM: _atom,
    K.VALUE: _value,
    K.FIELD: _field,
    K.RHYTHM: _rhythm,
    K.EACH: _each,
    K.NUMBER: _number,
    K.COMPARE: _comparator,
    K.BETWEEN: _between,
    K.SUPERLATIVE: _superlative,
    K.GROUP: _group,
    K.PERIOD: _period,
    K.VERSUS: _versus,
    K.CHANGE: _change,
    K.NOT: _not,
    K.AND: _joins,
    K.OR: _joins,
    K.CHART: _chart,
    K.NAME: _name,
    K.UNKNOWN: _unknown,
    K.LATER: _later,
    K.OUTSIDE: _outside,
}
