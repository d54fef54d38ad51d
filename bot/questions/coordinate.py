"""Two figures in one question: "customers and revenue", "upgrades vs downgrades". One is answered at a time.

Found before anything is understood, so that one of them is never answered as if it were all that was asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.questions import readings
from bot.questions.spans import Span
from bot.questions.text import Text
from bot.questions.words import K

_BETWEEN = frozenset({K.AND, K.VERSUS, K.COUNT, K.AMOUNT, K.SHOW, K.TOTAL, K.AVERAGE})
_JOINS = frozenset({K.AND, K.VERSUS})
_CLAUSE = frozenset("with without whose who that having where which".split())  # noqa: SIM905 - reads better
_NOUNS = frozenset({"customer", "ticket", "deal", "payment", "invoice", "trial", "mrr", "subscription"})
_MOST = 4

Run = tuple[int, int]
"""Tokens [start, end) that name one figure."""


def figures(text: Text, spans: Sequence[Span]) -> tuple[Run, ...]:
    """Where each of several figures is named; empty where the words ask for one."""
    runs = _runs(text, [span for span in spans if span.kind is not K.FILLER])
    if not 1 < len(runs) <= _MOST:
        return ()
    nouns = _nouns(text, runs)
    named = [_figure(_atoms(run), nouns) for run in runs]
    if None in named or len(set(named)) < len(named):
        return ()
    return tuple((run[0].start, run[-1].end) for run in runs)


def alone(text: Text, kept: Run, rivals: Sequence[Run]) -> str:
    """The question with one of its figures: what joins the others to it goes with them."""
    first, last = rivals[0][0], rivals[-1][1]
    return " ".join(
        part
        for part in (text.between(0, first), text.between(*kept), text.between(last, len(text.tokens)))
        if part
    )


def _runs(text: Text, spans: Sequence[Span]) -> list[list[Span]]:
    """The first stretch of figures that stand side by side: each a row of atoms."""
    runs: list[list[Span]] = []
    beside: list[Span] = []
    for span in spans:
        if span.kind is K.ATOM:
            if not runs or (_are_joined(text, runs[-1][-1], span, beside)):
                runs.append([span])
            elif not beside:
                runs[-1].append(span)
            elif len(runs) == 1:
                runs = [[span]]
            else:
                break
            beside = []
        else:
            beside.append(span)
    return runs


def _are_joined(text: Text, before: Span, after: Span, beside: Sequence[Span]) -> bool:
    if not all(span.kind in _BETWEEN for span in beside):
        return False
    apart = text.clean[text.tokens[before.end - 1].end : text.tokens[after.start].start]
    if not (any(span.kind in _JOINS for span in beside) or "," in apart or "/" in apart):
        return False
    said = {token.word for token in text.tokens[before.end : after.start]}
    clause = {token.word for token in text.tokens[1 : before.end]} & _CLAUSE
    return not (said & _CLAUSE or clause)


def _atoms(run: Sequence[Span]) -> frozenset[str]:
    return frozenset(atom for span in run if isinstance(span.tag.value, tuple) for atom in span.tag.value)


def _nouns(text: Text, runs: Sequence[Sequence[Span]]) -> set[str]:
    """What is spoken of, also inside phrases: "churned customers" is one phrase about customers."""
    said = {token.lemma for run in runs for token in text.tokens[run[0].start : run[-1].end]}
    return ({atom for run in runs for atom in _atoms(run)} | said) & _NOUNS


def _figure(atoms: frozenset[str], nouns: set[str]) -> str | None:
    """The figure of a run; "new and churned customers" share the noun that only the last has."""
    reading = readings.pick(atoms)
    if reading is None:
        reading = next((r for noun in sorted(nouns) if (r := readings.pick(atoms | {noun}))), None)
    return reading.figure if reading is not None else None
