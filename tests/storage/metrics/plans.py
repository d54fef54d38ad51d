"""Short ways to write plans and to read figures."""

from datetime import UTC
from zoneinfo import ZoneInfo

from storage.metrics import periods
from storage.metrics.figures import Breakdown, Number, ProfileRef, Series, Table
from storage.metrics.grains import Grain
from storage.metrics.plan import And, Condition, Not, Op, Or, Plan
from tests.world import NOW, World

ZONE = ZoneInfo("UTC")
CALLED = ["Acme", "Beta", "Gamma", "Delta", "Echo", "Fox", "Golf", "Hotel", "India", "Juliet", "Kilo"]


def over(form):
    return periods.resolve(form, NOW, ZONE)


SEPTEMBER, OCTOBER, NOVEMBER = (over(periods.month(number)) for number in (9, 10, 11))
END_OF_SEPTEMBER, END_OF_OCTOBER = (over(periods.end_of(periods.month(number))) for number in (9, 10))
AUGUST_TO_NOW = over(periods.since(periods.month(8)))
MONTHLY = {"grain": Grain.MONTH, "period": AUGUST_TO_NOW}


def is_(field, value):
    return Condition(field=field, value=value)


def one_of(field, *values):
    return Condition(field=field, op=Op.IN, value=values)


def more(field, value, currency=None):
    return Condition(field=field, op=Op.OVER, value=value, currency=currency)


def within(field, low, high, currency=None):
    return Condition(field=field, op=Op.WITHIN, value=(low, high), currency=currency)


def during(field, period):
    return within(field, period.start.astimezone(UTC), period.end.astimezone(UTC))


def both(*terms):
    return And(terms=terms)


def either(*terms):
    return Or(terms=terms)


def no(term):
    return Not(term=term)


def amount(number: Number):
    """A figure as tests write it: a count, or {currency: minor units}."""
    return number.value if number.value is not None else dict(number.values)


def points(series: Series):
    """The figures of a series without its keys."""
    return [amount(number) for _, number in series.points]


def groups(breakdown: Breakdown):
    """The figures of a breakdown by group; groups of one dimension by its bare value."""
    return {key[0] if len(key) == 1 else key: amount(number) for key, number in breakdown.groups}


async def names(world: World, table: Table):
    """Who is listed, in order; None for nobody."""
    called = {await world.id_of("customer", f"cus_{name}"): name for name in CALLED}
    return [called[row[0].profile_id] if isinstance(row[0], ProfileRef) else row[0] for row in table.rows]


async def of(world: World, name: str) -> str:
    """A customer's id as plans write it."""
    return (await world.id_of("customer", f"cus_{name}")).hex()


def counting(measure, filters=None, period=None, **parts):
    return Plan(measure=measure, filters=filters, period=period, **parts)


def listing(entity, filters=None, period=None, **parts):
    return Plan(entity=entity, filters=filters, period=period, limit=parts.pop("limit", 1000), **parts)
