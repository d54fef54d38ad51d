"""One sync by Chewbotta in a process of its own; prints what it cost as JSON. Started by `sync.py`."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from time import perf_counter, process_time

from sqlalchemy import func, select

from benchmarks.measure import costs, report
from connectors.registry import connector_class
from connectors.sync import Progress, sync_source
from storage import accounts, models
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.session import Database
from storage.sources import SourceSecret, add_source

_MASTER = bytes(range(32))
KINDS = (
    models.Product,
    models.Price,
    models.Customer,
    models.Subscription,
    models.Invoice,
    models.Payment,
    models.Refund,
    models.Dispute,
)


async def main(database: str, keystore: str, url: str, account_id: int = 0) -> None:
    """Syncs the source of `account_id` again, or makes an account first and loads it."""
    db = Database.connect(database)
    ended: dict[str, tuple[float, float]] = {}

    def note(progress: Progress) -> None:
        ended[progress.phase] = perf_counter(), process_time()

    async with Vault(KeyStore(keystore), LocalMasterKeys({1: _MASTER}, where="the benchmark")) as vault:
        if not account_id:
            account_id = await _account(db, vault, url)
        connector_class("stripe")  # its imports cost half a second, once a process
        start = perf_counter(), process_time()
        with costs() as cost:
            result = await sync_source(db, vault, account_id, 1, on_progress=note)
    loaded, cpu = ended.get("load", start)
    report(
        cost,
        account_id=account_id,
        read=result.read,
        load_seconds=loaded - start[0],
        load_cpu=cpu - start[1],
        derived=result.recomputed,
        stored=await _stored(db, account_id),
        left_out=result.left_out,
    )
    await db.dispose()


async def _account(db: Database, vault: Vault, url: str) -> int:
    now = datetime.now(UTC)
    account_id = await accounts.create_account(db, vault, name="Benchmark", now=now)
    await add_source(
        db,
        vault,
        account_id,
        kind="stripe",
        label="Stripe",
        secret=SourceSecret("sk_live_benchmark"),
        base_url=url,
        now=now,
    )
    return account_id


async def _stored(db: Database, account_id: int) -> int:
    """Rows in the tables of records."""
    async with db.tenant(account_id, read_only=True) as session:
        return sum([await session.scalar(select(func.count()).select_from(kind)) or 0 for kind in KINDS])


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
