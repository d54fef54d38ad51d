"""Where other features hang into the Slack app: sub-commands, buttons, modals, sections of the Home tab.

A feature fills an `Extensions` before the app is made. Every handler runs in the background, after Slack has
its acknowledgement, once for each delivery, and only for those who may ask; what it raises ends in an apology
with a reference. So a handler just does its work and replies.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.agent import Prompts, usual_prompts
from bot.slack.answering import Offers, Reply, nothing_offered
from bot.slack.threads import Remembered, nothing_remembered
from storage.chat_access import Role
from storage.metrics.plan import Plan


@dataclass(frozen=True, slots=True)
class Invoked:
    """A sub-command, a pressed button or a submitted modal, of somebody who may ask.

    `words` are what follows the sub-command, or the button's value; `channel` is None for modals and for the
    Home tab. `body` is Slack's payload as it came (`trigger_id`, `view`, `actions`, ...).
    """

    account_id: int
    team: str
    user: str
    channel: str | None
    words: str
    client: AsyncWebClient
    reply: Reply
    body: Mapping[str, Any]
    role: Role = Role.MEMBER


@dataclass(frozen=True, slots=True)
class HomeAsked:
    """Whose Home tab is to be drawn."""

    account_id: int
    team: str
    user: str
    client: AsyncWebClient
    role: Role = Role.MEMBER


Handler = Callable[[Invoked], Awaitable[None]]
HomeSection = Callable[[HomeAsked], Awaitable[Sequence[dict[str, Any]]]]
"""Blocks of one section, its heading first; none where there is nothing to show."""

Check = Callable[[Mapping[str, Any]], Mapping[str, str]]
"""A modal's `view` -> what is wrong with its inputs: block id -> words. Must not wait for anything."""


def nothing_wrong(_view: Mapping[str, Any]) -> Mapping[str, str]:
    return {}


Linked = Callable[[int, str], Awaitable[Plan | None]]
"""An account and the address of a page -> what shows the customer that the page is about, if it is one."""


async def nothing_linked(_account_id: int, _url: str) -> Plan | None:
    return None


@dataclass(frozen=True, slots=True)
class Modal:
    """What a submitted modal does, and what keeps it from being submitted."""

    submit: Handler
    check: Check = nothing_wrong


@dataclass(slots=True)
class Extensions:
    """What the app knows beyond questions.

    `commands`: the word after `/chewy` ("alerts") -> handler. `actions` and `modals`: what comes before the
    first colon of an action_id or a callback_id. `home`: sections of the Home tab, in order, after those of
    the app itself. `prompts`: questions to suggest to an account's people. `linked`: whose page a link
    leads to. `remembered`: whether a talk goes on. `offers`: what is offered to who wishes to be told of
    something.
    """

    commands: dict[str, Handler] = field(default_factory=dict)
    actions: dict[str, Handler] = field(default_factory=dict)
    modals: dict[str, Modal] = field(default_factory=dict)
    home: list[HomeSection] = field(default_factory=list)
    prompts: Prompts = usual_prompts
    linked: Linked = nothing_linked
    remembered: Remembered = nothing_remembered
    offers: Offers = nothing_offered


def name_of(id_: str) -> str:
    """Under which name an action_id or a callback_id is registered."""
    return id_.split(":", 1)[0]
