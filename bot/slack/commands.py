"""The slash command: `/chewy QUESTION`, answered to the asker alone; other features have words of it."""

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.answering import Answering, Asked, Reply
from bot.slack.delivery import ByResponseUrl
from bot.slack.extending import start
from bot.slack.extensions import Extensions
from bot.slack.messages import plain_words, talk

_ANY_COMMAND = re.compile("^/")  # a workspace may have given our command another name


def register(bolt: AsyncApp, answering: Answering, extensions: Extensions) -> None:
    async def asked_by_command(ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        private = ByResponseUrl(client, command["response_url"], command["user_id"])
        reply = Reply(answer=private, aside=private)
        word, _, rest = _said(command).strip().partition(" ")
        handler = extensions.commands.get(word.lower())
        if handler is None:
            answering.start(_asked(command, plain_words(_said(command))), reply)
        else:
            start(answering, handler, _asked(command, rest.strip()), reply, client, command)

    bolt.command(_ANY_COMMAND)(asked_by_command)


def _said(command: dict[str, Any]) -> str:
    return command.get("text") or ""


def _asked(command: dict[str, Any], words: str) -> Asked:
    team, channel, user = command["team_id"], command["channel_id"], command["user_id"]
    return Asked(
        question=words,
        team=team,
        user=user,
        conversation=talk(team, channel, user),
        key=f"{team}:command:{command['trigger_id']}",
    )
