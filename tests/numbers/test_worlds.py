"""Invented companies have everything in them that Stripe can say, and are the same for the same seed."""

from collections.abc import Iterator

from tests.numbers.oracle import Object
from tests.numbers.worlds import World

SEEDS = range(60)


def _kinds(world: World) -> Iterator[str]:
    """What a world has of what figures depend on."""
    yield "older shapes" if world.old else "current shapes"
    for price in world.lists["prices"]:
        yield price["tiers_mode"] or price["billing_scheme"]
        yield from (name for name in ("transform_quantity", "currency_options") if price[name])
        recurring = price["recurring"] or {"interval": "no interval", "usage_type": "one-off"}
        yield from (recurring["interval"], recurring["usage_type"])
    listed = {customer["id"] for customer in world.lists["customers"]}
    emails = [customer["email"] for customer in world.lists["customers"] if customer["email"]]
    if len({email.lower() for email in emails}) < len(emails):
        yield "shared address"
    yield from ("customer discount" for customer in world.lists["customers"] if customer["discount"])
    for subscription in world.lists["subscriptions"]:
        yield from _of_subscription(subscription)
        yield subscription["currency"]
        if subscription["customer"] not in listed:
            yield "deleted customer"
    for invoice in world.lists["invoices"]:
        yield invoice["status"]
        for line in invoice["lines"]["data"]:
            details = line.get("parent", {}).get("subscription_item_details") or {}
            yield "proration" if details.get("proration") or line["amount"] < 0 else "line"
            if (line.get("parent") or {}).get("invoice_item_details"):
                yield "invoice item"
    for name in ("charges", "refunds", "disputes"):
        yield from (f"{name} {row['status']}" for row in world.lists[name])


def _of_subscription(raw: Object) -> Iterator[str]:
    yield raw["status"]
    if raw["trial_end"] is not None:
        yield "trial"
    if raw["cancel_at_period_end"]:
        yield "cancels later"
    if len(raw["items"]["data"]) > 1:
        yield "several items"
    yield f"{len(raw.get('discounts') or [])} discounts"
    yield from ("item discount" for item in raw["items"]["data"] if item.get("discounts"))


EVERYTHING = """
    older shapes|current shapes|graduated|volume|per_unit|transform_quantity|currency_options|day|week
    |month|year|no interval|licensed|metered|one-off|shared address|customer discount|deleted customer
    |usd|eur|jpy|kwd|active|past_due|trialing|incomplete|incomplete_expired|unpaid|paused|canceled|trial
    |cancels later|several items|0 discounts|1 discounts|2 discounts|item discount|draft|open|paid
    |uncollectible|void|proration|line|invoice item|charges succeeded|charges failed|charges pending
    |refunds succeeded|refunds failed|refunds canceled|refunds None|disputes won|disputes lost
"""


def test_everything_occurs() -> None:
    """Prices, lives, discounts, bills and money of every kind, within sixty companies."""
    found = {kind for seed in SEEDS for kind in _kinds(World(seed))}
    assert {kind.strip() for kind in EVERYTHING.split("|")} - found == set()


def test_a_seed_is_a_company() -> None:
    """The same seed tells the same company again, to be looked at alone."""
    assert World(7).lists == World(7).lists != World(11).lists
