"""The example account with all four of its systems connected, on its day."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

import time_machine

from tests.connectors.relations import VENDORS
from tests.e2e.machine import Machine
from tests.vendors.server import read_world
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_data import World


@asynccontextmanager
async def connected(machine: Machine, folder: Path, now: datetime) -> AsyncIterator[Machine]:
    """The machine, initialised and synced with the four systems of `folder`."""
    with time_machine.travel(now, tick=False):
        async with AsyncExitStack() as stack:
            stripe = await stack.enter_async_context(StripeServer(World.read(folder / "stripe")))
            servers = [("stripe", stripe.url, "sk_test_example\n")]
            for vendor, (_, serve) in VENDORS.items():
                server = await stack.enter_async_context(serve(read_world(folder / vendor)))
                servers.append((vendor, server.url, "\n".join(server.key.split("/token:")) + "\n"))
            await machine.well("init", "--name", "Example")
            for kind, url, typed in servers:
                await machine.well("source", "add", kind, "--base-url", url, stdin=typed)
            told = await machine.well("sync")
            assert "left out" not in told, told
            assert "could not be read" not in told, told
            yield machine
