"""Direct messages and mentions. A mention is answered in its thread."""

import re
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.answering import Answering, Asked, Reply
from bot.slack.delivery import InChannel, ToOnePerson

_SAID_BY_PEOPLE = frozenset({None, "file_share", "thread_broadcast"})
_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_ANY_EVENT = re.compile(r".")


def register(bolt: AsyncApp, answering: Answering) -> None:
    async def said_to_us(event: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
        if event.get("channel_type") != "im" or not _by_a_person(event):
            return
        channel, thread = event["channel"], event.get("thread_ts")
        here = InChannel(client, channel, thread)
        answering.start(_asked(event, body, thread or event["user"]), Reply(answer=here, aside=here))

    async def mentioned(event: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
        if not _by_a_person(event):
            return
        channel, thread = event["channel"], event.get("thread_ts") or event["ts"]
        aside = ToOnePerson(client, channel, event["user"], event.get("thread_ts"))
        reply = Reply(answer=InChannel(client, channel, thread), aside=aside)
        answering.start(_asked(event, body, thread), reply)

    async def none_of_ours() -> None:
        """Acknowledged, so that Slack does not send it again."""

    bolt.event("app_mention")(mentioned)
    bolt.event("message")(said_to_us)
    bolt.event(_ANY_EVENT)(none_of_ours)


def talk(team: str, channel: str, thread_or_user: str) -> str:
    """What follow-ups refer to: one thread, or one person's talk in one place."""
    return f"{team}:{channel}:{thread_or_user}"


def plain_words(said: str) -> str:
    """What a person typed, out of what Slack made of it: links as typed, no mentions, no entities."""
    words = _LINK.sub(lambda found: _typed(found[1], found[2]), said)
    words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return " ".join(words.split())


def _typed(target: str, label: str | None) -> str:
    if target.startswith(("@", "!")):
        return " "
    if target.startswith("#"):
        return f"#{label or ''}"
    return label or target.removeprefix("mailto:")


def _by_a_person(event: dict[str, Any]) -> bool:
    """Not an edit, a deletion, or anything that an app said: ours least of all."""
    is_new = event.get("subtype") in _SAID_BY_PEOPLE and not event.get("edited")
    return is_new and bool(event.get("user")) and not event.get("bot_id")


def _asked(event: dict[str, Any], body: dict[str, Any], thread_or_user: str) -> Asked:
    """The same message may arrive twice under different event ids: its channel and time name it."""
    team, channel = body["team_id"], event["channel"]
    return Asked(
        question=plain_words(event.get("text") or ""),
        team=team,
        user=event["user"],
        conversation=talk(team, channel, thread_or_user),
        key=f"{team}:message:{channel}:{event['ts']}",
    )
