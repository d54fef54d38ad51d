"""What people see unasked: the Home tab, suggested questions, cards under links."""

import json
from typing import Any

import pytest

from bot.questions.vocabulary import Vocabulary
from bot.slack.agent import Prompt, prompts_for
from bot.slack.app import SlackApp
from bot.slack.extensions import HomeAsked
from bot.slack.home_sections import House
from bot.slack.links import linked_customer, read_link
from storage.metrics.plan import Plan
from storage.models import Customer
from tests.bot.slack.delivering import PAGE, Sections, calls_of, deliver, event_of, settled
from tests.vendors.slack import MEMBER, TEAM, FakeSlack
from tests.world import World, customer

# ---- Home and prompts -----------------------------------------------------------------------------------


async def test_the_home_tab_is_drawn_and_follows_changes(
    app: SlackApp, slack: FakeSlack, sections: Sections
) -> None:
    """Opened, it shows every section; it is published again when something in it changed, and only then."""
    await deliver(app, event_of("app_home_opened", tab="home"))
    await settled(app)
    await app.homes.look()
    assert slack.count("views.publish") == 1
    sections.words = "second"
    await app.homes.look()
    published = calls_of(slack, "views.publish")
    assert [call["user_id"] == MEMBER for call in published] == [True, True]
    assert f"second {MEMBER}" in json.dumps(published[1])


async def test_a_guests_home_tab_says_why_it_is_empty(app: SlackApp, slack: FakeSlack) -> None:
    """Whoever may not ask sees no section, only the reason."""
    slack.users["U2"] = {"id": "U2", "team_id": TEAM, "is_restricted": True}
    await deliver(app, event_of("app_home_opened", tab="home", user="U2"))
    await settled(app)
    shown = json.dumps(calls_of(slack, "views.publish"))
    assert "guest" in shown
    assert "first U2" not in shown


async def test_opening_the_conversation_suggests_questions(app: SlackApp, slack: FakeSlack) -> None:
    """In the agent view questions are suggested for the channel; a thread would silence the call."""
    await deliver(app, event_of("app_home_opened", tab="messages", channel="D1"))
    await settled(app)
    (given,) = calls_of(slack, "assistant.threads.setSuggestedPrompts")
    assert given["channel_id"] == "D1"
    assert "thread_ts" not in given
    assert len(given["prompts"]) == 4


def test_prompts_speak_of_what_the_account_has() -> None:
    """Its plan and its deals are in the suggestions; there are four at most."""
    prompts = prompts_for(Vocabulary(plans=("Scale",), stages=("won",)))
    assert Prompt("Who is on Scale", "customers on Scale") in prompts
    assert len(prompts) == 4
    assert len(prompts_for(Vocabulary())) == 4


async def test_the_house_shows_its_sources_and_what_is_kept(world: World) -> None:
    """The Home tab lists each source with its freshness, and how many Messages are kept."""
    house = House(world.db, "https://chewbotta.example.com")
    asked = HomeAsked(world.account_id, TEAM, MEMBER, None)  # type: ignore[arg-type]  # not used here
    assert "first time" in json.dumps(await house.sources(asked))
    said = json.dumps(await house.privacy(asked))
    assert "0 answers" in said
    assert "https://chewbotta.example.com" in said


# ---- links ----------------------------------------------------------------------------------------------


async def test_a_link_to_a_customer_unfurls_as_a_card(app: SlackApp, slack: FakeSlack) -> None:
    """A posted link to a customer's page gets a card; one that leads elsewhere stays as it is."""
    links = [{"domain": "x", "url": url} for url in (PAGE, "https://dashboard.stripe.com/balance")]
    await deliver(app, event_of("link_shared", message_ts="1.1", links=links))
    await settled(app)
    (unfurled,) = calls_of(slack, "chat.unfurl")
    assert PAGE in str(unfurled["unfurls"])
    assert "balance" not in str(unfurled["unfurls"])


@pytest.mark.parametrize("more", [{"source": "composer"}, {"user": "U2"}, {"channel": "CSHARED"}])
async def test_a_card_is_shown_only_where_all_may_see_it(
    app: SlackApp, slack: FakeSlack, more: dict[str, Any]
) -> None:
    """A draft, a guest's link and a channel with outsiders get no card."""
    slack.users["U2"] = {"id": "U2", "team_id": TEAM, "is_restricted": True}
    slack.channels["CSHARED"] = {"is_ext_shared": True}
    links = [{"domain": "dashboard.stripe.com", "url": PAGE}]
    await deliver(app, event_of("link_shared", message_ts="1.1", links=links, **more))
    await settled(app)
    assert slack.count("chat.unfurl") == 0


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (PAGE, ("stripe", "customer", "cus_1")),
        ("https://dashboard.stripe.com/acct_9/test/customers/cus_1?x", ("stripe", "customer", "cus_1")),
        ("https://app.hubspot.com/contacts/12/record/0-1/34", ("hubspot", "contact", "34")),
        ("https://app-eu1.hubspot.com/contacts/12/company/34/", ("hubspot", "customer", "34")),
        ("https://dashboard.stripe.com.evil.example/customers/cus_1", None),
        ("http://dashboard.stripe.com/customers/cus_1", None),
        ("https://dashboard.stripe.com/customers/cus_1'--", None),
    ],
)
def test_only_pages_of_customers_are_read(url: str, found: tuple[str, str, str] | None) -> None:
    """Pages of customers are told by their address; look-alikes are none."""
    assert read_link(url) == found


async def test_a_page_leads_to_its_customer(world: World) -> None:
    """The page of a customer that is held leads to its profile, that of another to nothing."""
    await world.write(customer("Acme", id="cus_1"))
    (row,) = await world.rows(Customer)
    plan = await linked_customer(world.db, world.vault, world.account_id, PAGE)
    assert plan == Plan(customer=bytes(row.profile_id).hex())
    assert await linked_customer(world.db, world.vault, world.account_id, f"{PAGE}23") is None
