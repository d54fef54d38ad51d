"""The one HTTP client of all connectors: auth, pace, retries, limits, and errors that name the next step.

A request goes over verified TLS, follows no redirect, is repeated only for failures that pass, and its
answer is decoded straight from bytes. Nothing is logged here: every failed attempt goes to `on_error` as
allow-listed facts, and exceptions carry the same facts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
import stamina
from msgspec import Struct

from connectors.auth import server
from connectors.errors import (
    ConnectorError,
    ErrorReport,
    KeyRefused,
    NotOffered,
    NotPermitted,
    OnError,
    RequestRefused,
    Retryable,
    SourceUnavailable,
    UnexpectedAnswer,
)
from connectors.pace import Pace, Rate

T = TypeVar("T")
Query = Sequence[tuple[str, str]]
Clock = Callable[[], datetime]

_ANSWERS = frozenset({HTTPStatus.OK, HTTPStatus.MULTI_STATUS})
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})
_FINAL: Mapping[int, type[ConnectorError]] = {401: KeyRefused, 403: NotPermitted, 404: NotOffered}
# Words joined by underscores: a name or a number that a vendor quotes in a code's place is neither.
_CODE = re.compile(r"(?=.{1,64}$)[a-z]+(?:_[a-z]+)+")

stamina.instrumentation.set_on_retry_hooks(())  # they print; failed attempts go to `on_error` instead


class Fault(Struct, frozen=True):
    """What an error body says, in the vendor's own codes."""

    code: str | None = None
    type: str | None = None


_NO_FAULT = Fault()


class Retries(Struct, frozen=True, kw_only=True):
    """Exponential waits with jitter, in seconds. A Retry-After is kept to the second up to `longest_wait`;
    a source that asks for more is given up for this time."""

    attempts: int = 6
    first_wait: float = 0.25
    jitter: float = 0.5
    most_wait: float = 20.0
    longest_wait: float = 60.0


class Api(Struct, frozen=True, kw_only=True):
    """How one vendor is spoken to. `fault` reads an error body, knows its codes, and fails on no bytes.

    `retry_header`, if the vendor has one, says "true" or "false" over every rule of ours. `request_id` is the
    form of the vendor's request ids: without one, none is kept. `largest` is the most bytes an answer may
    have, unpacked; `timeout` is seconds for one attempt.
    """

    vendor: str
    base_url: str
    rate: Rate
    fault: Callable[[bytes], Fault]
    headers: Mapping[str, str] = {}
    retry_header: str = ""
    request_id_header: str = "request-id"
    request_id: re.Pattern[str] = re.compile(r"(?!)")
    retries: Retries = Retries()
    largest: int = 16 * 2**20
    timeout: float = 60.0


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header, which is a number or an HTTP date; None if it says nothing."""
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Call(Struct):
    """One request and the attempt it is at. `path` is the template, which may be shown."""

    method: str
    path: str
    url: str
    query: Query = ()
    body: bytes | None = None
    attempt: int = 1


class Client:
    """A connection to one source. Use as an async context manager; any number of requests at a time."""

    def __init__(
        self, api: Api, authorization: str, *, on_error: OnError | None = None, now: Clock = _utc_now
    ) -> None:
        self._api = api
        self._base_url = server(api.base_url)
        self._headers = {**api.headers, "Authorization": authorization, "Accept": "application/json"}
        self._pace = Pace(api.rate)
        self._on_error = on_error
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),  # `Pace` bounds the requests
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=self._api.timeout, sock_connect=10),
            read_bufsize=2**20,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self,
        path: str,
        read: Callable[[bytes], T],
        *,
        ids: Mapping[str, str] | None = None,
        query: Query = (),
    ) -> T:
        """The answer of GET `path` (a template: `{id}` is filled from `ids`), as `read` decodes it.

        `read` raises msgspec.DecodeError for what it cannot read; this raises `connectors.errors` only.
        """
        return await self._repeat(_Call("GET", path, self._url(path, ids), query), read)

    async def post(
        self, path: str, read: Callable[[bytes], T], *, body: bytes, ids: Mapping[str, str] | None = None
    ) -> T:
        """As `get`, for searches that want a JSON body: only for requests that may be repeated."""
        return await self._repeat(_Call("POST", path, self._url(path, ids), body=body), read)

    def unexpected(self, path: str, reason: str) -> UnexpectedAnswer:
        """The error to raise where an answer can be decoded and still makes no sense."""
        return UnexpectedAnswer(self._report(_Call("GET", path, ""), reason, HTTPStatus.OK))

    def _url(self, path: str, ids: Mapping[str, str] | None) -> str:
        quoted = {name: quote(value, safe="") for name, value in (ids or {}).items()}
        return self._base_url + path.format_map(quoted)

    async def _repeat(self, call: _Call, read: Callable[[bytes], T]) -> T:
        """The first attempt that succeeds, or the error of the last."""
        retries = self._api.retries
        try:
            async for attempt in stamina.retry_context(
                on=self._backoff,
                attempts=retries.attempts,
                timeout=None,
                wait_initial=retries.first_wait,
                wait_jitter=retries.jitter,
                wait_max=retries.most_wait,
            ):
                with attempt:
                    call.attempt = attempt.num
                    return await self._attempt(call, read)
        except Retryable as error:
            raise SourceUnavailable(error.report, error.wait) from None
        raise AssertionError("the last attempt returns or raises")

    def _backoff(self, error: Exception) -> bool | float:
        if not isinstance(error, Retryable):
            return False
        if error.wait is None:
            return True
        return error.wait if error.wait <= self._api.retries.longest_wait else False

    async def _attempt(self, call: _Call, read: Callable[[bytes], T]) -> T:
        try:
            async with self._pace.turn(call.path):
                status, headers, body = await self._exchange(call)
            if status in _ANSWERS:
                return self._decoded(call, headers, body, read)
            raise self._failure(call, status, headers, body)
        except ConnectorError as error:
            if self._on_error is not None:
                await self._on_error(error.report)
            raise

    async def _exchange(self, call: _Call) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and whole body. `from None`: the library's texts name hosts and queries."""
        if self._session is None:
            raise RuntimeError("The client is not open: use it as an async context manager.")
        headers = {"Content-Type": "application/json"} if call.body is not None else None
        try:
            async with self._session.request(
                call.method,
                call.url,
                params=list(call.query),
                data=call.body,
                headers=headers,
                allow_redirects=False,
            ) as response:
                return response.status, response.headers, await self._body(call, response)
        except TimeoutError:
            raise Retryable(self._report(call, "timeout")) from None
        except aiohttp.ClientSSLError:
            raise UnexpectedAnswer(self._report(call, "certificate")) from None
        except aiohttp.ClientError:
            raise Retryable(self._report(call, "connection")) from None

    async def _body(self, call: _Call, response: aiohttp.ClientResponse) -> bytes:
        chunks, size = [], 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._api.largest:
                raise UnexpectedAnswer(self._report(call, "too_large", response.status))
            chunks.append(chunk)
        return b"".join(chunks)

    def _decoded(self, call: _Call, headers: Mapping[str, str], body: bytes, read: Callable[[bytes], T]) -> T:
        try:
            return read(body)
        except msgspec.ValidationError:  # `from None`: its text may quote a value
            reason = "shape"
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            reason = "not_json"
        raise UnexpectedAnswer(self._report(call, reason, HTTPStatus.OK, headers=headers)) from None

    def _failure(self, call: _Call, status: int, headers: Mapping[str, str], body: bytes) -> ConnectorError:
        """The error that says what to do about this status."""
        is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
        reason = "redirect" if is_redirect else "status"
        report = self._report(call, reason, status, fault=self._api.fault(body), headers=headers)
        wait = retry_after(headers.get("Retry-After"), self._now())
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            is_bearable = wait is not None and wait <= self._api.retries.longest_wait
            self._pace.limited(call.path, headers, (wait or None) if is_bearable else None)
        verdict = headers.get(self._api.retry_header, "") if self._api.retry_header else ""
        is_server_fault = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if verdict == "true" or (verdict != "false" and (status in _PASSING or is_server_fault)):
            return Retryable(report, wait)
        if is_server_fault or status == HTTPStatus.TOO_MANY_REQUESTS:
            return SourceUnavailable(report, wait)
        if status < HTTPStatus.BAD_REQUEST:
            return UnexpectedAnswer(report)
        return _FINAL.get(status, RequestRefused)(report)

    def _report(
        self,
        call: _Call,
        reason: str,
        status: int | None = None,
        *,
        fault: Fault = _NO_FAULT,
        headers: Mapping[str, str] | None = None,
    ) -> ErrorReport:
        return ErrorReport(
            vendor=self._api.vendor,
            path=call.path,
            reason=reason,
            attempt=call.attempt,
            at=self._now(),
            status=status,
            code=_matching(_CODE, fault.code),
            type=_matching(_CODE, fault.type),
            request_id=_matching(self._api.request_id, (headers or {}).get(self._api.request_id_header)),
        )


def _matching(pattern: re.Pattern[str], value: str | None) -> str | None:
    return value if value is not None and pattern.fullmatch(value) else None
