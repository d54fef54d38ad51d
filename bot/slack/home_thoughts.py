"""What the Home tab shows of thoughts: who hears of what, and what was posted lately.

A Home tab stays in Slack as it was drawn last, out of reach of a later deletion: no customer is named in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from bot.render import slack_alerts as view
from bot.render import slack_blocks as kit
from bot.render.slack_blocks import Block
from bot.render.thought_words import said
from bot.slack.alerts import PLATFORM
from bot.slack.extensions import Extensions, HomeAsked
from storage.chat_access import Role
from storage.keys.vault import Vault
from storage.session import Database
from thoughts.ports import Names
from thoughts.registry import say
from thoughts.subscriptions import Subscription, subscriptions
from thoughts.told import Told, told_lately

_MOST_SUBSCRIPTIONS = 10
_MOST_THOUGHTS = 5
_NOTHING_YET = "Nothing was posted in the last seven days."
_SOME = "certain customers"
_A_RULE = "a rule in your own words"
_NO_NAMES = "Customers are not named here; they are where it was posted."


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class HomeThoughts:
    """Both sections, for those whose role shows amounts: thoughts and what is asked of them hold some."""

    db: Database
    vault: Vault
    clock: Callable[[], datetime] = _utc_now

    def extend(self, extensions: Extensions) -> None:
        extensions.home.append(self.section)

    async def section(self, asked: HomeAsked) -> Sequence[Block]:
        """The subscriptions of channels and of this person, with their buttons, then what was posted."""
        if asked.role not in (Role.ADMIN, Role.MEMBER):
            return []
        everything = await subscriptions(self.db, self.vault, asked.account_id)
        mine = [one for one in everything if one.concerns(PLATFORM, asked.team, asked.user)]
        told = (
            await told_lately(
                self.db,
                asked.account_id,
                [one.number for one in mine],
                now=self.clock(),
                limit=_MOST_THOUGHTS,
            )
            if mine
            else []
        )
        return [*_subscriptions(mine), *_thoughts(told, mine)]


def _subscriptions(mine: Sequence[Subscription]) -> list[Block]:
    listed = view.listing([_without_names(one) for one in mine[:_MOST_SUBSCRIPTIONS]])
    more = len(mine) - _MOST_SUBSCRIPTIONS
    return [
        kit.header("Subscriptions"),
        *(block for message in listed for block in message["blocks"]),
        *(kit.context([f"And {more} more: /chewy alerts"]) if more > 0 else []),
    ]


def _without_names(one: Subscription) -> Subscription:
    """What people typed, and whom a filter is about, may name customers."""
    wants = one.wants
    shown = msgspec.structs.replace(
        wants,
        words=_A_RULE if wants.rule else wants.words,
        filter_words=_SOME if wants.filter_words else "",
    )
    return replace(one, wants=shown)


def _thoughts(told: Sequence[Told], mine: Sequence[Subscription]) -> list[Block]:
    if not mine:
        return []
    by_number = {one.number: one for one in mine}
    lines = [_line(one, by_number[one.number]) for one in told]
    shown = [*kit.lines(lines), *kit.context([_NO_NAMES])] if lines else [kit.section(_NOTHING_YET)]
    return [kit.header("Recent thoughts"), *shown]


def _line(one: Told, told_to: Subscription) -> str:
    """Slack shows the moment in the reader's own time zone."""
    where = "in your direct messages" if told_to.is_direct else f"in <#{told_to.where.place}>"
    at = f"<!date^{int(one.at.timestamp())}^{{date_short_pretty}} {{time}}|{one.at:%Y-%m-%d %H:%M}>"
    news = said(say(one.thought).news, Names(), told_to.wants.zone)
    return f"• {kit.literal(news)} ({where}, {at})"
