"""Messages put right before they are sent: whatever made them, Slack takes what comes out, and nothing of
their words is lost."""

from collections.abc import Iterable, Iterator
from typing import Any

from bot.render import slack_blocks as kit
from bot.render import text
from bot.render.slack_blocks import Block, Message


def repaired(message: Message) -> list[Message]:
    """The message as it stands where it is within Slack's limits, else in as many as it takes."""
    blocks = message["blocks"]
    if _fits(message):
        return [message]
    sound = [block for one in blocks for block in _sound(one)]
    return kit.messages(sound, plain(message["text"])) if sound else in_words(message)


def in_words(message: Message) -> list[Message]:
    """What the message says, in plain sections alone: for a Slack that refuses its blocks."""
    said = [part for block in message["blocks"] for part in _words(block)] or [plain(message["text"])]
    lines = [piece for words in said for piece in kit.pieces(words, kit.SECTION_TEXT)]
    kept = kit.packed((kit.literal(line) for line in lines if line), kit.SECTION_TEXT)
    return kit.messages(
        [kit.section(words) for words in kept] or [kit.section(text.NOTHING)], plain(message["text"])
    )


def plain(marked_up: str) -> str:
    """Markup of ours back as words."""
    return marked_up.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _fits(message: Message) -> bool:
    blocks = message["blocks"]
    return (
        0 < len(blocks) <= kit.BLOCKS_IN_MESSAGE
        and 0 < len(message["text"]) <= kit.MESSAGE_TEXT
        and sum(map(kit.text_size, blocks)) <= kit.MESSAGE_TEXT
        and all(_sound(block) == [block] for block in blocks)
    )


def _sound(block: Block) -> list[Block]:
    """The block, split where a section says too much, shortened where Slack has one fixed length."""
    match block:
        case {"type": "section", "text": {"text": str(words)}} if len(words) > kit.SECTION_TEXT or not words:
            pieces = kit.pieces(plain(words), kit.SECTION_TEXT)
            return [kit.section(kit.literal(piece) or text.NOTHING) for piece in pieces] or [
                kit.section(text.NOTHING)
            ]
        case {"type": "header", "text": {"text": str(words)}} if len(words) > kit.HEADER_TEXT or not words:
            return [kit.header(words)]
        case {"type": "actions", "elements": list(elements)} if (
            len(elements) > kit.BUTTONS_IN_ROW or not elements
        ):
            return kit.buttons(elements)
        case {"type": "context", "elements": list(elements)} if (
            len(elements) > kit.CONTEXT_ELEMENTS or not elements
        ):
            return _split(block, elements, kit.CONTEXT_ELEMENTS)
        case _:
            return [block]


def _split(block: Block, elements: list[Any], size: int) -> list[Block]:
    return [{**block, "elements": elements[at : at + size]} for at in range(0, len(elements), size)]


_SPOKEN = ("text", "title", "caption", "alt_text", "label", "value", "name")
_HEARD = ("fields", "elements", "rows", "chart", "segments", "series", "data", "axis_config")


def _words(part: Any) -> Iterator[str]:
    """The words of a block, in their order; a table's row is one line."""
    if isinstance(part, str):
        yield plain(part)
    elif isinstance(part, list):
        cells = [
            cell for cell in part if isinstance(cell, dict) and str(cell.get("type", "")).startswith("raw_")
        ]
        if cells and len(cells) == len(part):
            yield " · ".join(str(cell["text"]) for cell in cells)
        else:
            yield from _each(part)
    elif isinstance(part, dict) and part.get("type") not in {"button", "feedback_buttons", "icon_button"}:
        pair = "label" in part and "value" in part
        if pair:
            yield f"{part['label']}: {part['value']}"
        else:
            yield from _each(part[name] for name in (*_SPOKEN, *_HEARD) if name in part)


def _each(parts: Iterable[Any]) -> Iterator[str]:
    for part in parts:
        yield from _words(part)
