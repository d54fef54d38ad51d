"""Letters of thoughts as Discord messages: the news for everybody's notifications, the reasons below it."""

from bot.render import discord_kit as kit
from bot.render import thought_words as words
from bot.render.discord_kit import Body, Message
from thoughts.base import Stage
from thoughts.ports import Item, Letter

_MARKS = {Stage.OPENS: "", Stage.AMENDS: "↳ ", Stage.CONTINUES: "↳ ", Stage.CLOSES: "✓ "}


def thought_messages(letter: Letter) -> list[Message]:
    """The messages that post a letter, mostly one."""
    head = words.heading(letter)
    if letter.notice or not (letter.items or letter.digest):
        return kit.messages(words.fallback(letter), Body())
    if len(letter.items) == 1 and head is None:
        return _one(letter.items[0], letter)
    told = [
        f"• {piece}" for line in words.digest_lines(letter) for piece in kit.pieces(line, kit.FIELD_VALUE)
    ]
    kept = words.held(letter)
    told += [f"**{kit.literal(kept)}**"] if kept else []
    parts = [*told, *(part for item in letter.items for part in _lines(item, letter))]
    body = Body(parts=kit.packed(parts, kit.DESCRIPTION), small_print=words.rest(letter) or "")
    return kit.messages(head or words.fallback(letter), body)


def mentioned(letter: Letter) -> list[int]:
    """The people to be called."""
    return [int(who) for who in letter.mentions if who.isascii() and who.isdigit()]


def _one(item: Item, letter: Letter) -> list[Message]:
    news, why = words.lines(item, letter)
    step = item.step if letter.target.thread is None else ""
    body = Body(parts=kit.pieces(why, kit.DESCRIPTION), small_print=step)
    return kit.messages(f"{_mark(item)}{news}", body if why or step else Body())


def _lines(item: Item, letter: Letter) -> list[str]:
    news, why = words.lines(item, letter)
    said = [f"• {piece}" for piece in kit.pieces(f"{_mark(item)}{news}", kit.FIELD_VALUE)]
    return said + [f"-# {piece}" for piece in kit.pieces(why, kit.FIELD_VALUE)]


def _mark(item: Item) -> str:
    critical = "⚠️ " if item.thought.critical and item.thought.stage is Stage.OPENS else ""
    return f"{critical}{_MARKS[item.thought.stage]}"
