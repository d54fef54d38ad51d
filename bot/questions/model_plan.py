"""What a language model may say: a plan in the catalog's words, with the question's placeholders.

The schema is generated from the catalog and is all that a model can fill in. What comes back is hostile until
proved: every name is checked, every placeholder must be one of the question's and none may be left out, and
the plan is built and validated by the same code as any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import CoreSchema, core_schema

from bot.questions.masking import Hidden, Masked
from bot.questions.model_context import SAME
from bot.questions.vocabulary import Vocabulary
from storage.metrics import catalog, periods
from storage.metrics.amounts import AmountError, parse_amount
from storage.metrics.catalog import FieldType, Span
from storage.metrics.grains import PeriodError
from storage.metrics.plan import And, Compare, Condition, Filter, Grain, Not, Op, Order, Plan, Scalar

_MOST = 8
_LONGEST = 80
_DIGITS = re.compile(r"\d+")


class _OneOf:
    """A string of a closed list, `enum` in the JSON schema."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = [str(name) for name in names]

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> CoreSchema:
        return core_schema.literal_schema(self.names)


Measure = Annotated[str, _OneOf(catalog.METRICS)]
Entity = Annotated[str, _OneOf(catalog.ENTITIES)]
FieldName = Annotated[str, _OneOf(catalog.FIELDS)]
Dimension = Annotated[str, _OneOf(field.name for field in catalog.FIELDS.values() if field.groupable)]
Simple = Annotated[str, _OneOf((Op.IS, Op.OVER, Op.AT_LEAST, Op.UNDER, Op.AT_MOST))]


class Unusable(ValueError):
    """What the model said is no plan for this question."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ModelFilter(Part):
    """One condition on a field."""

    field: FieldName
    op: Simple
    value: str = Field(max_length=_LONGEST, description="a placeholder, a word, true or false, or a number")
    negated: bool


class ModelPlan(Part):
    """A measure or a list of an entity. Null what the question does not ask for."""

    understood: bool = Field(description="false when the question asks for anything that is not listed")
    measure: Measure | None
    entity: Entity | None
    customer: str | None = Field(description="the [CUSTOMER_n] that the question is about")
    filters: list[ModelFilter] = Field(max_length=_MOST)
    period: str | None = Field(max_length=_LONGEST, description="one of the forms of periods")
    grain: Grain | None
    by: list[Dimension] = Field(max_length=2)
    order_by: FieldName | None
    descending: bool
    limit: int | None = Field(ge=1, le=1000)
    compare: Compare | None


def plan_of(
    said: ModelPlan, masked: Masked, vocabulary: Vocabulary, now: datetime, before: Plan | None = None
) -> Plan:
    """The plan that the model meant, its placeholders replaced. Raises Unusable."""
    if not said.understood:
        raise Unusable("not understood")
    used = {word for word in _values(said) if word in masked.hidden}
    numbers = {word for word in masked.text.split() if word.isdecimal()}
    if used - masked.optional != set(masked.hidden) - masked.optional or not numbers <= set(
        _DIGITS.findall(said.model_dump_json())
    ):
        raise Unusable("something of the question was left out")
    try:
        filters = [_condition(part, masked, vocabulary) for part in said.filters]
        return Plan(
            measure=said.measure,
            entity=said.entity,
            customer=_customer(said.customer, masked),
            filters=And(terms=tuple(filters)) if len(filters) > 1 else next(iter(filters), None),
            period=_period(said, now, vocabulary.zone, before),
            grain=said.grain,
            by=tuple(said.by),
            order=Order(field=said.order_by, descending=said.descending) if said.order_by else None,
            limit=said.limit,
            compare=said.compare,
        )
    except (ValidationError, PeriodError, AmountError) as problem:
        raise Unusable(f"no valid plan: {type(problem).__name__}") from None


def _values(said: ModelPlan) -> Iterator[str]:
    yield from (part.value for part in said.filters)
    yield from filter(None, (said.customer,))


def _customer(placeholder: str | None, masked: Masked) -> str | None:
    if placeholder is None:
        return None
    hidden = masked.hidden.get(placeholder)
    if hidden is None or hidden.kind != "CUSTOMER" or not hidden.is_known:
        raise Unusable("no customer of the question")
    return hidden.matches[0].profile_id


def _period(said: ModelPlan, now: datetime, zone: tzinfo, before: Plan | None) -> Any:
    """A flow without a period is of no time at all: it is not guessed."""
    if said.period == SAME and before is not None:
        return before.period
    if said.period is not None:
        return periods.resolve(periods.named(said.period), now, zone)
    if said.measure is not None and catalog.metric(said.measure).span is Span.FLOW:
        raise Unusable("a flow needs a period")
    return None


def _condition(part: ModelFilter, masked: Masked, vocabulary: Vocabulary) -> Filter:
    field = catalog.field(part.field)
    hidden = masked.hidden.get(part.value)
    if hidden is None:
        value, unit = _plain(part, vocabulary.currency)
    else:
        value, unit = _hidden(field.name, field.type, hidden, vocabulary)
    condition = Condition(field=field.name, op=Op(part.op), value=value, currency=unit)
    return Not(term=condition) if part.negated else condition


def _hidden(name: str, kind: FieldType, hidden: Hidden, vocabulary: Vocabulary) -> tuple[Scalar, str | None]:
    """What a placeholder stands for, if it is of that field."""
    if hidden.kind in ("AMOUNT", "NUMBER"):
        return _amount(hidden.value, kind, vocabulary.currency)
    if hidden.kind == "CUSTOMER" and name == "customer" and hidden.is_known:
        return hidden.matches[0].profile_id, None
    if hidden.kind == "OWNER" and name in ("owner", "assignee"):
        return _colleague(hidden.value, vocabulary.owners if name == "owner" else vocabulary.assignees), None
    if hidden.kind != name.upper().replace("_", ""):
        raise Unusable("a value of another field")
    return hidden.value, None


def _colleague(name: str, colleagues: Iterable[tuple[str, str]]) -> str:
    """The id of the one colleague who is called that."""
    ids = {hex_id for called, hex_id in colleagues if called == name}
    if len(ids) != 1:
        raise Unusable("no colleague, or more than one, is called that")
    return ids.pop()


def _plain(part: ModelFilter, currency: str) -> tuple[Scalar, str | None]:
    kind = catalog.field(part.field).type
    match kind:
        case FieldType.FLAG if part.value in ("true", "false"):
            return part.value == "true", None
        case FieldType.MONEY | FieldType.COUNT:
            return _amount(part.value, kind, currency)
        case FieldType.ENUM:
            return part.value, None
        case _:
            raise Unusable("a value that the question does not have")


def _amount(typed: str, kind: FieldType, currency: str) -> tuple[Scalar, str | None]:
    if kind is FieldType.MONEY:
        amount = parse_amount(typed, currency)
        return amount.minor, amount.currency
    digits = typed.replace(",", "")
    if kind is not FieldType.COUNT or not digits.isdecimal():
        raise Unusable("a number where none belongs")
    return int(digits), None
