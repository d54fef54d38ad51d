"""Intercom as a source: companies, contacts, conversations with their ratings, and the team that answers.

Companies can only be scrolled through, one scroll at a time. Contacts and conversations are listed, and
searched by date of change: newest first, until what is older than last time begins, since the search for
contacts understands whole days only while its sorting goes by the second.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import ClassVar

import msgspec
from msgspec import Struct

from connectors.auth import bearer
from connectors.base import Access, Credential, Feed, Hook, Page, Stream
from connectors.declared import Declared, Found, Reading, Rows, feeds, is_theirs, together, utc_now
from connectors.errors import KeyRefused, NotOffered, OnError, RequestRefused, SourceUnavailable
from connectors.http import Api, Clock, Fault
from connectors.intercom import wire
from connectors.intercom.hook import HOOK
from connectors.intercom.streams import ADMINS, COMPANIES, READINGS
from connectors.pace import Rate

BASE_URL = "https://api.intercom.io"
ELSEWHERE = ("https://api.eu.intercom.io", "https://api.au.intercom.io")
VERSION = "2.15"
PAGE = 150
TWO_DAYS = 2 * 86_400
SCROLL_WAITS = 8
"""How often to ask for a scroll while another one is open: it dies of a minute's silence."""

CODES = frozenset(
    {
        "api_plan_restricted",
        "not_found",
        "parameter_invalid",
        "parameter_not_found",
        "rate_limit_exceeded",
        "scroll_exists",
        "server_error",
        "token_not_found",
        "token_revoked",
        "token_unauthorized",
    }
)


class Intercom(Declared):
    """One Intercom workspace, by an access token."""

    name: ClassVar[str] = "intercom"
    label: ClassVar[str] = "Intercom"
    guide: ClassVar[str] = "docs/sources/intercom.md"
    hook: ClassVar[Hook | None] = HOOK
    readings: ClassVar[tuple[Reading, ...]] = READINGS
    streams: ClassVar[tuple[Stream, ...]] = tuple(reading.stream for reading in READINGS)
    feeds: ClassVar[tuple[Feed, ...]] = feeds(READINGS)
    permissions: ClassVar[tuple[str, ...]] = tuple(
        dict.fromkeys(reading.stream.permission for reading in READINGS)
    )
    about: ClassVar[type[Struct]] = wire.Answer
    ids_a_second: ClassVar[float] = 500.0
    scroll_wait: ClassVar[float] = 10.0

    def __init__(
        self, credential: Credential, *, on_error: OnError | None = None, now: Clock = utc_now
    ) -> None:
        super().__init__(credential, on_error=on_error, now=now)
        self._credential = credential

    @classmethod
    def api(cls, credential: Credential) -> Api:
        """10,000 requests a minute for an app, counted in windows of ten seconds."""
        return Api(
            vendor="intercom",
            base_url=credential.base_url or BASE_URL,
            rate=Rate(
                per_second=150.0 if is_theirs(credential.base_url, "intercom.io") else None,
                once_limited=150.0,
            ),
            fault=fault,
            headers={"Intercom-Version": VERSION},
        )

    @classmethod
    def authorization(cls, key: str) -> str:
        return bearer(key)

    async def check(self) -> Access:
        """A workspace lives in one region, and its token opens no other: where it is refused, go on."""
        try:
            return await super().check()
        except KeyRefused:
            if self._credential.base_url is not None:
                raise
            for region in ELSEWHERE:
                with suppress(KeyRefused):
                    async with type(self)(Credential(key=self._credential.key, base_url=region)) as there:
                        return msgspec.structs.replace(await there.check(), base_url=region)
            raise

    async def probe(self, stream: Stream) -> None:
        """Companies are asked for by another list: a scroll that is left open locks everybody out."""
        path, query = stream.path, [("per_page", "1")]
        if stream is COMPANIES.stream:
            await self.client.post("/companies/list", self.heads[stream.name], body=b'{"per_page": 1}')
        else:
            await self.client.get(path, self.heads[stream.name], query=query)

    async def walk(
        self, stream: Stream, rows: Rows, cursor: str | None
    ) -> AsyncIterator[tuple[Found, str | None]]:
        """A cursor that the server knows no more begins the list anew: its rows are only read again."""
        while True:
            try:
                found, after = await self._next(stream, rows, cursor)
            except (NotOffered, RequestRefused):
                if cursor is None:
                    raise
                found, after = await self._next(stream, rows, None)
            yield found, after
            if after is None:
                return
            if after == cursor and stream is not COMPANIES.stream:
                raise self.client.unexpected(stream.path, "loop")
            cursor = after

    async def _next(self, stream: Stream, rows: Rows, cursor: str | None) -> tuple[Found, str | None]:
        if stream is COMPANIES.stream:
            return await self._scrolled(rows, cursor)
        query = [] if stream is ADMINS.stream else [("per_page", str(PAGE))]
        after = [("starting_after", cursor)] if cursor else []
        found = await self.client.get(stream.path, rows, query=[*query, *after])
        return found, _after(found)

    async def _scrolled(self, rows: Rows, cursor: str | None) -> tuple[Found, str | None]:
        """An empty page ends a scroll, and every page names the same one."""
        path = COMPANIES.stream.path
        query = [("scroll_param", cursor)] if cursor else []
        for _ in range(SCROLL_WAITS):
            try:
                found = await self.client.get(path, rows, query=query)
            except RequestRefused as error:
                if error.report.code != "scroll_exists":
                    raise
                refused = error.report
                await asyncio.sleep(self.scroll_wait)
            else:
                is_end = not found.rows and not found.skipped
                return found, None if is_end else found.about.scroll_param
        raise SourceUnavailable(refused)

    async def follow(self, stream: Stream, cursor: str) -> AsyncIterator[Page]:
        """The cursor moves with the last page only: before it, nothing older is known to be read."""
        if stream is ADMINS.stream:
            async for page in super().follow(stream, cursor):
                yield page
            return
        since, until = int(cursor), self.since(self.now())
        changed = self._all_changed(stream) if stream is COMPANIES.stream else self._searched(stream, since)
        async for found in changed:
            is_last = found.rows and stream is not COMPANIES.stream and found.rows[-1].updated_at < since
            found.rows = [row for row in found.rows if row.updated_at >= since]
            if found.rows or found.skipped:
                yield await self.page(stream, found, cursor)
            if is_last:
                break
        yield Page(records=[], cursor=str(max(since, int(until))), count=0)

    async def _all_changed(self, stream: Stream) -> AsyncIterator[Found]:
        async for found, _ in self.walk(stream, self.rows[stream.name], None):
            yield found

    async def _searched(self, stream: Stream, since: int) -> AsyncIterator[Found]:
        """What changed in the last days, newest change first."""
        after: str | None = None
        while True:
            body = {
                "query": {"field": "updated_at", "operator": ">", "value": max(0, since - TWO_DAYS)},
                "sort": {"field": "updated_at", "order": "descending"},
                "pagination": {"per_page": PAGE} | ({"starting_after": after} if after else {}),
            }
            found = await self.client.post(
                f"{stream.path}/search", self.rows[stream.name], body=msgspec.json.encode(body)
            )
            yield found
            if (following := _after(found)) is None or following == after:
                return
            after = following

    async def retrieve(self, stream: Stream, ids: Sequence[str]) -> list[Found]:
        path = "/companies" if stream is COMPANIES.stream else stream.path
        found = await together(self._one(stream, path, id_) for id_ in ids)
        return [one for one in found if one is not None]

    async def _one(self, stream: Stream, path: str, id_: str) -> Found | None:
        def read(body: bytes) -> Found:
            return self.rows[stream.name](b'{"%s":[%s]}' % (self.reading[stream.name].rows.encode(), body))

        try:
            return await self.client.get(f"{path}/{{id}}", read, ids={"id": id_})
        except NotOffered:
            return None


def _after(found: Found) -> str | None:
    pages: wire.Pages | None = found.about.pages
    return pages.next.starting_after if pages and pages.next else None


_problems = msgspec.json.Decoder(wire.Problems)


def fault(body: bytes) -> Fault:
    """Intercom's first error code, if it is of its list."""
    try:
        errors = _problems.decode(body).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Fault()
    code = errors[0].code if errors else None
    return Fault(code if code in CODES else None)
