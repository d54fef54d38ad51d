"""What is HubSpot's own: searches that end at 10,000, associations, owners who left, amounts of deals."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.hubspot.connector import SEARCH
from connectors.hubspot.streams import COMPANIES, CONTACTS, properties
from storage.records import Customer, Deal, DealState, Deletion, Owner, Stage
from tests.connectors.relations import Reached, reached

HOUR = 3600


@pytest.fixture
async def hubspot() -> AsyncIterator[Reached]:
    async with reached("hubspot", companies=3) as found:
        yield found


async def _deal(found: Reached, **properties: Any) -> Deal:
    found.server.put("deals", "3001", **properties)
    deals = {deal.id: deal for deal in await found.records("deals")}
    deal = deals["3001"]
    assert isinstance(deal, Deal)
    return deal


async def test_a_deal_has_its_stage_amount_and_company(hubspot: Reached) -> None:
    """In minor units, in the state that HubSpot works out, at the company it is associated with."""
    deals = [deal for deal in await hubspot.records("deals") if isinstance(deal, Deal)]
    assert [(deal.amount, deal.currency, deal.customer_id) for deal in deals] == [
        (10_050, "usd", "9001"),
        (20_050, "usd", "9002"),
        (30_050, "usd", "9003"),
    ]
    assert [deal.state for deal in deals] == [DealState.WON, DealState.LOST, DealState.OPEN]
    stages = {stage.id: stage for stage in await hubspot.records("pipelines")}
    assert {deal.stage_id for deal in deals} <= set(stages)
    assert all(isinstance(stage, Stage) and stage.pipeline == "Sales" for stage in stages.values())


async def test_a_deal_of_several_companies_belongs_to_its_main_one(hubspot: Reached) -> None:
    """The association labelled as primary wins."""
    hubspot.server.associate("3001", "9002", "9003", "9001")
    assert (await _deal(hubspot)).customer_id == "9001"
    hubspot.server.associate("3001")
    assert (await _deal(hubspot)).customer_id is None


async def test_a_deal_without_a_currency_is_in_the_accounts_own(hubspot: Reached) -> None:
    """Asked for once; where it cannot be had, the deal is left out by name rather than guessed at."""
    hubspot.server.currency = "JPY"
    deal = await _deal(hubspot, deal_currency_code=None, amount="1500")
    assert (deal.amount, deal.currency) == (1500, "jpy")
    assert (await _deal(hubspot, amount=None)).currency is None


async def test_an_unknown_home_currency_leaves_the_deal_out(hubspot: Reached) -> None:
    """An amount without a currency is no amount."""
    hubspot.server.put("deals", "3001", deal_currency_code="")
    hubspot.server.break_next("/account-info", lambda _: _refused())
    pages = await hubspot.pages("deals")
    assert [one.field for page in pages for one in page.skipped] == ["$.properties.deal_currency_code"]


def _refused() -> Any:
    from aiohttp import web

    return web.json_response({"category": "MISSING_SCOPES"}, status=403)


async def test_an_amount_that_is_none_is_named(hubspot: Reached) -> None:
    """The deal is left out by field, the others stay."""
    hubspot.server.put("deals", "3001", amount="a lot")
    pages = await hubspot.pages("deals")
    assert [one.field for page in pages for one in page.skipped] == ["$.properties.amount"]
    assert sum(len(page.records) for page in pages) == 2


async def test_owners_who_left_are_read_too(hubspot: Reached) -> None:
    """Deals still name them."""
    owners = [one for one in await hubspot.records("owners") if isinstance(one, Owner)]
    assert {owner.name for owner in owners} == {"Maya", "Priya"}


async def test_a_company_says_what_joins_it_to_others(hubspot: Reached) -> None:
    """Its domains, its id at Stripe, its owner, its country as a code."""
    facts = {"website": "https://www.nine.example/", "country": "Germany", "stripe_customer_id": "cus_1"}
    hubspot.server.put("companies", "9001", **facts, phone="+49 30 1")
    found = (await hubspot.records("companies"))[0]
    assert isinstance(found, Customer)
    assert found.domains == ("company-1.example", "https://www.nine.example/")
    assert (found.links, found.owner_id, found.country) == ((("stripe_customer", "cus_1"),), "101", "DE")


async def test_archived_and_purged_objects_are_gone(hubspot: Reached) -> None:
    """Neither is listed nor fetched; a restored one is told as a change."""
    cursor = await hubspot.start("companies")
    hubspot.server.archive("companies", "9001")
    hubspot.server.purge("companies", "9002")
    assert await hubspot.ids("companies") == ["9003"]
    told = await hubspot.fetch("companies", ["9001", "9002", "9003"])
    assert {one.id for one in told if isinstance(one, Deletion)} == {"9001", "9002"}
    hubspot.pass_time(HOUR)
    hubspot.server.restore("companies", "9001")
    changed, _ = await hubspot.follow("companies", cursor)
    assert [one.id for one in changed] == ["9001"]


async def test_changes_beyond_ten_thousand_are_all_found() -> None:
    """A search reaches 10,000 results; what is followed has no such end."""
    async with reached("hubspot") as hubspot:
        cursor = await hubspot.start("companies")
        for n in range(10_300):
            if n % 7 == 0:
                hubspot.pass_time(1)
            hubspot.server.put("companies", str(1000 + n), name="New")
        changed, _ = await hubspot.follow("companies", cursor)
    assert len({one.id for one in changed}) == 10_300


@pytest.mark.parametrize("count", [SEARCH - 1, SEARCH, SEARCH + 1, 3 * SEARCH])
async def test_an_import_at_one_moment_is_all_found(count: int) -> None:
    """Any number of objects with one and the same date of change, with others before and after."""
    async with reached("hubspot", companies=2) as hubspot:
        cursor = await hubspot.start("contacts")
        hubspot.pass_time(HOUR)
        hubspot.server.put("contacts", "1", email="before@x.example")
        hubspot.pass_time(1)
        for n in range(count):
            hubspot.server.put("contacts", str(7000 + n), email=f"{n}@x.example")
        hubspot.pass_time(1)
        hubspot.server.put("contacts", "2", email="after@x.example")
        changed, _ = await hubspot.follow("contacts", cursor)
    assert {one.id for one in changed} == {"1", "2", *(str(7000 + n) for n in range(count))}


async def test_what_is_indexed_late_is_still_found(hubspot: Reached) -> None:
    """The search is behind by minutes: a change that it does not know yet comes with the next look."""
    cursor = await hubspot.start("companies")
    hubspot.pass_time(HOUR)
    hubspot.server.lag = 300.0
    hubspot.server.put("companies", "9002", name="Late")
    hubspot.pass_time(60)
    changed, cursor = await hubspot.follow("companies", cursor)
    assert changed == []
    hubspot.pass_time(250)
    changed, _ = await hubspot.follow("companies", cursor)
    assert [one.id for one in changed] == ["9002"]


async def test_what_moves_during_a_walk_is_not_passed_over() -> None:
    """Objects that change while changes are read move to the end, and nothing else slips by."""
    async with reached("hubspot") as hubspot:
        cursor = await hubspot.start("companies")
        for n in range(3 * SEARCH):
            hubspot.pass_time(1)
            hubspot.server.put("companies", str(1000 + n), name="New")
        feed = next(feed for feed in hubspot.connector.feeds if feed.name == "companies")
        seen: set[str] = set()
        async for page in hubspot.connector.changes(feed, cursor, ["companies"]):
            seen |= {record.id for record in page.records}
            hubspot.pass_time(1)
            hubspot.server.put("companies", str(1000 + len(seen) // 2), name="Moved")
            if len(seen) == 3 * SEARCH:
                break
    assert len(seen) == 3 * SEARCH


def test_exactly_what_is_declared_is_asked_for() -> None:
    """No property is requested that nobody reads; each type is searched by its own date of change."""
    assert "hs_lastmodifieddate" in properties(COMPANIES)
    assert "lastmodifieddate" in properties(CONTACTS)
    assert not {"notes", "hs_email_last_reply_date"} & set(properties(CONTACTS))
