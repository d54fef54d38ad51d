"""What the HTTP client does about every way in which a server can fail."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from connectors.auth import basic, bearer, server
from connectors.errors import (
    ConnectorError,
    ErrorReport,
    KeyRefused,
    NotOffered,
    NotPermitted,
    RequestRefused,
    SourceUnavailable,
    UnexpectedAnswer,
)
from connectors.http import Api, Client, Fault, Retries, retry_after
from connectors.pace import Rate
from connectors.stripe.session import REQUEST_ID, fault

KEY = "sk_live_do_not_tell"
SECRET = "ada@example.com"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT_ONCE = Retries(attempts=4, first_wait=0, jitter=0, most_wait=0, longest_wait=60)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
read_list = msgspec.json.Decoder(list[int]).decode


class Peer:
    """A server that gives scripted answers, the last one for ever."""

    def __init__(self) -> None:
        self.script: list[Handler | web.Response] = []
        self.seen: list[web.Request] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, web.Response):
            return web.Response(body=step.body, status=step.status, headers=step.headers)
        return await step(request)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield peer
    await runner.cleanup()


class Asker:
    """A client of the peer, and the reports of its failed attempts."""

    def __init__(self, peer: Peer, **changes: Any) -> None:
        self.reports: list[ErrorReport] = []
        settings: dict[str, Any] = {
            "vendor": "stripe",
            "base_url": peer.url,
            "rate": Rate(per_second=None, once_limited=1e6),
            "fault": fault,
            "retry_header": "Stripe-Should-Retry",
            "request_id": REQUEST_ID,
            "retries": AT_ONCE,
        }
        self.client = Client(Api(**(settings | changes)), bearer(KEY), on_error=self._report, now=lambda: NOW)

    async def _report(self, report: ErrorReport) -> None:
        self.reports.append(report)

    async def ask(self) -> list[int]:
        async with self.client as client:
            return await client.get(
                "/v1/things/{id}", read_list, ids={"id": "a/b"}, query=[("email", SECRET), ("expand[]", "x")]
            )


def answer(status: int = 200, body: bytes = b"[1,2]", **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(body=body, status=status, headers={"Content-Type": "application/json", **named})


def refusal(status: int, code: str = "", **headers: str) -> web.Response:
    body = {"error": {"type": "invalid_request_error", "code": code, "message": f"No such thing: {SECRET}"}}
    return answer(status, msgspec.json.encode(body), **headers)


async def test_a_request_carries_key_headers_query_and_quoted_ids(peer: Peer) -> None:
    """Ids are quoted into the path, the query keeps its brackets, the key goes as a bearer token."""
    peer.script = [answer()]
    assert await Asker(peer, headers={"Stripe-Version": "v"}).ask() == [1, 2]
    (seen,) = peer.seen
    assert seen.raw_path.partition("?")[0] == "/v1/things/a%2Fb"
    assert dict(seen.query) == {"email": SECRET, "expand[]": "x"}
    assert seen.headers["Authorization"] == f"Bearer {KEY}"
    assert seen.headers["Stripe-Version"] == "v"


async def test_a_search_is_posted_as_json(peer: Peer) -> None:
    """A body goes out as JSON and is repeated with the request."""
    peer.script = [answer(500, b""), answer()]
    async with Asker(peer).client as client:
        assert await client.post("/search", read_list, body=b'{"limit":1}') == [1, 2]
    assert [seen.headers["Content-Type"] for seen in peer.seen] == ["application/json"] * 2


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
async def test_a_passing_failure_is_repeated_until_it_passes(peer: Peer, status: int) -> None:
    """Conflicts, limits and server faults are tried again, and every failed attempt is reported."""
    peer.script = [refusal(status), refusal(status), answer()]
    asker = Asker(peer)
    assert await asker.ask() == [1, 2]
    assert [(r.status, r.attempt, r.reason) for r in asker.reports] == [
        (status, 1, "status"),
        (status, 2, "status"),
    ]


async def test_retries_end(peer: Peer) -> None:
    """After the last attempt the source is unavailable."""
    peer.script = [refusal(503)]
    with pytest.raises(SourceUnavailable):
        await Asker(peer).ask()
    assert len(peer.seen) == AT_ONCE.attempts


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, RequestRefused), (401, KeyRefused), (402, RequestRefused), (403, NotPermitted), (404, NotOffered)],
)
async def test_a_final_refusal_names_the_next_step_at_once(
    peer: Peer, status: int, error: type[ConnectorError]
) -> None:
    """What will not pass is not repeated; the error carries the vendor's code and request id."""
    peer.script = [refusal(status, "more_permissions_required", Request_Id="req_Ab12")]
    with pytest.raises(error) as caught:
        await Asker(peer).ask()
    assert len(peer.seen) == 1
    report = caught.value.report
    assert (report.code, report.request_id, report.path) == (
        "more_permissions_required",
        "req_Ab12",
        "/v1/things/{id}",
    )


@pytest.mark.parametrize(
    ("status", "verdict", "attempts"), [(400, "true", 2), (500, "false", 1), (429, "false", 1)]
)
async def test_the_servers_own_word_on_retrying_is_kept(
    peer: Peer, status: int, verdict: str, attempts: int
) -> None:
    """Stripe-Should-Retry goes over the status."""
    peer.script = [refusal(status, Stripe_Should_Retry=verdict), answer()]
    try:
        await Asker(peer).ask()
    except SourceUnavailable:
        assert verdict == "false"
    assert len(peer.seen) == attempts


async def test_retry_after_is_waited_for(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 429 with Retry-After is repeated after exactly that time, and other requests wait for it too."""
    waits: list[float] = []
    sleep = asyncio.sleep

    async def no_sleep(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", no_sleep)
    peer.script = [refusal(429, Retry_After="7"), answer()]
    assert await Asker(peer).ask() == [1, 2]
    assert max(waits) == 7.0


async def test_a_source_that_asks_for_too_long_a_wait_is_given_up(peer: Peer) -> None:
    """Beyond the longest wait nothing is repeated; the error tells how long to stay away."""
    peer.script = [refusal(429, Retry_After="3600")]
    with pytest.raises(SourceUnavailable) as caught:
        await Asker(peer).ask()
    assert (caught.value.wait, len(peer.seen)) == (3600.0, 1)


async def test_a_slow_server_is_left_and_asked_again(peer: Peer) -> None:
    """An attempt that takes too long ends, as a timeout."""

    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    peer.script = [hang, answer()]
    asker = Asker(peer, timeout=0.05)
    assert await asker.ask() == [1, 2]
    assert [report.reason for report in asker.reports] == ["timeout"]


async def test_a_body_that_breaks_off_is_asked_for_again(peer: Peer) -> None:
    """Less than the announced length is a failed connection, not an answer."""

    async def truncate(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"[1,2")
        assert request.transport is not None
        request.transport.close()
        return response

    peer.script = [truncate, answer()]
    asker = Asker(peer)
    assert await asker.ask() == [1, 2]
    assert [report.reason for report in asker.reports] == ["connection"]


async def test_a_server_that_is_not_there_is_unavailable(peer: Peer) -> None:
    """A refused connection is repeated, then given up."""
    asker = Asker(peer, base_url="http://127.0.0.1:9")
    with pytest.raises(SourceUnavailable):
        await asker.ask()
    assert {report.reason for report in asker.reports} == {"connection"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>" + SECRET.encode(), "not_json"),
        (b"", "not_json"),
        (b"[1,2", "not_json"),
        (b'["\xff"]', "shape"),
        (b"[" * 100_000, "shape"),
        (b'{"a":1}', "shape"),
        (b'["' + SECRET.encode() + b'"]', "shape"),
    ],
)
async def test_an_answer_of_another_form_is_not_taken(peer: Peer, body: bytes, reason: str) -> None:
    """HTML, broken JSON and another shape are told apart, and not repeated."""
    peer.script = [answer(body=body)]
    with pytest.raises(UnexpectedAnswer) as caught:
        await Asker(peer).ask()
    assert (caught.value.report.reason, len(peer.seen)) == (reason, 1)


async def test_json_nested_without_end_is_not_json(peer: Peer) -> None:
    """A decoder that gives up on depth is an unexpected answer, not a crash."""
    peer.script = [answer(body=b"[" * 100_000)]
    with pytest.raises(UnexpectedAnswer):
        async with Asker(peer).client as client:
            await client.get("/deep", msgspec.json.Decoder(Any).decode)


async def test_a_redirect_is_not_followed(peer: Peer) -> None:
    """The key goes to no other place than the one it was given for."""
    peer.script = [answer(302, b"", Location=f"{peer.url}/elsewhere"), answer()]
    with pytest.raises(UnexpectedAnswer) as caught:
        await Asker(peer).ask()
    assert (caught.value.report.reason, len(peer.seen)) == ("redirect", 1)


async def test_an_answer_beyond_the_cap_is_dropped(peer: Peer) -> None:
    """Reading stops at the cap, also for a small body that unpacks into a large one."""

    async def bomb(request: web.Request) -> web.StreamResponse:
        response = web.Response(body=b"[" + b"1," * 500_000 + b"1]", content_type="application/json")
        response.enable_compression()
        return response

    peer.script = [bomb]
    with pytest.raises(UnexpectedAnswer) as caught:
        await Asker(peer, largest=100_000).ask()
    assert caught.value.report.reason == "too_large"


@pytest.mark.parametrize(
    "step",
    [
        refusal(400, SECRET, Request_Id=SECRET),
        refusal(401),
        refusal(404),
        refusal(503),
        answer(body=f'["{SECRET}"]'.encode()),
        answer(body=SECRET.encode()),
        answer(302, b"", Location=f"https://{SECRET}/"),
    ],
)
async def test_no_error_tells_a_key_a_body_or_a_query(peer: Peer, step: web.Response) -> None:
    """Neither the text of an error, nor its chain, nor a report holds what may be personal or secret."""
    peer.script = [step]
    asker = Asker(peer)
    with pytest.raises(ConnectorError) as caught:
        await asker.ask()
    told = repr(asker.reports)
    error: BaseException | None = caught.value
    while error:
        told += f"{error!r} {error}"
        error = None if error.__suppress_context__ else error.__cause__ or error.__context__
    assert not re.search(f"{SECRET}|{KEY}|email|expand|a/b|a%2Fb", told)


def test_retry_after_takes_seconds_and_dates() -> None:
    """Both forms of the header are seconds from now; a past date is none, nonsense is nothing."""
    assert retry_after("120", NOW) == 120.0
    assert retry_after("Mon, 23 Nov 2026 12:00:30 GMT", NOW) == 30.0
    assert retry_after("Mon, 23 Nov 2026 11:00:00 GMT", NOW) == 0.0
    assert [retry_after(value, NOW) for value in (None, "", "soon", "-1", "²")] == [None] * 5


@pytest.mark.parametrize("key", ["", "sk live", "sk\nX-Evil: 1", "schlüssel"])
def test_a_key_with_odd_characters_is_refused_without_being_told(key: str) -> None:
    """A key that would break the header is refused, and its error does not quote it."""
    for make in (bearer, basic):
        with pytest.raises(ValueError, match="copy it again") as caught:
            make(key)
        assert not key or key not in str(caught.value)


def test_keys_go_over_tls_or_stay_in_the_own_network() -> None:
    """Plain http is for near servers; a base URL with user, query or fragment is none."""
    assert server("https://api.stripe.com/") == "https://api.stripe.com"
    for near in ("http://127.0.0.1:1", "http://localhost:1", "http://stripe:1", "http://[::1]:1"):
        assert server(near) == near
    for bad in (
        "http://api.stripe.com",
        "http://8.8.8.8",
        "ftp://localhost",
        "https://u:p@h",
        "https://h?q=1",
        "h",
    ):
        with pytest.raises(ValueError, match="base URL"):
            server(bad)


def test_fault_reads_any_bytes() -> None:
    """Stripe's error codes where there are some, nothing else, and no failure on anything."""
    assert fault(b'{"error":{"code":"rate_limit","type":"api_error","message":"x"}}') == Fault(
        "rate_limit", "api_error"
    )
    for body in (b"", b"[]", b"\xff", b'{"error":"x"}', b'{"error":{"code":1}}', b'{"a":' + b"[" * 99_999):
        assert fault(body) == Fault()


async def test_a_server_with_a_certificate_of_its_own_making_gets_no_request(
    peer: Peer, tmp_path: Path
) -> None:
    """TLS is verified, and a bad certificate is not asked again."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    app = web.Application()
    app.router.add_get("/{path:.*}", peer.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "localhost", 0, ssl_context=context).start()
    try:
        with pytest.raises(UnexpectedAnswer) as caught:
            await Asker(peer, base_url=f"https://localhost:{runner.addresses[0][1]}").ask()
    finally:
        await runner.cleanup()
    assert (caught.value.report.reason, peer.seen) == ("certificate", [])
