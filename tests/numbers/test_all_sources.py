"""The figures of the example account with all four of its sources connected, through the whole house."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from connectors.sync import SyncResult, sync_source
from storage import models
from storage.colleagues import colleagues
from storage.keys.vault import Vault
from storage.metrics import periods
from storage.metrics.figures import Breakdown, Number, ProfileFigures
from storage.metrics.plan import And, Grain, Op, Plan
from storage.opened_figures import open_figures
from storage.personal import open_profiles
from storage.session import Database
from storage.sources import SourceSecret, add_source
from tests.numbers.test_cache import LAST_MONTH, NOW, PLANS, USD, _same, only, period, pytestmark
from tests.numbers.world import QUESTIONS
from tests.numbers.world import World as Example
from tests.vendors.hubspot import HubSpotServer
from tests.vendors.intercom import IntercomServer
from tests.vendors.server import read_world
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_data import World as StripeWorld
from tests.vendors.zendesk import ZendeskServer
from tests.world import World, make_world

__all__ = ["pytestmark"]

RELATIONS: dict[str, Any] = {"hubspot": HubSpotServer, "intercom": IntercomServer, "zendesk": ZendeskServer}

ALL = 1000
SUPPORT = {
    "d034": Plan(
        entity="customer",
        filters=And(terms=(only("plan", "Growth"), only("country", "US"), only("open_tickets", 0))),
        limit=ALL,
    ),
    "d048": Plan(measure="open_conversations"),
    "d049": Plan(measure="response_time", period=LAST_MONTH),
    "d050": Plan(measure="csat", period=period(periods.unit(Grain.QUARTER))),
    "d051": Plan(
        measure="conversations",
        filters=only("source", "zendesk"),
        period=period(periods.last(4, Grain.WEEK)),
    ),
    "d052": Plan(measure="pipeline"),
    "d053": Plan(measure="win_rate", period=period(periods.unit(Grain.QUARTER, -1))),
}


async def add(world: World, kind: str, server: Any, key: str) -> SyncResult:
    source_id = await add_source(
        world.db,
        world.vault,
        world.account_id,
        kind=kind,
        label=kind,
        secret=SourceSecret(key),
        base_url=server.url,
        now=NOW,
    )
    return await sync_source(world.db, world.vault, world.account_id, source_id)


@pytest.fixture
async def everything(db: Database, vault: Vault) -> AsyncIterator[World]:
    """The example account, its four sources synced one after the other."""
    async with AsyncExitStack() as stack:
        stack.enter_context(time_machine.travel(NOW, tick=False))
        world = await make_world(db, vault)
        stripe = await stack.enter_async_context(
            StripeServer(StripeWorld.read(QUESTIONS / "world" / "stripe"))
        )
        await add(world, "stripe", stripe, "sk_test_example")
        for kind, server_class in RELATIONS.items():
            server = await stack.enter_async_context(
                server_class(read_world(QUESTIONS / "world" / kind), clock=NOW.timestamp)
            )
            result = await add(world, kind, server, server.key)
            assert (result.left_out, result.skipped) == ({}, []), kind
        yield world


async def test_every_plan_gives_the_figure_of_the_example(everything: World) -> None:
    """With all sources connected, the figures of Stripe stay as they are, and those of support and sales are
    right; the profile of a customer names its owner."""
    world, example = everything, Example.load()
    plans = PLANS | SUPPORT | {"d054": await _pipeline_of(world, "Maya Lopez")}
    wrong = [
        (question, figures, example.answers[question])
        for question, plan in plans.items()
        if not await _same(figures := await world.ask(plan, NOW), example.answers[question], world)
    ]
    assert wrong == [], "\n".join(map(str, wrong))
    for question in ("d045", "d047"):
        await _check_profile(world, example.answers[question])
    await _check_owners(world)


async def _pipeline_of(world: World, name: str) -> Plan:
    known = await colleagues(world.db, world.vault, world.account_id)
    ids = tuple(who.owner_id for who in known if who.name == name)
    return Plan(measure="pipeline", filters=And(terms=(only("owner", ids, Op.IN), USD)))


async def _check_profile(world: World, wanted: dict[str, Any]) -> None:
    """Its owner, people, deals and open conversations, whichever source has them."""
    figures = await _profile(world, wanted["names"][0])
    assert figures.owner == (wanted["facts"]["owner"] if "facts" in wanted else wanted["values"][0])
    assert figures.open_conversations is not None
    assert all(contact.email for contact in figures.contacts)
    assert all(deal.name for deal in figures.deals)


async def _check_owners(world: World) -> None:
    """Money by owner, under their names; what nobody owns is a group of its own."""
    plan = Plan(measure="mrr", by=("owner",))
    by_owner = await open_figures(world.db, world.vault, world.account_id, plan, await world.ask(plan, NOW))
    assert isinstance(by_owner, Breakdown)
    named = {key[0]: number.values for key, number in by_owner.groups}
    assert {"Maya Lopez", "Ben Carter", None} <= named.keys()
    total = await world.ask(Plan(measure="mrr"), NOW)
    assert isinstance(total, Number)
    assert sum(values.get("usd", 0) for values in named.values()) == total.values["usd"]


async def _profile(world: World, name: str) -> ProfileFigures:
    customer = models.Customer
    async with world.db.tenant(world.account_id, read_only=True) as session:
        profiles = set(await session.scalars(select(customer.profile_id)))
    opened = await open_profiles(world.db, world.vault, world.account_id, profiles)
    (found,) = [
        profile for profile, records in opened.items() if any(one.personal.name == name for one in records)
    ]
    plan = Plan(customer=found.hex())
    figures = await open_figures(world.db, world.vault, world.account_id, plan, await world.ask(plan, NOW))
    assert isinstance(figures, ProfileFigures)
    return figures
