"""Rules in people's own words in Slack: read back, tried out, and saved only by a press."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.cache import AccountCache
from bot.slack.alerts import Alerts
from bot.slack.app import SlackApp, create_slack_app
from bot.slack.extensions import Extensions
from storage import records
from storage.settings import Settings
from tests.bot.asks import AsksByHeart
from tests.bot.slack.talking import all_of, blocks_of, buttons_of, command, deliver, direct, mention, press
from tests.vendors.slack import MEMBER, TEAM, FakeSlack
from tests.world import World, customer
from thoughts.subscriptions import Subscription, subscriptions

WHEN = "when a customer opens a ticket"


@dataclass
class Office:
    """The app over real storage, in a stand-in for Slack."""

    app: SlackApp
    slack: FakeSlack
    world: World
    asks: AsksByHeart

    async def hear(self, body: dict[str, Any]) -> list[Any]:
        await deliver(self.app, body)
        return await all_of(self.app, self.slack)

    async def press(self, offer: Any, verb: str, **more: Any) -> list[Any]:
        return await self.hear(press(self.slack, buttons_of(offer)[f"rule:{verb}"], **more))

    async def saved(self) -> list[Subscription]:
        return await subscriptions(self.world.db, self.world.vault, self.world.account_id)


@pytest.fixture
async def office(world: World, slack: FakeSlack, asks: AsksByHeart) -> AsyncIterator[Office]:
    opened = datetime.now(UTC) - timedelta(days=3)
    ticket = records.Conversation(
        id="t1", state=records.ConversationState.OPEN, opened_at=opened, customer_id="cus_Acme"
    )
    await world.sync(customer("Acme"), ticket)
    extensions = Extensions()
    Alerts(world.db, world.vault, AccountCache(world.db, world.vault)).extend(extensions)
    settings = Settings(
        slack_api_url=f"{slack.address}/api", slack_bot_token="xoxb-1-token", slack_signing_secret="s" * 32
    )
    app = await create_slack_app(settings, asks, account_id=world.account_id, extensions=extensions)
    yield Office(app, slack, world, asks)
    await app.stop()


@pytest.mark.parametrize("way", ["command", "direct", "mention", "subscribe"])
async def test_a_rule_is_tried_out_before_it_is_saved(office: Office, way: str) -> None:
    """However it is said, it is read back with what it would have told, to the asker alone; Save saves it
    once however often it is pressed."""
    said = {
        "command": command(office.slack, f"tell me {WHEN}"),
        "direct": direct(f"tell me {WHEN}"),
        "mention": mention(f"please tell me {WHEN}, quiet 22 to 7"),
        "subscribe": command(office.slack, f"subscribe me to tell me {WHEN}"),
    }[way]
    (offer,) = await office.hear(said)
    assert offer.method in ("chat.postEphemeral", "response_url")
    assert "would have fired" in blocks_of(offer)
    assert "Acme" in blocks_of(offer)
    assert await office.saved() == []
    for trigger in ("a", "b"):
        await office.press(offer, "save", trigger_id=trigger)
    (saved,) = await office.saved()
    assert (saved.where.team, saved.where.place) == (TEAM, MEMBER)
    assert saved.wants.quiet == ((22, 7) if way == "mention" else None)
    assert office.asks.asked == []


async def test_the_channel_that_a_rule_names_gets_it(office: Office) -> None:
    """ "alert #sales when ..." is saved for that channel; a channel that Slack did not name is asked back."""
    (offer,) = await office.hear(mention(f"alert <#C9|sales> {WHEN}"))
    assert "In <#C9>" in blocks_of(offer)
    await office.press(offer, "save")
    assert [one.where.place for one in await office.saved()] == ["C9"]
    (asked,) = await office.hear(direct(f"alert #sales {WHEN}", ts="1.7"))
    assert "do not know which channel #sales is" in asked.arguments["text"]
    (refused,) = await office.hear(direct(f"alert <@U999> {WHEN}", ts="1.8"))
    assert "nobody else" in refused.arguments["text"]


async def test_change_opens_the_form_with_the_words(office: Office) -> None:
    """Change brings the words back to be edited; the new ones are tried out; Cancel saves nothing."""
    (offer,) = await office.hear(direct(f"tell me {WHEN}"))
    await office.press(offer, "change")
    (opened,) = [call.arguments for call in office.slack.calls if call.method == "views.open"]
    (words,) = [
        one["element"]["initial_value"] for one in opened["view"]["blocks"] if one["block_id"] == "rest"
    ]
    assert words == f"tell me {WHEN}"
    (again,) = await office.hear(_submitted(opened["view"], f"{words} twice in a week"))
    assert "would not have fired" in blocks_of(again)
    (said,) = await office.press(again, "cancel", trigger_id="t9")
    assert "Nothing is saved" in said.arguments["text"]
    assert await office.saved() == []


async def test_an_edited_rule_keeps_its_number(office: Office) -> None:
    """Edit in the list opens the form filled in with the rule; its new words are saved under its number."""
    (offer,) = await office.hear(direct(f"tell me {WHEN}"))
    (saved,) = await office.press(offer, "save")
    await office.hear(press(office.slack, buttons_of(saved)["alert:edit"], trigger_id="edit"))
    (opened,) = [call.arguments for call in office.slack.calls if call.method == "views.open"]
    (changed,) = await office.hear(_submitted(opened["view"], "tell me when a customer churns"))
    await office.press(changed, "save", trigger_id="last")
    assert [(one.number, one.wants.words) for one in await office.saved()] == [
        (1, "tell me when a customer churns")
    ]


async def test_what_is_not_understood_is_asked_back(office: Office) -> None:
    """Nothing is guessed: a rule without its amount is asked for it, and a question stays a question."""
    (asked,) = await office.hear(direct("tell me when mrr drops"))
    assert "By how much?" in asked.arguments["text"]
    await office.hear(direct("tell me when acme signed up", ts="1.9"))
    assert [question for question, *_ in office.asks.asked] == ["tell me when acme signed up"]


def _submitted(view: dict[str, Any], words: str) -> dict[str, Any]:
    state = {
        "where": {"where": {"selected_conversation": MEMBER}},
        "kinds": {"kinds": {"selected_options": []}},
        "rest": {"rest": {"value": words}},
    }
    known = {"id": "V1", "hash": words, "state": {"values": state}}
    return {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": MEMBER, "team_id": TEAM},
        "view": view | known,
    }
