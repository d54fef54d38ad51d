"""Spans → frame, in one pass from left to right.

A span is understood through those beside it: "monthly customers" against "customers monthly".
"""

from collections.abc import Callable, Sequence

from bot.questions import walk_numbers as numbers
from bot.questions.frame import Asked, Frame, Wanted
from bot.questions.periods import Said
from bot.questions.regions import countries_of
from bot.questions.spans import Span
from bot.questions.text import Text
from bot.questions.walking import (
    Walk,
    begins_clause,
    is_excepted,
    is_value_of,
    leads_to_excepted,
    opens_card,
)
from bot.questions.words import K

# Words that are glue to the grammar but tell what the word after them is.
_BEFORE_NAME = frozenset("of for about is did has does customer client account me company".split())  # noqa: SIM905 - reads better


def read(text: Text, spans: Sequence[Span]) -> Frame:
    """The frame of a tagged question."""
    walk = Walk(text, spans)
    frame = walk.frame
    for at, span in enumerate(walk.spans):
        walk.at = at
        if walk.grouping and span.kind in (K.COUNT, K.AMOUNT):
            frame.by_count = span.kind  # "customers by number of tickets" asks for no number
            continue
        if leads_to_excepted(walk, span):
            continue
        if begins_clause(walk, span):
            walk.negated = walk.negation_used = False
        frame.kinds.add(span.kind)
        frame.spoken.setdefault(span.kind, walk.said(span))
        if span.corrected and span.kind is not K.FILLER:
            frame.corrections.append((walk.said(span), span.corrected))
        _READ.get(span.kind, _keep)(walk, span)
        if span.kind not in _CARRY_NEGATION and not _leads_to_value(walk, span):
            walk.negated = walk.negation_used = False
    numbers.draw_paces(walk)
    frame.leads_on = _leads_on(text, walk.spans)
    frame.leftover.extend(walk.amount.leftover)
    frame.amounts.extend(walk.amount.ranges)
    return frame


_CARRY_NEGATION = frozenset({K.NOT, K.OR, K.AND, K.FIELD, K.VALUE, K.RHYTHM, K.NAME})
_VERBS = frozenset({"paying", "customer", "subscription"})


def _leads_to_value(walk: Walk, span: Span) -> bool:
    """ "not paying in dollars", "no customers in France": what is negated is the value that follows."""
    after = walk.neighbour(1)
    verb = span.kind is K.ATOM and isinstance(span.tag.value, tuple) and _VERBS.issuperset(span.tag.value)
    return walk.negated and verb and after is not None and after.kind in (K.VALUE, K.FIELD, K.RHYTHM)


def _leads_on(text: Text, spans: Sequence[Span]) -> bool:
    """Whether it begins as the continuation of something said before."""
    first = text.tokens[0].word if text.tokens else ""
    return first in ("and", "or", "also", "only", "just", "for", "of", "from") or bool(
        spans and spans[0].kind is K.FOLLOW
    )


def _keep(walk: Walk, span: Span) -> None:
    """Kinds that only need to have been said."""


def _atom(walk: Walk, span: Span) -> None:
    atoms = set(span.tag.value) if isinstance(span.tag.value, tuple) else set()
    if opens_card(walk, atoms):
        walk.frame.kinds.add(K.ABOUT)
        return
    if "growth" in atoms:
        walk.frame.change = True
        atoms.discard("growth")
    if numbers.is_counted(walk, span, atoms):
        noun = "open ticket" if {"ticket", "open"} <= atoms else min(atoms & numbers.COUNTABLE)
        walk.frame.counted.append((noun, walk.amount.ranges.pop()))
    elif numbers.counts_rows(walk, atoms):
        walk.frame.leftover.append(f"{walk.amount.ranges.pop().numbers[0]} {walk.said(span)}")
    elif _is_compared(walk, atoms):
        walk.amount.yearly = "arr" in atoms
    elif walk.grouping:
        walk.frame.by_atoms.update(atoms)
        walk.grouping = False
    elif walk.word_before(span) == "minus":
        walk.frame.leftover.append(f"minus {walk.said(span)}")
    elif walk.negated and not walk.negation_used and not _leads_to_value(walk, span):
        walk.frame.without.update(atoms)
    else:
        walk.frame.atoms.update(atoms)


def _is_compared(walk: Walk, atoms: set[str]) -> bool:
    """Whether MRR is only what an amount is compared with: "customers with MRR under $30"."""
    before, after = walk.neighbour(-1), walk.neighbour(1)
    if not atoms <= {"mrr", "arr"}:
        return False
    if (
        before
        and before.kind in (K.NUMBER, K.VALUE)
        and walk.amount.touched
        and "customer" in walk.frame.atoms
    ):
        return True  # "customers with less than $20 MRR"
    if after is None or after.kind not in (K.COMPARE, K.BETWEEN):
        return False
    following = walk.neighbour(2)
    return (
        following is not None
        and following.kind in (K.NUMBER, K.VALUE)
        and bool(walk.frame.atoms or walk.frame.kinds)
    )


def _value(walk: Walk, span: Span) -> None:
    if not isinstance(span.tag.value, tuple):
        return
    name, value = span.tag.value
    if name == "currency" and walk.amount.takes_currency(str(value), walk.neighbour(1)):
        return
    before = walk.neighbour(-1)
    moves = before is not None and (before.kind is K.CHANGE or is_value_of(name, before))
    if walk.word_before(span) == "to" and moves:
        walk.frame.leftover.append(f"to {walk.said(span)}")  # "from Team to Business": a move, not a filter
        return
    negated = (walk.negated and not _after_negation(walk, name)) or is_excepted(walk, span)
    if name == "region":
        _region(walk, str(value), negated=negated)
    else:
        walk.frame.wanted.append(Wanted(name, str(value), negated, span.start))
    walk.negated = walk.negation_used = negated


def _region(walk: Walk, label: str, *, negated: bool) -> None:
    """A region is its countries; set beside another one it would have to be a group of its own."""
    walk.frame.regions.append(label)
    at = walk.spans[walk.at].start
    walk.frame.wanted.extend(Wanted("country", code, negated, at) for code in countries_of(label))


def _after_negation(walk: Walk, name: str) -> bool:
    """ "not in Germany, on Team": what is said of another field after the negated one is not negated."""
    before = walk.neighbour(-1)
    alternative = before is not None and before.kind is K.OR
    other = bool(walk.frame.wanted) and walk.frame.wanted[-1].field != name
    return walk.negation_used and other and not alternative


def _field(walk: Walk, span: Span) -> None:
    name = str(span.tag.value)
    before, after = walk.neighbour(-1), walk.neighbour(1)
    valued = any(is_value_of(name, beside) for beside in (before, after))
    if walk.negated and not valued and name == "owner":
        walk.frame.without.add("owner")
        return
    if walk.negated and not valued:
        walk.frame.leftover.append(f"without {walk.said(span)}")
        return
    if walk.grouping:
        walk.frame.by.append(name)
        following = after.kind if after else None
        walk.grouping = following in (K.AND, K.FIELD)
    elif not valued:
        walk.frame.by.append(name)
        walk.frame.kinds.add(K.FACT)


def _group(walk: Walk, span: Span) -> None:
    after = walk.neighbour(1)
    asks = (
        after is not None and after.kind in (K.AMOUNT, K.COUNT) and walk.said(after)[:3].casefold() == "how"
    )
    walk.grouping = not asks  # "by how much did it grow"


def _period(walk: Walk, span: Span) -> None:
    said = span.tag.value
    if not isinstance(said, Said):
        return
    frame = walk.frame
    before = walk.neighbour(-1)
    after_versus = (
        before is not None
        and before.kind is K.VERSUS
        and (frame.periods or not (_more(walk) or said.is_range))
    )
    if said.is_relative or after_versus or (frame.versus and frame.periods):
        frame.compared.append(said)
    else:
        frame.periods.append(said)


def _more(walk: Walk) -> bool:
    """Whether another period follows: "compare last month with the month before"."""
    return any(span.kind is K.PERIOD for span in walk.spans[walk.at + 1 :])


def _versus(walk: Walk, span: Span) -> None:
    walk.frame.versus = str(span.tag.value)


def _change(walk: Walk, span: Span) -> None:
    walk.frame.change = True


def _not(walk: Walk, span: Span) -> None:
    walk.negated, walk.negation_used = True, False


def _joins(walk: Walk, span: Span) -> None:
    walk.amount.joined()


def _chart(walk: Walk, span: Span) -> None:
    walk.frame.chart = True


def _name(walk: Walk, span: Span) -> None:
    said = walk.said(span)
    walk.frame.names.append(Asked(said, span.matches, walk.negated))
    walk.grouping = False


def _unknown(walk: Walk, span: Span) -> None:
    said = walk.said(span)
    last = walk.text.tokens[span.end - 1]
    if last.possessive or walk.word_before(span) in _BEFORE_NAME or K.ABOUT in walk.frame.kinds:
        walk.frame.maybe_names.append(said)
    else:
        walk.frame.leftover.append(said)


def _absent(walk: Walk, span: Span) -> None:
    walk.frame.absent.append(str(span.tag.value))


def _later(walk: Walk, span: Span) -> None:
    before = walk.neighbour(-1)
    if before is not None and before.kind is K.UNKNOWN and walk.text.tokens[span.start].capital:
        walk.frame.maybe_names.append(walk.said(span))
        return
    walk.frame.later.append(str(span.tag.value))


def _outside(walk: Walk, span: Span) -> None:
    reason = str(span.tag.value)
    if reason != "action" or walk.at == 0:
        walk.frame.outside.append(reason)
    else:
        walk.frame.leftover.append(walk.said(span))


_READ: dict[K, Callable[[Walk, Span], None]] = {
    K.ATOM: _atom,
    K.VALUE: _value,
    K.FIELD: _field,
    K.RHYTHM: numbers.rhythm,
    K.EACH: numbers.each,
    K.NUMBER: numbers.number,
    K.COMPARE: numbers.comparator,
    K.BETWEEN: numbers.between,
    K.SUPERLATIVE: numbers.superlative,
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
    K.ABSENT: _absent,
    K.LATER: _later,
    K.OUTSIDE: _outside,
}
