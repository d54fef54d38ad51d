"""The vendors' own descriptions of their APIs, where they are at hand: test servers are held to them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator

from tests.vendors.server import VendorServer

SHARED = Path(__file__).parents[3] / "shared"


@cache
def description(vendor: str) -> Any:
    """As JSON Schema; skips the test where it is absent.

    Null is allowed everywhere: two of the three descriptions hardly say where it may stand.
    """
    file = SHARED / "vendors" / "specs" / f"{vendor}.json"
    if not file.exists():
        pytest.skip(f"the description (../shared/vendors/specs/{vendor}.json) is not there")
    return _plain(json.loads(file.read_text()))


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {name: _plain(value) for name, value in node.items() if name not in {"nullable", "example"}}
    if isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    if isinstance(found.get("enum"), list):
        found["enum"] = [*found["enum"], None]
    return found


@cache
def validator(vendor: str, method: str, path: str, status: int) -> Draft202012Validator | None:
    """For the answers to `method` `path` with this status; None where it is not described."""
    responses = description(vendor)["paths"][path][method.lower()]["responses"]
    response = responses.get(str(status)) or responses.get("default")
    if not response or "content" not in response:
        return None
    schema = response["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": description(vendor)["components"]})


class Caller:
    """Asks a server, and checks every answer against the vendor's description."""

    def __init__(self, vendor: str, server: VendorServer, headers: dict[str, str]) -> None:
        self.vendor, self.server, self.headers = vendor, server, headers

    async def __aenter__(self) -> "Caller":
        self._session = aiohttp.ClientSession(headers=self.headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, path: str, template: str = "", **query: Any) -> Any:
        return await self.ask("GET", path, template, params={name: str(one) for name, one in query.items()})

    async def post(self, path: str, body: Any, template: str = "") -> Any:
        return await self.ask("POST", path, template, json=body)

    async def ask(self, method: str, path: str, template: str, **how: Any) -> Any:
        async with self._session.request(method, self.server.url + path, **how) as response:
            answer = await response.json()
            self._check(method, template or path, response.status, answer)
            return answer | {"status_code": response.status}

    def _check(self, method: str, path: str, status: int, answer: Any) -> None:
        schema = validator(self.vendor, method, path, status)
        found = schema.iter_errors(answer) if schema else ()
        wrong = [f"{error.json_path}: {error.message[:150]}" for error in found]
        assert not wrong[:5], f"{method} {path} {status}"
