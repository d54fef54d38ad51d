"""A plan in words: what was filtered by, the way a colleague would say it. Plain text, no markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo

from bot.questions.places import country_label
from bot.questions.regions import region_named
from bot.render import text
from storage.metrics.plan import And, Condition, Filter, Not, Op, Or, Plan

_INTERVALS = {
    "day": "billed daily",
    "week": "billed weekly",
    "month": "billed monthly",
    "quarter": "billed quarterly",
    "half_year": "billed every six months",
    "year": "billed yearly",
}
_COMPARED = {
    Op.OVER: "more than {}",
    Op.AT_LEAST: "at least {}",
    Op.UNDER: "less than {}",
    Op.AT_MOST: "at most {}",
    Op.IS: "exactly {}",
}
_STATUSES = {"active": "", "trialing": "on trial", "churned": "who churned"}
# A date that the answer's period already names need not be said twice.
_SAID_BY_PERIOD = frozenset(
    {"churned", "signed_up", "customer_since", "trial_ends", "renews", "expanded", "downsized", "reactivated",
     "trial_started", "trial_ended", "trial_converted"}
)  # fmt: skip


def filters(plan: Plan, names: Mapping[str, str], zone: tzinfo) -> str:
    """The filters after a noun, with a space before them: " in Germany, billed yearly"; empty for none."""
    parts = [part for part in (_term(term, plan, names, zone) for term in _terms(plan.filters)) if part]
    return " " + ", ".join(parts) if parts else ""


def _terms(term: Filter | None) -> tuple[Filter, ...]:
    if term is None:
        return ()
    return term.terms if isinstance(term, And) else (term,)


def _term(term: Filter, plan: Plan, names: Mapping[str, str], zone: tzinfo) -> str:
    match term:
        case Condition():
            return _condition(term, plan, names, zone)
        case Not():
            return _negated(term.term, plan, names, zone)
        case And() | Or():
            word = " or " if isinstance(term, Or) else " and "
            return word.join(_term(part, plan, names, zone) for part in term.terms)


def _negated(term: Filter, plan: Plan, names: Mapping[str, str], zone: tzinfo) -> str:
    if isinstance(term, Condition):
        match term.field:
            case "failing":
                return "whose latest payment did not fail"
            case "overdue":
                return "without overdue invoices"
            case "customer":
                return f"other than {_named(term, names)}"
            case "trial_converted":
                return "whose trial did not convert"
    return f"not {_term(term, plan, names, zone)}"


def _condition(term: Condition, plan: Plan, names: Mapping[str, str], zone: tzinfo) -> str:
    """One condition after a noun."""
    simple = _SIMPLE.get(term.field)
    if simple is not None:
        return simple(term)
    match term.field:
        case "status":
            return _status(term, plan)
        case "customer":
            return f"of {_named(term, names)}"
        case "overdue":
            return "" if plan.entity == "invoice" else "with overdue invoices"
        case _:
            return _dated(term, plan, zone)


def _named(term: Condition, names: Mapping[str, str]) -> str:
    return " and ".join(names.get(one, "that customer") for one in _values(term))


def part(plan: Plan, names: Mapping[str, str], zone: tzinfo) -> str:
    """What a share is of, after its verb: "on Growth", "from Initech"."""
    said = filters(plan.model_copy(update={"filters": plan.part}), names, zone)
    of_customer = isinstance(plan.part, Condition) and plan.part.field == "customer"
    return said.replace(" of ", " from ", 1) if of_customer else said


def left_out(count: int) -> str:
    """Who could not be compared, as a sentence with a space before it; empty for nobody."""
    if not count:
        return ""
    noun = "customer" if count == 1 else "customers"
    return f" {text.count(count)} {noun} billed in other currencies {'is' if count == 1 else 'are'} left out."


def _intervals(term: Condition) -> str:
    return " or ".join(_INTERVALS.get(value, f"billed by {value}") for value in _values(term))


def _values(term: Condition) -> list[str]:
    return [str(value) for value in (term.value if isinstance(term.value, tuple) else (term.value,))]


def _choice(term: Condition) -> str:
    values = _values(term)
    if term.field == "country":
        region = region_named(values)
        return region or " or ".join(country_label(value) for value in values)
    return " or ".join(values)


def _status(term: Condition, plan: Plan) -> str:
    """Statuses are said as words of the noun where they are (see `answer.py`), else after it."""
    said_by_date = any(condition.field == "trial_ends" for condition in plan.conditions())
    if plan.entity in ("invoice", "payment") or isinstance(term.value, tuple) or said_by_date:
        return ""
    return _STATUSES.get(str(term.value), f"that are {str(term.value).replace('_', ' ')}")


def _amount(term: Condition) -> str:
    if isinstance(term.value, tuple):
        low, high = (text.money(value, term.currency) for value in term.value if isinstance(value, int))
        return f"between {low} and {high}"
    value = term.value if isinstance(term.value, int) else 0
    return _COMPARED.get(term.op, "{}").format(text.money(value, term.currency))


_SIMPLE: dict[str, Callable[[Condition], str]] = {
    "plan": lambda term: f"on {_choice(term)}",
    "country": lambda term: f"in {_choice(term)}",
    "currency": lambda term: f"in {_choice(term).upper()}",
    "interval": _intervals,
    "failing": lambda _: "whose latest payment failed",
    "mrr": lambda term: f"paying {_amount(term)} a month",
    "amount": lambda term: f"of {_amount(term)}",
    "remaining": lambda term: f"of {_amount(term)}",
}
_DATES = {
    "trial_ends": "whose trial ends",
    "renews": "that renew",
    "due": "due",
    "churned": "who churned",
    "signed_up": "who signed up",
    "customer_since": "who started paying",
    "created": "from",
    "expanded": "who upgraded",
    "downsized": "who downgraded",
    "reactivated": "who came back",
    "trial_started": "whose trial began",
    "trial_ended": "whose trial ended",
    "trial_converted": "whose trial converted",
}


def _dated(term: Condition, plan: Plan, zone: tzinfo) -> str:
    verb = _DATES.get(term.field, term.field.replace("_", " "))
    if term.field in _SAID_BY_PERIOD and plan.period is not None:
        return verb
    if isinstance(term.value, tuple):
        start, end = (value for value in term.value if isinstance(value, datetime))
        return f"{verb} from {text.day(start, zone)} to {text.day(end, zone)}"
    return verb


def value(field: str, group: str | None) -> str:
    """A group's value as words: DE → Germany, year → billed yearly."""
    if group is None:
        return f"no {field}"
    match field:
        case "country":
            return country_label(group)
        case "currency":
            return group.upper()
        case "interval":
            return _INTERVALS.get(group, group)
        case _:
            return group
