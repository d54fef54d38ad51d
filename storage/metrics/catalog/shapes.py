"""What a declaration of the catalog says of a metric, an entity or a field."""

from dataclasses import dataclass
from enum import StrEnum


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
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure. `synonyms` are all the ways people say it, lower case, singular; no two figures share one.

    `needs` are the kinds of record that it is counted from; `example` is a question that asks for it. `nouns`
    name what a count counts: one of it, several of it. Of a figure that is known `only_now` no past is kept.
    """

    name: str
    label: str
    unit: Unit
    span: Span
    entity: str
    formula: str
    synonyms: tuple[str, ...]
    dimensions: tuple[str, ...]
    needs: tuple[str, ...]
    example: str
    nouns: tuple[str, str] | None = None
    only_now: bool = False

    @property
    def adds_up(self) -> bool:
        """Whether the whole is the sum of its parts: no average, ratio or time."""
        return self.unit in (Unit.COUNT, Unit.MONEY) and not self.name.startswith(_QUOTIENTS)


_QUOTIENTS = ("arpa", "ltv", "average_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A kind of row that can be listed. `columns` are shown in that order, the first is the key.

    `needs` are the kinds of record that it is listed from.
    """

    name: str
    label: str
    plural: str
    synonyms: tuple[str, ...]
    columns: tuple[str, ...]
    order: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldInfo:
    """Something to filter or group by. `groupable` fields are the dimensions."""

    name: str
    label: str
    type: FieldType
    synonyms: tuple[str, ...] = ()
    groupable: bool = False
