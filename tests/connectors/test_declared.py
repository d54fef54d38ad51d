"""What HubSpot, Intercom and Zendesk have in common: loads, changes, deletions, permissions, bad rows."""

import contextlib
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Credential, Skipped
from connectors.declared import Declared
from connectors.errors import KeyRefused, UnexpectedAnswer
from connectors.registry import connector_class
from connectors.values import Unreadable, country, minor, moment
from storage.records import Contact, Conversation, Customer, Deal, Deletion, Rating, Record
from tests.connectors.relations import VENDORS, Reached, reached

MAIN = {"hubspot": "companies", "intercom": "companies", "zendesk": "organizations"}
PEOPLE = {"hubspot": "contacts", "intercom": "contacts", "zendesk": "users"}
MINUTES = 60.0

each_vendor = pytest.mark.parametrize("vendor", VENDORS)


async def _all(found: Reached) -> list[Record]:
    return [record for stream in found.connector.streams for record in await found.records(stream.name)]


def _of(records: list[Record], kind: type[Record]) -> set[str]:
    return {record.id for record in records if type(record) is kind}


@each_vendor
async def test_every_object_is_read(vendor: str) -> None:
    """More than a page of everything: each object makes its records, once, and none is left out."""
    async with reached(vendor, companies=230) as found:
        pages = [page for stream in found.connector.streams for page in await found.pages(stream.name)]
    records = [record for page in pages for record in page.records]
    counts = {kind: len(_of(records, kind)) for kind in (Customer, Contact, Conversation, Rating, Deal)}
    support = {Conversation: 230, Rating: 115, Deal: 0}
    sales = {Conversation: 0, Rating: 0, Deal: 230}
    assert counts == {Customer: 230, Contact: 230} | (sales if vendor == "hubspot" else support)
    assert len(records) == len({(type(record), record.id) for record in records})
    assert [page.skipped for page in pages if page.skipped] == []
    assert sum(page.count for page in pages) >= 690


@each_vendor
async def test_people_belong_to_their_company(vendor: str) -> None:
    """A contact names its customer by the id that the customer has."""
    async with reached(vendor, companies=3) as found:
        customers = {one.id: one for one in await found.records(MAIN[vendor])}
        people = [one for one in await found.records(PEOPLE[vendor]) if isinstance(one, Contact)]
    for person in people:
        company = customers[person.customer_ids[0]]
        assert isinstance(company, Customer)
        assert re.sub(r"\D", "", person.email or "") == re.sub(r"\D", "", company.name or "")


@each_vendor
async def test_what_changes_is_told_once(vendor: str) -> None:
    """Followed after the load, a feed tells exactly what was changed since; followed again, nothing."""
    async with reached(vendor, companies=5) as found:
        for stream in (MAIN[vendor], PEOPLE[vendor]):
            cursor = await found.start(stream)
            assert (await found.follow(stream, cursor))[0] == []
            found.pass_time(60 * MINUTES)
            ids = (await found.ids(stream))[-1]
            found.server.put(stream, int(ids) if vendor == "zendesk" else ids, **_renamed(vendor, stream))
            found.pass_time(2 * MINUTES)
            changed, cursor = await found.follow(stream, cursor)
            assert [record.id for record in changed] == [ids]
            assert "Renamed" in str(changed[0].name)  # type: ignore[attr-defined]  # both have a name
            found.pass_time(60 * MINUTES)
            cursor = (await found.follow(stream, cursor))[1]
            assert (await found.follow(stream, cursor))[0] == []


def _renamed(vendor: str, stream: str) -> dict[str, str]:
    return {"firstname" if (vendor, stream) == ("hubspot", "contacts") else "name": "Renamed"}


@each_vendor
async def test_a_second_look_costs_little(vendor: str) -> None:
    """Following all feeds when nothing changed takes few requests, however large the account is."""
    async with reached(vendor, companies=500) as found:
        cursors = {feed.name: await found.start(feed.name) for feed in found.connector.feeds}
        before = found.server.requests.total()
        for stream, cursor in cursors.items():
            await found.follow(stream, cursor)
        assert found.server.requests.total() - before <= 12


@each_vendor
async def test_single_objects_are_fetched_and_gone_ones_are_told(vendor: str) -> None:
    """Of three ids, one that does not exist any more: a Deletion in its place."""
    async with reached(vendor, companies=3) as found:
        for stream in (MAIN[vendor], PEOPLE[vendor]):
            kind = found.connector.stream(stream).record
            ids = (await found.ids(stream))[-2:]
            told = await found.fetch(stream, [*ids, "999999"])
            assert _of(told, kind) == set(ids)
            gone = [one for one in told if isinstance(one, Deletion)]
            assert [(one.id, one.of) for one in gone] == [("999999", kind)]


@each_vendor
async def test_a_missing_permission_is_named(vendor: str) -> None:
    """A stream that the key may not read is refused by name, the others are readable."""
    async with reached(vendor, companies=1) as found:
        assert (await found.connector.check()).refused == ()
        found.server.forbidden = {PEOPLE[vendor]}
        access = await found.connector.check()
        assert access.refused == (PEOPLE[vendor],)
        assert MAIN[vendor] in access.readable
        assert found.connector.stream(PEOPLE[vendor]).permission


@each_vendor
async def test_a_wrong_key_is_refused(vendor: str) -> None:
    """Nothing can be read, and the reason is the key."""
    make, _ = VENDORS[vendor]
    async with reached(vendor) as found:
        wrong = Credential(key="wrong/token:key", base_url=found.server.url)
        async with make(wrong) as connector:
            with pytest.raises(KeyRefused, match="give a new one"):
                await connector.check()


@each_vendor
async def test_a_server_that_refuses_every_tenth_request_loses_nothing(vendor: str) -> None:
    """429 is waited out and asked again; each refusal is noted."""
    async with reached(vendor, companies=210) as found:
        whole = await _all(found)
        found.server.every_429 = 10
        assert await _all(found) == whole
        assert found.server.refused[429] > 0
        assert {report.status for report in found.errors if report.status == 429} == {429}


@each_vendor
async def test_a_row_of_another_shape_is_left_out_by_name(vendor: str) -> None:
    """One object's field of the wrong type: the object is named by kind and field, its page stays."""
    async with reached(vendor, companies=3) as found:
        stream = MAIN[vendor]
        row = next(iter(found.server.tables[stream].values()))
        (row["properties"] if vendor == "hubspot" else row)["name"] = ["secret@person.example"]
        pages = await found.pages(stream)
    skipped = [one for page in pages for one in page.skipped]
    field = "$.properties.name" if vendor == "hubspot" else "$.name"
    assert skipped == [Skipped("customer", field)]
    assert sum(len(page.records) for page in pages) == 2


@each_vendor
async def test_what_is_not_declared_is_not_decoded(vendor: str) -> None:
    """Fields that nobody declared may have any shape: they are neither read nor in any record."""
    async with reached(vendor, companies=2) as found:
        plain = await _all(found)
        for table in found.server.tables.values():
            for row in table.values():
                row["extra"] = {"inner": ["planted"] * 3}
                row.get("properties", {})["extra"] = "planted"
        assert await _all(found) == plain


@each_vendor
async def test_an_answer_of_another_shape_stops_the_stream(vendor: str) -> None:
    """An answer that is no list is an error that quotes nothing of it."""
    async with reached(vendor, companies=1) as found:
        body = b'{"results": "secret@person.example", "data": 1, "organizations": 2}'
        found.server.break_next("/", lambda _: web.Response(body=body, content_type="application/json"))
        with pytest.raises(UnexpectedAnswer) as raised:
            await found.pages(MAIN[vendor])
        assert "secret" not in str(raised.value)


def test_streams_have_feeds_and_fields() -> None:
    """Each vendor's every stream has a feed, and what is stored of it is published."""
    for kind in VENDORS:
        make = connector_class(kind)
        assert issubclass(make, Declared)
        assert {name for feed in make.feeds for name in feed.streams} == {one.name for one in make.streams}
        assert {stream.record.KIND for stream in make.streams} <= set(make.stored_fields())
    assert "rating" in connector_class("intercom").stored_fields()


# ---- values ---------------------------------------------------------------------------------------------


def test_countries_are_understood_as_people_write_them() -> None:
    """Names, codes and common short forms; what is no country is nothing."""
    written = ["United States", "USA", "us", "UK", "Great Britain", "Deutschland", "EU", "", None, " france "]
    assert [country(one) for one in written] == ["US", "US", "US", "GB", "GB", None, None, None, None, "FR"]


def test_amounts_become_minor_units() -> None:
    """By the currency's digits; what is no amount is refused by field, without its text."""
    assert minor("1232", "usd", "$.amount") == 123_200
    assert minor("1232.50", "jpy", "$.amount") == 1232
    assert minor("1.2345", "kwd", "$.amount") == 1234
    assert minor("", "usd", "$.amount") is None
    for wrong in ("ten", "NaN", "Infinity", "1e30", "1e999999999"):
        with pytest.raises(Unreadable, match=re.escape("$.amount")):
            minor(wrong, "usd", "$.amount")


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    """A moment is aware; all else is refused by field."""
    with contextlib.suppress(Unreadable):
        found = moment(text, "$.at")
        assert found is None or found.utcoffset() == timedelta(0)


def test_a_moment_is_in_utc() -> None:
    """Whatever zone it was written in."""
    assert moment("2026-11-23T12:00:00.000+02:00", "") == datetime(2026, 11, 23, 10, tzinfo=UTC)


@each_vendor
@given(
    body=st.binary(max_size=60) | st.sampled_from([b"[]", b"{}", b"null", b'{"errors":[]}', b'{"error":5}'])
)
def test_error_bodies_are_read_without_fail(vendor: str, body: bytes) -> None:
    """Whatever an error says, there is a fault, with nothing but codes of the vendor's list."""
    make, _ = VENDORS[vendor]
    found = make.api(Credential(key="a/token:b", base_url="http://localhost")).fault(body)
    assert found.code is None or re.fullmatch(r"[a-z_]+", found.code)
    msgspec.json.encode(found)
