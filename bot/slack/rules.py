"""Rules in people's own words: read back, tried out on the last 30 days, and then saved if somebody says so.

What a trial says names customers, so that it is shown to whoever asked alone, and Slack keeps no copy.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec
from slack_sdk.web.async_client import AsyncWebClient

from bot.alert_words import NotUnderstood, read_asked
from bot.buttons import Buttons, Press
from bot.questions.grammar import interpret
from bot.questions.outcome import Understood
from bot.questions.profile import Identity
from bot.questions.rule_words import Read, is_rule
from bot.questions.vocabulary import Vocabulary
from bot.render import slack_alerts as view
from bot.render.slack_blocks import Message
from bot.rule_trial import trial
from bot.slack import texts
from bot.slack.answering import Asked
from bot.slack.delivery import Delivery, InChannel, ToOnePerson
from bot.slack.extensions import Extensions, Invoked
from bot.slack.messages import typed
from storage.chat_access import Role
from storage.session import Database
from thoughts.registry import KINDS
from thoughts.subscriptions import Subscription
from thoughts.wants import Wants

_OFFER = "rule"
_NAMED = re.compile(r"^\s*(?:<@[UW]\w+(?:\|[^>]*)?>\s*)+")
_CHANNEL = re.compile(r"<#([CG]\w+)(?:\|[^>]*)?>")
_PERSON = re.compile(r"<@([UW]\w+)(?:\|[^>]*)?>")
_ME = re.compile(r"\b(?:tell|let|notify|alert|ping|warn|inform|message) me\b", re.IGNORECASE)


class Words(Protocol):
    """Where an account's own words and its customers' names come from: `bot.cache.AccountCache`."""

    async def vocabulary(self, account_id: int) -> Vocabulary: ...

    async def names(self, account_id: int, profile_ids: Iterable[bytes]) -> Mapping[bytes, Identity]: ...


class Offer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a press of Save makes: exactly what was read back. `number` is of the subscription it changes."""

    place: str
    wants: Wants
    number: int = 0


_read_offer = msgspec.json.Decoder(Offer)
Save = Callable[[Invoked, Offer], Awaitable[None]]


@dataclass(slots=True)
class Rules:
    """`save` is what becomes of an offer that somebody took."""

    db: Database
    words: Words
    buttons: Buttons
    save: Save
    clock: Callable[[], datetime]

    def extend(self, extensions: Extensions) -> None:
        extensions.actions[view.RULE] = self.pressed
        extensions.offers = self.offered

    async def offered(self, asked: Asked, account_id: int, role: Role) -> Sequence[Message] | None:
        """What to say to "tell me when ..."; None where somebody asks a question instead."""
        said = heard(asked.said)
        if not is_rule(said):
            return None
        if role is Role.VIEWER:
            return [texts.say(view.NOT_FOR_YOU)]
        here = asked.channel
        is_hers = here[:1] in ("", "D") or _ME.search(said)
        try:
            return [await self.offer(account_id, asked.user if is_hers else here, said, user=asked.user)]
        except NotUnderstood as problem:
            return None if await self._is_question(account_id, asked.question) else [texts.say(str(problem))]

    async def _is_question(self, account_id: int, words: str) -> bool:
        """ "Tell me when Acme signed up" sounds like a rule."""
        vocabulary = await self.words.vocabulary(account_id)
        understood = isinstance(interpret(words, None, vocabulary, self.clock()), Understood)
        return understood and _PAST.search(words) is not None

    async def offer(
        self, account_id: int, place: str, words: str, *, user: str, number: int | None = None
    ) -> Message:
        """A rule read back and tried out, with its buttons; raises NotUnderstood."""
        now = self.clock()
        vocabulary = await self.words.vocabulary(account_id)
        found = read_asked(words, vocabulary, now)
        if found.read is None:
            raise NotUnderstood("Say it as “tell me when …”.")
        place = _place(found.read, user) or place
        tried = await trial(self.db, self.words, account_id, found.read, vocabulary, now)
        kept = msgspec.json.encode(Offer(place, found.wants, number or 0)).decode()
        (value,) = await self.buttons.make(account_id, [Press(do=_OFFER, question=kept)], personal=True)
        return view.rule_offer(place, tried, found.wants, value)

    async def pressed(self, asked: Invoked) -> None:
        """Save, Change or Cancel."""
        verb = str(asked.body["actions"][0]["action_id"]).partition(":")[2]
        press = await self.buttons.read(asked.account_id, asked.words)
        if press is None or press.do != _OFFER or asked.role is Role.VIEWER:
            await asked.reply.aside.send([texts.say(texts.NO_LONGER)])
            return
        offer = _read_offer.decode(press.question or "")
        if verb == "save":
            await self.save(asked, offer)
        elif verb == "change":
            form = view.form(
                offer.place, list(KINDS.values()), words=offer.wants.words, number=offer.number or None
            )
            await asked.client.views_open(trigger_id=asked.body["trigger_id"], view=form)
        else:
            await asked.reply.aside.send([texts.say("Nothing is saved.")])


_PAST = re.compile(
    r"\b(?:signed|started|began|churned|cancell?ed|paid|ended|failed|was|were|did|had|last)\b", re.I
)


def heard(said: str) -> str:
    """What was said to us without our name, with the ids of the channels and people that it names."""
    return typed(_NAMED.sub("", said), keeps_ids=True)


def _place(read: Read, user: str) -> str | None:
    """The channel that a rule names; raises NotUnderstood where it does not say which one."""
    if read.where is None:
        return None
    channel, person = _CHANNEL.fullmatch(read.where), _PERSON.fullmatch(read.where)
    if channel:
        return channel[1]
    if person and person[1] == user:
        return user
    if person or read.where.startswith("@"):
        raise NotUnderstood("I tell you, or a channel, but nobody else in their direct messages.")
    raise NotUnderstood(
        f"I do not know which channel {read.where} is: choose it from the list that Slack shows as you type."
    )


def twin(mine: Iterable[Subscription], offer: Offer) -> Subscription | None:
    """The subscription that says the same at the same place already: a button may be pressed twice."""
    same = (one for one in mine if one.where.place == offer.place and one.wants == offer.wants)
    return next(same, None)


async def to_one(delivery: Delivery, client: AsyncWebClient, user: str) -> Delivery:
    """The same place, for one person's eyes alone and not kept by Slack."""
    if not isinstance(delivery, InChannel):
        return delivery
    channel = delivery.channel
    if channel[:1] in ("U", "W"):
        opened: Any = await client.conversations_open(users=channel)
        channel = str(opened["channel"]["id"])
    return ToOnePerson(client, channel, user, delivery.thread)
