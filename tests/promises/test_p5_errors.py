"""P5: what a source answered wrongly is kept for 30 days at most, and says nothing about anyone."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import insert

from connectors.base import Credential
from connectors.errors import ConnectorError
from connectors.stripe import Stripe
from connectors.stripe.session import Session
from connectors.sync import error_log_of
from storage.models import SourceError
from storage.retention import RULES, Purge, purge
from storage.trust import error_log
from storage.trust.source_removal import remove_source
from tests.promises.canaries import Canaries, find
from tests.promises.sweep import Stage
from tests.world import World

pytestmark = pytest.mark.promises("P5")

RULE = next(rule for rule in RULES if rule.purge is Purge.SOURCE_ERRORS)


@dataclass
class Hostile:
    """A server whose every answer is one wrong answer, full of canaries."""

    url: str
    answer: Callable[[web.Request], web.StreamResponse]
    canaries: Canaries


@pytest.fixture
async def hostile(canaries: Canaries) -> AsyncIterator[Hostile]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return peer.answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peer = Hostile(f"http://127.0.0.1:{runner.addresses[0][1]}", lambda _: web.Response(), canaries)
    yield peer
    await runner.cleanup()


def _texts(canaries: Canaries) -> list[str]:
    """A person in every form in which a vendor could write one into a field that is no field for it."""
    words = (canaries.kept, canaries.secret)
    return [
        canaries.phone,
        f"+{canaries.phone}",
        *words,
        *(word.lower() for word in words),
        *(word.upper() for word in words),
        *(f"{word} Ltd" for word in words),
        *(f"billing@{word.lower()}.example" for word in words),
        *(f"sk_live_{word}" for word in words),
        *(f"sk_live_{word.lower()}" for word in words),
        *(f"{word.lower()}_missing" for word in words),
        *(f"{word}-1815" for word in words),
        *(f"cus_{word}1" for word in words),
    ]


def _body(text: str) -> bytes:
    """Stripe's error with the text in every field, and in fields that it never had."""
    names = (
        "code", "type", "message", "param", "doc_url", "request_log_url", "decline_code", "charge",
        "advice_code", "request_id", "id", "user_message",
    )  # fmt: skip
    error = dict.fromkeys(names, text) | {"payment_intent": {"id": text, "customer": text}, text: text}
    return json.dumps({"error": error, "request_id": text, text: text}).encode()


def _headers(text: str) -> dict[str, str]:
    names = (
        "Request-Id", "X-Request-Id", "Location", "Retry-After", "Stripe-Should-Retry", "Set-Cookie",
        "Server", "Stripe-Rate-Limited-Reason", "Idempotency-Key", "Content-Language", "Warning", "X-Name",
    )  # fmt: skip
    return dict.fromkeys(names, text)


async def _provoke(stage: Stage, hostile: Hostile) -> None:
    """Asks once with canaries in key, query and path; the failure goes to the error log as in a sync."""
    note = error_log_of(stage.db, stage.account_id, stage.source_id)
    credential = Credential(key=f"sk_test_{stage.canaries.secret}", base_url=hostile.url)
    ids, query = {"id": f"cus_{stage.canaries.kept}"}, [("email", stage.canaries.kept)]
    async with Session(credential, note, lambda: datetime.now(UTC)).client as client:
        with pytest.raises(ConnectorError):
            await client.get("/v1/customers/{id}", json.loads, ids=ids, query=query)


async def _rows(stage: Stage) -> list[dict[str, Any]]:
    names = list(SourceError.__table__.c.keys())
    return [{name: getattr(row, name) for name in names} for row in await stage.world.rows(SourceError)]


def _found(stage: Stage, rows: list[dict[str, Any]]) -> list[Any]:
    told = [{name: value for name, value in row.items() if name != "error_id"} for row in rows]
    return find(stage.canaries.all, repr(told).encode())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 301, 302])
async def test_no_answer_gets_anything_of_anyone_into_the_log(
    stage: Stage, hostile: Hostile, status: int
) -> None:
    """Whatever a server writes into body, headers and reason: the row has our facts, and no canary."""
    texts = _texts(stage.canaries)
    for text in texts:
        hostile.answer = lambda _, text=text: web.Response(
            status=status, reason=text, body=_body(text), headers=_headers(text)
        )
        await _provoke(stage, hostile)
    rows = await _rows(stage)
    assert len(rows) == len(texts)
    assert {(row["status"], row["path"], row["attempt"]) for row in rows} == {
        (status, "/v1/customers/{id}", 1)
    }
    assert {row["code"] for row in rows} == {"status" if status >= 400 else "redirect"}
    assert {row["request_id"] for row in rows} == {None}
    assert _found(stage, rows) == []


@pytest.mark.parametrize("kind", ["no JSON", "another shape", "cut short"])
async def test_no_broken_answer_is_quoted(stage: Stage, hostile: Hostile, kind: str) -> None:
    """An answer that cannot be read is told as that, whatever it holds."""
    word = stage.canaries.kept
    body = {
        "no JSON": f"<html>{word}</html>",
        "another shape": f'{{"{word}": "{word}"',
        "cut short": f'["{word}',
    }[kind].encode()
    hostile.answer = lambda _: web.Response(body=body, headers=_headers(word))
    note = error_log_of(stage.db, stage.account_id, stage.source_id)
    credential = Credential(key=f"sk_test_{stage.canaries.secret}", base_url=hostile.url)
    async with Stripe(credential, on_error=note) as connector:
        with pytest.raises(ConnectorError):
            await connector.check()
    rows = await _rows(stage)
    assert rows
    assert {row["code"] for row in rows} <= {"not_json", "shape"}
    assert _found(stage, rows) == []


async def test_the_vendors_own_facts_are_kept(stage: Stage, hostile: Hostile) -> None:
    """A code of Stripe's list and a request id of its form help whoever looks for the cause."""
    error = {"error": {"code": "more_permissions_required", "type": "invalid_request_error"}}
    hostile.answer = lambda _: web.json_response(
        error, status=403, headers={"Request-Id": "req_Ab12Cd34Ef56Gh"}
    )
    await _provoke(stage, hostile)
    (row,) = await error_log.list_errors(stage.db, stage.account_id)
    assert (row.status, row.code, row.request_id) == (403, "more_permissions_required", "req_Ab12Cd34Ef56Gh")


@pytest.mark.parametrize("field", ["path", "code", "request_id", "status", "attempt"])
async def test_the_log_itself_refuses_what_is_no_fact(stage: Stage, field: str) -> None:
    """Should a connector hand over a person's data as a fact, it is left out; that something failed stays."""
    facts: dict[str, Any] = {
        "path": "/v1/customers", "status": 500, "code": "api_error", "request_id": "req_1a", "attempt": 1,
    }  # fmt: skip
    given = [int(stage.canaries.phone)] if field in ("status", "attempt") else _persons(stage.canaries)
    for value in given:
        await error_log.record_error(
            stage.db, stage.account_id, stage.source_id, at=datetime.now(UTC), **facts | {field: value}
        )
    rows = await _rows(stage)
    assert len(rows) == len(given)
    assert _found(stage, rows) == []


def _persons(canaries: Canaries) -> list[str]:
    word = canaries.kept
    return [
        word, f"{word} Ltd", f"billing@{word}.example", f"/v1/customers/cus_{word}", f"/v1/customers/{word}",
        f"/v1/customers?email={word}", f"sk_test_{word}", f"+{canaries.phone}", canaries.phone, word.lower(),
        word.upper(), f"https://{word}.example/", f"\n{word}",
    ]  # fmt: skip


async def test_errors_go_after_thirty_days(stage: Stage) -> None:
    """By the database's clock: none older than 30 days is left, also after ten days without a worker."""
    now, limit = datetime.now(UTC), timedelta(days=30)
    old = [limit + timedelta(hours=hour, seconds=5) for hour in (0, 1, 100, 240)]
    young = [limit - timedelta(minutes=1), timedelta(0)]
    rows = [
        {
            "account_id": stage.account_id, "source_id": stage.source_id, "error_id": bytes([number]) * 16,
            "at": now - age, "path": "/v1/customers", "status": 500, "attempt": 1,
        }
        for number, age in enumerate([*old, *young])
    ]  # fmt: skip
    async with stage.db.tenant(stage.account_id) as session:
        await session.execute(insert(SourceError), rows)
    assert await purge(stage.db, RULE) == len(old)
    left = await error_log.list_errors(stage.db, stage.account_id)
    assert sorted(now - error.at for error in left) == sorted(young)


def test_limits_are_kept_within_the_hour() -> None:
    """Purges run often enough that even one missed run leaves nothing older than the limit and an hour."""
    strict = {Purge.SOURCE_ERRORS, Purge.AUDIT_TRAIL, Purge.WEBHOOKS}
    rules = [rule for rule in RULES if rule.purge in strict]
    assert [rule.keep for rule in rules] == [timedelta(days=days) for days in (30, 30, 60)]
    assert max(rule.every for rule in rules) * 2 <= timedelta(hours=1)


async def test_the_log_is_the_accounts_own(stage: Stage, world: World) -> None:
    """Each account sees its errors alone; a source's go with it, and none is noted for one that is gone."""
    facts: dict[str, Any] = {
        "at": datetime.now(UTC), "path": "/v1/customers", "status": 500, "code": "api_error",
        "request_id": None, "attempt": 1,
    }  # fmt: skip
    for one in (stage.world, world):
        await error_log.record_error(one.db, one.account_id, one.source_id, **facts)
    assert len(await error_log.list_errors(stage.db, stage.account_id)) == 1
    await remove_source(stage.db, stage.vault, stage.account_id, stage.source_id)
    await error_log.record_error(stage.db, stage.account_id, stage.source_id, **facts)
    assert await error_log.list_errors(stage.db, stage.account_id) == []
    assert len(await error_log.list_errors(world.db, world.account_id)) == 1
