"""What is Zendesk's own: exports, deleted tickets and users, metrics beside tickets, who may read what."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import Credential
from connectors.zendesk import Zendesk
from storage.records import Contact, Conversation, ConversationState, Customer, Deletion, Owner, Rating
from tests.connectors.relations import Reached, reached

HOUR = 3600


@pytest.fixture
async def zendesk() -> AsyncIterator[Reached]:
    async with reached("zendesk", companies=3) as found:
        yield found


async def _ticket(found: Reached, **fields: Any) -> Any:
    found.server.put("tickets", 1, **fields)
    return (await found.fetch("tickets", ["1"]))[0]


async def test_a_ticket_has_its_facts(zendesk: Reached) -> None:
    """State, subject, times by the metrics beside it, assignee, organization, person, tags."""
    said = await _ticket(zendesk)
    assert isinstance(said, Conversation)
    assert (said.state, said.subject, said.assignee_id) == (ConversationState.SOLVED, "Question 1", "88001")
    assert (said.customer_id, said.contact_ids, said.tags) == ("360001", ("420001",), ("billing",))
    assert said.first_reply_at is not None
    assert said.first_reply_at - said.opened_at == timedelta(hours=1)
    assert said.closed_at is not None


async def test_metrics_may_stand_in_the_ticket_or_be_missing(zendesk: Reached) -> None:
    """Zendesk has done both; a metric that cannot be read is as good as none."""
    metrics = zendesk.server.tables["ticket_metrics"]["700001"]
    metrics["reply_time_in_seconds"] = "soon"
    assert (await _ticket(zendesk)).first_reply_at is None
    within = {"ticket_id": 1, "reply_time_in_minutes": {"calendar": 5}}
    said = await _ticket(zendesk, metric_set=within)
    assert said.first_reply_at - said.opened_at == timedelta(minutes=5)


async def test_an_unknown_status_is_named(zendesk: Reached) -> None:
    """The ticket is left out by field: nobody can tell whether it is open."""
    zendesk.server.put("tickets", 1, status="parked")
    zendesk.pass_time(HOUR)
    pages = await zendesk.pages("tickets")
    assert [one.field for page in pages for one in page.skipped] == ["$.status"]
    assert sum(len(page.records) for page in pages) == 2


async def test_a_deleted_ticket_is_told(zendesk: Reached) -> None:
    """The export tells of it as one that changed."""
    cursor = await zendesk.start("tickets")
    zendesk.pass_time(HOUR)
    zendesk.server.delete_ticket(2)
    zendesk.pass_time(61)
    told, _ = await zendesk.follow("tickets", cursor)
    assert [(type(one), one.id) for one in told] == [(Deletion, "2")]
    assert told[0].of is Conversation  # type: ignore[attr-defined]  # a Deletion, as just said


async def test_the_last_minute_comes_with_the_next_look(zendesk: Reached) -> None:
    """Exports leave it out, and their cursor stays before it."""
    cursor = await zendesk.start("tickets")
    zendesk.pass_time(HOUR)
    zendesk.server.put("tickets", 3, status="pending")
    told, cursor = await zendesk.follow("tickets", cursor)
    assert told == []
    zendesk.pass_time(61)
    told, cursor = await zendesk.follow("tickets", cursor)
    assert [one.id for one in told] == ["3"]
    assert (await zendesk.follow("tickets", cursor))[0] == []


async def test_people_and_agents_are_told_apart(zendesk: Reached) -> None:
    """Agents own tickets, also those who left; end users are contacts until they are deleted."""
    people = await zendesk.records("users")
    assert {type(one) for one in people} == {Contact, Owner}
    zendesk.server.put("users", 88001, active=False)
    zendesk.server.delete_user(420_001)
    told = await zendesk.fetch("users", ["88001", "420001", "420002"])
    assert [type(one) for one in told] == [Owner, Deletion, Contact]


async def test_a_purged_user_is_in_no_list(zendesk: Reached) -> None:
    """Permanently deleted: no export tells of it, so that comparing ids has to find it."""
    cursor = await zendesk.start("users")
    zendesk.pass_time(HOUR)
    zendesk.server.purge_user(420_001)
    zendesk.pass_time(61)
    assert (await zendesk.follow("users", cursor))[0] == []
    assert "420001" not in await zendesk.ids("users")


async def test_organizations_of_one_second_are_all_found(zendesk: Reached) -> None:
    """However many an import made at once: an export by time tells the last second whole."""
    cursor = await zendesk.start("organizations")
    zendesk.pass_time(HOUR)
    for n in range(1100):
        zendesk.server.put(
            "organizations", 370_000 + n, name="New", domain_names=[], external_id=None, tags=[]
        )
    zendesk.pass_time(61)
    told, cursor = await zendesk.follow("organizations", cursor)
    assert len({one.id for one in told}) == 1100
    zendesk.pass_time(HOUR)
    _, cursor = await zendesk.follow("organizations", cursor)
    assert (await zendesk.follow("organizations", cursor))[0] == []


async def test_an_organization_links_by_its_external_id(zendesk: Reached) -> None:
    """One of Stripe's form, that is: others are the account's own affair."""
    zendesk.server.put("organizations", 360_001, external_id="cus_9")
    zendesk.server.put("organizations", 360_002, external_id="ERP-7")
    links = {one.id: one.links for one in await zendesk.records("organizations") if isinstance(one, Customer)}
    assert (links["360001"], links["360002"]) == ((("stripe_customer", "cus_9"),), ())


async def test_a_changed_rating_is_told_with_its_date(zendesk: Reached) -> None:
    """Good, then bad: the last word counts, from when it was said."""
    cursor = await zendesk.start("satisfaction_ratings")
    zendesk.pass_time(HOUR)
    zendesk.server.put("satisfaction_ratings", 500_001, ticket_id=1, score="bad")
    zendesk.server.put("satisfaction_ratings", 500_002, ticket_id=2, score="offered")
    told, _ = await zendesk.follow("satisfaction_ratings", cursor)
    assert [(type(one), one.id) for one in told] == [(Rating, "500001")]


async def test_exports_are_for_administrators(zendesk: Reached) -> None:
    """An agent's token reads lists, but neither tickets nor users to the end."""
    zendesk.server.role = "agent"
    access = await zendesk.connector.check()
    assert set(access.refused) == {"tickets", "users"}


async def test_too_many_exports_are_waited_for(zendesk: Reached) -> None:
    """The Retry-After is kept, then the export goes on."""
    zendesk.server.exports_a_minute = 2
    spent = [zendesk.server.clock()] * 5
    times = iter(spent)
    late = spent[0] + 61
    zendesk.server.clock = lambda: next(times, late)
    assert len(await zendesk.records("tickets")) == 3
    assert len(await zendesk.records("users")) == 4


def test_the_key_is_made_of_what_is_asked() -> None:
    """Subdomain, e-mail and token; what cannot be right is said before anything is sent."""
    made = Zendesk.credential(
        {"subdomain": " Acme.zendesk.com ", "email": "ann@acme.example", "key": "t0ken"}, None
    )
    assert made == Credential(key="ann@acme.example/token:t0ken", base_url="https://acme.zendesk.com")
    whole = Zendesk.credential({"key": "ann@acme.example/token:t0ken"}, "http://localhost:1")
    assert whole == Credential(key="ann@acme.example/token:t0ken", base_url="http://localhost:1")
    with pytest.raises(ValueError, match="subdomain"):
        Zendesk.credential({"subdomain": "evil.example/x", "email": "ann@acme.example", "key": "t"}, None)
    with pytest.raises(ValueError, match="e-mail"):
        Zendesk.credential({"subdomain": "acme", "email": "", "key": "t"}, None)


def test_the_vendors_limits_are_kept_from_the_start() -> None:
    """Exports have a pace of their own, at the vendor's own server."""
    theirs = Zendesk.api(Credential(key="a/token:b", base_url="https://acme.zendesk.com"))
    ours = Zendesk.api(Credential(key="a/token:b", base_url="http://localhost:1"))
    assert (theirs.rate.per_second, ours.rate.per_second) == (3.0, None)
    assert theirs.rate.slower["/api/v2/incremental/tickets/cursor"] * 60 < 10


async def test_metrics_come_with_the_export(zendesk: Reached) -> None:
    """A load asks for them beside the tickets: else nobody would know how fast they were answered."""
    loaded = [one for one in await zendesk.records("tickets") if isinstance(one, Conversation)]
    waits = {one.first_reply_at - one.opened_at for one in loaded if one.first_reply_at}
    assert (len(loaded), waits) == (3, {timedelta(hours=1)})


async def test_ratings_that_were_not_read_to_the_end_are_read_again(zendesk: Reached) -> None:
    """The cursor moves with the last page, not with the first."""
    cursor = await zendesk.start("satisfaction_ratings")
    for n in range(150):
        zendesk.server.put("satisfaction_ratings", 600_000 + n, ticket_id=1, score="good")
    zendesk.pass_time(HOUR)
    feed = next(feed for feed in zendesk.connector.feeds if feed.name == "satisfaction_ratings")
    pages = [page async for page in zendesk.connector.changes(feed, cursor, ["satisfaction_ratings"])]
    assert [page.cursor == cursor for page in pages] == [True, False]
    assert int(pages[-1].cursor) > int(cursor)
