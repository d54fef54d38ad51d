"""One made-up account to ask about, and a plan written in one line."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.questions.regions import region_named
from bot.questions.vocabulary import Vocabulary
from storage.metrics.plan import Condition, Not, Op, Plan
from storage.names import Named, NameIndex, fold

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

# Names of all sorts: twins, names that are made of everyday words, other scripts, signs.
CUSTOMERS = (
    "Acme Labs", "Initech", "Northwind", "Northwind", "Blue Ocean Ventures", "Blue Ocean Foods",
    "The May Company", "March Hare Media", "Open Ticket Agency", "Annual Report Co", "Growth Partners",
    "Starter Labs", "Hooli GmbH", "Churn Buster", "Quitter's Gym", "Société Générale Conseil",
    "🚀 Rocket Ship Co", "McDowell & Sons", "Müller AG", "株式会社みらい", "Once Upon A Dime",
    "Zephyr Logistics - EMEA", "Trial Lawyers United", "Twin Peaks Coffee (US)", "=HYPERLINK(1)",
    "O'Reilly Plumbing",
)  # fmt: skip
_SIGNS = {Op.OVER: ">", Op.AT_LEAST: ">=", Op.UNDER: "<", Op.AT_MOST: "<=", Op.IS: "="}


def _named(number, name):
    domain = f"{fold(name).replace(' ', '')}.{'io' if number == 3 else 'com'}"
    return Named(number.to_bytes(16, "big"), (name,), (domain,), (f"billing@{domain}",))


INDEX = NameIndex(_named(number, name) for number, name in enumerate(CUSTOMERS))
VOCABULARY = Vocabulary(
    currency="usd",
    zone=ZoneInfo("UTC"),
    plans=("Scale", "Growth", "Starter", "Studio", "Legacy Weekly"),
    countries=("US", "DE", "GB", "FR"),
    currencies=("usd", "eur", "jpy"),
    sources=("stripe",),
    names=INDEX,
)


def customer(name):
    """The hex id of a customer."""
    return CUSTOMERS.index(name).to_bytes(16, "big").hex()


def brief(plan: Plan) -> str:
    """A plan in one line: "list customer of X [plan=Growth] @period vs period order -mrr top 5"."""
    parts = [plan.measure or (f"list {plan.entity}" if plan.entity else "profile")]
    if plan.customer:
        parts.append(f"of {CUSTOMERS[int(plan.customer, 16)]}")
    if plan.filters is not None:
        parts.append(f"[{_term(plan.filters)}]")
    parts.extend([f"share of [{_term(plan.part)}]"] if plan.part else ["shares"] if plan.shares else [])
    if plan.by:
        parts.append(f"by {','.join(plan.by)}")
    if plan.grain:
        parts.append(f"per {plan.grain}")
    if plan.period:
        parts.append(f"@{_said(plan.period)}")
    if plan.compare_period:
        parts.append(f"vs {_said(plan.compare_period)}")
    if plan.order:
        parts.append(f"order {'-' if plan.order.descending else '+'}{plan.order.field}")
    if plan.limit:
        parts.append(f"top {plan.limit}")
    return " ".join(parts)


def _said(period):
    said = period.said or period.label
    if said.startswith("window:"):
        return "series" if period.label.startswith("by ") else "window"
    return said


def _term(term):
    if isinstance(term, Not):
        return f"not({_term(term.term)})"
    if isinstance(term, Condition):
        return f"{term.field}{_test(term)}{f' {term.currency}' if term.currency else ''}"
    return (" | " if term.kind == "or" else ", ").join(_term(part) for part in term.terms)


def _test(condition):
    value = condition.value
    if condition.op is Op.WITHIN:
        low, high = (f"{v:%Y-%m-%d}" if isinstance(v, datetime) else v for v in value)
        return f" {low}..{high}"
    if condition.op is Op.IN:
        if condition.field == "customer":
            return f"={'/'.join(CUSTOMERS[int(one, 16)] for one in value)}"
        return f"={region_named(value) or '/'.join(value)}"
    if condition.field == "customer":
        return f"={CUSTOMERS[int(value, 16)]}"
    return f"{_SIGNS[condition.op]}{str(value).lower() if isinstance(value, bool) else value}"
