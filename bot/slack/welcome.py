"""The first message to whoever installed the app: what to do next."""

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.render import slack_blocks as kit
from bot.render.slack_blocks import Message
from bot.slack.delivery import InChannel, NotDelivered

_log = structlog.get_logger(__name__)


def first_message() -> Message:
    """Three things to do, each of a minute."""
    return Message(
        text="Hello! I am Chewbotta, and I am connected. Three things to do next.",
        blocks=[
            kit.section("*Hello! I am Chewbotta, and I am connected.* Three things to do next:"),
            kit.section("*1. Ask me something.* Just write it here: `what is our MRR?`"),
            kit.section(
                "*2. Bring me along.* `/invite` me to a channel and mention me there, or type `/chewy` with "
                "a question anywhere: then only you see the answer."
            ),
            kit.section(
                "*3. Have me speak up.* `/chewy subscribe` tells a channel when a customer upgrades, cancels "
                "or a payment fails."
            ),
            kit.section(
                "I answer members of this workspace alone: no guests, no other companies in shared channels."
            ),
        ],
    )


async def greet(client: AsyncWebClient, user: str) -> None:
    """That it does not arrive is the log's: the app is installed all the same."""
    try:
        await InChannel(client, user).send([first_message()])
    except (NotDelivered, SlackApiError, ClientError, OSError, TimeoutError) as problem:
        _log.warning("slack.not_greeted", error=type(problem).__name__)
