"""Links to a customer's page in a connected system, shown as the customer's card to those who may see it."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.audience import Showing, showing, without_money
from bot.render.slack import render
from bot.render.slack_blocks import Layout
from bot.slack.answering import Answering, described
from bot.slack.extensions import Extensions
from storage.chat_access import Role

_log = structlog.get_logger(__name__)
_POSTED = "conversations_history"
_MOST_LINKS = 5


def register(bolt: AsyncApp, answering: Answering, extensions: Extensions) -> None:
    async def shared(event: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
        """Links that are still being written are left alone: who will see them is not known yet."""
        if event.get("source", _POSTED) == _POSTED and not event.get("bot_id"):
            answering.background.start(_unfurl(answering, extensions, event, body["team_id"], client))

    bolt.event("link_shared")(shared)


async def _unfurl(
    answering: Answering, extensions: Extensions, event: dict[str, Any], team: str, client: AsyncWebClient
) -> None:
    """Nobody asked for it: where it cannot or may not be shown, the link stays a link and the log knows."""
    try:
        account_id = await answering.accounts.account_of(team)
        if account_id is None:
            return
        standing = await answering.shows.access.standing(account_id, team, event["user"])
        if standing.refusal is not None:
            return
        cards = await _cards(answering, extensions, event, account_id, team, standing.role)
        if cards:
            await client.chat_unfurl(channel=event["channel"], ts=event["message_ts"], unfurls=cards)
    except Exception as problem:  # noqa: BLE001 - nobody awaits it: the log is told
        _log.error("slack.unfurl_failed", team=team, **described(problem))


async def _cards(
    answering: Answering,
    extensions: Extensions,
    event: dict[str, Any],
    account_id: int,
    team: str,
    role: Role,
) -> dict[str, Any]:
    access = answering.shows.access
    if not await access.takes(account_id, event["channel"]):
        return {}
    audience = await access.audience(account_id, team, event["channel"])
    tz = await answering.shows.zone_of(account_id)
    cards: dict[str, Any] = {}
    for link in (event.get("links") or ())[:_MOST_LINKS]:
        plan = await extensions.linked(account_id, link["url"])
        if plan is None:
            continue
        answer = await answering.asks.run(plan, question="", account_id=account_id)
        if role is Role.VIEWER or audience.role is Role.VIEWER:
            answer = without_money(answer)
        if showing(answer, audience) is Showing.WITHHELD:
            continue
        cards[link["url"]] = {"blocks": render(answer, tz, Layout.PLAIN)[0]["blocks"]}
    return cards
