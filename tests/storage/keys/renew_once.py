"""One step of a key renewal in a process of its own, for tests that kill it: a line for every batch.

`main` is run by tests/zygote.py.
"""

import base64
import sys
from datetime import datetime
from typing import Any

from storage.keys import reencrypt
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.session import Database


async def main(
    database: str, keystore: str, master: str, account_id: int, source_id: int, now: str, at_once: int
) -> None:
    reencrypt._AT_ONCE = at_once
    update_each = reencrypt.update_each

    async def told(*given: Any) -> None:
        await update_each(*given)
        sys.stdout.write(".\n")
        sys.stdout.flush()

    reencrypt.update_each = told
    db = Database.connect(database)
    keys = LocalMasterKeys({1: base64.b64decode(master)}, where="the test")
    async with Vault(KeyStore(keystore), keys) as vault:
        await reencrypt.renew(db, vault, account_id, source_id, now=datetime.fromisoformat(now))
    await db.dispose()
