"""How long it takes from a webhook to the message in Slack: benchmarks/thoughts_latency.py [COUNT].

Everything is real but the vendors: the webhook is signed and stored, worked off by reading the charge again,
decided in that transaction, settled, posted to a Slack of the tests over HTTP. A worker that looks every
three seconds adds up to that much to what is measured here; what it does once it looks is measured.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, as well as with -m

from pydantic import SecretStr

from benchmarks.measure import percentile
from bot.slack.alerts_courier import SlackCourier
from bot.slack.app import close, web_client
from connectors.inbox import Inbox
from connectors.signatures import Asked
from connectors.sync import sync_source
from connectors.webhooks import work_off
from storage import accounts, migrate
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.session import Database
from storage.settings import Settings
from storage.sources import SourceSecret, add_source, set_signing_secrets
from tests.vendors.signing import signed, told
from tests.vendors.slack import fake_slack
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import company
from tests.vendors.stripe_objects import charge
from thoughts.posting import post_due
from thoughts.routing import route
from thoughts.subscriptions import Where, subscribe
from thoughts.wants import Wants
from thoughts.watching import Watcher

KEY, SECRET = "sk_test_of_the_benchmark", "whsec_of_the_benchmark"


def _later() -> datetime:
    """Past the minute in which posts are gathered."""
    return datetime.now(UTC) + timedelta(days=1)


async def measure(url: str, folder: Path, count: int) -> list[float]:
    """Seconds from a webhook's arrival to its message, one at a time."""
    db = Database.connect(url)
    db.observer = Watcher()
    keys = LocalMasterKeys({1: bytes(32)}, where="the benchmark")
    async with (
        Vault(KeyStore(f"sqlite+aiosqlite:///{folder}/keys.sqlite3"), keys) as vault,
        StripeServer(company(customers=200), key=KEY) as stripe,
        fake_slack() as slack,
        AsyncExitStack() as stack,
    ):
        now = datetime.now(UTC)
        account_id = await accounts.create_account(db, vault, name="Ours", now=now)
        source_id = await add_source(
            db, vault, account_id, kind="stripe", label="Stripe", secret=SourceSecret(KEY),
            base_url=stripe.url, now=now,
        )  # fmt: skip
        await set_signing_secrets(db, vault, account_id, source_id, [SECRET])
        await sync_source(db, vault, account_id, source_id)
        wants = Wants(kinds=("payment_failed",), budget=10**9)
        await subscribe(db, vault, account_id, Where("slack", "T1", "C1"), wants, by="U1", now=now)
        inbox = await stack.enter_async_context(Inbox(db, vault))
        client = web_client(
            Settings(slack_bot_token=SecretStr("xoxb-test"), slack_api_url=f"{slack.address}/api")
        )
        couriers = {"slack": SlackCourier(lambda _team: client)}
        people = [row.object["id"] for row in stripe.world.tables["customers"].rows]
        waits = []
        for number in range(count):
            at = int(time.time()) + 1
            made = charge(
                f"ch_late_{number}", customer=people[number % len(people)], status="failed", created=at,
                payment_intent=f"pi_late_{number}", failure_code="card_declined",
            )  # fmt: skip
            stripe.put("charges", made)
            body = told("stripe", "charge", made["id"], event=str(number), what="failed")
            headers = signed("stripe", body, SECRET, datetime.now(UTC), url="")
            began = perf_counter()
            assert await inbox.receive(account_id, source_id, Asked("POST", "", headers, body))
            await work_off(db, vault, account_id, source_id)
            await route(db, vault, account_id, now=datetime.now(UTC))
            await post_due(db, vault, account_id, couriers, clock=_later)
            waits.append(perf_counter() - began)
            assert slack.count("chat.postMessage") == number + 1
        await close(client)
    await db.dispose()
    return waits


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/latency.sqlite3"
        await migrate.upgrade(url)
        waits = [1000 * seconds for seconds in await measure(url, Path(folder), count)]
    print(
        f"webhook to Slack message, {count} one by one on SQLite: p50 {percentile(waits, 0.5):.0f} ms, "
        f"p99 {percentile(waits, 0.99):.0f} ms (a worker looks every 3 s besides)"
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
