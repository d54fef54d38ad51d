"""Rules against the cache: whom they let through, what they count, when they would have fired."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage import models, records
from storage.metrics.plan import And, Condition, Filter, Op, Plan
from storage.metrics.scope import Asking
from tests.world import NOW, World, customer, payment, price, product, subscription
from thoughts import rule_runs
from thoughts.base import Thought
from thoughts.rule_events import EVENTS
from thoughts.rules import Happens, Level, Moves, Rule

DAY = timedelta(days=1)
CALLED = ("Acme", "Bolt", "Cargo")
FAILED = records.PaymentStatus.FAILED
YEARLY_OVER_100: Filter = And(
    terms=(
        Condition(field="interval", value="year"),
        Condition(field="mrr", op=Op.OVER, value=10_000, currency="usd"),
    )
)
SECOND = Rule(
    trigger=Happens(event="ticket_opened", nth=2, days=7),
    plan=Plan(entity="customer", filters=YEARLY_OVER_100).model_dump_json(exclude_none=True),
)


TRIED = (
    (SECOND, 2),
    (Rule(trigger=Happens(event="ticket_opened")), 8),
    (Rule(trigger=Happens(event="payment_failed", nth=3, days=30)), 1),
    (Rule(trigger=Level(over=True, value=3, grain="day"), plan='{"measure":"failed_payments"}'), 1),
    (Rule(trigger=Level(over=True, value=4, grain="day"), plan='{"measure":"failed_payments"}'), 0),
    (Rule(trigger=Moves(up=True, grain="week", amount=2), plan='{"measure":"conversations"}'), 1),
)
"""Rules, and how often each would have fired in the last 30 days."""


def ticket(of: str, number: int, days: float) -> records.Conversation:
    return records.Conversation(
        id=f"{of}{number}",
        state=records.ConversationState.OPEN,
        opened_at=NOW - days * DAY,
        customer_id=f"cus_{of}",
    )


@pytest.fixture
async def support(world: World) -> World:
    """Acme and Bolt pay by the year, Acme over 100 a month; Cargo by the month. All asked twice lately."""
    large = price("Growth", 240_000, interval=records.Interval.YEAR)
    small = price("Starter", 12_000, interval=records.Interval.YEAR)
    await world.sync(
        product("Growth"), product("Starter"), large, small, price(), *map(customer, CALLED),
        subscription("Acme", of_price=large), subscription("Bolt", of_price=small), subscription("Cargo"),
        *(ticket(of, number, days) for of in CALLED for number, days in ((1, 3), (2, 0.1))),
        ticket("Acme", 3, 20), ticket("Acme", 4, 19),
        *(payment(n, "Acme", status=FAILED, created_at=NOW - 2 * DAY) for n in range(4)),
    )  # fmt: skip
    return world


async def told(world: World, rule: Rule, days: float = 1) -> list[Thought]:
    """What a rule says of the last days."""
    asking = Asking(world.account_id, "usd", "UTC", NOW)
    async with world.db.tenant(world.account_id, read_only=True) as session:
        return await rule_runs.on_events(session, asking, rule, NOW - days * DAY)


async def test_the_second_ticket_of_whom_the_rule_is_about_fires(support: World) -> None:
    """Of three customers with a second ticket in a week only the large yearly one is told of."""
    acme = await profile_of(support, "Acme")
    found = await told(support, SECOND)
    assert [(thought.kind, thought.customer) for thought in found] == [(SECOND.kind, acme)]


async def profile_of(world: World, called: str) -> bytes:
    wanted = await world.id_of("customer", f"cus_{called}")
    return next(row.profile_id for row in await world.rows(models.Customer) if row.id == wanted)


async def test_a_first_ticket_of_anybody_fires_for_a_rule_without_conditions(support: World) -> None:
    """A rule about any customer's ticket is told of each; asked again, with the same keys."""
    rule = Rule(trigger=Happens(event="ticket_opened"))
    first, again = [await told(support, rule) for _ in range(2)]
    assert len({thought.key for thought in first}) == 3
    assert [thought.key for thought in first] == [thought.key for thought in again]


async def test_who_has_left_is_looked_at_as_they_were(support: World) -> None:
    """A yearly customer who churned is told of by a rule about yearly customers, though they pay no more."""
    left = {"canceled_at": NOW - 0.1 * DAY, "ended_at": NOW - 0.1 * DAY}
    large = price("Growth", 240_000, interval=records.Interval.YEAR)
    canceled = records.SubscriptionStatus.CANCELED
    await support.sync(subscription("Acme", of_price=large, status=canceled, **left))
    rule = Rule(trigger=Happens(event="churned"), plan=SECOND.plan)
    assert [thought.customer for thought in await told(support, rule)] == [await profile_of(support, "Acme")]


async def test_every_event_can_be_looked_for(support: World) -> None:
    """Whatever a rule may wait for, the cache answers."""
    for event in EVENTS:
        assert isinstance(await told(support, Rule(trigger=Happens(event=event, nth=2, days=30))), list)


async def test_a_rule_is_tried_out_on_the_last_30_days(support: World) -> None:
    """When it would have fired: for figures the periods, for what happens whom it would have named."""
    asking = Asking(support.account_id, "usd", "UTC", NOW)
    async with support.db.tenant(support.account_id, read_only=True) as session:
        for rule, count in TRIED:
            assert len(await rule_runs.try_out(session, asking, rule) or ()) == count, rule.trigger


async def test_a_figure_without_a_past_cannot_be_tried_out(support: World) -> None:
    """Open tickets are known for now alone: a rule about them is looked at from now on, once a week."""
    rule = Rule(trigger=Level(over=True, value=3, grain="day"), plan='{"measure":"open_conversations"}')
    asking = Asking(support.account_id, "usd", "UTC", NOW)
    async with support.db.tenant(support.account_id, read_only=True) as session:
        assert await rule_runs.try_out(session, asking, rule) is None
        (now,) = await rule_runs.on_figures(session, asking, rule, NOW - DAY)
        (later,) = await rule_runs.on_figures(session, replace(asking, now=NOW + DAY), rule, NOW)
    assert now.key == later.key


async def test_a_drop_of_mrr_fires_on_its_day(support: World) -> None:
    """MRR that falls by more than a third today fires today, in the currency of the rule, and once."""
    drop = Rule(trigger=Moves(up=False, grain="day", share=0.3), plan='{"measure":"mrr"}', currency="usd")
    ended = {"status": records.SubscriptionStatus.CANCELED, "ended_at": NOW - timedelta(hours=2)}
    large = price("Growth", 240_000, interval=records.Interval.YEAR)
    await support.sync(subscription("Acme", of_price=large, canceled_at=NOW - timedelta(hours=2), **ended))
    asking = Asking(support.account_id, "usd", "UTC", NOW)
    async with support.db.tenant(support.account_id, read_only=True) as session:
        first, again = [await rule_runs.on_figures(session, asking, drop, NOW) for _ in range(2)]
    assert [thought.occurrence for thought in first] == ["2026-11-23"]
    assert [thought.key for thought in first] == [thought.key for thought in again]
