"""HubSpot as a source: companies, contacts, deals with their stages, and owners.

Loads walk the lists, 100 objects a page by id; a deal's company is asked for apart, which HubSpot calls
associations. Changes are searched by date of modification: each page of a search begins anew where the last
one ended, so that the 10,000 results that one search reaches are never a limit, and nothing that moves
meanwhile is passed over. Neither tells of archived, merged or purged objects: reconciliation finds those.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from connectors.auth import bearer
from connectors.base import Credential, Feed, Hook, Page, Stream
from connectors.declared import Declared, Found, Reading, Rows, chunks, feeds, is_theirs, together
from connectors.errors import NotOffered, NotPermitted, RequestRefused
from connectors.http import Api, Fault
from connectors.hubspot import wire
from connectors.hubspot.hook import HOOK
from connectors.hubspot.streams import (
    DEALS,
    OWNERS,
    PIPELINES,
    READINGS,
    SEARCHED,
    deal,
    modified,
    properties,
)
from connectors.pace import Rate
from connectors.values import Unreadable, moment
from storage.records import Deletion, Record

BASE_URL = "https://api.hubapi.com"
LIST, SEARCH, BATCH = 100, 200, 100
COMPANIES_OF_DEALS = "/crm/v4/associations/deals/companies/batch/read"
PRIMARY = 5
"""The association "deal to primary company", as HubSpot numbers them."""

CODES = frozenset(
    {
        "expired_authentication",
        "invalid_authentication",
        "missing_scopes",
        "object_not_found",
        "rate_limits",
        "validation_error",
    }
)

_associations = msgspec.json.Decoder(wire.Associations)
_account = msgspec.json.Decoder(wire.Account)
_problem = msgspec.json.Decoder(wire.Problem)


class HubSpot(Declared):
    """One HubSpot account, by the token of a private app or service key."""

    name: ClassVar[str] = "hubspot"
    label: ClassVar[str] = "HubSpot"
    guide: ClassVar[str] = "docs/sources/hubspot.md"
    hook: ClassVar[Hook | None] = HOOK
    readings: ClassVar[tuple[Reading, ...]] = READINGS
    streams: ClassVar[tuple[Stream, ...]] = tuple(reading.stream for reading in READINGS)
    feeds: ClassVar[tuple[Feed, ...]] = feeds(READINGS)
    permissions: ClassVar[tuple[str, ...]] = tuple(
        dict.fromkeys(reading.stream.permission for reading in READINGS)
    )
    about: ClassVar[type[Struct]] = wire.Answer
    ids_a_second: ClassVar[float] = 90.0  # a hundred a page, and one page in ten of the smallest plan's limit
    _home: str | None = None

    @classmethod
    def api(cls, credential: Credential) -> Api:
        """The limits of the smallest plan: 100 requests in 10 seconds, and 4 searches a second."""
        searches = {f"{reading.stream.path}/search": 3.8 for reading in SEARCHED.values()}
        return Api(
            vendor="hubspot",
            base_url=credential.base_url or BASE_URL,
            rate=Rate(
                per_second=9.0 if is_theirs(credential.base_url, "hubapi.com") else None,
                once_limited=9.0,
                slower=searches,
            ),
            fault=fault,
        )

    @classmethod
    def authorization(cls, key: str) -> str:
        return bearer(key)

    async def probe(self, stream: Stream) -> None:
        await self.client.get(stream.path, self.heads[stream.name], query=[("limit", "1")])

    async def walk(
        self, stream: Stream, rows: Rows, cursor: str | None
    ) -> AsyncIterator[tuple[Found, str | None]]:
        """Owners who left still own things: their list follows the other one (`-` in the cursor)."""
        is_left = (cursor or "").startswith("-")
        after = (cursor or "").removeprefix("-")
        while True:
            found = await self.client.get(
                stream.path, rows, query=self._query(stream, after, archived=is_left)
            )
            following = found.about.after
            if following and following == after:
                raise self.client.unexpected(stream.path, "loop")
            after = following
            if not after and stream is OWNERS.stream and not is_left:
                is_left = True
            elif not after:
                yield found, None
                return
            yield found, f"-{after}" if is_left else after

    def _query(self, stream: Stream, after: str, *, archived: bool) -> list[tuple[str, str]]:
        query = [("limit", str(LIST))] if stream is not PIPELINES.stream else []
        if stream.name in SEARCHED:
            query.append(("properties", ",".join(properties(SEARCHED[stream.name]))))
        return [
            *query,
            *([("after", after)] if after else []),
            *([("archived", "true")] if archived else []),
        ]

    async def build(self, reading: Reading, found: Found) -> list[Record | Deletion]:
        if reading is not DEALS:
            return await super().build(reading, found)
        companies = await self._companies(found.rows)
        if any(row.properties.amount and not row.properties.currency for row in found.rows):
            await self._find_home()
        return self.made(found, reading.stream, partial(deal, companies=companies, home=self._home))

    async def _companies(self, rows: Iterable[wire.Deal]) -> dict[str, str]:
        """The main company of each of these deals, or the only one."""
        inputs = [{"id": row.id} for row in rows]
        if not inputs:
            return {}
        body = msgspec.json.encode({"inputs": inputs})
        told = await self.client.post(COMPANIES_OF_DEALS, _associations.decode, body=body)
        return {one.deal.id: str(_main(one.to).company) for one in told.results if one.to}

    async def _find_home(self) -> None:
        """The account's own currency, which deals are in that name none."""
        if self._home is None:
            try:
                account = await self.client.get("/account-info/v3/details", _account.decode)
            except (NotPermitted, NotOffered, RequestRefused):
                self._home = ""
            else:
                self._home = account.currency

    async def follow(self, stream: Stream, cursor: str) -> AsyncIterator[Page]:
        if stream.name not in SEARCHED:
            async for page in super().follow(stream, cursor):
                yield page
            return
        until = self.since(self.now())
        async for found, reached in self._search(SEARCHED[stream.name], int(cursor) * 1000):
            yield await self.page(stream, found, str(min(reached // 1000, int(until))))
        yield Page(records=[], cursor=str(max(int(cursor), int(until))), count=0)

    async def _search(self, reading: Reading, since: int) -> AsyncIterator[tuple[Found, int]]:
        """Objects by date of modification (milliseconds), from `since` on, and how far each page reaches.

        A page of one and the same millisecond, as imports make them, is gone on with by id.
        """
        by, path = modified(reading), reading.stream.path
        last = ""  # the id after which to go on among the objects of `since`
        while True:
            found, size = await self._ask(reading, by, since, last)
            reached = max((_milliseconds(row) for row in found.rows), default=since)
            yield found, reached
            is_full = size == SEARCH
            if is_full and not found.rows:
                raise self.client.unexpected(path, "shape")
            if last:
                since, last = (since, found.rows[-1].id) if is_full else (since + 1, "")
            elif not is_full:
                return
            elif reached > since:
                since = reached
            else:
                last = "0"

    async def _ask(self, reading: Reading, by: str, since: int, last: str) -> tuple[Found, int]:
        """One page: of everything since then, or of that very millisecond after an id."""
        at = {"propertyName": by, "operator": "GTE", "value": str(since)}
        if last:
            filters = [
                at,
                {"propertyName": by, "operator": "LTE", "value": str(since)},
                {"propertyName": "hs_object_id", "operator": "GT", "value": last},
            ]
        else:
            filters = [at]
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id" if last else by, "direction": "ASCENDING"}],
            "properties": properties(reading),
            "limit": SEARCH,
        }
        found = await self.client.post(
            f"{reading.stream.path}/search", self.rows[reading.stream.name], body=msgspec.json.encode(body)
        )
        return found, len(found.rows) + len(found.skipped)

    async def retrieve(self, stream: Stream, ids: Sequence[str]) -> list[Found]:
        wanted = properties(SEARCHED[stream.name])
        return await together(
            self.client.post(
                f"{stream.path}/batch/read",
                self.rows[stream.name],
                body=msgspec.json.encode(
                    {
                        "inputs": [{"id": id_} for id_ in some],
                        "properties": wanted,
                        "propertiesWithHistory": [],
                    }
                ),
            )
            for some in chunks(ids, BATCH)
        )


def _main(to: list[wire.Associated]) -> wire.Associated:
    return next((one for one in to if any(label.type == PRIMARY for label in one.labels)), to[0])


def _milliseconds(row: Any) -> int:
    """When an object was modified; 0 where that cannot be read."""
    try:
        found = moment(row.properties.modified, "")
    except Unreadable:
        return 0
    return round(found.timestamp() * 1000) if found else 0


def fault(body: bytes) -> Fault:
    """HubSpot's category of what went wrong, if it is of its list."""
    try:
        category = (_problem.decode(body).category or "").lower()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Fault()
    return Fault(category if category in CODES else None)
