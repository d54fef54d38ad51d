"""The spans that count and measure: numbers, comparators, rhythms ("monthly"), rates and superlatives."""

from bot.questions.frame import Wanted
from bot.questions.periods import Said
from bot.questions.spans import Span
from bot.questions.specs import Form, Spec
from bot.questions.walking import Walk
from bot.questions.words import K
from storage.metrics.plan import Grain

_INTERVAL_BEFORE = frozenset(
    [
        "is",
        "are",
        "be",
        "from",
        "via",
        "billed",
        "on",
        "paying",
        "pay",
        "not",
        "only",
        "just",
        "and",
        "or",
        "non",
    ]
)
_INTERVAL_ATOMS = frozenset(
    [
        "customer",
        "subscription",
        "paying",
        "active",
        "trial",
        "renewing",
        "customers_at_risk",
        "upcoming_cancellations",
    ]
)
_FLOWING = frozenset("new churned signed_up failed refunds disputes upgrades downgrades".split())  # noqa: SIM905 - reads better
_RATES = frozenset(["month", "year"])
MOST_ROWS = 1000


def rhythm(walk: Walk, span: Span) -> None:
    unit = str(span.tag.value)
    before = walk.neighbour(-1)
    if walk.word_before(span) == "to" and before is not None and before.kind is K.CHANGE:
        walk.frame.leftover.append(f"to {walk.said(span)}")  # "moved to annual": a move, not a filter
    elif unit in _RATES and _goes_with_amount(walk):
        walk.amount.rate = unit
    elif (K.GROUP in walk.frame.kinds or "interval" in walk.frame.by) and _is_paired(walk):
        walk.frame.by = ["interval"]
    elif _is_paired(walk):
        walk.frame.wanted.append(Wanted("interval", unit, walk.negated, span.start))
        walk.negation_used = walk.negated
    elif walk.grouping or not _is_interval(walk, span, unit):
        walk.frame.grain = Grain(unit)
        walk.grouping = False
    else:
        walk.frame.wanted.append(Wanted("interval", unit, walk.negated, span.start))
        walk.negation_used = walk.negated


def _goes_with_amount(walk: Walk) -> bool:
    before = walk.neighbour(-1)
    beside = before is not None and before.kind in (K.NUMBER, K.COMPARE, K.VALUE)
    if before is not None and before.kind is K.VALUE and walk.amount.ranges:
        return walk.amount.touched or before.tag.value == ("currency", walk.amount.ranges[-1].currency)
    return beside and walk.amount.touched


def _is_paired(walk: Walk) -> bool:
    """ "monthly and annual", "monthly vs annual": both are ways to be billed."""
    between = {K.AND, K.OR, K.VERSUS}
    for step in (1, -1):
        near, far = walk.neighbour(step), walk.neighbour(2 * step)
        if near and far and near.kind in between and far.kind is K.RHYTHM:
            return True
    return False


def _is_monthly_anyway(walk: Walk, unit: str) -> bool:
    """ "who pays the most per month", "average revenue per customer per month": nothing is to be split."""
    atoms, kinds = walk.frame.atoms, walk.frame.kinds
    if unit == "month" and "arpa" in atoms:
        return not any(span.kind is K.PERIOD for span in walk.spans)
    said = {span.kind for span in walk.spans}
    ranked = walk.frame.superlative is not None or K.AVERAGE in kinds | said
    of_one = unit == "month" and K.NAME in said and K.PERIOD not in said
    return unit in _RATES and "paying" in atoms and (ranked or of_one)


_NOW = (Spec(Form.NOW), Spec(Form.CALENDAR, ("day", 0)))
_UNIT_OF = {"month": "mrr", "year": "arr"}


def _is_its_unit_now(walk: Walk, unit: str) -> bool:
    """ "recurring revenue per month, now": its month is part of the figure, whose value now is asked for."""
    now = any(
        span.kind is K.PERIOD and isinstance(span.tag.value, Said) and span.tag.value.spec in _NOW
        for span in walk.spans
    )
    drawn = {span.kind for span in walk.spans} & {K.SHOW, K.CHART}
    return now and not drawn and walk.frame.atoms == {_UNIT_OF.get(unit)}


def _is_interval(walk: Walk, span: Span, unit: str) -> bool:
    """Whether "monthly" is how customers are billed, rather than how a figure is to be shown."""
    before, after = walk.neighbour(-1), walk.neighbour(1)
    if after and (after.kind in (K.CHART, K.VERSUS, K.CHANGE, K.GROUP)):
        return False
    if after and after.kind is K.ATOM and isinstance(after.tag.value, tuple):
        flows = bool(set(after.tag.value) & _FLOWING) and unit != "year"
        return not flows and (
            bool(set(after.tag.value) & (_INTERVAL_ATOMS | _FLOWING))
            or ("mrr" in after.tag.value and unit == "year")
        )
    who = any(token.word == "who" for token in walk.text.tokens)
    if who and walk.frame.atoms == {"paying"}:
        return True  # "who pays us monthly"
    if after and after.kind in (K.FIELD, K.VALUE, K.OR, K.AND, K.NOT):
        return True
    if walk.word_before(span) in _INTERVAL_BEFORE or (
        before and before.kind in (K.VALUE, K.NOT, K.FOLLOW, K.OR)
    ):
        return True
    return not (before and before.kind in (K.ATOM, K.LATER, K.PERIOD))


def each(walk: Walk, span: Span) -> None:
    unit = str(span.tag.value)
    said_a = walk.said(span).casefold().startswith("a ")
    if unit in _RATES and _goes_with_amount(walk):
        walk.amount.rate = unit
    elif (_is_monthly_anyway(walk, unit) or _is_its_unit_now(walk, unit)) and not walk.said(
        span
    ).casefold().startswith(("by ", "each ")):
        return
    elif said_a:
        walk.frame.leftover.append(walk.said(span))
    else:
        walk.frame.grain = Grain(unit)


def number(walk: Walk, span: Span) -> None:
    before = walk.neighbour(-1)
    raw = str(span.tag.value)
    after = walk.neighbour(1)
    ranks = walk.frame.superlative is not None and before is not None and before.kind is K.SUPERLATIVE
    nouns = (K.SUPERLATIVE,) if walk.frame.atoms else (K.SUPERLATIVE, K.ATOM)
    leads = after is not None and after.kind in nouns and not walk.amount.expects
    leads = leads or _is_how_many_instead(walk, raw)
    if raw.isdigit() and (ranks or leads) and walk.frame.limit is None:
        walk.frame.limit = max(1, min(int(raw), MOST_ROWS))
    else:
        walk.amount.number(raw, negated=walk.negated)


_INSTEAD = frozenset({"make", "change", "switch", "just", "only", "instead"})


def _is_how_many_instead(walk: Walk, raw: str) -> bool:
    """ "make it 20", "just 5", "10 instead": a number alone beside a word that changes what was asked."""
    others = {span.kind for at, span in enumerate(walk.spans) if at != walk.at}
    changes = K.FOLLOW not in others or any(token.word in _INSTEAD for token in walk.text.tokens)
    return others <= {K.FOLLOW, K.SHOW} and changes and raw.isdigit() and int(raw) <= MOST_ROWS


def comparator(walk: Walk, span: Span) -> None:
    after = walk.neighbour(1)
    op = str(span.tag.value)
    if op == "over" and after is not None and after.kind in (K.PERIOD, K.CHART):
        return
    walk.amount.compare(op, walk.said(span))


def between(walk: Walk, span: Span) -> None:
    walk.amount.between()


def superlative(walk: Walk, span: Span) -> None:
    if isinstance(span.tag.value, tuple):
        walk.frame.superlative = span.tag.value
        after = walk.neighbour(1)
        if after is not None and after.kind is K.NUMBER:
            after = walk.neighbour(2)
        on = after.tag.value if after is not None and after.kind is K.ATOM else ()
        walk.frame.superlative_on = frozenset(on) if isinstance(on, tuple) else frozenset()
    if walk.word_before(span) == "at":
        walk.frame.leftover.append(walk.said(span))


_WITH = frozenset({"with", "a", "an", "having", "has", "have"})
COUNTABLE = frozenset({"ticket", "deal"})
_NOT_COUNTED = frozenset({"subscription", "invoice", "payment", "refunds", "disputes", "customer", "trial"})


def counts_rows(walk: Walk, atoms: set[str]) -> bool:
    """Whether a number is of rows that are not counted so: "at least two subscriptions" is no amount."""
    before = walk.neighbour(-1)
    number = before is not None and before.kind is K.NUMBER and walk.said(before).isalnum()
    counts = bool(atoms & _NOT_COUNTED) and number and bool(walk.amount.ranges) and bool(walk.frame.atoms)
    return counts and walk.amount.ranges[-1].currency is None


def is_counted(walk: Walk, span: Span, atoms: set[str]) -> bool:
    """Whether a comparison is of how many: "more than 3 tickets"."""
    before = walk.neighbour(-1)
    number = before is not None and before.kind in (K.NUMBER, K.COMPARE)
    apart = walk.word_before(span) in _WITH or (
        before is not None and before.kind is K.NUMBER and not walk.said(before).isalnum()
    )
    return bool(atoms & COUNTABLE and number and walk.amount.touched and walk.amount.ranges and not apart)


_PACES = {"mom": Grain.MONTH, "wow": Grain.WEEK, "qoq": Grain.QUARTER}
_LONG = frozenset({Form.SINCE, Form.BETWEEN, Form.LAST})


def draw_paces(walk: Walk) -> None:
    """ "since July, month over month" is every month since, not one month against another."""
    frame = walk.frame
    grain = _PACES.get(frame.versus or "")
    if grain is None or len(frame.periods) + len(frame.compared) != 1 or frame.change:
        return
    said = (*frame.periods, *frame.compared)[0]
    if said.spec.form in _LONG:
        frame.periods, frame.compared = [said], []
        frame.grain, frame.versus = grain, None
