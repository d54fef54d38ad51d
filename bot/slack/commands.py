"""The slash command: `/chewy QUESTION`, answered to the asker alone."""

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.answering import Answering, Asked, Reply
from bot.slack.delivery import ByResponseUrl
from bot.slack.messages import plain_words, talk

_ANY_COMMAND = re.compile("^/")  # a workspace may have given our command another name


def register(bolt: AsyncApp, answering: Answering) -> None:
    async def asked_by_command(ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        team, channel, user = command["team_id"], command["channel_id"], command["user_id"]
        private = ByResponseUrl(client, command["response_url"], user)
        question = Asked(
            question=plain_words(command.get("text") or ""),
            team=team,
            user=user,
            conversation=talk(team, channel, user),
            key=f"{team}:command:{command['trigger_id']}",
        )
        answering.start(question, Reply(answer=private, aside=private))

    bolt.command(_ANY_COMMAND)(asked_by_command)
