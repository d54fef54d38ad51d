"""Follow-ups: what "and last month?", "only monthly" or "who are they?" changes in the plan before."""

from __future__ import annotations

from bot.questions import carrying, filters, periods, readings, refusals
from bot.questions.by_figure import figure_of, period_of
from bot.questions.compose import compose
from bot.questions.draft import Turned, terms_of_frame
from bot.questions.frame import Frame
from bot.questions.periods import Clock
from bot.questions.readings import Reading
from bot.questions.specs import Form
from bot.questions.subject import reading_of
from bot.questions.vocabulary import Vocabulary
from bot.questions.words import K
from storage.metrics import catalog
from storage.metrics import periods as times
from storage.metrics.catalog import Span
from storage.metrics.plan import Compare, Condition, Filter, Grain, Op, Order, Period, Plan

_OF_MANY = frozenset({"customers", "new_customers", "churned_customers", "signups", "customer_churn_rate"})
_SELDOM_BILLED = frozenset({"day", "week", "quarter"})
_DATED = frozenset(
    {"churned", "signed_up", "customer_since", "trial_ends", "renews", "due", "expanded", "downsized",
     "reactivated", "trial_started", "trial_ended", "trial_converted"}
)  # fmt: skip


def follow(
    frame: Frame, context: Plan, vocabulary: Vocabulary, clock: Clock, customer: str | None
) -> tuple[Plan, tuple[str, ...]]:
    """The plan before, changed by what the fragment says. Raises Turned."""
    state = carrying.picked_out(frame, context)
    if state:
        frame.atoms = set()
    if K.FACT in frame.kinds and frame.by and K.GROUP not in frame.kinds and context.customer is None:
        raise Turned(refusals.confused())  # "who owns them?" of many
    if frame.has_subject and reading_of(frame) is not None and not _only_orders(frame):
        return _other_subject(frame, context, vocabulary, clock, customer)
    _as_grain(frame, context)
    terms, assumed = terms_of_frame(frame, vocabulary, _entity(context))
    terms = (*terms, *state)
    plan = _about(frame, context, customer)
    if K.FACT in frame.kinds and K.THEM in frame.kinds and context.customer is not None:
        return Plan(customer=context.customer), assumed
    plan = _as_asked(plan, frame)
    if terms:
        plan = _filtered(plan, filters.replaced(filters.terms_of(plan.filters), terms))
    plan = _timed(_cut(plan, frame, clock), frame, clock)
    plan = _ranked(plan, frame, clock)
    if plan == context and not (context.entity and {K.LIST, K.SHOW} & frame.kinds):
        raise Turned(refusals.confused())
    return Plan.model_validate(plan.model_dump()), assumed


def _about(frame: Frame, context: Plan, customer: str | None) -> Plan:
    if customer is not None:
        return _of_customer(context, customer)
    if K.ABOUT in frame.kinds and context.customer is not None:
        return Plan(customer=context.customer)
    return context


def _as_asked(plan: Plan, frame: Frame) -> Plan:
    """As a figure, or as the rows behind it."""
    if K.COUNT in frame.kinds or (K.AMOUNT in frame.kinds and plan.entity):
        return _as_figure(plan, amount=K.AMOUNT in frame.kinds)
    if {K.LIST, K.SHOW} & frame.kinds or (K.THEM in frame.kinds and not _says_more(frame)):
        return _as_list(plan)
    return plan


def _only_orders(frame: Frame) -> bool:
    """ "sort by MRR": what is said after "by" is how to order, not another question."""
    return not frame.atoms and not frame.by and bool(frame.by_atoms)


def _as_grain(frame: Frame, context: Plan) -> None:
    """After a figure, "weekly" is how it is to be drawn, and "annual" after a series: not how people pay."""
    unit = next((w.value for w in frame.wanted if w.field == "interval" and not w.negated), None)
    drawn = context.grain is not None or (context.measure is not None and unit in _SELDOM_BILLED)
    if drawn and unit in set(Grain):
        frame.grain = Grain(unit)
        frame.wanted = [w for w in frame.wanted if w.field != "interval"]


def _says_more(frame: Frame) -> bool:
    return bool(frame.wanted or frame.amounts or frame.periods or frame.by or frame.grain or frame.compared)


def _entity(plan: Plan) -> str:
    return plan.entity or (catalog.METRICS[plan.measure].entity if plan.measure else "customer")


def _filtered(plan: Plan, terms: tuple[Filter, ...]) -> Plan:
    return plan.model_copy(update={"filters": filters.joined(terms)})


def _of_customer(plan: Plan, customer: str) -> Plan:
    """The same question of one customer; a list of customers becomes that customer."""
    if plan.entity == "customer" or plan.measure in _OF_MANY:
        return Plan(customer=customer)
    return plan.model_copy(update={"customer": customer, "by": (), "order": None if plan.by else plan.order})


def _other_subject(
    frame: Frame, context: Plan, vocabulary: Vocabulary, clock: Clock, customer: str | None
) -> tuple[Plan, tuple[str, ...]]:
    """Another figure of the same customers, over the same time."""
    plan, assumed = compose(frame, vocabulary, clock, customer or context.customer)
    them = K.THEM in frame.kinds and context.measure is not None and not (customer or context.customer)
    carried = carrying.terms(frame, context, _as_list(context) if them else context)
    carried = carrying.beyond(plan.measure, carried)
    plan = _filtered(plan, filters.replaced(carried, filters.terms_of(plan.filters)))
    if frame.leads_on and plan.measure and context.measure and not (plan.by or plan.grain or plan.compare):
        plan = _in_the_same_shape(plan, context)
    if frame.period is None and plan.measure and not plan.grain:
        plan = _over_the_same_time(plan, context, clock)
    return plan, assumed


def _in_the_same_shape(plan: Plan, context: Plan) -> Plan:
    """ "and ARR?" after a chart is a chart, after a split is one."""
    dimensions = catalog.METRICS[str(plan.measure)].dimensions
    shape: dict[str, object] = {"by": tuple(name for name in context.by if name in dimensions)}
    if context.grain is not None:
        shape |= {"grain": context.grain, "period": context.period}
    return plan.model_copy(update=shape)


def _over_the_same_time(plan: Plan, context: Plan, clock: Clock) -> Plan:
    period = context.period
    if period is None:
        return plan
    if catalog.METRICS[str(plan.measure)].span is Span.STOCK:
        return plan.model_copy(update={"period": periods.end_of(period, clock)})
    return plan if period.is_moment else plan.model_copy(update={"period": period})


# --- from a figure to its list and back -----------------------------------------------------------------


def _as_list(plan: Plan) -> Plan:
    if plan.measure is None:
        return plan
    reading = readings.of_metric(plan.measure)
    if plan.measure in ("mrr", "arr", "arpa"):
        reading = readings.of_metric("customers")
    if reading is None or reading.entity is None:
        noun = catalog.METRICS[plan.measure].label.lower()
        raise Turned(
            refusals.because(f"I can say how much the {noun} are, but not list them.", (plan.measure,))
        )
    dated = _within(reading.dated, plan.period) if reading.dated else ()
    terms = (*filters.terms_of(plan.filters), *reading.where, *dated)
    order = Order(field=reading.order, descending=not reading.ascending) if reading.order else None
    return Plan(
        entity=reading.entity,
        filters=filters.joined(terms),
        period=plan.period,
        order=order,
        customer=plan.customer,
    )


def _within(field: str, period: Period | None) -> tuple[Condition, ...]:
    if period is None:
        return ()
    return (Condition(field=field, op=Op.WITHIN, value=(period.start, period.end)),)


def _as_figure(plan: Plan, *, amount: bool = False) -> Plan:
    """The count, or the amount, behind a list: of the reading whose conditions the list has."""
    if plan.entity is None:
        return plan
    terms = filters.terms_of(plan.filters)
    reading = _counted_reading(plan, terms)
    if reading is None or reading.count is None:
        raise Turned(
            refusals.because(
                f"I can list {catalog.ENTITIES[plan.entity].plural}, but not count or split them."
            )
        )
    dated = {reading.dated} if reading.count != "trialing_customers" else set()
    kept = tuple(t for t in terms if t not in reading.where and filters.field_of(t) not in dated)
    figure = reading.amount if amount and reading.amount else reading.count
    stock = catalog.METRICS[figure].span is Span.STOCK
    period = None if stock and reading.dated else plan.period
    return Plan(measure=figure, filters=filters.joined(kept), period=period, customer=plan.customer)


def _counted_reading(plan: Plan, terms: tuple[Filter, ...]) -> Reading | None:
    fields = {filters.field_of(term) for term in terms}
    fitting = [
        r
        for r in readings.table()
        if r.entity == plan.entity
        and r.count
        and all(condition in terms for condition in r.where)
        and (r.dated is None or r.dated in fields or r.dated == "trial_ends")
        and not (fields & _DATED - {r.dated})
    ]
    return max(fitting, key=lambda r: len(r.where) + (r.dated in fields), default=None)


# --- shape, time, order ---------------------------------------------------------------------------------


def _cut(plan: Plan, frame: Frame, clock: Clock) -> Plan:
    if not (frame.by or frame.grain or frame.chart):
        return plan
    plan = _as_figure(plan)
    if plan.measure is None:
        raise Turned(refusals.confused())
    plain = {"compare": None, "compare_period": None, "order": None, "limit": None}
    if frame.by:
        metric = catalog.METRICS[plan.measure]
        for dimension in frame.by:
            if dimension not in metric.dimensions:
                raise Turned(refusals.not_cut_by(metric, dimension))
        return plan.model_copy(update={**plain, "by": tuple(dict.fromkeys(frame.by)), "grain": None})
    grain = frame.grain or Grain.MONTH
    spans_time = plan.period is not None and not plan.period.is_moment and plan.period.said != f"this_{grain}"
    period = plan.period if spans_time else periods.for_series(grain, clock)
    return plan.model_copy(update={**plain, "by": (), "grain": grain, "period": period})


def _timed(plan: Plan, frame: Frame, clock: Clock) -> Plan:
    stock = plan.measure is not None and catalog.METRICS[plan.measure].span is Span.STOCK and not plan.grain
    if frame.versus or frame.change:
        return _compared(plan, frame, clock, stock=stock)
    if len(frame.periods) > 1:
        raise Turned(refusals.because("I can look at one period at a time, or compare two (“… vs …”)."))
    if frame.compared:
        return _moved_to(plan, periods.shifted(plan.period, frame.compared[0], clock))
    said = frame.period
    if said is None:
        return plan
    dated = _dates(plan)
    if periods.is_future(said, clock) and not dated & {"trial_ends", "renews", "due"}:
        raise Turned(refusals.outside("forecast"))
    return _moved_to(plan, periods.moment(said, clock) if stock else periods.period(said, clock))


def _dates(plan: Plan) -> set[str]:
    fields = {filters.field_of(term) for term in filters.terms_of(plan.filters)}
    return {name for name in fields if name in _DATED}


def _moved_to(plan: Plan, period: Period | None) -> Plan:
    """The same question of another time, also where the time is a condition on a date."""
    dated = _dates(plan)
    if dated and period is not None:
        new = [condition for name in sorted(dated) for condition in _within(name, period)]
        plan = _filtered(plan, filters.replaced(filters.terms_of(plan.filters), new))
        period = period if plan.period is not None else None
    return plan.model_copy(update={"period": period, "compare": None, "compare_period": None})


def _compared(plan: Plan, frame: Frame, clock: Clock, *, stock: bool) -> Plan:
    if plan.measure is None or plan.by or plan.grain:
        raise Turned(
            refusals.because("I can compare single figures, not lists or charts.", (plan.measure or "mrr",))
        )
    compared = frame.compared[0] if frame.compared else frame.period
    main = plan.period or clock.resolve(times.NOW)
    if frame.versus == "yoy" or (compared and compared.spec.form is Form.LAST_YEAR):
        before, how = times.year_before(main, clock.now, clock.zone), Compare.SAME_PERIOD_LAST_YEAR
    elif compared is None or compared.is_relative:
        before, how = times.previous(main, clock.now, clock.zone), Compare.PREVIOUS_PERIOD
    else:
        before, how = periods.before(None, compared, clock, stock=stock), Compare.PREVIOUS_PERIOD
    return plan.model_copy(update={"compare": how, "compare_period": before})


def _ranked(plan: Plan, frame: Frame, clock: Clock) -> Plan:
    limit = carrying.limit(frame, plan)
    if limit is not None:
        plan = plan.model_copy(update={"limit": limit})
    figure = figure_of(frame) if plan.entity == "customer" and frame.by_atoms else None
    if figure is not None:
        descending = frame.superlative is None or frame.superlative[1]
        period = plan.period or period_of(frame, figure, clock)
        return plan.model_copy(update={"order": Order(field=figure, descending=descending), "period": period})
    if plan.entity and frame.by_atoms and frame.by_atoms <= {"mrr", "arr", "paying"}:
        size = "amount" if plan.entity in filters.BILLS else "mrr"
        return plan.model_copy(update={"order": Order(field=size)})
    if frame.superlative is None or not (plan.entity or plan.by):
        return plan
    kind, descending = frame.superlative
    if plan.by:
        name = "value"
    elif kind == "time":
        name = {"customer": "customer_since", "subscription": "renews"}.get(str(plan.entity), "created")
    else:
        name = "amount" if plan.entity in filters.BILLS else "mrr"
    return plan.model_copy(update={"order": Order(field=name, descending=descending)})
