"""Where people ask and look: threads, follow-ups, the shortcut, progress, the Home tab, links."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncBoltRequest

from bot.questions.vocabulary import Vocabulary
from bot.slack.agent import Prompt, prompts_for
from bot.slack.app import SlackApp, create_slack_app
from bot.slack.extensions import Extensions, HomeAsked
from bot.slack.home_sections import House
from bot.slack.links import linked_customer, read_link
from bot.slack.shortcuts import modal
from storage.metrics.plan import Plan
from storage.models import Customer
from storage.settings import Settings
from tests.bot.asks import AsksByHeart
from tests.bot.slack_schema import TYPES_ARE_HERE, _schema
from tests.vendors.slack import MEMBER, TEAM, Call, FakeSlack, fake_slack
from tests.world import World, customer

ACCOUNT = 7
PAGE = "https://dashboard.stripe.com/customers/cus_1"


class Sections:
    """A section of the Home tab whose words can change."""

    words = "first"

    async def section(self, asked: HomeAsked) -> list[dict[str, Any]]:
        return [{"type": "section", "text": {"type": "mrkdwn", "text": f"{self.words} {asked.user}"}}]


async def _linked(account_id: int, url: str) -> Plan | None:
    return Plan(customer="00" * 16) if url == PAGE else None


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as running:
        yield running


@pytest.fixture
def asks() -> AsksByHeart:
    return AsksByHeart()


@pytest.fixture
def sections() -> Sections:
    return Sections()


@pytest.fixture
async def app(slack: FakeSlack, asks: AsksByHeart, sections: Sections) -> AsyncIterator[SlackApp]:
    settings = Settings(
        slack_api_url=f"{slack.address}/api", slack_bot_token="xoxb-1-token", slack_signing_secret="s" * 32
    )
    extensions = Extensions(home=[sections.section], linked=_linked)
    made = await create_slack_app(settings, asks, account_id=ACCOUNT, extensions=extensions)
    yield made
    asks.go.set()
    await made.stop()


async def _deliver(app: SlackApp, body: dict[str, Any]) -> None:
    answer = await app.bolt.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))
    assert answer.status == 200


def _event(kind: str, **more: Any) -> dict[str, Any]:
    event = {"type": kind, "channel": "C1", "channel_type": "channel", "user": MEMBER, "ts": "1.1", **more}
    return {"type": "event_callback", "team_id": TEAM, "event_id": "Ev1", "event": event}


async def _next(slack: FakeSlack) -> Call:
    return await asyncio.wait_for(slack.posted.get(), 5)


async def _settled(app: SlackApp) -> None:
    assert await app.answering.background.drain(5) == 0


def _calls(slack: FakeSlack, method: str) -> list[dict[str, Any]]:
    return [call.arguments for call in slack.calls if call.method == method]


# ---- threads --------------------------------------------------------------------------------------------


async def test_a_direct_message_begins_a_thread_with_a_title(app: SlackApp, slack: FakeSlack) -> None:
    """A direct message is answered in its thread, which is named after the question."""
    await _deliver(app, _event("message", channel="D1", channel_type="im", text="what is our MRR?"))
    assert (await _next(slack)).arguments["thread_ts"] == "1.1"
    await _settled(app)
    (title,) = _calls(slack, "assistant.threads.setTitle")
    assert (title["thread_ts"], title["title"]) == ("1.1", "what is our MRR?")


async def test_a_thread_goes_on_without_a_mention(app: SlackApp, slack: FakeSlack, asks: AsksByHeart) -> None:
    """Once mentioned in a thread, the app answers what is asked there next, without being named."""
    await _deliver(app, _event("app_mention", text="<@U1BOT> what is our MRR?"))
    await _next(slack)
    await _deliver(app, _event("message", ts="1.2", thread_ts="1.1", text="customers by country"))
    assert (await _next(slack)).arguments["thread_ts"] == "1.1"
    assert [asked[0] for asked in asks.asked] == ["what is our MRR?", "customers by country"]
    assert len({asked[2] for asked in asks.asked}) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"thread_ts": "9.9", "text": "what is our MRR?"},
        {"text": "what is our MRR?"},
        {"thread_ts": "1.1", "text": "<@U2BOB> what is our MRR?"},
        {"thread_ts": "1.1", "text": "thanks, lunch?"},
    ],
    ids=["another thread", "no thread", "to somebody else", "not understood"],
)
async def test_what_was_not_meant_for_us_gets_no_answer(
    app: SlackApp, slack: FakeSlack, more: dict[str, Any]
) -> None:
    """Other threads, the channel itself, words to somebody else, and what is no question are left alone."""
    await _deliver(app, _event("app_mention", text="<@U1BOT> what is our MRR?"))
    await _next(slack)
    await _deliver(app, _event("message", ts="1.3", **more))
    await _settled(app)
    await _settled(app)
    assert slack.posted.empty()


# ---- progress, help, shortcut ---------------------------------------------------------------------------


async def test_who_waits_is_told_within_a_second(app: SlackApp, slack: FakeSlack, asks: AsksByHeart) -> None:
    """A slow answer in a thread shows a status; a command's asker reads that it is being worked on."""
    await _deliver(app, _event("message", channel="D1", channel_type="im", text="wait"))
    await asyncio.wait_for(asks.waiting.wait(), 5)
    await asyncio.sleep(0.8)
    assert _calls(slack, "assistant.threads.setStatus")[0]["thread_ts"] == "1.1"
    asks.go.set()
    assert "I heard" in (await _next(slack)).arguments["text"]


async def test_a_slack_without_a_status_gets_words(
    app: SlackApp, slack: FakeSlack, asks: AsksByHeart
) -> None:
    """Where Slack knows no status, the asker alone reads that it takes a moment."""
    slack.errors["assistant.threads.setStatus"] = "unknown_method"
    await _deliver(app, _event("message", channel="D1", channel_type="im", text="wait"))
    said = await _next(slack)
    assert (said.method, said.arguments["user"]) == ("chat.postEphemeral", MEMBER)
    asks.go.set()
    assert "I heard" in (await _next(slack)).arguments["text"]


async def test_help_has_buttons_that_ask(app: SlackApp, slack: FakeSlack, asks: AsksByHeart) -> None:
    """`/chewy` alone offers questions as buttons."""
    command = {"command": "/chewy", "team_id": TEAM, "channel_id": "C1", "user_id": MEMBER, "text": ""}
    await _deliver(app, command | {"response_url": f"{slack.address}/respond", "trigger_id": "t1"})
    blocks = (await _next(slack)).arguments["blocks"]
    (row,) = [block for block in blocks if block["type"] == "actions"]
    assert json.loads(row["elements"][0]["value"]) == {"question": "What is our MRR?"}
    assert asks.asked == []


def _shortcut(slack: FakeSlack, words: str) -> dict[str, Any]:
    return {
        "type": "message_action",
        "callback_id": "ask_about",
        "team": {"id": TEAM},
        "user": {"id": MEMBER},
        "channel": {"id": "C1"},
        "message": {"ts": "1.1", "text": words},
        "response_url": f"{slack.address}/respond",
        "trigger_id": "t1",
    }


async def test_the_shortcut_opens_the_message_as_a_question(
    app: SlackApp, slack: FakeSlack, asks: AsksByHeart
) -> None:
    """The message stands in a form; what is sent from there is answered in the direct messages."""
    await _deliver(app, _shortcut(slack, "what is our MRR?"))
    await _settled(app)
    view = _calls(slack, "views.open")[0]["view"]
    assert view["blocks"][0]["element"]["initial_value"] == "what is our MRR?"
    sent = {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": MEMBER},
        "trigger_id": "t2",
        "view": view
        | {"id": "V1", "state": {"values": {"question": {"question": {"value": "what is our MRR?"}}}}},
    }
    await _deliver(app, sent)
    answer = await _next(slack)
    assert answer.arguments["channel"] == MEMBER
    assert asks.asked[0][0] == "what is our MRR?"


async def test_an_expired_shortcut_asks_at_once(app: SlackApp, slack: FakeSlack, asks: AsksByHeart) -> None:
    """Where Slack no longer opens the form, the message itself is asked."""
    slack.errors["views.open"] = "expired_trigger_id"
    await _deliver(app, _shortcut(slack, "what is our MRR?"))
    assert (await _next(slack)).arguments["channel"] == MEMBER
    assert asks.asked[0][0] == "what is our MRR?"


def test_the_form_is_one_by_slacks_types() -> None:
    """The modal is valid by Slack's own types, with and without words in it."""
    if not TYPES_ARE_HERE:
        pytest.skip("Slack's types are not present beside the repository")
    from jsonschema import Draft7Validator

    types = _schema("blocks.schema.json")["definitions"]
    check = Draft7Validator({"$ref": "#/definitions/SlackModal", "definitions": types})
    for words in ("", "what is our MRR?", "x" * 4_000):
        assert list(check.iter_errors(modal(words))) == []


# ---- Home and prompts -----------------------------------------------------------------------------------


async def test_the_home_tab_is_drawn_and_follows_changes(
    app: SlackApp, slack: FakeSlack, sections: Sections
) -> None:
    """Opened, it shows every section; it is published again when something in it changed, and only then."""
    await _deliver(app, _event("app_home_opened", tab="home"))
    await _settled(app)
    await app.homes.look()
    assert slack.count("views.publish") == 1
    sections.words = "second"
    await app.homes.look()
    published = _calls(slack, "views.publish")
    assert [call["user_id"] == MEMBER for call in published] == [True, True]
    assert f"second {MEMBER}" in json.dumps(published[1])


async def test_a_guests_home_tab_says_why_it_is_empty(app: SlackApp, slack: FakeSlack) -> None:
    """Whoever may not ask sees no section, only the reason."""
    slack.users["U2"] = {"id": "U2", "team_id": TEAM, "is_restricted": True}
    await _deliver(app, _event("app_home_opened", tab="home", user="U2"))
    await _settled(app)
    shown = json.dumps(_calls(slack, "views.publish"))
    assert "guest" in shown
    assert "first U2" not in shown


async def test_opening_the_conversation_suggests_questions(app: SlackApp, slack: FakeSlack) -> None:
    """In the agent view questions are suggested for the channel; a thread would silence the call."""
    await _deliver(app, _event("app_home_opened", tab="messages", channel="D1"))
    await _settled(app)
    (given,) = _calls(slack, "assistant.threads.setSuggestedPrompts")
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
    await _deliver(app, _event("link_shared", message_ts="1.1", links=links))
    await _settled(app)
    (unfurled,) = _calls(slack, "chat.unfurl")
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
    await _deliver(app, _event("link_shared", message_ts="1.1", links=links, **more))
    await _settled(app)
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
