"""An account with a courier, for tests of what becomes of thoughts."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from storage import models
from tests.thoughts.couriers import Shelf
from tests.world import NOW, World
from thoughts.base import Count, Fact, Money, Stage, Thought
from thoughts.base import Customer as Named
from thoughts.outbox import decide
from thoughts.posting import Posted, post_due
from thoughts.routing import route
from thoughts.subscriptions import Subscription, Where, subscribe
from thoughts.wants import Wants

MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Bench:
    """An account with a courier; its clock is moved by hand."""

    world: World
    shelf: Shelf = field(default_factory=Shelf)
    now: datetime = NOW

    async def subscribe(self, place: str = "C1", **wants: Any) -> Subscription:
        where = Where("slack", "T1", place)
        return await subscribe(
            self.world.db,
            self.world.vault,
            self.world.account_id,
            where,
            Wants(**wants),
            by="U1",
            now=self.now,
        )

    async def decide(self, *thoughts: Thought, late: bool = False) -> None:
        async with self.world.db.tenant(self.world.account_id) as session:
            await decide(session, self.world.account_id, thoughts, now=self.now, late=late)

    async def route(self) -> int:
        return await route(self.world.db, self.world.vault, self.world.account_id, now=self.now)

    async def post(self) -> Posted:
        await self.route()
        return await post_due(
            self.world.db,
            self.world.vault,
            self.world.account_id,
            {"slack": self.shelf},
            clock=lambda: self.now,
        )

    async def said(self, *thoughts: Thought) -> list[tuple[str, int]]:
        await self.decide(*thoughts)
        await self.post()
        return self.shelf.said()

    async def fates(self) -> list[tuple[str, str | None]]:
        rows = await self.world.rows(models.Delivery)
        return sorted((row.state, row.why) for row in rows)


def failed(bill: str = "1", amount: int = 10_000, **fields: Any) -> Thought:
    facts: dict[str, Fact] = {"amount": Money(amount, "usd"), "attempt": Count(1)}
    if who := fields.get("customer"):
        facts["customer"] = Named(who)
    given: dict[str, Any] = {
        "kind": "payment_failed", "matter": f"bill:{bill}", "occurrence": "1", "at": NOW, "facts": facts,
        "worth": Money(amount, "usd"), **fields,
    }  # fmt: skip
    return Thought(**given)


def recovered(bill: str = "1", **fields: Any) -> Thought:
    return failed(bill, kind="payment_recovered", occurrence="paid", stage=Stage.CLOSES, **fields)
