"""A figure is given only from data that was read completely."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.readiness import require
from storage.metrics.plan import Condition, Op, Plan
from storage.metrics.scope import Unanswerable
from storage.models import Source

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MRR = Plan(measure="mrr")


def source(**fields: Any) -> Source:
    given: dict[str, Any] = {"kind": "stripe", "label": "Stripe", "synced_at": NOW, "left_out": {}, **fields}
    return Source(**given)


def test_without_a_source_nothing_is_answered() -> None:
    """The reason says how to connect one."""
    with pytest.raises(Unanswerable, match="source add"):
        require(MRR, [])


def test_a_first_load_under_way_gives_no_figure() -> None:
    """Half of the customers would be a wrong number of them."""
    with pytest.raises(Unanswerable, match="still being read"):
        require(MRR, [source(synced_at=None)])


def test_a_metric_says_which_permission_it_lacks() -> None:
    """Revenue needs payments, in Stripe's words charges."""
    with pytest.raises(Unanswerable, match="payments, which the key of Stripe may not read"):
        require(Plan(entity="payment"), [source(left_out={"charges": "403"})])
    require(MRR, [source(left_out={"charges": "403"})])


def test_a_server_without_disputes_answers_the_rest() -> None:
    """What is left out matters to those metrics alone that need it."""
    for plan in (MRR, Plan(entity="customer"), Plan(measure="outstanding")):
        require(plan, [source(left_out={"disputes": "404", "prices": "404", "catalog": "no events"})])


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (Plan(measure="open_conversations"), "support source"),
        (Plan(measure="pipeline"), "CRM"),
        (
            Plan(entity="customer", filters=Condition(field="open_tickets", op=Op.OVER, value=0)),
            "support source",
        ),
        (Plan(measure="mrr", by=("owner",)), "CRM"),
    ],
)
def test_what_no_connected_system_holds_is_named(plan: Plan, told: str) -> None:
    """With billing alone, tickets, deals and owners are refused with what to connect, in filters too."""
    with pytest.raises(Unanswerable, match=told):
        require(plan, [source()])


def test_one_source_that_holds_it_is_enough() -> None:
    """Ratings of conversations come with a support source."""
    require(Plan(measure="csat"), [source(), source(kind="intercom", label="Intercom")])
