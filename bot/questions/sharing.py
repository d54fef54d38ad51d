"""Shares: "what share of MRR is on Growth", "% of customers in Germany", "share of MRR by plan"."""

from __future__ import annotations

from dataclasses import replace

from bot.questions import filters, readings, refusals
from bot.questions.draft import Draft, Turned, metric_period, near, terms_of_frame
from bot.questions.frame import Frame
from bot.questions.readings import Reading
from bot.questions.words import K
from storage.metrics import catalog
from storage.metrics.plan import Filter, Order, Plan

_TURNS = frozenset(
    "is are was were comes come came from pays pay paid belongs belong has have had with goes made".split()  # noqa: SIM905 - reads better
)
"""Words between the whole and its part: "what share of German MRR | is on Growth"."""


def reading_of_whole(atoms: set[str]) -> tuple[Reading, tuple[Filter, ...]] | None:
    """What is shared out, and the state that its part is in, if the words name one: customers, failing."""
    whole = readings.pick(frozenset(atoms))
    figure = _figure(whole)
    if whole is not None and figure is not None and not whole.where:
        return whole, ()
    for needs, test in filters.STATES:
        rest = readings.pick(frozenset(atoms - needs)) if needs <= atoms else None
        if rest is not None and _figure(rest) in _HAS_STATES and not rest.where:
            return rest, (readings.condition(test),)
    return None


_HAS_STATES = frozenset({"customers", "mrr", "arr"})


def _figure(reading: Reading | None) -> str | None:
    name = reading.figure if reading is not None else None
    return name if name is not None and catalog.METRICS[name].adds_up else None


def share(draft: Draft, part: tuple[Filter, ...]) -> Plan:
    """The plan of a share. Raises Turned where it is not said of what, or where two parts may be meant."""
    frame = draft.frame
    name = draft.reading.figure
    if name is None or frame.grain or frame.chart or frame.versus or frame.change or frame.compared:
        raise Turned(refusals.confused(near(frame)))
    metric = catalog.METRICS[name]
    period = metric_period(draft, metric)
    if frame.by:
        wrong = next((one for one in frame.by if one not in metric.dimensions), None)
        if wrong is not None:
            raise Turned(refusals.not_cut_by(metric, wrong))
        terms, assumed = terms_of_frame(frame, draft.vocabulary, metric.entity)
        draft.assumed.extend(assumed)
        draft.terms = (*terms, *part)
        order = Order(field="value", descending=frame.superlative[1]) if frame.superlative else None
        return draft.plan(
            measure=name, by=tuple(dict.fromkeys(frame.by)), period=period, shares=True, order=order
        )
    if frame.superlative or frame.limit:
        raise Turned(refusals.confused(near(frame)))
    whole, mine = _parted(draft, metric.entity, part)
    draft.terms = whole
    return draft.plan(measure=name, period=period, part=filters.joined(mine))


def _parted(
    draft: Draft, entity: str, part: tuple[Filter, ...]
) -> tuple[tuple[Filter, ...], tuple[Filter, ...]]:
    """The terms of the whole and those of its part: with one term it is the part's."""
    frame = draft.frame
    terms, assumed = terms_of_frame(frame, draft.vocabulary, entity)
    draft.assumed.extend(assumed)
    if draft.customer is not None:
        named = readings.condition(("customer", draft.customer))
        draft.customer = None
        return terms, (named, *part)
    fields = {want.field for want in frame.wanted}
    if len(fields) <= 1 and not (fields and (part or len(terms) > 1)):
        if not (*terms, *part):
            raise Turned(refusals.because("A share of what? Name a plan, a country or a customer."))
        return (), (*terms, *part)
    turn = _turn(frame)
    wanted = [want for want in frame.wanted if want.at < turn or want.field == "currency"]
    before = replace(frame, wanted=wanted, amounts=[], counted=[], without=set())
    whole, _ = terms_of_frame(before, draft.vocabulary, entity)
    mine = (*(term for term in terms if term not in whole), *part)
    if not mine:
        raise Turned(refusals.confused(near(frame)))
    return whole, mine


def _turn(frame: Frame) -> int:
    """Where the part begins: after the last verb that stands between the two."""
    tokens = frame.text.tokens
    first = min((want.at for want in frame.wanted), default=0)
    turns = [at for at, token in enumerate(tokens) if token.word in _TURNS and at > first]
    return turns[0] if turns else 0


def asks_for_share(frame: Frame) -> bool:
    return K.SHARE in frame.kinds
