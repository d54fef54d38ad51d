"""The buttons of a question back: pressing one asks the question that it stands for."""

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.render.slack import CHOOSE, chosen_question
from bot.slack import texts
from bot.slack.answering import Answering, Asked, Reply
from bot.slack.delivery import ByResponseUrl, InChannel
from bot.slack.messages import talk

_OURS = re.compile(f"^{CHOOSE}:")
_ANY_ACTION = re.compile(r".")


def register(bolt: AsyncApp, answering: Answering) -> None:
    async def chosen(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        question = chosen_question(body["actions"][0].get("value") or "")
        asked, reply = _asked(body, question or ""), _reply(body, client)
        if question is None:
            answering.tell(asked, reply, texts.NO_LONGER)
        else:
            answering.start(asked, reply)

    async def none_of_ours(ack: AsyncAck) -> None:
        await ack()

    bolt.action(_OURS)(chosen)
    bolt.action(_ANY_ACTION)(none_of_ours)


def _asked(body: dict[str, Any], question: str) -> Asked:
    team, channel, user = body["team"]["id"], body["channel"]["id"], body["user"]["id"]
    return Asked(
        question=question,
        team=team,
        user=user,
        conversation=talk(team, channel, _thread(body) or user),
        key=f"{team}:action:{body['trigger_id']}",
    )


def _reply(body: dict[str, Any], client: AsyncWebClient) -> Reply:
    """Where the buttons are: what one person alone saw stays between us."""
    aside = ByResponseUrl(client, body["response_url"], body["user"]["id"])
    is_private = (
        body.get("container", {}).get("is_ephemeral") or body.get("message", {}).get("subtype") == "ephemeral"
    )
    if is_private:
        return Reply(answer=aside, aside=aside)
    return Reply(answer=InChannel(client, body["channel"]["id"], _thread(body)), aside=aside)


def _thread(body: dict[str, Any]) -> str | None:
    found = body.get("message", {}).get("thread_ts") or body.get("container", {}).get("thread_ts")
    return str(found) if found else None
