"""Tokens → spans: every stretch of a question with the one meaning that fits best.

All phrases, periods, numbers and customer names that might stand anywhere are candidates; the cheapest way
through the whole question wins, so that "March Hare Media" beats a month and "Open Ticket Agency" beats a
ticket. What no candidate explains is looked up as a name or corrected as a misspelling,
    else it stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.questions import lexicon, own_words, periods
from bot.questions.english import NO_SLIPS
from bot.questions.lexicon import Lexicon, Tag
from bot.questions.specs import NUMBERS, UNITS
from bot.questions.spelling import spelt as spelt_right
from bot.questions.text import Kind, Text, Token
from bot.questions.vocabulary import Vocabulary
from bot.questions.words import K
from storage.names import How, NameMatch

_PER_TOKEN, _LONGER, _FILLER = 10, 3, 9
_NAME_ALONE, _NAME_CUED, _NAME_WORD_BONUS, _NAME_BONUS, _ALL_VOCABULARY = 8, 15, 5, 3, 8
_PLAN_SAID = 6
_PLAN_WORDS = ("plan", "tier", "package")
_COUNTED_OUT = {word: count for word, count in NUMBERS.items() if word not in ("one", "couple", "few")}
_MAX_RUNS = 4
_SETTLED = 1_000
_CLOSE = 5.0  # points of score within which two customers fit equally well
_CUES = frozenset(["about", "customer", "client", "account", "company", "profile", "called", "named"])


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens [start, end) with their meaning. NAME spans carry the customers that fit."""

    start: int
    end: int
    tag: Tag
    weight: int = 0
    matches: tuple[NameMatch, ...] = ()
    corrected: str | None = None

    @property
    def kind(self) -> K:
        return self.tag.kind


def tag(text: Text, vocabulary: Vocabulary, now: datetime) -> tuple[Span, ...]:
    """The best reading of the whole question as spans, in order; unknown words as K.UNKNOWN."""
    words = own_words.of(vocabulary)
    spans = _best(text, _candidates(text, text.tokens, words, vocabulary, now))
    return tuple(_resolved(text, spans, words, vocabulary, now))


def fitting(matches: Sequence[NameMatch]) -> tuple[NameMatch, ...]:
    """Those of the found customers that fit as well as the best."""
    return tuple(m for m in matches if m.score >= matches[0].score - _CLOSE)


# --- candidates -----------------------------------------------------------------------------------------


def _candidates(
    text: Text, tokens: Sequence[Token], words: Lexicon, vocabulary: Vocabulary, now: datetime
) -> list[Span]:
    found: list[Span] = []
    shouted = text.is_shouted
    for start, token in enumerate(tokens):
        for end, tags in words.matches(tokens, start):
            beside = _PLAN_SAID * _beside_plan(tokens, start, end)
            found.extend(
                Span(start, end, tag, _weight(start, end, tag) + beside * _is_plan(tag)) for tag in tags
            )
        spoken = periods.at(tokens, start, now, vocabulary.zone)
        if spoken is not None:
            end, said = spoken
            found.append(Span(start, end, Tag(K.PERIOD, said), _weight(start, end, None) + end - start))
        if token.word in _COUNTED_OUT:
            found.append(Span(start, start + 1, Tag(K.NUMBER, str(_COUNTED_OUT[token.word])), _FILLER))
        if token.kind is Kind.NUMBER:
            found.append(Span(start, start + 1, Tag(K.NUMBER, token.raw.strip()), _PER_TOKEN))
        before = tokens[start - 1].word if start else ""
        after = tokens[start + 1].word if start + 1 < len(tokens) else ""
        code = lexicon.is_code_of_country(token, before, after, shouted, vocabulary.countries)
        if code is not None:
            found.append(Span(start, start + 1, Tag(K.VALUE, ("country", code)), _PER_TOKEN + 1))
    return [*found, *_names(text, tokens, found, vocabulary)]


def _weight(start: int, end: int, tag: Tag | None) -> int:
    each = _FILLER if tag is not None and tag.kind is K.FILLER else _PER_TOKEN
    own = tag is not None and _is_plan(tag)
    return each * (end - start) + _LONGER * (end - start - 1) + own


def _is_plan(tag: Tag) -> bool:
    return tag.kind is K.VALUE and isinstance(tag.value, tuple) and tag.value[0] == "plan"


def _beside_plan(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether the words around say "plan": a plan may be called May."""
    after = tokens[end].lemma if end < len(tokens) else ""
    return after in _PLAN_WORDS or (start > 0 and tokens[start - 1].word == "on")


def _names(text: Text, tokens: Sequence[Token], others: Sequence[Span], vocabulary: Vocabulary) -> list[Span]:
    """Whole names, domains and e-mail addresses that stand in the question."""
    covered = {at for span in others for at in range(span.start, span.end)}
    found = []
    spots = vocabulary.names.spot([t.whole for t in tokens], [t.word for t in tokens])
    for start, end in spots:
        matches = vocabulary.names.lookup(text.between(start, end))
        if matches:
            weight = _name_weight(tokens, start, end, covered)
            found.append(Span(start, end, Tag(K.NAME), weight, fitting(matches)))
    for start, token in enumerate(tokens):
        if token.kind in (Kind.EMAIL, Kind.DOMAIN):
            matches = vocabulary.names.lookup(token.raw)
            found.append(Span(start, start + 1, Tag(K.NAME), _NAME_CUED, fitting(matches) if matches else ()))
    return found


def _name_weight(tokens: Sequence[Token], start: int, end: int, covered: set[int]) -> int:
    length = end - start
    typed = tokens[start:end]
    known = all(at in covered for at in range(start, end))
    if length == 1:
        quoted = typed[0].quoted is not None
        cued = typed[0].capital and (typed[0].possessive or (start and tokens[start - 1].word in _CUES))
        return _NAME_CUED if quoted or cued or not known else _NAME_ALONE
    weight = _PER_TOKEN * length + _NAME_WORD_BONUS * (length - 1) + _NAME_BONUS
    proper = all(t.capital or not t.raw[:1].isalpha() for t in typed) or typed[0].quoted is not None
    return weight - _ALL_VOCABULARY if known and not proper else weight


# --- the best way through -------------------------------------------------------------------------------


def _best(text: Text, candidates: Sequence[Span]) -> list[Span]:
    """The heaviest sequence of spans that do not overlap; gaps become UNKNOWN spans of one token."""
    count = len(text.tokens)
    ending: list[list[Span]] = [[] for _ in range(count + 1)]
    for span in candidates:
        ending[span.end].append(span)
    best: list[tuple[int, Span | None]] = [(0, None)] * (count + 1)
    for at in range(1, count + 1):
        unknown = Span(at - 1, at, Tag(K.UNKNOWN))
        best[at] = max(
            ((best[span.start][0] + span.weight, span) for span in (unknown, *ending[at])),
            key=lambda choice: (choice[0], choice[1].end - choice[1].start),
        )
    chosen: list[Span] = []
    last = best[count][1]
    while last is not None:
        chosen.append(last)
        last = best[last.start][1]
    return chosen[::-1]


# --- what is left ---------------------------------------------------------------------------------------


def _resolved(
    text: Text, spans: list[Span], words: Lexicon, vocabulary: Vocabulary, now: datetime
) -> list[Span]:
    """Unknown runs as names where some customer fits, else corrected, else left unknown."""
    for _ in range(_MAX_RUNS):
        run = _first_unknown(spans)
        if run is None:
            break
        start, end = run
        named = _as_name(text, spans, start, end, vocabulary)
        certain = named is not None and named.matches[0].how is not How.TYPO
        spelt = None if certain else _corrected(text, start, end, words)
        capital = named is not None and text.tokens[start].capital and start > 0
        if spelt is not None and (not capital or spelt.word in words.own):
            text = Text(text.clean, (*text.tokens[:start], spelt, *text.tokens[start + 1 :]))
            spans = _retagged(text, spans, start, words, vocabulary, now)
        else:
            place = named or Span(start, end, Tag(K.UNKNOWN, text.between(start, end)))
            spans = (
                [s for s in spans if s.end <= place.start]
                + [place]
                + [s for s in spans if s.start >= place.end]
            )
    return spans


def _first_unknown(spans: Sequence[Span]) -> tuple[int, int] | None:
    """The first run of unknown tokens that nobody has looked at yet (those looked at carry their text)."""
    start = next((s.start for s in spans if s.kind is K.UNKNOWN and s.tag.value is None), None)
    if start is None:
        return None
    end = start
    for span in spans:
        if span.start == end and span.kind is K.UNKNOWN and span.tag.value is None:
            end = span.end
    return start, end


def _as_name(text: Text, spans: Sequence[Span], start: int, end: int, vocabulary: Vocabulary) -> Span | None:
    """The customers that the run, or the run with a word beside it, may mean."""
    if all(token.kind is Kind.SIGN for token in text.tokens[start:end]):
        return None
    starts, ends = {s.start for s in spans}, {s.end for s in spans}
    found: Span | None = None
    for low, high in _windows(text, start, end):
        if low not in starts or high not in ends:
            continue
        matches = _plausible(text, low, high, vocabulary.names.lookup(text.between(low, high)))
        longer = 2 * (high - low)
        if matches and (found is None or matches[0].score + longer > found.weight):
            found = Span(low, high, Tag(K.NAME), round(matches[0].score) + longer, fitting(matches))
    return found


_MANY = frozenset(
    ["customers", "accounts", "clients", "companies", "people", "users", "subscribers", "everyone"]
)
_OF = frozenset(["of", "for", "about", "from", "is", "does", "did", "has", "customer", "client", "account"])
_WHOLE = frozenset([How.EXACT, How.EMAIL, How.DOMAIN])


def _plausible(text: Text, low: int, high: int, matches: list[NameMatch]) -> list[NameMatch]:
    """What was only begun or misspelt is no customer where the words around speak of many, or of a plan or a
    place: "customers in Paris" are not those of Paris Tours."""
    before = text.tokens[low - 1].word if low else ""
    placed = before == "in" or (high < len(text.tokens) and text.tokens[high].lemma in _PLAN_WORDS)
    if before in ("named", "called"):
        return matches
    first = text.tokens[low]
    if high - low == 1 and first.lemma in UNITS:
        return []
    if high - low == 1 and first.lemma in NO_SLIPS and not (first.capital or before in _OF):
        return []  # "paper revenue" does not ask for Paper Street Soap
    if placed or any(token.word in _MANY for token in text.tokens):
        return [match for match in matches if match.how in _WHOLE]
    return matches


def _windows(text: Text, start: int, end: int) -> list[tuple[int, int]]:
    """The run itself, stretched over capitals beside it, and by one word to either side."""
    tokens = text.tokens
    low, high = start, end
    while low > 0 and start - low < 3 and tokens[low - 1].capital and low - 1 > 0:  # noqa: PLR2004 - three letters are the least
        low -= 1
    while high < len(tokens) and high - end < 3 and tokens[high].capital:  # noqa: PLR2004 - three letters are the least
        high += 1
    wider = [(low, high), (start, end), (max(start - 1, 0), end), (start, min(end + 1, len(tokens)))]
    return list(dict.fromkeys(wider))


def _corrected(text: Text, start: int, end: int, words: Lexicon) -> Token | None:
    """The run's one word as the vocabulary spells it, if it is a slip or two away."""
    token = text.tokens[start]
    if end - start > 1 and not all(spelt_right(t, words) for t in text.tokens[start:end]):
        return None
    return spelt_right(token, words)


def _retagged(
    text: Text, spans: Sequence[Span], place: int, words: Lexicon, vocabulary: Vocabulary, now: datetime
) -> list[Span]:
    """The question tagged anew after the token at `place` was spelt right; what was found out stays."""
    before = {s.start: s.corrected for s in spans if s.corrected}
    kept = [s for s in spans if s.kind is K.NAME or (s.kind is K.UNKNOWN and s.tag.value is not None)]
    taken = {at for s in kept for at in range(s.start, s.end)}
    found = _candidates(text, text.tokens, words, vocabulary, now)
    free = [s for s in found if s.kind is not K.NAME and not taken & set(range(s.start, s.end))]
    result = _best(text, [*free, *(replace(s, weight=_SETTLED) for s in kept)])
    spelt = {**before, place: text.tokens[place].word}
    return [
        replace(s, corrected=next((word for at, word in spelt.items() if s.start <= at < s.end), None))
        for s in result
    ]
