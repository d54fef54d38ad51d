"""Words → when: ranges, edges and open ends around one plain time ("between A and B", "since May").

Nothing here knows the clock except for the year of a date that has none. A parser takes the reader and a
position and gives the position after what it understood, or None.
"""

from __future__ import annotations

from bot.questions.dates import MONTHS, amount_of_units, simple
from bot.questions.specs import UNITS, Form, Found, Reader, Spec


def parse(reader: Reader, at: int) -> Found | None:
    """The longest time expression that begins at `at`."""
    for read in (_range, _edge, _unit_end, _open_ended, _relative, simple):
        found = read(reader, at)
        if found is not None:
            return found
    return None


def _range(r: Reader, at: int) -> Found | None:
    """between A and B, from A to B, A to B, A - B."""
    cued = r.word(at) in ("between", "from")
    first = simple(r, r.skip(at + 1, "the") if cued else at)
    if first is None or first[1].form in (Form.NOW, Form.ALL):
        return None
    middle = r.word(first[0])
    if not (
        middle in ("to", "until", "till", "through", "thru") or (middle == "and" and r.word(at) == "between")
    ):
        return None
    second = simple(r, r.skip(first[0] + 1, "the"))
    if second is None:
        return None
    compares = not cued and not _COMPARING.isdisjoint(r.words)
    edges = (first[1], second[1]) if compares else _in_order(first[1], second[1])
    return second[0], Spec(Form.BETWEEN, edges)


_COMPARING = frozenset({"compare", "compared", "comparing", "comparison"})


def _in_order(start: Spec, end: Spec) -> tuple[Spec, Spec]:
    """ "October to February": months without a year that would run backwards begin a year earlier."""
    match start, end:
        case Spec(Form.MONTH, (int(year), int(month))), Spec(Form.MONTH, (int(end_year), int(end_month))):
            if (year, month) > (end_year, end_month):
                return Spec(Form.MONTH, (end_year - (month > end_month), month)), end
    return start, end


def _edge(r: Reader, at: int) -> Found | None:
    """the end of October, the start of the year."""
    begin = r.skip(at, "the")
    if r.word(begin) not in ("end", "start", "beginning", "close") or r.word(begin + 1) != "of":
        return None
    before_that = _relative(r, begin + 2)
    if before_that is not None and before_that[1].form is Form.BEFORE_THAT:
        return before_that
    inner = _unit_or_simple(r, begin + 2)
    if inner is None:
        return None
    form = Form.END_OF if r.word(begin) in ("end", "close") else Form.START_OF
    return inner[0], Spec(form, (inner[1],))


_SHORT_ENDS = {"eom": "month", "eoq": "quarter", "eoy": "year"}
_ENDED_FORMS = {"month": Form.MONTH, "quarter": Form.QUARTER, "year": Form.YEAR}
_UP_TO = frozenset({"by", "before", "until", "till"})
_ENDED_UNITS = frozenset({"month", "quarter", "year"})


def _unit_end(r: Reader, at: int) -> Found | None:
    """Year end, month-end, last month's end, year end 2025, EOQ: the last one, or the next where one looks
    ahead ("trials ending before month end")."""
    begin = r.skip(at, "the")
    if r.word(at - 1) in ("each", "every", "per"):
        return None
    short = _SHORT_ENDS.get(r.word(begin))
    if short is None and r.word(begin + 1) not in ("end", "close"):
        named = simple(r, begin)
        past = r.word(begin) in ("last", "previous", "prior")
        ends = named is not None and r.word(named[0]) == "end" and (past or r.raw[named[0] - 1].endswith("s"))
        return (named[0] + 1, Spec(Form.END_OF, (named[1],))) if named and ends else None
    unit = short or r.word(begin)
    if unit not in _ENDED_UNITS:
        return None
    end = begin + (1 if short else 2)
    year = r.year(end) if unit == "year" else None
    if year is not None:
        return end + 1, Spec(Form.END_OF, (Spec(Form.YEAR, (year,)),))
    named = simple(r, r.skip(end, "of", "in")) if short else None
    if short and named and named[1].form is _ENDED_FORMS[short]:
        return named[0], Spec(Form.END_OF, (named[1],))
    offset = 0 if r.ahead or r.word(at - 1) in _UP_TO else -1
    return end, Spec(Form.END_OF, (Spec(Form.CALENDAR, (unit, offset)),))


def _unit_or_simple(r: Reader, at: int) -> Found | None:
    after = r.skip(at, "the")
    if r.word(after) in UNITS and (after > at or r.word(after) != "day"):
        return after + 1, Spec(Form.CALENDAR, (UNITS[r.word(after)], 0))
    return simple(r, at) or simple(r, after)


def _open_ended(r: Reader, at: int) -> Found | None:
    word = r.word(at)
    for phrase in (
        "since the beginning",
        "since inception",
        "since forever",
        "since we started",
        "since day one",
    ):
        end = r.has(at, phrase)
        if end is not None and r.word(end) != "of":
            return end, Spec(Form.ALL)
    if word in ("since", "after") or (word in ("from", "starting") and _goes_on(r, at)):
        inner = _edge(r, at + 1) or _unit_end(r, at + 1) or _unit_or_simple(r, at + 1)
        if inner is None:
            return None
        end = next((e for p in ("on", "onward", "onwards", "forward") if (e := r.has(inner[0], p))), inner[0])
        return end, Spec(Form.SINCE, (inner[1],))
    if word in ("until", "till", "before", "through", "by"):
        inner = _edge(r, at + 1) or _unit_end(r, at + 1) or _unit_or_simple(r, at + 1)
        if inner is None or (word == "by" and inner[1].form is Form.CALENDAR and r.word(at + 1) in UNITS):
            return None
        return inner[0], Spec(Form.UNTIL, (inner[1], word != "before"))
    return None


def _goes_on(r: Reader, at: int) -> bool:
    inner = simple(r, at + 1)
    return inner is not None and r.word(inner[0]) in ("on", "onward", "onwards", "forward")


def _relative(r: Reader, at: int) -> Found | None:
    """the month before, the previous period, the same month last year, a year ago (as a comparison)."""
    begin = r.skip(at, "the")
    unit = UNITS.get(r.word(begin))
    if unit and r.word(begin + 1) in ("before", "prior", "earlier", "preceding"):
        before_last = r.has(begin + 1, "before last")
        if before_last is not None:
            return before_last, Spec(Form.CALENDAR, (unit, -2))
        return begin + 2, Spec(Form.BEFORE_THAT, (unit,))
    counted = amount_of_units(r, begin)
    if counted is not None and r.word(counted[0]) in ("before", "prior", "earlier", "preceding"):
        end = r.has(counted[0], "before that")
        return end or counted[0] + 1, Spec(Form.BEFORE_THAT, ("period",))
    for phrase in (
        "period before",
        "previous period",
        "prior period",
        "one before",
        "previous one",
        "time before",
    ):
        end = r.has(begin, phrase)
        if end is not None:
            return end, Spec(Form.BEFORE_THAT, ("period",))
    if r.word(begin) in ("same", "this"):
        kind = r.word(begin + 1)
        end = next(
            (e for p in ("last year", "a year ago", "the year before") if (e := r.has(begin + 2, p))), None
        )
        if end is not None and (kind in UNITS or kind in ("time", "period", *MONTHS)):
            return end, Spec(Form.LAST_YEAR)
    return None
