"""Raw Stripe lists into an account's cache the house's own way: decoded, made records, written, derived."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.stripe import wire
from connectors.stripe.rows import Reader
from connectors.stripe.streams import READINGS
from storage.intake.derive import derive
from storage.intake.rows import Writing
from storage.intake.upsert import write_records
from storage.keys.vault import Vault
from storage.models import Account
from storage.records import Record
from storage.session import Database
from storage.sources import SourceSecret, add_source
from tests.world import World

Object = dict[str, Any]
_LISTED = ("products", "prices", "customers", "subscriptions", "invoices", "charges", "refunds", "disputes")


class Known:
    """What objects name without telling, from the lists of prices and coupons: `values.References`."""

    def __init__(self, lists: dict[str, list[Object]]) -> None:
        self.coupons = {row["id"]: _decode(row, wire.Coupon) for row in lists["coupons"]}
        self.prices = {row["id"]: _decode(row, wire.Price) for row in lists["prices"]}

    def coupon(self, id_: str) -> Any:
        return self.coupons.get(id_)

    def tiers(self, price_id: str, code: str | None = None) -> Any:
        found = self.option(price_id, code) if code else self.prices[price_id]
        return found.tiers if found else None

    def option(self, price_id: str, code: str) -> Any:
        return (self.prices[price_id].currency_options or {}).get(code)


def _decode(row: Object, of: type[Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(row), type=of)


def records_of(lists: dict[str, list[Object]]) -> list[Record]:
    """Every object as a record, through the connector's own readers; raises if one cannot be read."""
    known = Known(lists)
    found: list[Record] = []
    for reading in READINGS:
        rows = lists.get(reading.stream.name, [])
        page = {"object": "list", "data": rows, "has_more": False}
        listing = Reader(reading.stream.name, reading.rows).page(msgspec.json.encode(page))
        assert not listing.skipped, listing.skipped
        found += [reading.build(row, known) for row in listing.rows]
    return found


async def open_account(db: Database, vault: Vault, *, zone: str, currency: str) -> World:
    """An account with a Stripe source that is never asked."""
    now = datetime.now(UTC)
    async with db.system() as session:
        account = Account(name="Invented", created_at=now, time_zone=zone, currency=currency)
        session.add(account)
    await vault.create_account_keys(account.account_id)
    secret = SourceSecret("sk_test_of_the_tests")
    source_id = await add_source(
        db, vault, account.account_id, kind="stripe", label="Stripe", secret=secret, base_url=None, now=now
    )
    return World(db, vault, account.account_id, source_id)


async def load(world: World, found: list[Record], at: datetime) -> None:
    """Writes records as one sync at `at` does, and derives what follows."""
    keys = await world.vault.source_keys(world.account_id, world.source_id)
    async with world.db.tenant(world.account_id) as session:
        writing = Writing(world.account_id, world.source_id, keys, at)
        await write_records(session, writing, found)
    await derive(world.db, world.account_id, world.source_id, vault=world.vault)
