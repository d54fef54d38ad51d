"""Thoughts in Slack: `/chewy subscribe`, `unsubscribe`, `alerts`, `why so quiet`, and the buttons of each."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.alert_words import NotUnderstood, read_wants
from bot.buttons import StoredButtons
from bot.questions.rule_words import is_rule
from bot.render import slack_alerts as view
from bot.render.slack_thoughts import ACTION, chosen
from bot.slack import texts
from bot.slack.access import Access
from bot.slack.alerts_courier import SHARED
from bot.slack.extensions import Extensions, Invoked, Modal
from bot.slack.rules import Offer, Rules, Words, to_one, twin
from storage.chat_access import Role
from storage.doer import Doer
from storage.errors import OperatorError
from storage.keys.vault import Vault
from storage.session import Database
from thoughts import controls, subscriptions
from thoughts.outbox import load
from thoughts.registry import KINDS
from thoughts.subscriptions import State, Subscription, Where
from thoughts.wants import Wants

PLATFORM = "slack"
_CHANNEL = re.compile(r"^\s*(?:<#(C\w+|G\w+)(?:\|[^>]*)?>|(me)\b)\s*", re.I)
_TO = re.compile(r"^\s*(?:to|for)\b\s*", re.I)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Alerts:
    """The feature. `access_of` judges who sees what is posted in a channel, None: nobody asks."""

    db: Database
    vault: Vault
    words: Words
    access_of: Callable[[AsyncWebClient], Access] | None = None
    clock: Callable[[], datetime] = _utc_now
    rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        buttons = StoredButtons(self.db, self.vault, self.clock)
        self.rules = Rules(self.db, self.words, buttons, self.save, self.clock)

    def extend(self, extensions: Extensions) -> None:
        """Hangs the commands, buttons and modals in."""
        extensions.commands |= {
            "subscribe": self.subscribe,
            "unsubscribe": self.unsubscribe,
            "alerts": self.alerts,
            "why so quiet": self.why_so_quiet,
        }
        extensions.actions |= {ACTION: self.pressed, view.ALERT: self.managed}
        extensions.modals[view.MODAL] = Modal(self.submitted)
        self.rules.extend(extensions)

    # ---- commands ----------------------------------------------------------------------------------------

    async def subscribe(self, asked: Invoked) -> None:
        """`/chewy subscribe [#channel|me] [to] WHAT`; without a word, a form."""
        channel, what = _place(asked)
        if not what:
            blank = view.form(channel, list(KINDS.values()))
            await asked.client.views_open(trigger_id=asked.body["trigger_id"], view=blank)
            return
        await self._wish(asked, view.Filled(channel, what, None))

    async def _wish(self, asked: Invoked, wished: view.Filled) -> None:
        """What is subscribed to by its name is saved at once; a rule is shown and tried out first."""
        refused = await self._refused(asked, wished.channel)
        if refused:
            await _say(asked, refused)
            return
        try:
            if is_rule(wished.words):
                await self._offer(asked, wished)
                return
            vocabulary = await self.words.vocabulary(asked.account_id)
            wants = read_wants(wished.words, vocabulary, self.clock())
        except NotUnderstood as problem:
            await _say(asked, str(problem))
            return
        await self._put(asked, Offer(wished.channel, wants, wished.number or 0))

    async def _offer(self, asked: Invoked, wished: view.Filled) -> None:
        offer = await self.rules.offer(
            asked.account_id, wished.channel, wished.words, user=asked.user, number=wished.number
        )
        where = await to_one(asked.reply.aside, asked.client, asked.user)
        await where.send([offer])

    async def save(self, asked: Invoked, offer: Offer) -> None:
        """What somebody took after they had read it."""
        refused = await self._refused(asked, offer.place)
        if refused:
            await _say(asked, refused)
            return
        await self._put(asked, offer)

    async def _put(self, asked: Invoked, offer: Offer) -> None:
        """A new subscription, or other wants of an old one: at another place it is a new one there."""
        mine = {one.number: one for one in await self._mine(asked)}
        before = mine.get(offer.number)
        same = twin(mine.values(), offer)
        if same is not None:
            await asked.reply.aside.send([view.subscribed(same)])
        elif before is None:
            await self._add(asked, offer.place, offer.wants)
        elif before.where.place == offer.place:
            changed = await subscriptions.change(
                self.db, self.vault, asked.account_id, offer.number, offer.wants,
                now=self.clock(), by=_doer(asked),
            )  # fmt: skip
            await asked.reply.aside.send([view.subscribed(changed)])
        else:
            await self._add(asked, offer.place, offer.wants)
            await subscriptions.unsubscribe(self.db, asked.account_id, [offer.number], by=_doer(asked))

    async def _add(self, asked: Invoked, channel: str, wants: Wants) -> None:
        where = Where(PLATFORM, asked.team, channel)
        try:
            made = await subscriptions.subscribe(
                self.db, self.vault, asked.account_id, where, wants, by=asked.user, now=self.clock()
            )
        except OperatorError as problem:
            await _say(asked, str(problem))
            return
        await asked.reply.aside.send([view.subscribed(made)])

    async def _refused(self, asked: Invoked, channel: str) -> str | None:
        """Why thoughts may not be posted there, or None: only where all who see them may."""
        if asked.role is Role.VIEWER:
            return view.NOT_FOR_YOU
        if channel[:1] in ("U", "W"):
            return None
        try:
            known: Any = (await asked.client.conversations_info(channel=channel))["channel"]
        except SlackApiError:
            return view.invite_me(channel)
        if known.get("is_member") is False:
            return view.invite_me(channel)
        if any(known.get(name) for name in SHARED):
            return view.OUTSIDERS
        return await self._not_for_all(asked, channel)

    async def _not_for_all(self, asked: Invoked, channel: str) -> str | None:
        """What people in the channel may not see, or None."""
        if self.access_of is None:
            return None
        audience = await self.access_of(asked.client).audience(asked.account_id, asked.team, channel)
        if audience.outsiders:
            return view.OUTSIDERS
        return view.NOT_FOR_ALL if audience.role in (Role.NONE, Role.VIEWER) else None

    async def unsubscribe(self, asked: Invoked) -> None:
        """`/chewy unsubscribe [NUMBER|#channel|me]`: one, or all of a channel."""
        word = asked.words.strip().removeprefix("number ").strip()
        found = await self._mine(asked)
        if word.isdigit():
            numbers = [one.number for one in found if one.number == int(word)]
        else:
            channel, _ = _place(asked)
            numbers = [one.number for one in found if one.where.place == channel]
        if not numbers:
            await _say(asked, "There is no such subscription: `/chewy alerts` lists them.")
            return
        await subscriptions.unsubscribe(self.db, asked.account_id, numbers, by=_doer(asked))
        await _say(asked, f"Done: I post no more thoughts there ({_numbers(numbers)}).")

    async def alerts(self, asked: Invoked) -> None:
        """`/chewy alerts`: all subscriptions that concern whoever asks, with buttons."""
        await asked.reply.aside.send(view.listing(await self._mine(asked)))

    async def why_so_quiet(self, asked: Invoked) -> None:
        """`/chewy why so quiet`: what was held back here in the last week, and why."""
        here = asked.channel or asked.user
        found = [one for one in await self._mine(asked) if one.where.place in (here, asked.user)]
        numbers = [one.number for one in found]
        held = (
            await controls.held_back(self.db, asked.account_id, numbers, now=self.clock()) if numbers else []
        )
        await asked.reply.aside.send([view.quiet(found, held)])

    async def _mine(self, asked: Invoked) -> list[Subscription]:
        """What is posted in channels, and in the direct messages of who asks: not in those of others."""
        everything = await subscriptions.subscriptions(self.db, self.vault, asked.account_id)
        return [one for one in everything if one.concerns(PLATFORM, asked.team, asked.user)]

    # ---- buttons -----------------------------------------------------------------------------------------

    async def pressed(self, asked: Invoked) -> None:
        """The menu beside a thought."""
        what = chosen(asked.words)
        one = what and next((one for one in await self._mine(asked) if one.number == what[1]), None)
        if not what or not one:
            await _say(asked, texts.NO_LONGER)
            return
        await _say(asked, await self._do(what[0], one, what[2], asked))

    async def _do(self, verb: str, one: Subscription, thought_id: bytes, asked: Invoked) -> str:
        account_id, now = asked.account_id, self.clock()
        async with self.db.tenant(account_id, read_only=True) as session:
            found = (await load(session, account_id, [thought_id])).get(thought_id)
        if found is None:
            return view.GONE
        kind = found.thought.kind
        match verb:
            case "snooze":
                until = await controls.snooze(self.db, account_id, one, by=asked.user, now=now)
                return view.snoozed(until, one.wants.zone)
            case "kind":
                await controls.mute_kind(self.db, account_id, one.number, kind, by=asked.user, now=now)
                return view.muted_kind(kind)
            case "customer":
                await controls.mute_customer(
                    self.db, account_id, one.number, thought_id, by=asked.user, now=now
                )
                return view.MUTED_CUSTOMER
            case _:
                wants = await controls.less(
                    self.db, self.vault, account_id, one, thought_id, now=now, by=_doer(asked)
                )
                return view.GONE if wants is None else view.less(kind, found.thought.worth)

    async def managed(self, asked: Invoked) -> None:
        """The buttons of the list: pause, resume, edit, remove, hear of all again."""
        verb, _, number = asked.words.partition(":")
        one = next((one for one in await self._mine(asked) if str(one.number) == number), None)
        if one is None:
            await _say(asked, "That subscription is gone already.")
            return
        if verb == "edit":
            filled = view.form(one.where.place, list(KINDS.values()), one)
            await asked.client.views_open(trigger_id=asked.body["trigger_id"], view=filled)
            return
        await _say(asked, await self._manage(verb, one, asked.account_id, _doer(asked)))

    async def _manage(self, verb: str, one: Subscription, account_id: int, by: Doer) -> str:
        match verb:
            case "pause":
                await subscriptions.set_state(self.db, account_id, one.number, State.PAUSED, by=by)
                return f"Paused: number {one.number} says nothing until you resume it."
            case "resume":
                await subscriptions.set_state(self.db, account_id, one.number, State.ON, by=by)
                return f"Number {one.number} is on again."
            case "unmute":
                await controls.unmute(self.db, account_id, one.number)
                return f"Number {one.number} hears of everything again that it asked for."
            case _:
                await subscriptions.unsubscribe(self.db, account_id, [one.number], by=by)
                return f"Number {one.number} is removed."

    # ---- the form ----------------------------------------------------------------------------------------

    async def submitted(self, asked: Invoked) -> None:
        """What the form says is read like words; an edited subscription keeps its number."""
        await self._wish(asked, view.read_form(asked.body["view"]))


def _doer(asked: Invoked) -> Doer:
    return subscriptions.doer_of(PLATFORM, asked.user)


def _place(asked: Invoked) -> tuple[str, str]:
    """The channel that the words begin with, else the one where they were typed; and what follows."""
    found = _CHANNEL.match(asked.words)
    rest = _TO.sub("", asked.words[found.end() :] if found else asked.words, count=1).strip()
    if found and found[1]:
        return found[1], rest
    here = asked.channel or ""
    return (asked.user if (found and found[2]) or here[:1] in ("", "D") else here), rest


def _numbers(numbers: list[int]) -> str:
    return ("number " if len(numbers) == 1 else "numbers ") + ", ".join(map(str, numbers))


async def _say(asked: Invoked, words: str) -> None:
    await asked.reply.aside.send([texts.say(words)])
