"""A small world for tests of the cache: one account, one source, and records of it in a line each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from storage import records
from storage.intake.derive import derive
from storage.intake.rows import Writing
from storage.intake.upsert import Written, write_records
from storage.keys.vault import Vault
from storage.metrics.figures import Figures
from storage.metrics.plan import Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking
from storage.models import Account
from storage.session import Database
from storage.sources import SourceSecret, add_source

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class World:
    """One account with one source."""

    db: Database
    vault: Vault
    account_id: int
    source_id: int

    async def write(self, *batch: records.Record, at: datetime = NOW, mark_stale: bool = True) -> Written:
        """Stores records as a sync at `at` would, without recomputing."""
        keys = await self.vault.source_keys(self.account_id, self.source_id)
        async with self.db.tenant(self.account_id) as session:
            writing = Writing(self.account_id, self.source_id, keys, at)
            return await write_records(session, writing, batch, mark_stale=mark_stale)

    async def sync(self, *batch: records.Record, at: datetime = NOW) -> None:
        """Stores records and recomputes what follows from them."""
        await self.write(*batch, at=at)
        await derive(self.db, self.account_id, self.source_id, vault=self.vault)

    async def ask(
        self, plan: Plan, now: datetime = NOW, currency: str = "usd", rated: tuple[str, ...] = ()
    ) -> Figures:
        asking = Asking(self.account_id, currency, "UTC", now, rated)
        async with self.db.tenant(self.account_id, read_only=True, timeout=5) as session:
            return await run(session, plan, asking)

    async def rows(self, model: Any) -> list[Any]:
        """All rows of a table that the account sees."""
        from sqlalchemy import select

        async with self.db.tenant(self.account_id, read_only=True) as session:
            return list((await session.scalars(select(model))).all())

    async def id_of(self, kind: str, vendor_id: str) -> bytes:
        keys = await self.vault.source_keys(self.account_id, self.source_id)
        return keys.record_id(kind, vendor_id)


async def make_world(db: Database, vault: Vault, name: str = "Ours") -> World:
    async with db.system() as session:
        account = Account(name=name, created_at=NOW)
        session.add(account)
    await vault.create_account_keys(account.account_id)
    source_id = await add_source(
        db,
        vault,
        account.account_id,
        kind="stripe",
        label="Stripe",
        secret=SourceSecret("sk_test_of_the_tests"),
        base_url=None,
        now=NOW,
    )
    return World(db, vault, account.account_id, source_id)


def customer(called: str, **fields: Any) -> records.Customer:
    """A customer `cus_<called>` with that name and an address at its own domain."""
    return records.Customer(
        **{
            "id": f"cus_{called}",
            "name": called,
            "email": f"billing@{called.lower()}.example",
            "phone": "+15550100",
            "country": "US",
            "currency": "usd",
            "created_at": EPOCH,
            **fields,
        }
    )


def product(name: str) -> records.Product:
    return records.Product(id=f"prod_{name}", name=name, created_at=EPOCH)


def price(plan: str = "Growth", amount: int = 10_000, **fields: Any) -> records.Price:
    """A monthly price of `amount` minor units in usd."""
    given: dict[str, Any] = {
        "product_id": f"prod_{plan}",
        "currency": "usd",
        "interval": records.Interval.MONTH,
        "unit_amount": Decimal(amount),
        **fields,
    }
    return records.Price(id=f"price_{plan}_{given['currency']}_{given['interval']}_{amount}", **given)


def subscription(of: str, *, of_price: records.Price | None = None, **fields: Any) -> records.Subscription:
    """An active subscription `sub_<of>` of customer `of` to one price, since EPOCH."""
    bought = of_price or price()
    return records.Subscription(
        **{
            "id": f"sub_{of}",
            "customer_id": f"cus_{of}",
            "status": records.SubscriptionStatus.ACTIVE,
            "currency": bought.currency,
            "items": (records.Item(id=f"si_{of}", price=bought, quantity=1),),
            "created_at": EPOCH,
            "started_at": EPOCH,
            "current_period_start": NOW - timedelta(days=10),
            "current_period_end": NOW + timedelta(days=20),
            **fields,
        }
    )


def invoice(number: int, of: str, **fields: Any) -> records.Invoice:
    """A paid invoice of 100.00 usd."""
    return records.Invoice(
        **{
            "id": f"in_{number}",
            "customer_id": f"cus_{of}",
            "subscription_id": f"sub_{of}",
            "status": records.InvoiceStatus.PAID,
            "currency": "usd",
            "total": 10_000,
            "amount_due": 10_000,
            "amount_paid": 10_000,
            "amount_remaining": 0,
            "created_at": EPOCH,
            **fields,
        }
    )


def payment(number: int, of: str | None, **fields: Any) -> records.Payment:
    """A succeeded payment of 100.00 usd, a day ago."""
    return records.Payment(
        **{
            "id": f"ch_{number}",
            "customer_id": f"cus_{of}" if of else None,
            "status": records.PaymentStatus.SUCCEEDED,
            "currency": "usd",
            "amount": 10_000,
            "created_at": NOW - timedelta(days=1),
            **fields,
        }
    )


def gone(kind: type[records.Record], vendor_id: str, at: datetime = NOW) -> records.Deletion:
    return records.Deletion(id=vendor_id, of=kind, deleted_at=at)


def names(found: Iterable[Any]) -> list[str]:
    return [one.name for one in found]
