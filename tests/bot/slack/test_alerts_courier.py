"""The courier of Slack: what it edits."""

from dataclasses import replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.alerts_courier import SlackCourier
from storage.trust.messages import Post
from tests.bot.letters import LETTERS
from tests.bot.slack.delivering import calls_of
from tests.vendors.slack import FakeSlack
from thoughts.ports import Gone, Sent


async def test_a_letter_that_edits_is_put_in_the_place_of_its_post(slack: FakeSlack) -> None:
    """The post gets the new words under its key and no second one is made; one that is gone is said to be."""
    client = AsyncWebClient(token="xoxb-1", base_url=f"{slack.address}/api/")
    letter = replace(LETTERS["one"], edits=Post("C1", "1.5"))
    courier = SlackCourier(lambda _team: client)
    assert isinstance(await courier.post(letter), Sent)
    (edit,) = calls_of(slack, "chat.update")
    assert (edit["channel"], edit["ts"]) == ("C1", "1.5")
    assert edit["metadata"]["event_payload"] == {"letter": letter.key}
    assert calls_of(slack, "chat.postMessage") == []
    slack.errors["chat.update"] = "message_not_found"
    assert await courier.post(letter) == Gone("message_not_found")
