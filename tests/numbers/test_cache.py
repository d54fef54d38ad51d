"""The figures of the example account through the whole house: test server, sync, cache, plans."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from connectors.sync import SyncResult, sync_source
from storage.keys.vault import Vault
from storage.metrics import periods
from storage.metrics.figures import Breakdown, Comparison, Figures, Number, ProfileRef, Series, Table
from storage.metrics.grains import Grain
from storage.metrics.plan import And, Compare, Condition, Op, Order, Period, Plan
from storage.personal import open_profiles
from storage.session import Database
from storage.sources import SourceSecret, add_source
from tests.numbers.world import QUESTIONS
from tests.numbers.world import World as Example
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_data import World as StripeWorld
from tests.world import World, make_world

pytestmark = pytest.mark.skipif(
    not QUESTIONS.is_dir(), reason="the example account (../shared/questions) is not beside this checkout"
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONE = ZoneInfo("UTC")


def period(form: periods.Form) -> Period:
    return periods.resolve(form, NOW, ZONE)


LAST_MONTH = period(periods.unit(Grain.MONTH, -1))


@pytest.fixture(scope="module")
def example() -> Example:
    return Example.load()


@pytest.fixture
async def synced(db: Database, vault: Vault) -> AsyncIterator[World]:
    """The example account, synced on its day."""
    with time_machine.travel(NOW, tick=False):
        async with StripeServer(StripeWorld.read(QUESTIONS / "world" / "stripe")) as server:
            world = await make_world(db, vault)
            source_id = await add_source(
                db,
                vault,
                world.account_id,
                kind="stripe",
                label="Stripe",
                secret=SourceSecret("sk_test_example"),
                base_url=server.url,
                now=NOW,
            )
            result: SyncResult = await sync_source(db, vault, world.account_id, source_id)
            assert (result.left_out, result.skipped) == ({}, [])
            yield World(db, vault, world.account_id, source_id)


def only(field: str, value: Any, op: Op = Op.IS) -> Condition:
    return Condition(field=field, value=value, op=op)


USD = only("currency", "usd")

PLANS = {
    "d001": Plan(measure="mrr"),
    "d002": Plan(measure="arr"),
    "d003": Plan(measure="mrr", period=period(periods.end_of(periods.unit(Grain.MONTH, -1)))),
    "d004": Plan(measure="mrr", filters=USD),
    "d005": Plan(measure="mrr", filters=only("interval", "year")),
    "d006": Plan(measure="mrr", filters=only("country", "DE")),
    "d007": Plan(measure="arpa", filters=USD),
    "d008": Plan(measure="mrr", filters=only("plan", "Scale")),
    "d009": Plan(measure="mrr", filters=only("plan", "Starter")),
    "d010": Plan(measure="mrr", filters=And(terms=(only("plan", "Starter"), only("interval", "month")))),
    "d011": Plan(measure="expansion_mrr", period=LAST_MONTH),
    "d012": Plan(measure="new_mrr", period=period(periods.unit(Grain.QUARTER))),
    "d013": Plan(measure="net_new_mrr", period=LAST_MONTH, filters=USD),
    "d014": Plan(measure="churned_customers", period=LAST_MONTH),
    "d015": Plan(measure="customer_churn_rate", period=LAST_MONTH),
    "d016": Plan(measure="nrr", period=period(periods.unit(Grain.QUARTER, -1)), filters=USD),
    "d017": Plan(measure="customers"),
    "d018": Plan(measure="customers", filters=only("plan", "Growth")),
    "d019": Plan(measure="new_customers", period=period(periods.last(3, Grain.MONTH))),
    "d020": Plan(measure="signups", period=period(periods.unit(Grain.WEEK, -1))),
    "d021": Plan(measure="trialing_customers"),
    "d022": Plan(measure="trial_conversion_rate", period=LAST_MONTH),
    "d023": Plan(
        entity="customer",
        filters=only(
            "trial_ends",
            (period(periods.upcoming(7, Grain.DAY)).start, period(periods.upcoming(7, Grain.DAY)).end),
            Op.WITHIN,
        ),
    ),
    "d024": Plan(measure="revenue", period=LAST_MONTH),
    "d025": Plan(measure="revenue", filters=USD, period=period(periods.month(8))),
    "d026": Plan(measure="revenue", period=period(periods.unit(Grain.DAY, -1))),
    "d027": Plan(measure="failed_payments", period=period(periods.last(30, Grain.DAY))),
    "d028": Plan(entity="customer", filters=only("failing", True), limit=1000),
    "d029": Plan(measure="overdue"),
    "d030": Plan(measure="refunds", period=LAST_MONTH),
    "d031": Plan(measure="disputes", period=period(periods.unit(Grain.YEAR))),
    "d032": Plan(
        entity="customer",
        filters=Condition(field="mrr", op=Op.OVER, value=100_000, currency="usd"),
        order=Order(field="mrr"),
        limit=1000,
    ),
    "d033": Plan(
        entity="customer", filters=And(terms=(only("interval", "year"), only("country", "GB"))), limit=1000
    ),
    "d035": Plan(
        entity="customer",
        filters=only("churned", (LAST_MONTH.start, LAST_MONTH.end), Op.WITHIN),
        limit=1000,
    ),
    "d036": Plan(entity="customer", order=Order(field="mrr"), limit=5),
    "d037": Plan(entity="customer", order=Order(field="mrr"), limit=1),
    "d038": Plan(measure="mrr", by=("plan",)),
    "d039": Plan(measure="customers", by=("country",)),
    "d040": Plan(measure="mrr", grain=Grain.MONTH, period=period(periods.unit(Grain.YEAR, 0))),
    "d041": Plan(measure="new_customers", grain=Grain.MONTH, period=period(periods.last(6, Grain.MONTH))),
    "d042": Plan(measure="revenue", filters=USD, period=LAST_MONTH, compare=Compare.PREVIOUS_PERIOD),
    "d043": Plan(
        measure="failed_payments",
        period=period(periods.unit(Grain.WEEK, -1)),
        compare=Compare.PREVIOUS_PERIOD,
    ),
}


def _same_number(number: Number, wanted: dict[str, Any]) -> bool:
    if "values" in wanted:
        return dict(number.values) == {k: v for k, v in wanted["values"].items() if v}
    return number.value == wanted["value"]


def _same_cell(number: Number, wanted: Any) -> bool:
    return _same_number(number, {"values": wanted} if isinstance(wanted, dict) else {"value": wanted})


async def _same_rows(table: Table, wanted: dict[str, Any], world: World) -> bool:
    profiles = [cell.profile_id for row in table.rows if isinstance(cell := row[0], ProfileRef)]
    opened = await open_profiles(world.db, world.vault, world.account_id, profiles)
    shown = [{record.personal.name for record in opened[profile]} for profile in profiles]
    named = [set(row["customer"]) for row in wanted["rows"]]
    if wanted["ordered"]:
        mrr = table.columns.index("mrr")
        assert [row[mrr] for row in table.rows] == [row["mrr"] for row in wanted["rows"]]
        return table.total_rows == wanted["total_rows"] and all(map(set.__and__, shown, named))
    return table.total_rows == wanted["total_rows"] and all(any(has & row for row in shown) for has in named)


async def _same(figures: Figures, wanted: dict[str, Any], world: World) -> bool:
    if wanted["kind"] == "any_of":
        return any([await _same(figures, one, world) for one in wanted["of"]])
    same = False
    match figures:
        case Number():
            same = _same_number(figures, wanted)
        case Comparison():
            same = _same_number(figures.now, wanted["now"]) and _same_number(figures.before, wanted["before"])
        case Series():
            points = {key: number for key, number in figures.points if number.value or number.values}
            same = points.keys() == {k for k, v in wanted["points"] if v} and all(
                _same_cell(points[key], value) for key, value in wanted["points"] if value
            )
        case Breakdown():
            groups = {key[0]: number for key, number in figures.groups}
            same = groups.keys() == wanted["groups"].keys() and all(
                _same_cell(groups[key], value) for key, value in wanted["groups"].items()
            )
        case Table():
            same = await _same_rows(figures, wanted, world)
    return same


async def test_every_plan_gives_the_figure_of_the_example(synced: World, example: Example) -> None:
    """Each question of the example that Stripe alone answers, asked as a plan, gives its figure."""
    wrong = [
        (question, figures, example.answers[question])
        for question, plan in PLANS.items()
        if not await _same(figures := await synced.ask(plan, NOW), example.answers[question], synced)
    ]
    assert wrong == [], "\n".join(map(str, wrong))
