"""The slash command: `/chewy QUESTION`, answered to the asker alone; other features have words of it."""

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.answering import Answering, Asked, Reply
from bot.slack.delivery import ByResponseUrl
from bot.slack.extending import start
from bot.slack.extensions import Extensions, Handler
from bot.slack.messages import plain_words, talk

_LONGEST_NAME = 3
_ANY_COMMAND = re.compile("^/")  # a workspace may have given our command another name


def register(bolt: AsyncApp, answering: Answering, extensions: Extensions) -> None:
    async def asked_by_command(ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        private = ByResponseUrl(client, command["response_url"], command["user_id"])
        reply = Reply(answer=private, aside=private)
        found = _handler(extensions, _said(command))
        if found is None:
            answering.start(_asked(command, plain_words(_said(command))), reply)
        else:
            handler, rest = found
            start(answering, handler, _asked(command, rest), reply, client, command)

    bolt.command(_ANY_COMMAND)(asked_by_command)


def _handler(extensions: Extensions, said: str) -> tuple[Handler, str] | None:
    """Who takes what begins with these words, and the rest of them; the longest name wins."""
    words = said.split()
    for count in range(min(len(words), _LONGEST_NAME), 0, -1):
        handler = extensions.commands.get(" ".join(words[:count]).lower().rstrip("?"))
        if handler is not None:
            return handler, " ".join(words[count:])
    return None


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
        said=_said(command),
        channel=channel,
    )
