"""The buttons of a question back: pressing one asks the question that it stands for."""

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.render.slack import CHOOSE, chosen_question
from bot.slack import follow_ups, texts
from bot.slack.answering import Answering, Asked, Reply
from bot.slack.delivery import ByResponseUrl, InChannel
from bot.slack.messages import talk

_OURS = re.compile(f"^{CHOOSE}:")
_UNDER_AN_ANSWER = re.compile(rf"^(?:{'|'.join(follow_ups.OURS)})(?::|$)")
_ANY_ACTION = re.compile(r".")


def register(bolt: AsyncApp, answering: Answering) -> None:
    async def chosen(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        question = chosen_question(body["actions"][0].get("value") or "")
        asked, reply = asked_of(body, question or ""), reply_of(body, client)
        if question is None:
            answering.tell(asked, reply, texts.NO_LONGER)
        else:
            answering.start(asked, reply)

    async def under_an_answer(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        follow_ups.pressed(answering, asked_of(body, ""), reply_of(body, client), client, body)

    async def none_of_ours(ack: AsyncAck) -> None:
        await ack()

    bolt.action(_OURS)(chosen)
    bolt.action(_UNDER_AN_ANSWER)(under_an_answer)
    bolt.action(_ANY_ACTION)(none_of_ours)


def asked_of(body: dict[str, Any], question: str) -> Asked:
    """What a button, a shortcut or a modal asks for. The talk is that of the thread, or the person's own."""
    user = body["user"]["id"]
    team = (body.get("team") or {}).get("id") or body["user"]["team_id"]
    channel = (body.get("channel") or {}).get("id") or user
    once = body.get("trigger_id") or f"{body['view']['id']}:{body['view']['hash']}"
    return Asked(
        question=question,
        team=team,
        user=user,
        conversation=talk(team, channel, thread_of(body) or user),
        key=f"{team}:action:{once}",
    )


def reply_of(body: dict[str, Any], client: AsyncWebClient) -> Reply:
    """Where the button is: what one person alone saw stays between us. Elsewhere, the direct messages."""
    user, channel = body["user"]["id"], (body.get("channel") or {}).get("id")
    if not channel or not body.get("response_url"):
        directly = InChannel(client, user)
        return Reply(answer=directly, aside=directly)
    aside = ByResponseUrl(client, body["response_url"], user)
    is_private = (
        body.get("container", {}).get("is_ephemeral") or body.get("message", {}).get("subtype") == "ephemeral"
    )
    if is_private:
        return Reply(answer=aside, aside=aside)
    return Reply(answer=InChannel(client, channel, thread_of(body)), aside=aside)


def thread_of(body: dict[str, Any]) -> str | None:
    """The thread that a button stands in, if it does."""
    found = body.get("message", {}).get("thread_ts") or body.get("container", {}).get("thread_ts")
    return str(found) if found else None
