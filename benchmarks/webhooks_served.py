"""One way to take webhooks, served in a process of its own for benchmarks/webhooks.py.

"ours": as the web process does. "each": the same, with a transaction for each request.
"""

import json
import socket
import sys
from collections.abc import Sequence

import uvicorn
import uvloop
from starlette.applications import Starlette

from connectors.inbox import Inbox
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.session import Database
from storage.trust.webhook_events import Incoming, store
from web.webhooks import webhook_route

MASTER = {1: bytes(range(32))}


class OneByOne(Inbox):
    """Commits each request's events by themselves."""

    async def _stored(self, place: tuple[int, int], events: Sequence[Incoming]) -> bool:
        async with self._transactions:
            keys = await self._vault.source_keys(*place)
            async with self._db.tenant(place[0]) as session:
                await store(session, keys, events)
        return True


async def serve(url: str, keystore: str, way: str) -> None:
    """Prints the port, and serves until SIGTERM."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    db = Database.connect(url)
    make = {"ours": Inbox, "each": OneByOne}[way]
    async with (
        Vault(KeyStore(keystore), LocalMasterKeys(MASTER, where="here")) as vault,
        make(db, vault) as inbox,
    ):
        app = Starlette(routes=[webhook_route(inbox, "https://bot.example.com")])
        config = uvicorn.Config(app, access_log=False, log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        print(listening.getsockname()[1], flush=True)
        await server.serve(sockets=[listening])
    await db.dispose()


if __name__ == "__main__":
    uvloop.run(serve(**json.loads(sys.argv[1])))
