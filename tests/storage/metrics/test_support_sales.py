"""Figures of support and sales, worked out by hand on a handful of tickets and deals."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from storage import records
from storage.metrics import periods
from storage.metrics.figures import Breakdown, Number, SealedRef, Series, Table
from storage.metrics.plan import And, Condition, Grain, Not, Op, Order, Period, Plan
from tests.numbers.test_cache import ZONE
from tests.world import NOW, World, customer, product, subscription
from tests.world import price as price_of

HOUR = timedelta(hours=1)
THIS_MONTH = periods.resolve(periods.unit(Grain.MONTH, 0), NOW, ZONE)


def ticket(
    number: int, of: str | None, *, replied: timedelta | None = None, state: str = "open", **fields: Any
) -> records.Conversation:
    opened: datetime = fields.pop("opened", NOW - 5 * HOUR)
    return records.Conversation(
        id=f"t{number}",
        state=records.ConversationState(state),
        opened_at=opened,
        first_reply_at=None if replied is None else opened + replied,
        closed_at=opened + 2 * HOUR if state in ("closed", "solved") else None,
        customer_id=f"cus_{of}" if of else None,
        **fields,
    )


def deal(number: int, of: str | None, state: str, amount: int | None, **fields: Any) -> records.Deal:
    return records.Deal(
        id=f"d{number}",
        name=f"Deal {number}",
        state=records.DealState(state),
        amount=amount,
        currency=fields.pop("currency", "usd") if amount is not None else None,
        customer_id=f"cus_{of}" if of else None,
        created_at=NOW - HOUR,
        closes_at=fields.pop("closes_at", NOW - HOUR),
        **fields,
    )


@pytest.fixture
async def busy(world: World) -> World:
    """Acme (Growth, owned by Maya, tagged vip) has three tickets, Bolt (unowned) one; four deals."""
    price = price_of()
    owners = [records.Owner(id=name, name=name) for name in ("maya", "ben")]
    stages = [records.Stage(id=name, name=name, pipeline="Sales") for name in ("first", "last")]
    last_month = NOW - timedelta(days=30)
    await world.sync(
        product("Growth"), price, *owners, *stages,
        customer("Acme", owner_id="maya", tags=("vip", "eu")), customer("Bolt"),
        subscription("Acme", of_price=price), subscription("Bolt", of_price=price),
        ticket(1, "Acme", replied=HOUR, tags=("bug", "urgent"), assignee_id="ben"),
        ticket(2, "Acme", replied=2 * HOUR, state="solved", tags=("bug",)),
        ticket(3, "Acme", state="pending"),
        ticket(4, "Bolt", replied=4 * HOUR, state="closed", opened=last_month),
        ticket(5, None, replied=9 * HOUR, state="closed"),
        records.Rating(id="r1", conversation_id="t1", good=True, rated_at=NOW - HOUR),
        records.Rating(id="r2", conversation_id="t4", good=False, rated_at=NOW - HOUR),
        records.Rating(id="r3", conversation_id="t5", good=True, rated_at=last_month),
        deal(1, "Acme", "open", 50_000, owner_id="maya", stage_id="first"),
        deal(2, "Bolt", "open", 7_000, currency="eur", owner_id="ben", stage_id="last"),
        deal(3, "Acme", "won", 30_000, owner_id="maya"),
        deal(4, "Bolt", "won", 10_001),
        deal(5, None, "lost", None),
        deal(6, "Acme", "won", 99_000, closes_at=last_month),
    )  # fmt: skip
    return world


async def number(world: World, measure: str, period: Period | None = None, **plan: Any) -> Any:
    figures = await world.ask(Plan(measure=measure, period=period, **plan))
    assert isinstance(figures, Number)
    return figures.value if figures.value is not None else dict(figures.values)


def only(field: str, value: Any, op: Op = Op.IS) -> Condition:
    return Condition(field=field, value=value, op=op)


async def test_figures_of_support(busy: World) -> None:
    """Open is all that is not solved or closed; times are of what was opened, ratings by their own date."""
    assert await number(busy, "open_conversations") == 2
    assert await number(busy, "unanswered_conversations") == 1
    assert await number(busy, "conversations", THIS_MONTH) == 4
    assert await number(busy, "closed_conversations", THIS_MONTH) == 2
    assert await number(busy, "response_time", THIS_MONTH) == 2 * 3600
    assert await number(busy, "average_response_time", THIS_MONTH) == 4 * 3600
    assert await number(busy, "csat", THIS_MONTH) == 0.5
    assert await number(busy, "ratings", THIS_MONTH) == 2


async def test_a_median_of_an_even_number_lies_between_the_two_in_the_middle(busy: World) -> None:
    """Half of their sum; of none there is none; in a series each bucket has its own."""
    acme = only("customer", (await busy.id_of("customer", "cus_Acme")).hex())
    assert await number(busy, "response_time", THIS_MONTH, filters=acme) == 5400
    assert await number(busy, "response_time", THIS_MONTH, filters=only("status", "pending")) == {}
    over_time = await busy.ask(
        Plan(
            measure="response_time",
            grain=Grain.MONTH,
            period=periods.resolve(periods.unit(Grain.YEAR, 0), NOW, ZONE),
        )
    )
    assert isinstance(over_time, Series)
    assert [(key, one.value) for key, one in over_time.points if one.value] == [
        ("2026-10", 4 * 3600),
        ("2026-11", 2 * 3600),
    ]


async def test_figures_of_sales(busy: World) -> None:
    """By close date, per currency; a deal without an amount counts, and adds nothing."""
    assert await number(busy, "pipeline") == {"usd": 50_000, "eur": 7_000}
    assert await number(busy, "open_deals") == 2
    assert await number(busy, "deals_won", THIS_MONTH) == 2
    assert await number(busy, "won_amount", THIS_MONTH) == {"usd": 40_001}
    assert await number(busy, "average_deal_size", THIS_MONTH) == {"usd": 20_000}
    assert await number(busy, "deals_lost", THIS_MONTH) == 1
    assert await number(busy, "lost_amount", THIS_MONTH) == {}
    assert await number(busy, "win_rate", THIS_MONTH) == pytest.approx(2 / 3)
    assert await number(busy, "deals_created", THIS_MONTH) == 6


async def cut(world: World, measure: str, by: str, period: Period | None = None) -> dict[str | None, Any]:
    figures = await world.ask(Plan(measure=measure, by=(by,), period=period))
    assert isinstance(figures, Breakdown)
    return {key[0]: one.value if one.value is not None else dict(one.values) for key, one in figures.groups}


async def test_cuts(busy: World) -> None:
    """By owner, stage, assignee and tag; a ticket of two tags is in both groups."""
    maya, ben = [(await busy.id_of("owner", name)).hex() for name in ("maya", "ben")]
    assert await cut(busy, "mrr", "owner") == {maya: {"usd": 10_000}, None: {"usd": 10_000}}
    assert await cut(busy, "pipeline", "owner") == {maya: {"usd": 50_000}, ben: {"eur": 7_000}}
    assert await cut(busy, "pipeline", "stage") == {"first": {"usd": 50_000}, "last": {"eur": 7_000}}
    assert await cut(busy, "conversations", "tag", THIS_MONTH) == {"bug": 2, "urgent": 1, None: 2}
    assert await cut(busy, "open_conversations", "assignee") == {ben: 1, None: 1}
    assert await cut(busy, "conversations", "owner", THIS_MONTH) == {maya: 3, None: 1}
    assert await cut(busy, "response_time", "status", THIS_MONTH) == {
        "open": 3600,
        "solved": 7200,
        "closed": 9 * 3600,
    }


async def listed(world: World, term: Any) -> set[bytes]:
    table = await world.ask(Plan(entity="customer", filters=term))
    assert isinstance(table, Table)
    return {row[0].profile_id for row in table.rows}  # type: ignore[union-attr]  # the first cell is the customer


async def test_customers_by_their_support_and_sales(busy: World) -> None:
    """How many tickets and deals they have, who owns them, how they are tagged; and the opposite of each."""
    acme, bolt = [await busy.id_of("customer", f"cus_{name}") for name in ("Acme", "Bolt")]
    maya = (await busy.id_of("owner", "maya")).hex()
    for term, of_acme, of_bolt in (
        (only("open_tickets", 0, Op.OVER), True, False),
        (only("open_tickets", 0), False, True),
        (only("tickets", 3, Op.AT_LEAST), True, False),
        (only("tickets", 3, Op.UNDER), False, True),
        (only("tickets", (0, 1), Op.WITHIN), False, True),
        (only("tickets", (0, 3), Op.IN), True, False),
        (only("open_deals", 1), True, True),
        (only("owner", maya), True, False),
        (only("owned", True), True, False),
        (only("tag", "vip"), True, False),
        (only("tag", "nowhere"), False, False),
    ):
        expected = {who for who, fits in ((acme, of_acme), (bolt, of_bolt)) if fits}
        assert await listed(busy, term) == expected, term
        assert await listed(busy, Not(term=term)) == {acme, bolt} - expected, term


async def test_tickets_by_what_their_customers_are(busy: World) -> None:
    """A filter on the customer behind a ticket and one on the ticket itself go together."""
    vip_bugs = And(terms=(only("plan", "Growth"), only("tag", "bug")))
    assert await number(busy, "conversations", THIS_MONTH, filters=vip_bugs) == 2
    assert await number(busy, "conversations", THIS_MONTH, filters=Not(term=only("tag", "bug"))) == 2
    assert await number(busy, "mrr", filters=only("open_tickets", 0, Op.OVER)) == {"usd": 10_000}


async def test_lists(busy: World) -> None:
    """Tickets, deals and people in rows; what is sealed is named by where it stands."""
    tickets = await busy.ask(Plan(entity="conversation", filters=only("status", "open")))
    assert isinstance(tickets, Table)
    assert tickets.total_rows == 1
    _, subject, *cells, assignee = tickets.rows[0]
    assert isinstance(subject, SealedRef)
    assert (subject.table, subject.field) == ("ticket", "subject")
    assert cells == ["open", "stripe", NOW - 5 * HOUR, 3600]
    assert assignee == SealedRef("owner", busy.source_id, await busy.id_of("owner", "ben"), "name")
    deals = await busy.ask(Plan(entity="deal", filters=only("status", "open"), order=Order(field="amount")))
    assert isinstance(deals, Table)
    assert (deals.total_rows, deals.left_out) == (1, 1)  # amounts in euro cannot be compared
    assert deals.rows[0][2:7] == ("open", "first", 50_000, "usd", NOW - HOUR)
