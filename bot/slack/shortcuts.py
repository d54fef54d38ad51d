"""The message shortcut "Ask Chewbotta about this": the message as a question that can still be changed."""

from typing import Any

from aiohttp import ClientError
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.render import slack_blocks as kit
from bot.render import text
from bot.slack.actions import asked_of
from bot.slack.answering import Answering
from bot.slack.extending import to_direct_messages
from bot.slack.messages import plain_words

SHORTCUT, MODAL, INPUT = "ask_about", "ask_about", "question"
_LONGEST = 500


def register(bolt: AsyncApp, answering: Answering) -> None:
    async def asked_about(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        answering.background.start(_open(answering, body, client))

    async def submitted(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        question = plain_words(body["view"]["state"]["values"][INPUT][INPUT].get("value") or "")
        answering.start(asked_of(body, question), to_direct_messages(client, body["user"]["id"]))

    bolt.shortcut(SHORTCUT)(asked_about)
    bolt.view(MODAL)(submitted)


async def _open(answering: Answering, body: dict[str, Any], client: AsyncWebClient) -> None:
    """Slack gives three seconds to open it; later the message itself is asked."""
    said = plain_words((body.get("message") or {}).get("text") or "")
    try:
        await client.views_open(trigger_id=body["trigger_id"], view=modal(said))
    except (SlackApiError, ClientError, OSError, TimeoutError):
        answering.start(asked_of(body, said), to_direct_messages(client, body["user"]["id"]))


def modal(said: str) -> dict[str, Any]:
    """`said` stands in the field, to be asked as it is or changed."""
    field = {"type": "plain_text_input", "action_id": INPUT, "multiline": True, "max_length": _LONGEST}
    words = text.shorten(text.clean(said), _LONGEST)
    if words:
        field["initial_value"] = words
    return {
        "type": "modal",
        "callback_id": MODAL,
        "title": kit.plain_text("Ask Chewbotta", 24),
        "submit": kit.plain_text("Ask", 24),
        "close": kit.plain_text("Cancel", 24),
        "blocks": [
            {
                "type": "input",
                "block_id": INPUT,
                "label": kit.plain_text("Your question", 100),
                "hint": kit.plain_text("The answer comes to our direct messages.", 100),
                "element": field,
            }
        ],
    }
