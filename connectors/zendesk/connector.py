"""Zendesk Support as a source: organizations, people, tickets with their metrics, satisfaction ratings.

Tickets and users come by Zendesk's incremental exports, for the first load and after it: these tell of what
was deleted, and of old tickets that no list has any more. Organizations are listed, then exported by time.
Organizations and people that are gone without a word (permanently deleted) are found by reconciliation.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import ClassVar

import msgspec
from msgspec import Struct

from connectors.auth import basic_token
from connectors.base import Access, Ask, Credential, Feed, Hook, Page, Stream
from connectors.declared import Declared, Found, Reading, Rows, chunks, feeds, is_theirs, together
from connectors.http import Api, Fault
from connectors.pace import Rate
from connectors.zendesk import wire
from connectors.zendesk.hook import HOOK
from connectors.zendesk.streams import ORGANIZATIONS, RATINGS, READINGS, TICKETS, USERS, ticket
from storage.records import Deletion, Record

PAGE, EXPORT, MANY = 100, 1000, 100
EXPORTS = "/api/v2/incremental/{}/cursor"
ORGANIZATION_EXPORT = "/api/v2/incremental/organizations"
START = "start:"
"""What a cursor of exports begins with that is a time yet (unix seconds), no cursor of Zendesk's."""

CODES = frozenset(
    {
        "forbidden",
        "invalid_pagination_parameter",
        "record_invalid",
        "record_not_found",
        "start_time_too_recent",
        "too_many_requests",
    }
)
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_SUBDOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

_EXPORTED = {reading.stream.name: EXPORTS.format(reading.stream.name) for reading in (TICKETS, USERS)}
_me = msgspec.json.Decoder(wire.MyUser)
_metrics = msgspec.json.Decoder(wire.Metrics)
_problem = msgspec.json.Decoder(wire.Problem)


class Zendesk(Declared):
    """One Zendesk Support account, by an administrator's API token (`e-mail/token:key`)."""

    name: ClassVar[str] = "zendesk"
    label: ClassVar[str] = "Zendesk"
    guide: ClassVar[str] = "docs/sources/zendesk.md"
    hook: ClassVar[Hook | None] = HOOK
    readings: ClassVar[tuple[Reading, ...]] = READINGS
    streams: ClassVar[tuple[Stream, ...]] = tuple(reading.stream for reading in READINGS)
    feeds: ClassVar[tuple[Feed, ...]] = feeds(READINGS, deletions=("tickets", "users"))
    permissions: ClassVar[tuple[str, ...]] = ("an API token of an administrator",)
    about: ClassVar[type[Struct]] = wire.Answer
    ids_a_second: ClassVar[float] = 50.0
    asks: ClassVar[tuple[Ask, ...]] = (
        Ask(name="subdomain", prompt="Subdomain (acme, of acme.zendesk.com)", address=True),
        Ask(name="email", prompt="E-mail of the administrator"),
        Ask(name="key", prompt="API token", secret=True),
    )

    @classmethod
    def credential(cls, answers: Mapping[str, str], base_url: str | None) -> Credential:
        """A key that holds the e-mail already is taken as it is."""
        key, email = answers["key"], answers.get("email", "")
        subdomain = answers.get("subdomain", "").strip().lower().removesuffix(".zendesk.com")
        if base_url is None and not _SUBDOMAIN.fullmatch(subdomain):
            raise ValueError("The subdomain is what stands before .zendesk.com in your address.")
        if "/token:" not in key and "@" not in email:
            raise ValueError("Zendesk wants the e-mail address of whom the token belongs to.")
        return Credential(
            key=key if "/token:" in key else f"{email.strip()}/token:{key}",
            base_url=base_url or f"https://{subdomain}.zendesk.com",
        )

    @classmethod
    def api(cls, credential: Credential) -> Api:
        """The limits of the smallest plan, 200 requests a minute, of which 10 for each export."""
        exports = dict.fromkeys((*_EXPORTED.values(), ORGANIZATION_EXPORT), 0.15)
        return Api(
            vendor="zendesk",
            base_url=credential.base_url or "",
            rate=Rate(
                per_second=3.0 if is_theirs(credential.base_url, "zendesk.com") else None,
                once_limited=3.0,
                slower=exports,
            ),
            fault=fault,
        )

    @classmethod
    def authorization(cls, key: str) -> str:
        return basic_token(key)

    async def check(self) -> Access:
        """Exports are for administrators only, whatever an agent may read by the page."""
        me = await self.client.get("/api/v2/users/me", _me.decode)
        access = await super().check()
        if me.user.role == "admin":
            return access
        exported = tuple(name for name in _EXPORTED if name in access.readable)
        return Access(
            readable=tuple(name for name in access.readable if name not in exported),
            refused=(*access.refused, *exported),
        )

    async def probe(self, stream: Stream) -> None:
        await self.client.get(stream.path, self.heads[stream.name], query=[("page[size]", "1")])

    def walk(self, stream: Stream, rows: Rows, cursor: str | None) -> AsyncIterator[tuple[Found, str | None]]:
        if stream.name in _EXPORTED:
            return self._exported(stream, rows, cursor or f"{START}1")
        return self._listed(stream, rows, cursor)

    def walk_ids(
        self, stream: Stream, rows: Rows, cursor: str | None
    ) -> AsyncIterator[tuple[Found, str | None]]:
        """By list, which leaves out users that were deleted."""
        return self._listed(stream, rows, cursor)

    async def _listed(
        self, stream: Stream, rows: Rows, cursor: str | None, since: str = ""
    ) -> AsyncIterator[tuple[Found, str | None]]:
        query = [("page[size]", str(PAGE))]
        if stream is RATINGS.stream:
            query += [("score", "received"), *([("start_time", since)] if since else [])]
        while True:
            after = [("page[after]", cursor)] if cursor else []
            found = await self.client.get(stream.path, rows, query=[*query, *after])
            following = found.about.meta.after_cursor if found.about.meta.has_more else None
            yield found, following
            if following is None:
                return
            if following == cursor:
                raise self.client.unexpected(stream.path, "loop")
            cursor = following

    async def _exported(
        self, stream: Stream, rows: Rows, cursor: str
    ) -> AsyncIterator[tuple[Found, str | None]]:
        """None as the cursor after the last page: the feed, begun before, goes on from there."""
        async for found, after in self._export(stream, rows, cursor):
            yield found, None if found.about.end_of_stream else after

    async def _export(self, stream: Stream, rows: Rows, cursor: str) -> AsyncIterator[tuple[Found, str]]:
        path = _EXPORTED[stream.name]
        query = [("per_page", str(EXPORT))]
        if stream is TICKETS.stream:
            query.append(("include", "metric_sets"))
        while True:
            is_start = cursor.startswith(START)
            place = ("start_time", cursor.removeprefix(START)) if is_start else ("cursor", cursor)
            found = await self.client.get(path, rows, query=[*query, place])
            following = found.about.after_cursor or cursor
            yield found, following
            if found.about.end_of_stream:
                return
            if following == cursor:
                raise self.client.unexpected(path, "loop")
            cursor = following

    async def build(self, reading: Reading, found: Found) -> list[Record | Deletion]:
        """Metrics stand beside the tickets they are of; one that cannot be read is as good as none."""
        if reading is not TICKETS:
            return await super().build(reading, found)
        metrics: dict[int, wire.Metrics] = {}
        for raw in found.about.metric_sets:
            try:
                read = _metrics.decode(raw)
            except msgspec.ValidationError:
                continue
            metrics[read.ticket_id] = read
        return self.made(found, reading.stream, partial(ticket, metrics=metrics))

    async def start(self, feed: Feed) -> str:
        since = self.since(self.now())
        return f"{START}{since}" if feed.name in _EXPORTED else since

    async def follow(self, stream: Stream, cursor: str) -> AsyncIterator[Page]:
        rows = self.rows[stream.name]
        if stream.name in _EXPORTED:
            async for found, after in self._export(stream, rows, cursor):
                yield await self.page(stream, found, after)
        elif stream is ORGANIZATIONS.stream:
            async for page in self._organizations(int(cursor)):
                yield page
        else:
            until = self.since(self.now())
            async for found, more in self._listed(stream, rows, None, since=cursor):
                yield await self.page(stream, found, cursor if more else str(max(int(cursor), int(until))))

    async def _organizations(self, since: int) -> AsyncIterator[Page]:
        """By time: the last second of a page is told again with the next one."""
        stream, until = ORGANIZATIONS.stream, int(self.since(self.now()))
        while True:
            query = [("start_time", str(since)), ("per_page", str(EXPORT))]
            found = await self.client.get(ORGANIZATION_EXPORT, self.rows[stream.name], query=query)
            reached = max(since, found.about.end_time or since)
            is_last = found.about.end_of_stream or reached == since
            yield await self.page(stream, found, str(max(reached, until) if is_last else reached))
            if is_last:
                return
            since = reached

    async def retrieve(self, stream: Stream, ids: Sequence[str]) -> list[Found]:
        beside = [("include", "metric_sets")] if stream is TICKETS.stream else []
        return await together(
            self.client.get(
                f"{stream.path}/show_many",
                self.rows[stream.name],
                query=[("ids", ",".join(some)), *beside],
            )
            for some in chunks(ids, MANY)
        )


def fault(body: bytes) -> Fault:
    """Zendesk's name of what went wrong (`RecordNotFound`) as a code, if it is of its list."""
    try:
        name = _problem.decode(body).error or ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Fault()
    code = _CAPITAL.sub("_", name[:64]).lower()
    return Fault(code if code in CODES else None)
