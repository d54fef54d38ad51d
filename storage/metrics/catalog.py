"""The vocabulary: every metric, entity and field that can be asked for, said once.

The compiler, the interpreters, `help`, the model's schema and docs/questions.md all read these
declarations, so they cannot drift apart. Definitions are worded for people: `formula` is what an answer's
"Why this number?" shows.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Unit(StrEnum):
    """money: minor units and a currency; count: integer; ratio: 0.034 is 3.4%; duration: seconds."""

    MONEY = "money"
    COUNT = "count"
    RATIO = "ratio"
    DURATION = "duration"


class Span(StrEnum):
    """How a metric relates to time: a stock has a value at a moment, a flow has one over a period."""

    STOCK = "stock"
    FLOW = "flow"


class FieldType(StrEnum):
    TEXT = "text"
    ENUM = "enum"
    MONEY = "money"
    COUNT = "count"
    INSTANT = "instant"


class UnknownName(ValueError):
    """A plan used a name that the catalog does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure. `synonyms` are all the ways people say it, lower case, singular."""

    name: str
    label: str
    unit: Unit
    span: Span
    entity: str
    formula: str
    synonyms: tuple[str, ...]
    dimensions: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A kind of row that can be listed. `columns` are shown in that order, the first is the key."""

    name: str
    label: str
    plural: str
    synonyms: tuple[str, ...]
    columns: tuple[str, ...]
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldInfo:
    """Something to filter or group by. `groupable` fields are the dimensions."""

    name: str
    label: str
    type: FieldType
    synonyms: tuple[str, ...] = ()
    groupable: bool = False


_WHO = ("plan", "interval", "country", "currency")
_PAID_BY = ("country", "currency")

_METRICS = (
    Metric(
        name="mrr",
        label="MRR",
        unit=Unit.MONEY,
        span=Span.STOCK,
        entity="subscription",
        formula="sum over counting subscriptions (active, past due) of unit amount x quantity, less recurring "
        "discounts, brought to a month; trials, tax, one-off and metered charges count 0",
        synonyms=(
            "mrr",
            "monthly recurring revenue",
            "recurring revenue",
            "run rate",
            "monthly revenue run rate",
        ),
        dimensions=_WHO,
        needs=("subscriptions",),
    ),
    Metric(
        name="arr",
        label="ARR",
        unit=Unit.MONEY,
        span=Span.STOCK,
        entity="subscription",
        formula="12 x MRR",
        synonyms=("arr", "annual recurring revenue", "yearly recurring revenue", "annual run rate"),
        dimensions=_WHO,
        needs=("subscriptions",),
    ),
    Metric(
        name="arpa",
        label="ARPA",
        unit=Unit.MONEY,
        span=Span.STOCK,
        entity="customer",
        formula="MRR / paying customers, per currency",
        synonyms=(
            "arpa",
            "arpu",
            "average revenue per account",
            "average revenue per customer",
            "average revenue per user",
            "average mrr",
            "average mrr per customer",
        ),
        dimensions=_WHO,
        needs=("subscriptions",),
    ),
    Metric(
        name="customers",
        label="Customers",
        unit=Unit.COUNT,
        span=Span.STOCK,
        entity="customer",
        formula="profiles with MRR above 0",
        synonyms=(
            "customer",
            "paying customer",
            "active customer",
            "paying user",
            "account",
            "logo",
            "client",
            "subscriber",
            "user",
            "paying account",
        ),
        dimensions=_WHO,
        needs=("subscriptions",),
    ),
    Metric(
        name="trialing_customers",
        label="Customers on trial",
        unit=Unit.COUNT,
        span=Span.STOCK,
        entity="customer",
        formula="profiles with a trialing subscription and no counting one",
        synonyms=(
            "trial",
            "trialing customer",
            "trialing",
            "on trial",
            "trialer",
            "trialist",
            "active trial",
            "free trial",
            "in trial",
        ),
        dimensions=_WHO,
        needs=("subscriptions",),
    ),
    Metric(
        name="new_customers",
        label="New customers",
        unit=Unit.COUNT,
        span=Span.FLOW,
        entity="customer",
        formula="profiles whose MRR rose above 0 for the first time in the period",
        synonyms=(
            "new customer",
            "customer won",
            "customers won",
            "won customer",
            "new logo",
            "new account",
            "new subscriber",
            "new paying customer",
            "new client",
        ),
        dimensions=_WHO,
        needs=("subscriptions", "invoices"),
    ),
    Metric(
        name="churned_customers",
        label="Churned customers",
        unit=Unit.COUNT,
        span=Span.FLOW,
        entity="customer",
        formula="profiles whose MRR fell to 0 in the period and that do not pay at its end",
        synonyms=(
            "churned customer",
            "lost customer",
            "customers lost",
            "churned",
            "cancelled customer",
            "canceled customer",
            "customer churn",
            "churn",
            "logo churn",
            "lost",
            "left",
            "quit",
            "cancellation",
            "cancelled",
            "canceled",
        ),
        dimensions=_WHO,
        needs=("subscriptions", "invoices"),
    ),
    Metric(
        name="signups",
        label="Sign-ups",
        unit=Unit.COUNT,
        span=Span.FLOW,
        entity="customer",
        formula="profiles by the creation of their first billing record",
        synonyms=("signup", "sign up", "signed up", "sign-up", "registration", "registered", "joined"),
        dimensions=_PAID_BY,
        needs=("customers",),
    ),
    Metric(
        name="revenue",
        label="Revenue",
        unit=Unit.MONEY,
        span=Span.FLOW,
        entity="payment",
        formula="succeeded payments by payment date less refunds by refund date; both include tax",
        synonyms=(
            "revenue",
            "collected",
            "cash",
            "net payment",
            "cash collected",
            "cash flow",
            "money collected",
            "income",
            "takings",
            "collected revenue",
            "sale",
            "earnings",
        ),
        dimensions=_PAID_BY,
        needs=("payments", "refunds"),
    ),
    Metric(
        name="refunds",
        label="Refunds",
        unit=Unit.MONEY,
        span=Span.FLOW,
        entity="payment",
        formula="refunds by their own date; those that failed do not count",
        synonyms=("refund", "refunded", "money back", "money returned"),
        dimensions=_PAID_BY,
        needs=("refunds",),
    ),
    Metric(
        name="failed_payments",
        label="Failed payments",
        unit=Unit.COUNT,
        span=Span.FLOW,
        entity="payment",
        formula="payment attempts with status failed, by their date",
        synonyms=(
            "failed payment",
            "payment failed",
            "payment failure",
            "failed charge",
            "declined card",
            "declined payment",
            "declined charge",
            "bounced payment",
            "payments failed",
            "card decline",
        ),
        dimensions=_PAID_BY,
        needs=("payments",),
    ),
    Metric(
        name="outstanding",
        label="Outstanding",
        unit=Unit.MONEY,
        span=Span.STOCK,
        entity="invoice",
        formula="amount remaining on open invoices",
        synonyms=(
            "outstanding",
            "unpaid",
            "owed",
            "open invoice",
            "receivable",
            "owe us",
            "owes us",
            "accounts receivable",
            "unpaid invoice",
        ),
        dimensions=_PAID_BY,
        needs=("invoices",),
    ),
    Metric(
        name="overdue",
        label="Overdue",
        unit=Unit.MONEY,
        span=Span.STOCK,
        entity="invoice",
        formula="amount remaining on open invoices whose due date (or, without one, first failed attempt) is past",
        synonyms=(
            "overdue",
            "past due",
            "late invoice",
            "overdue invoice",
            "late payment",
            "behind on payment",
        ),
        dimensions=_PAID_BY,
        needs=("invoices", "payments"),
    ),
)

_ENTITIES = (
    Entity(
        name="customer",
        label="Customer",
        plural="customers",
        synonyms=("customer", "account", "client", "company", "logo", "who", "subscriber"),
        columns=("customer", "plan", "mrr", "currency", "status", "country", "customer_since"),
        order="mrr",
    ),
    Entity(
        name="subscription",
        label="Subscription",
        plural="subscriptions",
        synonyms=("subscription", "sub"),
        columns=("customer", "plan", "interval", "status", "mrr", "currency", "trial_ends", "renews"),
        order="mrr",
    ),
    Entity(
        name="invoice",
        label="Invoice",
        plural="invoices",
        synonyms=("invoice", "bill"),
        columns=("customer", "status", "amount", "remaining", "currency", "created", "due"),
        order="created",
    ),
    Entity(
        name="payment",
        label="Payment",
        plural="payments",
        synonyms=("payment", "charge", "transaction"),
        columns=("customer", "status", "amount", "currency", "created", "failure"),
        order="created",
    ),
)

_FIELDS = (
    FieldInfo(
        name="plan", label="plan", type=FieldType.TEXT, synonyms=("plan", "tier", "package"), groupable=True
    ),
    FieldInfo(
        name="interval",
        label="billing interval",
        type=FieldType.ENUM,
        synonyms=("interval", "billing interval", "billing period", "billing cycle"),
        groupable=True,
    ),
    FieldInfo(
        name="country",
        label="country",
        type=FieldType.ENUM,
        synonyms=("country", "geo", "geography", "location", "nation"),
        groupable=True,
    ),
    FieldInfo(name="currency", label="currency", type=FieldType.ENUM, synonyms=("currency",), groupable=True),
    FieldInfo(name="status", label="status", type=FieldType.ENUM, synonyms=("status", "state")),
    FieldInfo(name="customer", label="customer", type=FieldType.TEXT, synonyms=("customer", "name")),
    FieldInfo(name="source", label="source", type=FieldType.ENUM, synonyms=("source", "system")),
    FieldInfo(
        name="mrr", label="MRR", type=FieldType.MONEY, synonyms=("mrr", "paying", "a month", "per month")
    ),
    FieldInfo(name="amount", label="amount", type=FieldType.MONEY, synonyms=("amount", "total", "size")),
    FieldInfo(name="remaining", label="amount remaining", type=FieldType.MONEY, synonyms=("remaining",)),
    FieldInfo(name="created", label="created", type=FieldType.INSTANT, synonyms=("created", "dated", "from")),
    FieldInfo(name="due", label="due", type=FieldType.INSTANT, synonyms=("due",)),
    FieldInfo(name="renews", label="renews", type=FieldType.INSTANT, synonyms=("renew", "renewal", "renews")),
    FieldInfo(
        name="trial_ends",
        label="trial ends",
        type=FieldType.INSTANT,
        synonyms=("trial end", "trial ends", "trial expires", "trial expiry"),
    ),
    FieldInfo(name="signed_up", label="signed up", type=FieldType.INSTANT, synonyms=("signed up", "joined")),
    FieldInfo(
        name="customer_since",
        label="customer since",
        type=FieldType.INSTANT,
        synonyms=("customer since", "became a customer", "started paying"),
    ),
    FieldInfo(
        name="churned", label="churned", type=FieldType.INSTANT, synonyms=("churned", "cancelled", "left")
    ),
    FieldInfo(
        name="failing",
        label="latest payment failed",
        type=FieldType.ENUM,
        synonyms=("failed payment", "failing payment", "declined card"),
    ),
    FieldInfo(name="overdue", label="overdue", type=FieldType.ENUM, synonyms=("overdue", "past due")),
    FieldInfo(name="failure", label="reason of failure", type=FieldType.ENUM, synonyms=("failure", "reason")),
)

METRICS = MappingProxyType({m.name: m for m in _METRICS})
ENTITIES = MappingProxyType({e.name: e for e in _ENTITIES})
FIELDS = MappingProxyType({f.name: f for f in _FIELDS})


def metric(name: str) -> Metric:
    """The metric of that name; raises UnknownName."""
    try:
        return METRICS[name]
    except KeyError:
        raise UnknownName(f"there is no metric named {name!r}; there are {', '.join(METRICS)}") from None


def entity(name: str) -> Entity:
    """The entity of that name; raises UnknownName."""
    try:
        return ENTITIES[name]
    except KeyError:
        raise UnknownName(f"there is no entity named {name!r}; there are {', '.join(ENTITIES)}") from None


def field(name: str) -> FieldInfo:
    """The field of that name; raises UnknownName."""
    try:
        return FIELDS[name]
    except KeyError:
        raise UnknownName(f"there is no field named {name!r}; there are {', '.join(FIELDS)}") from None
