"""What tests of HubSpot, Intercom and Zendesk share: a server, and a connector that reads it."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from connectors.base import Credential, Page
from connectors.declared import Declared
from connectors.errors import ErrorReport
from connectors.hubspot import HubSpot
from connectors.intercom import Intercom
from connectors.zendesk import Zendesk
from storage.records import Record
from tests.vendors.hubspot import HubSpotServer
from tests.vendors.intercom import IntercomServer
from tests.vendors.relation_companies import fill
from tests.vendors.server import VendorServer
from tests.vendors.zendesk import ZendeskServer

VENDORS: dict[str, tuple[type[Declared], type[VendorServer]]] = {
    "hubspot": (HubSpot, HubSpotServer),
    "intercom": (Intercom, IntercomServer),
    "zendesk": (Zendesk, ZendeskServer),
}


class Reached:
    """A server, its connector, and a clock for both that only moves when it is told to."""

    def __init__(self, server: Any, connector: Any, errors: list[ErrorReport]) -> None:
        self.server, self.connector, self.errors = server, connector, errors

    def pass_time(self, seconds: float) -> None:
        now = self.server.clock() + seconds
        self.server.clock = lambda: now
        self.connector.now = lambda: datetime.fromtimestamp(now, UTC)

    async def pages(self, stream: str) -> list[Page]:
        return [page async for page in self.connector.pages(self.connector.stream(stream))]

    async def records(self, stream: str) -> list[Record]:
        return [record for page in await self.pages(stream) for record in page.records]

    async def ids(self, stream: str) -> list[str]:
        found = self.connector.ids(self.connector.stream(stream))
        return [id_ async for page in found for id_ in page.ids]

    async def start(self, stream: str) -> str:
        feed = next(feed for feed in self.connector.feeds if feed.name == stream)
        return str(await self.connector.start(feed))

    async def follow(self, stream: str, cursor: str) -> tuple[list[Record], str]:
        """What changed since, and the cursor to go on with."""
        feed = next(feed for feed in self.connector.feeds if feed.name == stream)
        records: list[Record] = []
        async for page in self.connector.changes(feed, cursor, [stream]):
            records += page.records
            cursor = page.cursor
        return records, cursor

    async def fetch(self, stream: str, ids: Sequence[str]) -> list[Record]:
        page = await self.connector.fetch(self.connector.stream(stream), ids)
        return list(page.records)


@asynccontextmanager
async def reached(vendor: str, companies: int = 0, **options: Any) -> AsyncIterator[Reached]:
    """A server with so many companies, and the vendor's connector to it."""
    make, serve = VENDORS[vendor]
    errors: list[ErrorReport] = []

    async def note(report: ErrorReport) -> None:
        errors.append(report)

    async with serve(**options) as server:
        fill(server, companies)
        credential = Credential(key=server.key, base_url=server.url)
        async with make(credential, on_error=note) as connector:
            found = Reached(server, connector, errors)
            server.clock = time.time
            found.pass_time(0)
            yield found
