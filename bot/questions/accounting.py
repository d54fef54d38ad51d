"""The last look at a plan: everything that was said must be in it, or the question is not answered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

from bot.questions import filters, periods, refusals, whereabouts
from bot.questions.draft import Turned
from bot.questions.frame import Frame
from bot.questions.periods import Clock
from bot.questions.specs import Form
from bot.questions.words import K
from storage.metrics import catalog
from storage.metrics.plan import Condition, Filter, Not, Op, Plan

_AMOUNTS = frozenset({"mrr", "amount", "remaining"})
_SPLITS = frozenset({"distributed", "distribution", "breakdown", "split"})
_ROLES = {"owner": {"owner", "assignee"}}
_OF_WHOM = frozenset("tagged labelled labeled assigned handled owned managed".split())  # noqa: SIM905 - reads better
_EVERY = frozenset({"all", "every", "everyone", "everybody", "everything", "any"})
_WORTH = frozenset({"worth", "value"})
_COUNTS = frozenset({"tickets", "open_tickets", "open_deals"})


def check(frame: Frame, plan: Plan, clock: Clock) -> None:
    """Raises Turned, naming the words, where the plan leaves out a part of what was said."""
    missing = list(dict.fromkeys(_left_out(frame, plan, clock)))
    if missing:
        said = [f"“{frame.spoken[kind]}”" for kind in missing if kind in frame.spoken]
        words = " and ".join(said) or "the words"
        raise Turned(refusals.because(f"I understand {words}, but cannot take all of it into account there."))


def _left_out(frame: Frame, plan: Plan, clock: Clock) -> Iterator[K]:
    yield from _unfiltered(frame, plan, clock)
    yield from _unshaped(frame, plan)
    yield from _unmeasured(frame, plan)
    words = [token.word for token in frame.text.tokens]
    excepts = K.NOT in frame.kinds or ("but" in words and _EVERY & {*words[: words.index("but")]})
    if excepts and not (frame.without or any(map(_negates, filters.terms_of(plan.filters)))):
        yield K.NOT


def _negates(term: Filter) -> bool:
    return isinstance(term, Not) or (
        isinstance(term, Condition) and (term.value is False or term.op in (Op.UNDER, Op.AT_MOST))
    )


def _is_at_a_time(plan: Plan) -> bool:
    """Whether it is a stock at one moment: customers there are now are not those there ever were."""
    return _is_stock(plan) and not (plan.grain or plan.period)


def _is_stock(plan: Plan) -> bool:
    return catalog.METRICS[str(plan.measure)].span is catalog.Span.STOCK


def _unmeasured(frame: Frame, plan: Plan) -> Iterator[K]:
    """Where customers are, and what they are worth: how many they are answers neither."""
    if whereabouts.is_missing(frame, plan):
        yield K.GROUP
    ever = frame.period is not None and frame.period.spec.form is Form.ALL
    if ever and plan.measure and _is_at_a_time(plan) and "date" not in frame.spoken[K.PERIOD]:
        yield K.PERIOD
    if frame.period and frame.period.spec.form is Form.END_OF and plan.measure and not _is_stock(plan):
        yield K.PERIOD  # revenue "at year end": of the year, or of its last day?
    counts = plan.measure is not None and catalog.METRICS[plan.measure].unit is catalog.Unit.COUNT
    if counts and not frame.amounts and any(token.word in _WORTH for token in frame.text.tokens):
        yield K.AMOUNT


def _unfiltered(frame: Frame, plan: Plan, clock: Clock) -> Iterator[K]:
    """When and of whom."""
    fields = {condition.field for condition in plan.conditions()}
    is_card = plan.measure is None and plan.entity is None
    dated = any(isinstance(c.value, tuple) for c in plan.conditions())
    if (frame.periods or frame.compared) and not (
        plan.period or plan.compare_period or dated or _is_now(frame, clock)
    ):
        yield K.PERIOD
    if frame.amounts and not fields & _AMOUNTS:
        yield K.NUMBER
    if frame.counted and not fields & _COUNTS:
        yield K.NUMBER
    if not is_card and any(
        not _ROLES.get(want.field, {want.field}) & (fields | {*plan.by}) for want in frame.wanted
    ):
        yield K.VALUE
    both = any(token.word == "both" for token in frame.text.tokens)
    if both and len({want.value for want in frame.wanted if want.field == "tag"}) > 1:
        yield K.AND  # whoever has either tag is not whoever has both


def _unshaped(frame: Frame, plan: Plan) -> Iterator[K]:
    """How it is split, ordered, compared."""
    is_card = plan.measure is None and plan.entity is None
    words = {token.word for token in frame.text.tokens}
    if (frame.grain or frame.chart) and not (plan.grain or plan.by):
        yield K.CHART if frame.chart else K.RHYTHM
    if _SPLITS & words and not (plan.by or plan.grain or plan.entity):
        yield K.GROUP
    if "where" in words and "from" in words and not (plan.by or plan.entity or is_card or plan.customer):
        yield K.GROUP
    if "who" in words and (plan.compare or (K.AND in frame.kinds and {K.COUNT, K.AMOUNT} & frame.kinds)):
        yield K.LIST
    yield from _unordered(frame, plan)
    if words & _OF_WHOM and plan.by and K.GROUP not in frame.kinds:
        yield K.FIELD
    if frame.change and plan.grain and "rate" in words:
        yield K.ATOM
    if frame.by and not (plan.by or (is_card and K.GROUP not in frame.kinds)):
        yield K.FIELD
    if frame.versus == "versus" and not (plan.compare or plan.by or frame.among):
        yield K.VERSUS


def _unordered(frame: Frame, plan: Plan) -> Iterator[K]:
    if plan.order is None and (frame.by_count or _says_by_size(frame)):
        yield K.GROUP
    if plan.order is None and frame.superlative:
        yield K.SUPERLATIVE


def _says_by_size(frame: Frame) -> bool:
    said = [token.word for token in frame.text.tokens]
    return any(pair in _BY_SIZE for pair in pairwise(said))


_BY_SIZE = frozenset(product(("by",), ("amount", "value", "size", "total", "volume")))


def _is_now(frame: Frame, clock: Clock) -> bool:
    """What is asked "today" or "this month" of something that has a value at every moment is asked of now."""
    return frame.period is not None and not frame.compared and periods.moment(frame.period, clock) is None
