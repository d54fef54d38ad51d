"""One sync in a process of its own, for tests that kill it: `main` is run by tests/zygote.py."""

import base64
from datetime import datetime

from connectors.sync import sync_source
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.session import Database


async def main(database: str, keystore: str, master: str, account_id: int, source_id: int, now: str) -> None:
    at = datetime.fromisoformat(now)
    db = Database.connect(database)
    keys = LocalMasterKeys({1: base64.b64decode(master)}, where="the test")
    async with Vault(KeyStore(keystore), keys) as vault:
        await sync_source(db, vault, account_id, source_id, clock=lambda: at)
    await db.dispose()
