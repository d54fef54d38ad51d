"""Direct messages and mentions. A mention is answered in its thread."""

import re
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import agent
from bot.slack.answering import Answering, Asked, Reply, described
from bot.slack.delivery import InChannel, ToOnePerson
from bot.slack.threads import Threads

_SAID_BY_PEOPLE = frozenset({None, "file_share", "thread_broadcast"})
_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_ANY_EVENT = re.compile(r".")
_NAMES_SOMEBODY = re.compile(r"<@[UW]")

_log = structlog.get_logger(__name__)


def register(bolt: AsyncApp, answering: Answering, threads: Threads) -> None:
    async def said_to_us(event: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
        if not _by_a_person(event):
            return
        if event.get("channel_type") == "im":
            directly(event, body, client)
        elif event.get("thread_ts") and not _NAMES_SOMEBODY.search(event.get("text") or ""):
            asked = replace(_asked(event, body, event["thread_ts"]), invited=False)
            answering.background.start(_go_on(answering, threads, asked, _reply(event, client)))

    def directly(event: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
        """In the agent view each talk is a thread: that of the message that began it."""
        channel, thread = event["channel"], event.get("thread_ts") or event["ts"]
        here, asked = InChannel(client, channel, thread), _asked(event, body, thread)
        answering.start(asked, Reply(answer=here, aside=here))
        if thread == event["ts"] and asked.question:
            answering.background.start(agent.entitle(client, channel, thread, asked.question))

    async def mentioned(event: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
        if _by_a_person(event):
            asked = _asked(event, body, event.get("thread_ts") or event["ts"])
            threads.joined(asked.conversation)
            answering.start(asked, _reply(event, client))

    async def none_of_ours() -> None:
        """Acknowledged, so that Slack does not send it again."""

    bolt.event("app_mention")(mentioned)
    bolt.event("message")(said_to_us)
    bolt.event(_ANY_EVENT)(none_of_ours)


def _reply(event: dict[str, Any], client: AsyncWebClient) -> Reply:
    """In the thread of the message; what concerns one person, to that one alone."""
    channel, thread = event["channel"], event.get("thread_ts") or event["ts"]
    aside = ToOnePerson(client, channel, event["user"], event.get("thread_ts"))
    return Reply(answer=InChannel(client, channel, thread), aside=aside)


async def _go_on(answering: Answering, threads: Threads, asked: Asked, reply: Reply) -> None:
    """A follow-up without a mention, where we are in the thread already."""
    try:
        account_id = await answering.accounts.account_of(asked.team)
        ours = account_id is not None and await threads.is_ours(account_id, asked.conversation)
    except Exception as problem:  # noqa: BLE001 - not known to be meant for us: the log alone is told
        _log.error("slack.thread_not_known", team=asked.team, **described(problem))
        return
    if ours:
        answering.start(asked, reply)


def talk(team: str, channel: str, thread_or_user: str) -> str:
    """What follow-ups refer to: one thread, or one person's talk in one place."""
    return f"{team}:{channel}:{thread_or_user}"


def plain_words(said: str) -> str:
    """What a person typed, out of what Slack made of it: links as typed, no mentions, no entities."""
    return typed(said)


def typed(said: str, *, keeps_ids: bool = False) -> str:
    """As `plain_words`; with the marks of channels and people, where their ids are to be kept."""

    def plain(found: re.Match[str]) -> str:
        return found[0] if keeps_ids and found[1][:1] in ("#", "@") else _typed(found[1], found[2])

    words = _LINK.sub(plain, said)
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
        said=event.get("text") or "",
        channel=channel,
    )
