"""Buttons under messages: what stands in Discord is a reference, what it stands for is sealed with us.

A reference is 16 random bytes in the account's own rows: a forged one finds nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import discord
from msgspec import Struct

from bot.render import discord_kit as kit

_CUSTOM_ID = re.compile(r"chewy:([a-z]{2,10}):([0-9a-f]{32})(?::(\d{1,2}))?")


class Act(StrEnum):
    """What pressing a button does."""

    ASK = "ask"
    WHY = "why"
    CSV = "csv"
    SHARE = "share"
    PRIVATE = "private"


class Choice(Struct, frozen=True, omit_defaults=True):
    """Something to ask by a button: the question, and the plan behind it (JSON) where it is known."""

    question: str
    plan: str | None = None

    def __repr__(self) -> str:
        return "Choice(...)"


class Kept(Struct, frozen=True, omit_defaults=True):
    """What the buttons under one message stand for: the answer's question and plan, and its choices."""

    question: str
    conversation: str
    choices: tuple[Choice, ...] = ()
    plan: str | None = None

    def __repr__(self) -> str:
        return "Kept(...)"


@dataclass(frozen=True, slots=True)
class Button:
    """`number` is which of the choices."""

    act: Act
    label: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Pressed:
    act: Act
    reference: bytes
    number: int | None = None


def view(buttons: Iterable[Button], reference: bytes) -> discord.ui.View | None:
    """The buttons as Discord takes them, or None where there are none.

    Stopped at once: presses are told by their custom_id, so that discord.py need not remember each message.
    """
    shown = list(buttons)[: kit.BUTTONS]
    if not shown:
        return None
    made = discord.ui.View(timeout=None)
    for button in shown:
        label = kit.plain(button.label, kit.BUTTON_LABEL)
        made.add_item(discord.ui.Button(label=label, custom_id=custom_id(button, reference)))
    made.stop()
    return made


def custom_id(button: Button, reference: bytes) -> str:
    number = "" if button.number is None else f":{button.number}"
    return f"chewy:{button.act}:{reference.hex()}{number}"


def pressed(custom: str) -> Pressed | None:
    """What a custom_id says; None for one that is none of ours."""
    found = _CUSTOM_ID.fullmatch(custom)
    if found is None or found[1] not in set(Act):
        return None
    return Pressed(Act(found[1]), bytes.fromhex(found[2]), int(found[3]) if found[3] else None)


def reference_in(message: discord.Message) -> bytes | None:
    """The reference of the buttons under a message of ours: what it was about."""
    for row in message.components:
        for button in getattr(row, "children", ()):
            known = pressed(getattr(button, "custom_id", None) or "")
            if known is not None:
                return known.reference
    return None
