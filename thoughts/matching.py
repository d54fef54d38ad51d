"""Which customers the filter of a subscription lets through: a plan, run over those that are concerned."""

from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from storage.metrics.figures import Table, profiles_in
from storage.metrics.plan import And, Condition, Filter, Op, Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking, Unanswerable
from thoughts.base import Thought
from thoughts.subscriptions import Subscription

_AT_ONCE = 900
_filters: TypeAdapter[Filter] = TypeAdapter(Filter)


def read_filter(kept: str) -> Filter:
    """A filter as `write_filter` gave it; raises pydantic.ValidationError."""
    return _filters.validate_json(kept)


def write_filter(filters: Filter) -> str:
    return _filters.dump_json(filters, exclude_none=True).decode()


async def wanted_customers(
    session: AsyncSession, asking: Asking, listening: Sequence[Subscription], thoughts: Sequence[Thought]
) -> Mapping[int, set[bytes]]:
    """By the number of each subscription with a filter, the customers that it lets through.

    One query a subscription, however many thoughts there are. What the cache cannot tell (any more) lets
    nobody through.
    """
    found: dict[int, set[bytes]] = {}
    profiles = sorted({thought.customer for thought in thoughts if thought.customer is not None})
    for one in listening:
        if one.wants.filter is not None:
            found[one.number] = await _through(session, asking, read_filter(one.wants.filter), profiles)
    return found


async def _through(
    session: AsyncSession, asking: Asking, filters: Filter, profiles: Sequence[bytes]
) -> set[bytes]:
    through: set[bytes] = set()
    for start in range(0, len(profiles), _AT_ONCE):
        these = tuple(one.hex() for one in profiles[start : start + _AT_ONCE])
        only = Condition(field="customer", op=Op.IN, value=these)
        plan = Plan(entity="customer", filters=And(terms=(filters, only)), limit=1000)
        try:
            table = await run(session, plan, asking)
        except Unanswerable:
            return set()
        if isinstance(table, Table):
            through |= set(profiles_in(table))
    return through
