"""That an answer is being worked on, said within a second: as a status where there is one, else in words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError

from bot.slack import texts
from bot.slack.delivery import Delivery, InChannel, NotDelivered, ToOnePerson

SAID_AFTER = 0.6
"""Seconds: what is quicker needs no word, and whoever waits longer reads one within a second."""

_TROUBLE = (SlackApiError, ClientError, NotDelivered, OSError, TimeoutError)


@asynccontextmanager
async def shown(delivery: Delivery, asker: str) -> AsyncIterator[None]:
    """Says so when the block takes longer. A status goes by itself with the answer."""
    telling = asyncio.create_task(_tell(delivery, asker))
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


async def _tell(delivery: Delivery, asker: str) -> None:
    await asyncio.sleep(SAID_AFTER)
    with suppress(*_TROUBLE):
        if not isinstance(delivery, InChannel):
            await delivery.send([texts.say(texts.WORKING)])
        elif not await _status(delivery):
            aside = ToOnePerson(delivery.client, delivery.channel, asker, delivery.thread)
            await aside.send([texts.say(texts.WORKING)])


async def _status(delivery: InChannel) -> bool:
    """Whether this Slack shows a status there."""
    if delivery.thread is None:
        return False
    try:
        await delivery.client.assistant_threads_setStatus(
            channel_id=delivery.channel, thread_ts=delivery.thread, status=texts.THINKING
        )
    except SlackApiError:
        return False
    return True
