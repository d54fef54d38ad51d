"""What a set of words asks for: "new" + "customer" is a count of new customers or a list of them.

Each reading names the atoms it needs, those that may stand beside them without changing the meaning, and
what it is as a count, as an amount and as a list. The reading that explains most atoms wins; a question with
an atom that no reading explains is not understood. The table is in `reading_table.py`; a metric of the
catalog that is not in it is read by its own name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from storage.metrics import catalog
from storage.metrics.catalog import Span
from storage.metrics.plan import Condition, Op


class Recent(StrEnum):
    """The period of a flow that was asked for without one: what people mean by it."""

    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    LAST_30_DAYS = "last_30_days"
    NEXT_30_DAYS = "next_30_days"


Test = tuple[str, str | bool | tuple[str, ...]]
"""A field and the value, or one of the values, that it has; ANY of something that is counted."""

ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`dated` is the field that a period filters in the list (None: the list's own date).

    `counted` says that a bare phrase means its figure rather than the list; `bare` which figure that is,
    where it is not the amount. `narrows`: the tests are not the metric's own, they narrow it as well. A
    `cohort` is the field of the customers' dates that a period is about: "MRR of those who signed up in May".
    """

    needs: tuple[str, ...]
    also: tuple[str, ...] = ()
    count: str | None = None
    amount: str | None = None
    entity: str | None = None
    tests: tuple[Test, ...] = ()
    dated: str | None = None
    order: str | None = None
    ascending: bool = False
    recent: Recent | None = None
    recent_list: Recent | None = None
    counted: bool = True
    bare: str | None = None
    noun: str = ""
    narrows: bool = False
    cohort: str | None = None

    @property
    def where(self) -> tuple[Condition, ...]:
        return tuple(condition(test) for test in self.tests)

    @property
    def figure(self) -> str | None:
        """The metric that is meant where neither a count nor an amount is asked for."""
        return self.bare or self.amount or self.count

    @property
    def is_known(self) -> bool:
        """Whether the catalog has all that it names."""
        metrics = {self.count, self.amount, self.bare} - {None}
        fields = {field for field, _ in self.tests} | ({self.dated, self.order} - {None})
        entities = {self.entity} - {None}
        return (
            metrics <= set(catalog.METRICS)
            and fields <= set(catalog.FIELDS)
            and entities <= set(catalog.ENTITIES)
        )


def condition(test: Test) -> Condition:
    field, value = test
    if value == ANY:
        return Condition(field=field, op=Op.OVER, value=0)
    return Condition(field=field, op=Op.IN if isinstance(value, tuple) else Op.IS, value=value)


@lru_cache(maxsize=1)
def table() -> tuple[Reading, ...]:
    """All readings that the catalog can answer."""
    from bot.questions.reading_table import DECLARED

    declared = tuple(reading for reading in DECLARED if reading.is_known)
    said = {atom for reading in declared for atom in reading.needs}
    return (*declared, *(_of_name(name) for name in catalog.METRICS if name not in said))


_BESIDE = ("customer", "paying", "active", "subscription", "inflow")


def _of_name(name: str) -> Reading:
    """A metric that is asked for by its own words alone."""
    metric = catalog.METRICS[name]
    rate = metric.unit in (catalog.Unit.RATIO, catalog.Unit.DURATION)
    recent = None if metric.span is Span.STOCK else Recent.LAST_MONTH if rate else Recent.THIS_MONTH
    counts = metric.unit is catalog.Unit.COUNT
    return Reading(
        needs=(name,),
        also=_BESIDE,
        count=name if counts else None,
        amount=None if counts else name,
        recent=recent,
    )


def pick(atoms: frozenset[str]) -> Reading | None:
    """The reading that explains all atoms and needs the most of them; None where no reading does."""
    fitting = (r for r in table() if set(r.needs) <= atoms <= {*r.needs, *r.also})
    return max(fitting, key=lambda r: len(r.needs), default=None)


def of_metric(name: str) -> Reading | None:
    """The reading whose figure is that metric, for turning a figure into its list and back."""
    mine = [r for r in table() if name in (r.count, r.amount)]
    return next((r for r in mine if r.entity), None) or next(iter(mine), None)
