"""The connector that docs/connectors.md builds from nothing works as it stands there."""

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import web

from connectors.base import Credential
from connectors.declared import Declared
from connectors.errors import KeyRefused
from connectors.registry import connector_class, kinds
from storage.records import Contact, Customer, Deletion, Record
from tests.vendors.server import Object, Refusal, Route, VendorServer
from tests.vendors.zendesk import iso, unix

DOCS = Path(__file__).parents[2] / "docs"


class TinyServer(VendorServer):
    """Tiny CRM."""

    RESOURCES = ("companies", "people")

    def put(self, resource: str, id_: int, **fields: Any) -> None:
        now = iso(self.clock())
        found = self.tables[resource].setdefault(str(id_), {"id": id_, "created_at": now})
        found |= {"updated_at": now, **fields}

    def unauthorized(self) -> Refusal:
        return Refusal(401, {"code": "bad_key"})

    def not_found(self) -> Refusal:
        return Refusal(404, {"code": "not_found"})

    def too_many(self) -> Refusal:
        return Refusal(429, {"code": "too_many"}, {"Retry-After": "1"})

    def routes(self) -> list[Route]:
        return [("GET /v1/{resource}", self._list), ("GET /v1/{resource}/{id_}", self._one)]

    def _list(self, request: web.Request, _: Any, resource: str) -> Object:
        if resource in self.forbidden:
            raise Refusal(403, {"code": "forbidden"})
        after, since = int(request.query.get("after", 0)), int(request.query.get("updated_since", 0))
        rows = [
            row
            for row in self.tables[resource].values()
            if row["id"] > after and unix(row["updated_at"]) >= since
        ]
        limit = int(request.query["limit"])
        return {"items": rows[:limit], "more": len(rows) > limit}

    def _one(self, request: web.Request, _: Any, resource: str, id_: str) -> Object:
        if id_ not in self.tables[resource]:
            raise self.not_found()
        return self.tables[resource][id_]


@pytest.fixture
def tiny() -> Any:
    """The module of the page's one block of Python."""
    code = re.findall(r"```python\n(.*?)```", (DOCS / "connectors.md").read_text(), re.DOTALL)
    assert len(code) == 1
    module = ModuleType("tinycrm_of_the_page")
    sys.modules[module.__name__] = module  # msgspec looks its annotations up there
    exec(compile(code[0], "docs/connectors.md", "exec"), module.__dict__)  # noqa: S102 - it is our own page
    yield module
    del sys.modules[module.__name__]


@pytest.fixture
async def server() -> AsyncIterator[TinyServer]:
    async with TinyServer() as running:
        for n in range(1, 151):
            running.put(
                "companies", n, name=f"Company {n}", website=f"company-{n}.example", extra={"not": "read"}
            )
            running.put("people", 1000 + n, name="Ann", email=f"ann@company-{n}.example", company_id=n)
        yield running


async def _load(connector: Declared, stream: str) -> list[Record]:
    pages = connector.pages(connector.stream(stream))
    return [record async for page in pages for record in page.records]


async def test_the_pages_connector_reads_follows_and_compares(tiny: Any, server: TinyServer) -> None:
    """All objects over pages, then one that changed, then one that is gone."""
    async with tiny.TinyCrm(Credential(key=server.key, base_url=server.url)) as connector:
        companies = await _load(connector, "companies")
        people = await _load(connector, "people")
        assert {type(one) for one in companies} == {Customer}
        assert {type(one) for one in people} == {Contact}
        assert (len(companies), len(people)) == (150, 150)
        feed = connector.feeds[0]
        cursor = connector.since(connector.now() + connector.overlap + connector.overlap)
        clock = server.clock
        server.clock = lambda: clock() + 3600
        server.put("companies", 7, name="Renamed")
        changed = [
            record async for page in connector.changes(feed, cursor, ["companies"]) for record in page.records
        ]
        assert [(one.id, one.name) for one in changed] == [("7", "Renamed")]
        del server.tables["companies"]["8"]
        told = (await connector.fetch(connector.stream("companies"), ["7", "8"])).records
        assert [type(one) for one in told] == [Customer, Deletion]


async def test_the_pages_connector_says_what_it_may_not(tiny: Any, server: TinyServer) -> None:
    """A missing permission by name, a wrong key at once."""
    server.forbidden = {"people"}
    async with tiny.TinyCrm(Credential(key=server.key, base_url=server.url)) as connector:
        assert (await connector.check()).refused == ("people",)
    async with tiny.TinyCrm(Credential(key="wrong", base_url=server.url)) as connector:
        with pytest.raises(KeyRefused):
            await connector.check()


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind != "demo"])
def test_every_source_has_a_page(kind: str) -> None:
    """It says how a key is made and names each permission that is asked for."""
    page = DOCS / "sources" / f"{kind}.md"
    make = connector_class(kind)
    text = page.read_text()
    assert make.guide in {"", f"docs/sources/{kind}.md"}
    wanted = [
        stream.permission for stream in make.streams if stream.permission and " " not in stream.permission
    ]
    assert [one for one in wanted if one not in text] == []
    assert f"chewbotta source add {kind}" in text
