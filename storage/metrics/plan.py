"""The typed plan: what a question means, once understood.

A plan is frozen, serialises to JSON and is all that the compiler takes: the same plan gives the same
figures on the same data. No model and no person ever writes SQL; what a plan cannot say cannot be asked.
Names (`mrr`, `country`) are checked against the catalog when a plan is built, so that an invalid plan
cannot exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from storage.metrics import catalog
from storage.metrics.catalog import FieldType

DEFAULT_ROWS = 10
"""Rows of a list where the question names no number."""


class Part(BaseModel):
    """Base of every part of a plan: immutable, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Op(StrEnum):
    """How a condition compares. `within` takes [start, end) of instants or [low, high] of numbers."""

    IS = "is"
    IN = "in"
    OVER = "over"
    AT_LEAST = "at_least"
    UNDER = "under"
    AT_MOST = "at_most"
    WITHIN = "within"


Scalar = str | int | float | bool | datetime


def _instant(value: Scalar) -> Scalar:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


class Condition(Part):
    """One test of a catalog field: country is DE, mrr over 50000 (minor units of `currency`)."""

    kind: Literal["condition"] = "condition"
    field: str
    op: Op = Op.IS
    value: Scalar | tuple[Scalar, ...]
    currency: str | None = None

    @field_validator("value")
    @classmethod
    def _instants_from_json(
        cls, value: Scalar | tuple[Scalar, ...], info: ValidationInfo
    ) -> Scalar | tuple[Scalar, ...]:
        """JSON has no times: read back, a field of instants holds instants again."""
        info_of_field = catalog.FIELDS.get(str(info.data.get("field")))
        if info_of_field is None or info_of_field.type is not FieldType.INSTANT:
            return value
        return tuple(_instant(part) for part in value) if isinstance(value, tuple) else _instant(value)

    @model_validator(mode="after")
    def _fits_the_field(self) -> Self:
        kind = catalog.field(self.field).type
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        if isinstance(self.value, tuple) != (self.op in (Op.IN, Op.WITHIN)):
            raise ValueError(f"{self.op} of {self.field} takes {_TAKES.get(self.op, 'one value')}")
        if self.op is Op.WITHIN and len(values) != _BOUNDS:
            raise ValueError("a range has a lower and an upper bound")
        if self.op not in (Op.IS, Op.IN) and kind not in _ORDERED:
            raise ValueError(f"{self.field} has no order to compare by")
        if not values or not all(_is_of(kind, value) for value in values):
            raise ValueError(f"that is no value of {self.field}")
        return self


_ORDERED = frozenset({FieldType.MONEY, FieldType.COUNT, FieldType.INSTANT})
_TAKES = {Op.IN: "several values", Op.WITHIN: "a lower and an upper bound"}
_BOUNDS = 2


def _is_of(kind: FieldType, value: Scalar) -> bool:
    match kind:
        case FieldType.MONEY | FieldType.COUNT:
            return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        case FieldType.INSTANT:
            return isinstance(value, datetime) and value.tzinfo is not None
        case FieldType.FLAG:
            return isinstance(value, bool)
        case FieldType.TEXT | FieldType.ENUM:
            return isinstance(value, str) and "\0" not in value


class Not(Part):
    kind: Literal["not"] = "not"
    term: Filter


class And(Part):
    kind: Literal["and"] = "and"
    terms: Annotated[tuple[Filter, ...], Field(min_length=1)]


class Or(Part):
    kind: Literal["or"] = "or"
    terms: Annotated[tuple[Filter, ...], Field(min_length=1)]


Filter = Annotated[Condition | Not | And | Or, Field(discriminator="kind")]


def _conditions_of(term: Filter | None) -> Iterator[Condition]:
    match term:
        case Condition():
            yield term
        case Not():
            yield from _conditions_of(term.term)
        case And() | Or():
            for part in term.terms:
                yield from _conditions_of(part)


class Period(Part):
    """Half-open [start, end) in the account's time zone; start = end is a moment.

    `said` is the relative form ("last_month") that a saved plan is resolved from again; `label` is how an
    answer names it ("in October 2026").
    """

    start: datetime
    end: datetime
    label: str
    said: str | None = None

    @property
    def is_moment(self) -> bool:
        return self.start == self.end


class Grain(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Compare(StrEnum):
    PREVIOUS_PERIOD = "previous_period"
    SAME_PERIOD_LAST_YEAR = "same_period_last_year"


class Order(Part):
    """Sort rows by a column of the entity, or groups by their figure (`field` = "value")."""

    field: str
    descending: bool = True


class Plan(Part):
    """A `measure` (a figure, cut by `by` or `grain`), a list of an `entity`, or a `customer`'s profile.

    - measure alone: number; with `compare`: comparison; with `grain`: series; with `by`: breakdown
    - entity alone: table
    - neither, with `customer` (a profile id, hex): profile. With a measure: that customer's figure.
    - measure with `part`: the share of it that has this as well; with `shares` and `by`: that of each group
    - a list of customers may be ordered by a figure as well: `storage.metrics.ranked.RANKS`
    - `limit` None means the default of 10 rows; "all" is 1,000.
    """

    version: Literal[1] = 1
    measure: str | None = None
    entity: str | None = None
    filters: Filter | None = None
    period: Period | None = None
    grain: Grain | None = None
    by: tuple[str, ...] = ()
    order: Order | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    compare: Compare | None = None
    compare_period: Period | None = None
    customer: str | None = None
    part: Filter | None = None
    shares: Literal[True] | None = None

    @property
    def rows(self) -> int:
        """How many rows of a list to show."""
        return self.limit or DEFAULT_ROWS

    def conditions(self) -> tuple[Condition, ...]:
        """All conditions of the filters, wherever they stand."""
        return (*_conditions_of(self.filters), *_conditions_of(self.part))

    def filters_and(self, condition: Filter) -> Filter:
        """The plan's filters and one condition more."""
        return condition if self.filters is None else And(terms=(self.filters, condition))

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.measure is not None:
            metric = catalog.metric(self.measure)
            for dimension in self.by:
                if dimension not in metric.dimensions:
                    raise ValueError(f"{metric.name} cannot be cut by {dimension}")
        if self.entity is not None:
            catalog.entity(self.entity)
        if self.measure is None and self.entity is None and self.customer is None:
            raise ValueError("a plan asks for a measure, an entity or a customer")
        if self.measure is not None and self.entity is not None:
            raise ValueError("a plan asks for a measure or for an entity, not for both")
        if (self.part is not None or self.shares) and not self._can_be_shared():
            raise ValueError("that figure has no shares of this kind")
        return self

    def _can_be_shared(self) -> bool:
        """A share is of a sum, of a part or of groups, at one time."""
        whole = self.measure is not None and catalog.metric(self.measure).adds_up
        grouped = bool(self.by)
        return whole and grouped is bool(self.shares) and not (self.part and grouped) and not self._moves()

    def _moves(self) -> bool:
        return bool(self.grain or self.compare or self.compare_period)
