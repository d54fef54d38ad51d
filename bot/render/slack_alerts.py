"""Subscriptions to thoughts as Slack shows them: what was understood, the list with its buttons, the form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bot.alert_words import in_words
from bot.questions.rule_words import is_rule
from bot.render import slack_blocks as kit
from bot.render import text
from bot.render.slack_blocks import Block, Message
from thoughts.base import Kind, Money
from thoughts.controls import Held
from thoughts.noise import Why
from thoughts.registry import KINDS
from thoughts.subscriptions import State, Subscription
from thoughts.wants import Wants

ALERT = "alert"
"""What comes before the colon of the list's actions."""

RULE = "rule"
"""What comes before the colon of the actions under a rule that is not saved yet."""

MODAL = "alert_form"
NOT_FOR_YOU = "What I would tell names customers and amounts, and your role here does not show those."
MUTED_CUSTOMER = "I say nothing about this customer here for 30 days. `/chewy alerts` undoes it."
GONE = "That thought is gone: its customer was deleted, or it is too long ago."
OUTSIDERS = (
    "People of other organisations or guests are in that channel: I post no thoughts there. "
    "Choose a channel of your own, or `/chewy subscribe me to …`."
)
NOT_FOR_ALL = (
    "Not everybody in that channel may see amounts and names. Choose another one, "
    "or `/chewy subscribe me to …`."
)
_REASONS = {
    Why.DIGEST: "you asked for them in the digest",
    Why.BUDGET: "the week's budget of posts was used up",
    Why.SNOOZED: "it was quiet here at your wish",
    Why.KIND_MUTED: "this kind is muted here",
    Why.CUSTOMER_MUTED: "their customer is muted here",
    Why.LESS: "you asked for less like this",
    Why.SMALL: "too little was at stake",
    Why.WITHOUT_OPENING: "they only end something that was not told",
    Why.PARENT: "what they follow was not posted either",
    Why.AMENDS: "they only add a detail to what was posted",
}
_STATES = {
    State.ON: "",
    State.PAUSED: " (paused)",
    State.BROKEN: " (I cannot post there: invite me, then resume)",
}


def invite_me(channel: str) -> str:
    return (
        f"I cannot post to <#{channel}> yet: invite me there with `/invite @chewbotta`, then subscribe again."
    )


def subscribed(one: Subscription) -> Message:
    """What was understood, read back, so that nothing is a silent guess."""
    said = f"Number {one.number}: {_place(one)} hears of {_wants(one)}."
    return kit.messages([kit.section(said), *_buttons(one)], f"Subscribed: {_plain_wants(one)}")[0]


def rule_offer(place: str, tried: str, wants: Wants, value: str) -> Message:
    """A rule as it was understood and what it would have told, before it is saved."""
    where = "In your direct messages" if place[:1] in ("U", "W", "D") else f"In <#{place}>"
    options = in_words(msgspec.structs.replace(wants, rule="", kinds=()), text.money, what="")
    said = f"{where}{': ' + kit.literal(options) if options else ''}. {kit.literal(tried)}"
    buttons = [kit.button(label, f"{RULE}:{label.lower()}", value) for label in ("Save", "Change", "Cancel")]
    asked = "Nothing is saved yet. Is this what you want to be told?"
    return kit.messages([kit.section(asked), kit.section(said), *kit.buttons(buttons)], asked)[0]


def listing(found: Sequence[Subscription]) -> list[Message]:
    """All subscriptions with their buttons."""
    if not found:
        said = (
            "Nothing is posted anywhere yet. Try `/chewy subscribe #channel to failed payments over $500`, "
            "or just `/chewy subscribe`."
        )
        return [Message(text=said, blocks=[kit.section(said)])]
    blocks: list[Block] = []
    for one in found:
        state = _STATES[one.state]
        blocks.append(kit.section(f"*{one.number}*  {_place(one)}: {_wants(one)}{state}"))
        blocks += _buttons(one)
    return kit.messages(blocks, f"{len(found)} subscriptions")


def _buttons(one: Subscription) -> list[Block]:
    first = ("pause", "Pause") if one.state is State.ON else ("resume", "Resume")
    offered = [first, ("edit", "Edit"), ("unmute", "Undo mutes"), ("remove", "Remove")]
    return kit.buttons(
        [kit.button(label, f"{ALERT}:{verb}", f"{verb}:{one.number}") for verb, label in offered]
    )


def _place(one: Subscription) -> str:
    return "your direct messages" if one.is_direct else f"<#{one.where.place}>"


def _wants(one: Subscription) -> str:
    mention = f"<@{one.wants.mention}>"
    return kit.literal(_plain_wants(one)).replace(kit.literal(mention), mention)


def _plain_wants(one: Subscription) -> str:
    return in_words(one.wants, text.money)


def quiet(found: Sequence[Subscription], held: Sequence[Held]) -> Message:
    """What was held back in the last week, and why."""
    if not found:
        said = "Nobody subscribed to thoughts here: `/chewy subscribe` does."
        return Message(text=said, blocks=[kit.section(said)])
    if not held:
        said = "Nothing was held back here in the last seven days: there was nothing worth your time."
        return Message(text=said, blocks=[kit.section(said)])
    lines = ["*Held back here in the last seven days:*"]
    lines += [f"• {one.count} x {kit.literal(_called(one.kind))}: {_reason(one.why)}" for one in held]
    return kit.messages(kit.lines(lines), "What was held back in the last seven days")[0]


def _called(kind: str) -> str:
    return KINDS[kind].words[0] if kind in KINDS else kind.replace("_", " ")


def _reason(why: str) -> str:
    return next((words for reason, words in _REASONS.items() if reason == why), kit.literal(why))


def snoozed(until: datetime, zone: str) -> str:
    return f"Quiet here until {text.when(until, ZoneInfo(zone))}, but for what is critical."


def muted_kind(kind: str) -> str:
    return f"I say nothing more about {kit.literal(_called(kind))} here. `/chewy alerts` undoes it."


def less(kind: str, worth: Money | None) -> str:
    called = kit.literal(_called(kind))
    if worth is None:
        return f"Understood: no more {called} here, but for critical ones."
    return f"Understood: {called} here only over {text.money(worth.amount, worth.currency)} from now on."


# ---- the form -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filled:
    """What the form says: the channel and the words that mean the same. `number`: of what is edited."""

    channel: str
    words: str
    number: int | None


def form(
    channel: str,
    kinds: Sequence[Kind],
    one: Subscription | None = None,
    *,
    words: str = "",
    number: int | None = None,
) -> dict[str, Any]:
    """The modal: where, which thoughts, and the rest in words; filled in for `one`, or with `words`."""
    number = one.number if one else number
    said = in_words(one.wants, text.money, what="") if one else words
    options = [_option(kind.words[0], kind.words[0]) for kind in kinds]
    chosen = [
        _option(KINDS[k].words[0], KINDS[k].words[0]) for k in (one.wants.kinds if one else ()) if k in KINDS
    ]
    picker: dict[str, Any] = {"type": "multi_static_select", "action_id": "kinds", "options": options}
    if chosen:
        picker["initial_options"] = chosen
    rest: dict[str, Any] = {"type": "plain_text_input", "action_id": "rest", "max_length": 500}
    if said:
        rest["initial_value"] = said[:500]
    where: dict[str, Any] = {"type": "conversations_select", "action_id": "where"}
    where |= {"initial_conversation": channel} if channel else {"default_to_current_conversation": True}
    return {
        "type": "modal",
        "callback_id": f"{MODAL}:{number or ''}",
        "private_metadata": str(number or ""),
        "title": kit.plain_text("Chewy Thoughts", 24),
        "submit": kit.plain_text("Save", 24),
        "blocks": [
            _input("where", "Where", where),
            _input("kinds", "Which thoughts (none: the usual ones)", picker, optional=True),
            _input(
                "rest",
                "Of whom and when: “over $500 of customers in Germany, quiet 22 to 7, in a daily digest”; "
                "or a rule of your own: “tell me when MRR drops more than 3% in a day”",
                rest,
                optional=True,
            ),
        ],
    }


def _input(block_id: str, label: str, element: Mapping[str, Any], *, optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": kit.plain_text(label, 2_000),
        "element": dict(element),
        "optional": optional,
    }


def _option(label: str, value: str) -> Block:
    return {"text": kit.plain_text(label, kit.BUTTON_TEXT), "value": value}


def read_form(view: Mapping[str, Any]) -> Filled:
    """What somebody filled in, in the words of the command."""
    state = view["state"]["values"]
    kinds = [one["value"] for one in state["kinds"]["kinds"].get("selected_options") or ()]
    rest = state["rest"]["rest"].get("value") or ""
    number = view.get("private_metadata") or ""
    usual = "" if is_rule(rest) else "everything"
    return Filled(
        channel=state["where"]["where"]["selected_conversation"],
        words=f"{', '.join(kinds) or usual} {rest}".strip(),
        number=int(number) if number.isdigit() else None,
    )
