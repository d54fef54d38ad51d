"""A Stripe that nobody here wrote (localstripe), and a small company that does its business in it.

It knows plans but no prices, has no trials, no disputes and no event log to follow, and shows objects in
older shapes.
What must come out of Chewbotta is computed here from what was bought, by the definitions in words: MRR is
amount x quantity brought to a month.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from tests.e2e.local_slack import free_port, until

KEY = "sk_test_localstripe"
_CARD = "4242424242424242"
_DECLINED_LATER = "4000000000000341"

Form = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """`amount` a period in minor units, or `tiers` of (up to, amount of each of them all)."""

    product: str
    amount: int
    currency: str = "usd"
    interval: str = "month"
    tiers: tuple[tuple[int | None, int], ...] = ()

    @property
    def id(self) -> str:
        return f"{self.product}-{self.currency}-{self.interval}".lower()

    def per_period(self, quantity: int) -> int:
        each = next((e for up_to, e in self.tiers if up_to is None or quantity <= up_to), self.amount)
        return each * quantity

    def per_month(self, quantity: int) -> int:
        """Half-even, once, at the end."""
        return round(self.per_period(quantity) / {"month": 1, "year": 12}[self.interval])


STARTER = Plan("Starter", 1_900)
GROWTH = Plan("Growth", 9_900)
GROWTH_YEARLY = Plan("Growth", 99_500, interval="year")
SCALE = Plan("Scale", 29_900, currency="eur")
SEATS = Plan("Seats", 0, tiers=((5, 1_500), (10, 1_200), (None, 900)))
PLANS = (STARTER, GROWTH, GROWTH_YEARLY, SCALE, SEATS)


@dataclass
class Bought:
    """One subscription of one customer, and what came of it."""

    name: str
    plan: Plan
    quantity: int = 1
    country: str = "US"
    days_ago: int = 0
    pays: bool = True
    source: bool = False
    customer_id: str = field(default="", init=False)
    subscription_id: str = field(default="", init=False)
    canceled: bool = field(default=False, init=False)

    @property
    def email(self) -> str:
        return f"billing@{''.join(c for c in self.name.lower() if c.isalnum())}.example"

    @property
    def counts(self) -> bool:
        return self.pays and not self.canceled

    @property
    def mrr(self) -> int:
        return self.plan.per_month(self.quantity) if self.counts else 0


COMPANY = (
    Bought("Aurora & Sons", STARTER, country="GB"),
    Bought("Brightwater <Labs>", GROWTH, quantity=3, days_ago=75),
    Bought("Café Zoë", SCALE, country="FR", quantity=2, days_ago=45),
    Bought("Dunmore Freight", GROWTH_YEARLY, country="US", days_ago=200),
    Bought("Everglen", SEATS, quantity=12, source=True),
    Bought("Foxglove_Media", STARTER, quantity=4, country="DE"),
    Bought("Grantham Steel", GROWTH),
    Bought("Hollow Pine", GROWTH, pays=False),
)


@dataclass
class Shop:
    """The company: what it sold, and so what Chewbotta must say of it."""

    address: str
    session: aiohttp.ClientSession
    bought: list[Bought] = field(default_factory=list)
    collected: Counter[str] = field(default_factory=Counter)
    refunded: Counter[str] = field(default_factory=Counter)

    async def call(self, path: str, form: Form | None = None, method: str = "POST") -> Any:
        """One request to the API; `form` may be nested."""
        async with self.session.request(
            method,
            f"{self.address}/v1/{path}",
            data=dict(_flat(form or {})),
            headers={"Authorization": f"Bearer {KEY}"},
        ) as answer:
            assert answer.status == 200, (path, await answer.text())
            return await answer.json()

    async def open(self) -> None:
        """Products and plans, then every customer of the company, then a refund and a one-off payment."""
        for name in dict.fromkeys(plan.product for plan in PLANS):
            await self.call("products", {"id": f"prod_{name}", "name": name, "type": "service"})
        for plan in PLANS:
            await self.call("plans", _plan_form(plan))
        for one in COMPANY:
            await self.sell(Bought(**{f: getattr(one, f) for f in _GIVEN}))
        await self.refund("Foxglove_Media", 500)
        await self.charge("Aurora & Sons", 4_200)

    async def sell(self, one: Bought) -> None:
        """A new customer with a card, and the subscription; its first invoice is charged at once."""
        customer = await self.call(
            "customers",
            {"name": one.name, "email": one.email, "phone": "+15550100", "address": {"country": one.country}},
        )
        one.customer_id = customer["id"]
        await self._give_card(one)
        form: Form = {
            "customer": one.customer_id,
            "items": [{"plan": one.plan.id, "quantity": one.quantity}],
        }
        if one.days_ago:
            form["backdate_start_date"] = int((datetime.now(UTC) - timedelta(days=one.days_ago)).timestamp())
        subscription = await self.call("subscriptions", form)
        one.subscription_id = subscription["id"]
        assert (one.name, subscription["status"]) == (one.name, "active" if one.pays else "incomplete")
        if one.counts:
            self.collected[one.plan.currency] += one.plan.per_period(one.quantity)
        self.bought.append(one)

    async def _give_card(self, one: Bought) -> None:
        card = {
            "number": _CARD if one.pays else _DECLINED_LATER,
            "exp_month": 12,
            "exp_year": 2040,
            "cvc": "123",
        }
        if one.source:  # as cards were kept before there were payment methods
            token = await self.call("tokens", {"card": card})
            await self.call(f"customers/{one.customer_id}/sources", {"source": token["id"]})
            return
        method = await self.call("payment_methods", {"type": "card", "card": card})
        await self.call(f"payment_methods/{method['id']}/attach", {"customer": one.customer_id})
        default = {"invoice_settings": {"default_payment_method": method["id"]}}
        await self.call(f"customers/{one.customer_id}", default)

    async def refund(self, name: str, amount: int) -> None:
        one = self.of(name)
        charges = await self.call(f"charges?customer={one.customer_id}", method="GET")
        await self.call("refunds", {"charge": charges["data"][0]["id"], "amount": amount})
        self.refunded[one.plan.currency] += amount

    async def charge(self, name: str, amount: int) -> None:
        """A payment beside any subscription."""
        one = self.of(name)
        form = {"customer": one.customer_id, "amount": amount, "currency": one.plan.currency}
        assert (await self.call("charges", form))["status"] == "succeeded"
        self.collected[one.plan.currency] += amount

    async def cancel(self, name: str) -> None:
        one = self.of(name)
        await self.call(f"subscriptions/{one.subscription_id}", method="DELETE")
        one.canceled = True

    async def change(self, name: str, quantity: int) -> None:
        one = self.of(name)
        form = {"items": [{"plan": one.plan.id, "quantity": quantity}], "prorate": "false"}
        await self.call(f"subscriptions/{one.subscription_id}", form)
        one.quantity = quantity

    def of(self, name: str) -> Bought:
        return next(one for one in self.bought if one.name == name)

    def mrr(self, of: Iterable[Bought] | None = None) -> dict[str, int]:
        """By currency, zeros left out."""
        total: Counter[str] = Counter()
        for one in self.bought if of is None else of:
            total[one.plan.currency] += one.mrr
        return {currency: amount for currency, amount in total.items() if amount}

    def mrr_by_plan(self) -> dict[str, dict[str, int]]:
        names = dict.fromkeys(one.plan.product for one in self.bought)
        by_plan = {name: self.mrr(one for one in self.bought if one.plan.product == name) for name in names}
        return {name: amounts for name, amounts in by_plan.items() if amounts}

    def revenue(self) -> dict[str, int]:
        return {currency: self.collected[currency] - self.refunded[currency] for currency in self.collected}

    def paying(self) -> list[Bought]:
        return [one for one in self.bought if one.mrr]


_GIVEN = ("name", "plan", "quantity", "country", "days_ago", "pays", "source")


def _plan_form(plan: Plan) -> Form:
    form: Form = {
        "id": plan.id,
        "product": f"prod_{plan.product}",
        "currency": plan.currency,
        "interval": plan.interval,
    }
    if not plan.tiers:
        return {**form, "amount": plan.amount}
    tiers = [{"up_to": up_to or "inf", "unit_amount": each, "flat_amount": 0} for up_to, each in plan.tiers]
    return {**form, "billing_scheme": "tiered", "tiers_mode": "volume", "tiers": tiers}


def _flat(value: Any, name: str = "") -> Iterable[tuple[str, str]]:
    """{"items": [{"plan": "x"}]} → items[0][plan]=x."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from _flat(inner, f"{name}[{key}]" if name else str(key))
    else:
        yield name, str(value)


@asynccontextmanager
async def local_stripe() -> AsyncIterator[Shop]:
    """A running localstripe of its own with nothing in it."""
    port = free_port()
    program = Path(sys.executable).with_name("localstripe")
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *(program, "--from-scratch", "--port", str(port)), stdout=quiet, stderr=quiet
    )
    try:
        async with aiohttp.ClientSession() as session:
            shop = Shop(f"http://127.0.0.1:{port}", session)
            await until(lambda: _is_up(shop), 20)
            yield shop
    finally:
        process.terminate()
        await process.wait()


async def _is_up(shop: Shop) -> bool:
    try:
        async with shop.session.get(shop.address):
            return True
    except aiohttp.ClientError:
        return False
