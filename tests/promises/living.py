"""What an account lives through before something is deleted, and the words of one of its customers."""

import contextlib
import json
from datetime import UTC, datetime, timedelta

from bot.kept import StoredMessages
from connectors.errors import ConnectorError
from storage.conversations import save_context
from storage.keys.reencrypt import Step, renew
from storage.keys.vault import SETTLED_SECONDS
from storage.trust.messages import Post
from storage.trust.webhook_events import Incoming, store
from tests.promises.canaries import Canaries
from tests.promises.stripe_canaries import email_of, name_of
from tests.promises.sweep import Stage
from tests.storage.keys.some_keys import let_time_pass
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import NOW

RENAMED = 9
"""Customer 1 is called by this number after a while."""


async def live(stage: Stage, server: StripeServer) -> None:
    """Syncs, an error, a change, a webhook, questions, a posted answer: customer 1 is in all of it. People
    sign in, and Slack is connected."""
    await stage.sync()
    await stage.join()
    server.break_next("/v1/customers", lambda _: server._json(b"{}", 500))
    with contextlib.suppress(ConnectorError):
        await stage.sync(full=True)
    rows = server.world.tables["customers"].rows
    first = next(row.object for row in rows if row.object["id"] == "cus_1")
    server.put("customers", {**first, "name": name_of(stage.canaries, RENAMED)}, "customer.updated")
    await stage.sync()
    await receive(stage, "evt_1", "cus_1")
    await stage.ask(f"MRR of {name_of(stage.canaries, RENAMED)}")
    answer = await stage.ask(f"tell me about {email_of(stage.canaries, 1)}", "another talk")
    await StoredMessages(stage.db, stage.vault).keep(stage.account_id, answer, [Post("C1", "1.0")])
    await stage.ask("and last month?")
    named = json.dumps(name_of(stage.canaries, 1)).encode()  # what an offered choice would say
    await save_context(stage.db, stage.vault, stage.account_id, "a third talk", named, NOW)


async def receive(stage: Stage, event: str, customer: str) -> bool:
    """A webhook whose body names the customer, stored as it would be received."""
    keys = await stage.vault.source_keys(stage.account_id, stage.source_id)
    body = f'{{"name":"{name_of(stage.canaries, int(customer[-1]))}"}}'.encode()
    async with stage.db.tenant(stage.account_id) as session:
        incoming = Incoming(event, "customer.updated", body, customer, datetime.now(UTC))
        return bool(await store(session, keys, [incoming]))


async def renew_key(stage: Stage, source_id: int) -> None:
    """The key of the source (0: the account's own) is renewed, as it is due within a day of a deletion."""

    async def step() -> Step:
        place = (stage.db, stage.vault, stage.account_id, source_id)
        return (await renew(*place, now=datetime.now(UTC) + timedelta(days=1))).step

    assert await step() is Step.ANNOUNCED
    await let_time_pass(stage.files.keystore_url, SETTLED_SECONDS)
    while (done := await step()) is not Step.RETIRED:
        assert done is Step.RESEALED


def words_of_the_first(canaries: Canaries) -> tuple[str, ...]:
    """What leads to customer 1: both its names (one is in its addresses), its number, its ids elsewhere."""
    return (
        f"{canaries.kept}1",
        f"{canaries.kept}{RENAMED}",
        f"{canaries.phone}1",
        f"{canaries.kept}hubspot1",
        f"{canaries.kept}intercom1",
    )
