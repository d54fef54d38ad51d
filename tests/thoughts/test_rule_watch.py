"""Rules of subscriptions, followed: decided once, from when they were made on."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from storage import models, records
from storage.doer import Doer
from tests.world import NOW, World, customer
from thoughts.rule_watch import follow_rules
from thoughts.rules import Happens, Rule, write_rule
from thoughts.subscriptions import State, Where, set_state, subscribe
from thoughts.wants import Wants

DAY = timedelta(days=1)
RULE = Rule(trigger=Happens(event="ticket_opened"))


def ticket(number: int, at: datetime) -> records.Conversation:
    state = records.ConversationState.OPEN
    return records.Conversation(id=f"t{number}", state=state, opened_at=at, customer_id="cus_Acme")


@pytest.fixture
async def ruled(world: World) -> World:
    """A source that was loaded long ago, and a rule that was made an hour ago."""
    source = models.Source
    async with world.db.tenant(world.account_id) as session:
        await session.execute(
            update(source).where(source.source_id == world.source_id).values(news_since=NOW - 90 * DAY)
        )
    wants = Wants(kinds=(RULE.kind,), rule=write_rule(RULE).decode())
    where = Where("slack", "T1", "C1")
    hour_ago = NOW - timedelta(hours=1)
    await subscribe(world.db, world.vault, world.account_id, where, wants, by="U1", now=hour_ago)
    await world.sync(customer("Acme"), ticket(1, NOW - 2 * DAY), ticket(2, NOW - timedelta(minutes=5)))
    return world


async def kept(world: World) -> list[str]:
    async with world.db.tenant(world.account_id, read_only=True) as session:
        return list(await session.scalars(select(models.Thought.kind)))


async def test_what_happens_after_a_rule_was_made_is_decided_once(ruled: World) -> None:
    """The ticket of five minutes ago is told of, that of the day before yesterday is not; twice is once."""
    for _ in range(2):
        await follow_rules(ruled.db, ruled.vault, ruled.account_id, now=NOW)
    assert await kept(ruled) == [RULE.kind]


async def test_a_paused_rule_is_not_followed(ruled: World) -> None:
    """A subscription that is paused decides nothing."""
    await set_state(ruled.db, ruled.account_id, 1, State.PAUSED, by=Doer.operator())
    assert await follow_rules(ruled.db, ruled.vault, ruled.account_id, now=NOW) == 0


async def test_while_a_source_is_loaded_nothing_is_news(ruled: World) -> None:
    """What a first load brings is history: nothing is decided before it is done."""
    async with ruled.db.tenant(ruled.account_id) as session:
        await session.execute(update(models.Source).values(news_since=None))
    assert await follow_rules(ruled.db, ruled.vault, ruled.account_id, now=NOW) == 0
