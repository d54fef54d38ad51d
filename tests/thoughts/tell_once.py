"""The part of a worker that tells thoughts, in a process of its own for tests that kill it."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import func, select

from bot.slack import sending
from bot.slack.alerts_courier import SlackCourier
from bot.slack.app import close, web_client
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.locks import Busy
from storage.models import Letter, Thought
from storage.session import Database
from storage.settings import Settings
from thoughts import claims, routing
from thoughts.posting import post_due
from thoughts.routing import route


def be_quick() -> None:
    """The same steps in less time, one thought a letter: so that there are many steps to be killed at."""
    claims.LEASE = timedelta(seconds=0.2)
    claims._FIRST_WAIT = 0.02
    sending.DOUBTFUL_WAIT = 0.02
    routing.MOST_IN_A_LETTER = 1
    routing.AT_ONCE = 50


async def main(database: str, keystore: str, master: str, account_id: int, slack: str) -> None:
    """Ends once all is told."""
    be_quick()
    db = Database.connect(database)
    keys = LocalMasterKeys({1: base64.b64decode(master)}, where="the test")
    client = web_client(Settings(slack_bot_token=SecretStr("xoxb-test"), slack_api_url=f"{slack}/api"))
    client.timeout = 2
    async with Vault(KeyStore(keystore), keys) as vault:
        while await _left(db, account_id):
            try:
                await route(db, vault, account_id, now=datetime.now(UTC))
            except Busy:
                await asyncio.sleep(0.01)
            await post_due(db, vault, account_id, {"slack": SlackCourier(lambda _team: client)})
            await asyncio.sleep(0.01)
    await close(client)
    await db.dispose()
    print("told", flush=True)  # noqa: T201 - tells the test


async def _left(db: Database, account_id: int) -> int:
    async with db.tenant(account_id, read_only=True) as session:
        unrouted = await session.scalar(
            select(func.count()).select_from(Thought).where(Thought.routed_at.is_(None))
        )
        unsent = await session.scalar(
            select(func.count()).select_from(Letter).where(Letter.state.in_(("due", "sending")))
        )
        return int(unrouted or 0) + int(unsent or 0)
