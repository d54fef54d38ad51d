"""Buttons and modals of other features: acknowledged at once, then handed to whoever registered them."""

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.actions import asked_of, reply_of
from bot.slack.answering import Answering, Asked, Reply
from bot.slack.delivery import InChannel
from bot.slack.extensions import Extensions, Handler, Invoked, name_of
from storage.chat_access import Role

_ANY = re.compile(r".")


def register(bolt: AsyncApp, answering: Answering, extensions: Extensions) -> None:
    async def pressed(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        action = body["actions"][0]
        handler = extensions.actions[name_of(action["action_id"])]
        value = chosen_value(action)
        asked, reply = asked_of(body, value), reply_of(body, client)
        start(answering, handler, asked, reply, client, body)

    async def submitted(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        view = body["view"]
        modal = extensions.modals.get(name_of(view.get("callback_id") or ""))
        wrong = modal.check(view) if modal else {}
        if wrong:
            await ack(response_action="errors", errors=dict(wrong))
            return
        await ack()
        if modal:
            asked = asked_of(body, view.get("private_metadata") or "")
            start(answering, modal.submit, asked, reply_of(body, client), client, body)

    answering.offers = extensions.offers
    if extensions.actions:
        names = "|".join(map(re.escape, extensions.actions))
        bolt.action(re.compile(rf"^(?:{names})(?::|$)"))(pressed)
    bolt.view(_ANY)(submitted)


def start(
    answering: Answering,
    handler: Handler,
    asked: Asked,
    reply: Reply,
    client: AsyncWebClient,
    body: dict[str, Any],
) -> None:
    """Runs a handler in the background, for those who may ask."""
    channel = body.get("channel_id") or (body.get("channel") or {}).get("id")

    async def work(account_id: int, role: Role) -> None:
        await handler(
            Invoked(
                account_id=account_id,
                team=asked.team,
                user=asked.user,
                channel=channel,
                words=asked.question,
                client=client,
                reply=reply,
                body=body,
                role=role,
            )
        )

    answering.do(asked, reply, work)


def chosen_value(action: dict[str, Any]) -> str:
    """A button's value, or that of what was chosen in a menu."""
    if action.get("value") is not None:
        return str(action["value"])
    chosen = action.get("selected_option") or {}
    kinds = ("selected_channel", "selected_conversation", "selected_user", "selected_date")
    found = chosen.get("value") or next((action[kind] for kind in kinds if action.get(kind)), "")
    return str(found)


def to_direct_messages(client: AsyncWebClient, user: str) -> Reply:
    """Where there is no place to reply in: in the direct message."""
    here = InChannel(client, user)
    return Reply(answer=here, aside=here)
