"""Ways on from an answer, and plans without names."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import plans
from bot.answer import Answer, Kind
from storage.metrics import catalog
from storage.metrics.plan import And, Condition, Not, Op, Or, Plan
from tests.bot import answers as example

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SECRET = "ada@acme.example"


def _ways(plan: Plan, **more: Any) -> dict[str, Plan]:
    answer = Answer(question="q", kind=Kind.NUMBER, text="t", plan=plan.model_dump(mode="json"), **more)
    return {way.label: way.plan for way in plans.ways_on(answer, NOW, BERLIN)}


def test_a_figure_leads_to_time_groups_and_comparison() -> None:
    """MRR now: by month of the last year, by plan, by country, against a month ago."""
    ways = _ways(Plan(measure="mrr"))
    assert list(ways) == ["By month", "By plan", "By country", "Compare"]
    assert ways["By month"].period is not None
    assert ways["By month"].period.said == "last:12:month" or "2025" in ways["By month"].period.label
    assert ways["By plan"].by == ("plan",)
    assert ways["Compare"].compare_period is not None


def test_what_is_filtered_already_is_not_split_by() -> None:
    """A figure of one country is not offered by country."""
    german = Condition(field="country", op=Op.IS, value="DE")
    assert "By country" not in _ways(Plan(measure="mrr", filters=german))


@pytest.mark.parametrize("metric", sorted(catalog.METRICS))
def test_every_figure_leads_somewhere_that_makes_sense(metric: str) -> None:
    """For each figure of the catalog the ways on are plans that can be built."""
    for way in _ways(Plan(measure=metric)).values():
        assert Plan.model_validate_json(way.model_dump_json(exclude_none=True)) == way


def test_a_list_leads_to_its_first_customers_once_each() -> None:
    """The first five customers of a list, each named once, without their ids in the label."""
    rows = tuple((f"Customer {number // 2}", 1) for number in range(20))
    ids = tuple(f"{number // 2:032x}" for number in range(20))
    table = example.TABLE.model_copy(
        update={"columns": ("customer", "mrr"), "rows": rows, "row_ids": ids, "plan": {"entity": "customer"}}
    )
    ways = plans.ways_on(table, NOW, UTC)
    assert [way.label for way in ways] == [f"Customer {number}" for number in range(5)]
    assert ways[1].plan.customer == f"{1:032x}"


def test_a_customer_leads_to_what_they_were_billed() -> None:
    """A card leads to that customer's invoices, payments and changes."""
    card = example.PROFILE.model_copy(update={"plan": {"customer": "ab12"}})
    ways = plans.ways_on(card, NOW, UTC)
    assert [way.plan.entity for way in ways] == ["invoice", "payment", "movement"]
    assert {one.value for way in ways for one in way.plan.conditions()} == {"ab12"}


def test_what_has_no_plan_leads_nowhere() -> None:
    """A refusal or a question back has no ways on."""
    assert plans.ways_on(example.REFUSE, NOW, UTC) == ()


_named = st.sampled_from(["owner", "customer", "domain", "email", "contact", "assignee"]).map(
    lambda name: Condition(field=name, op=Op.IS, value=SECRET)
)
_unnamed = st.just(Condition(field="country", op=Op.IN, value=("DE", "FR")))
_filters: Any = st.recursive(
    _named | _unnamed,
    lambda inner: st.one_of(
        inner.map(lambda one: Not(term=one)),
        st.lists(inner, min_size=1, max_size=3).map(lambda many: And(terms=tuple(many))),
        st.lists(inner, min_size=1, max_size=3).map(lambda many: Or(terms=tuple(many))),
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(filters=_filters, customer=st.none() | st.just("ab" * 16))
def test_no_name_is_left_in_what_is_kept(filters: Any, customer: str | None) -> None:
    """However deep a name stands in a plan, what is kept for learning lacks it, and keeps the rest."""
    plan = Plan(measure="mrr", filters=filters, customer=customer)
    kept = json.dumps(plans.without_names(plan))
    assert SECRET not in kept
    assert "ab" * 16 not in kept
    assert ('"DE"' in kept) == ('"DE"' in plan.model_dump_json())
    assert plans.names_nobody(plan) == (SECRET not in plan.model_dump_json() and customer is None)
