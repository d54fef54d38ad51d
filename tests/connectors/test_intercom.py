"""What is Intercom's own: scrolls, searches by whole days, conversations and what is thought of them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.base import Credential
from connectors.errors import KeyRefused, SourceUnavailable
from connectors.intercom import Intercom
from storage.records import Contact, Conversation, ConversationState, Customer, Deletion, Rating
from tests.connectors.relations import Reached, reached

HOUR, DAY = 3600, 86_400


@pytest.fixture
async def intercom() -> AsyncIterator[Reached]:
    async with reached("intercom", companies=3) as found:
        yield found


async def _conversation(found: Reached, **fields: Any) -> list[Any]:
    found.server.put("conversations", "2150000001", **fields)
    told = await found.fetch("conversations", ["2150000001"])
    assert isinstance(told[0], Conversation)
    return list(told)


async def test_a_conversation_has_its_facts(intercom: Reached) -> None:
    """State, subject without markup, first reply, close, assignee, company, person, tags, rating."""
    said, rating = await intercom.fetch("conversations", ["2150000001"])
    assert isinstance(said, Conversation)
    assert isinstance(rating, Rating)
    assert (said.state, said.subject, said.assignee_id) == (ConversationState.CLOSED, "Question 1", "7001")
    assert (said.customer_id, said.contact_ids, said.tags) == ("64f000001", ("65a000001",), ("billing",))
    assert said.first_reply_at is not None
    assert said.closed_at is not None
    waits = (said.first_reply_at - said.opened_at, said.closed_at - said.opened_at)
    assert [wait.total_seconds() for wait in waits] == [HOUR, 2 * HOUR]
    assert (rating.conversation_id, rating.good) == (said.id, False)


@pytest.mark.parametrize(("stars", "good"), [(1, False), (3, False), (4, True), (5, True)])
async def test_four_and_five_are_good(intercom: Reached, stars: int, good: bool) -> None:
    """Of five."""
    _, rating = await _conversation(intercom, conversation_rating={"rating": stars, "created_at": 1})
    assert rating.good is good


async def test_a_rating_that_nobody_gave_is_none(intercom: Reached) -> None:
    """Asked for and not answered, or not asked for."""
    for rating in (None, {"rating": None, "created_at": 1}):
        assert len(await _conversation(intercom, conversation_rating=rating)) == 1


async def test_an_open_conversation_is_not_closed(intercom: Reached) -> None:
    """It was closed once, and opened again."""
    said = (await _conversation(intercom, state="open", open=True))[0]
    assert (said.state, said.closed_at) == (ConversationState.OPEN, None)


async def test_a_new_state_is_open_or_closed(intercom: Reached) -> None:
    """What Intercom invents tomorrow counts as what it says beside it."""
    for is_open, state in ((True, ConversationState.OPEN), (False, ConversationState.CLOSED)):
        assert (await _conversation(intercom, state="parked", open=is_open))[0].state is state


async def test_nulls_where_there_never_were_any(intercom: Reached) -> None:
    """A conversation of which nothing is known but that it is there."""
    nothing = (
        "statistics",
        "source",
        "company",
        "contacts",
        "tags",
        "admin_assignee_id",
        "conversation_rating",
    )
    said = (await _conversation(intercom, **dict.fromkeys(nothing)))[0]
    assert (said.subject, said.first_reply_at, said.customer_id, said.contact_ids) == (None, None, None, ())


async def test_a_companys_own_id_is_an_alias_and_may_be_stripes(intercom: Reached) -> None:
    """`company_id` is the account's; one of Stripe's form links to the customer there."""
    intercom.server.put("companies", "64f000001", company_id="cus_123", website="https://one.example")
    first, second = (await intercom.records("companies"))[:2]
    assert isinstance(first, Customer)
    assert isinstance(second, Customer)
    assert (first.aliases, first.links) == (("cus_123",), (("stripe_customer", "cus_123"),))
    assert first.domains == ("https://one.example",)
    assert (second.aliases, second.links) == (("own-2",), ())


async def test_changes_of_this_hour_are_found_by_whole_days(intercom: Reached) -> None:
    """The search for contacts knows days only: what changed within one is told, and what did not is not."""
    cursor = await intercom.start("contacts")
    for _ in range(30):
        intercom.pass_time(HOUR)
        intercom.server.put("contacts", "65a000002", name="Changed")
        changed, cursor = await intercom.follow("contacts", cursor)
        assert [one.id for one in changed] == ["65a000002"]


async def test_many_changes_go_over_pages(intercom: Reached) -> None:
    """Newest first, until what is older than last time."""
    for n in range(400):
        intercom.server.put("conversations", f"99{n:04}", state="open", open=True)
    intercom.pass_time(HOUR)
    cursor = await intercom.start("conversations")
    intercom.pass_time(DAY)
    for n in range(350):
        intercom.server.put("conversations", f"99{n:04}", state="closed", open=False)
    before = intercom.server.requests.total()
    changed, _ = await intercom.follow("conversations", cursor)
    assert len({one.id for one in changed}) == 350
    assert intercom.server.requests.total() - before == 3


async def test_a_merged_contact_is_gone(intercom: Reached) -> None:
    """404, and in no list: a Deletion."""
    intercom.server.delete("contacts", "65a000001")
    told = await intercom.fetch("contacts", ["65a000001", "65a000002"])
    assert [(type(one), one.id) for one in told] == [(Contact, "65a000002"), (Deletion, "65a000001")]


async def test_a_scroll_that_is_open_is_waited_for(
    intercom: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's scroll dies of a minute's silence; then it is our turn."""
    monkeypatch.setattr(Intercom, "scroll_wait", 0.01)
    async with intercom.connector.client._session.get(intercom.server.url + "/companies/scroll") as theirs:
        assert theirs.status == 200
    start = intercom.server.clock()
    times = iter([start] * 3 + [start + 61] * 50)
    intercom.server.clock = lambda: next(times)
    assert len(await intercom.ids("companies")) == 3
    assert intercom.server.refused[400] == 3


async def test_a_scroll_that_never_ends_is_given_up(
    intercom: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sync comes back later, and says why."""
    monkeypatch.setattr(Intercom, "scroll_wait", 0.001)
    async with intercom.connector.client._session.get(intercom.server.url + "/companies/scroll"):
        with pytest.raises(SourceUnavailable, match="scroll_exists"):
            await intercom.ids("companies")


async def test_a_scroll_that_died_is_begun_anew(intercom: Reached) -> None:
    """A load that goes on after a break finds its cursor gone, and reads the list from the start."""
    intercom.server.scroll_page = 1
    stream = intercom.connector.stream("companies")
    pages = intercom.connector.pages(stream)
    cursor = (await anext(pages)).cursor
    await pages.aclose()
    intercom.pass_time(61)
    again = [page async for page in intercom.connector.pages(stream, cursor=cursor)]
    assert len([record for page in again for record in page.records]) == 3


async def test_the_workspaces_region_is_found(intercom: Reached, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that the usual server refuses is tried at the others; which one it opens is kept."""
    async with reached("intercom", key="of_another_region") as usual:
        monkeypatch.setattr("connectors.intercom.connector.BASE_URL", usual.server.url)
        monkeypatch.setattr("connectors.intercom.connector.ELSEWHERE", (intercom.server.url,))
        async with Intercom(Credential(key=intercom.server.key)) as connector:
            access = await connector.check()
        assert access.base_url == intercom.server.url
        assert set(access.readable) == {"admins", "companies", "contacts", "conversations"}
        async with Intercom(Credential(key="wrong")) as connector:
            with pytest.raises(KeyRefused):
                await connector.check()
