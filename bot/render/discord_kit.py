"""What Discord takes, as constants, and the few parts that every answer there is built from.

Text from data is hostile: it reaches Discord through `literal`, which leaves nothing in it that Discord's
markdown would act on (mentions, links, styles, headings), or through `code`, where nothing is markdown.
Sizes are counted in UTF-16 units: never less than what Discord counts.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote, urlsplit

from bot.render import text

CONTENT = 2_000
EMBED_TEXT = 6_000
TITLE = 256
DESCRIPTION = 4_096
FIELDS = 25
FIELD_NAME = 256
FIELD_VALUE = 1_024
FOOTER = 2_048
BUTTONS = 25
BUTTONS_IN_ROW = 5
BUTTON_LABEL = 80
CUSTOM_ID = 100
FILE_DESCRIPTION = 1_024
URL = 512

BRAND, ASKING = 0x5B5BD6, 0x8B8D98
_SMALL_PRINT = 1_000
_MARKED = re.compile(r"[\\*_~|`\[\]<>]")
_AT_START = re.compile(r"^(?=[#+-])")
_LINK = re.compile(r":(?=//)")
_EVERYBODY = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_FENCE = "```"


class Field(TypedDict):
    name: str
    value: str
    inline: bool


class Embed(TypedDict):
    """The part of Discord's embed object that we use."""

    color: int
    title: NotRequired[str]
    description: NotRequired[str]
    fields: NotRequired[list[Field]]
    footer: NotRequired[dict[str, str]]
    image: NotRequired[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `content` is what notifications and screen readers have."""

    content: str
    embed: Embed | None = None


@dataclass(slots=True)
class Body:
    """What an embed is to say: parts of its description in order, each within DESCRIPTION, then fields."""

    title: str = ""
    parts: list[str] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    small_print: str = ""
    color: int = BRAND


def size(words: str) -> int:
    """The length as Discord counts it, or more."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


# ---- text -----------------------------------------------------------------------------------------------


def literal(words: str) -> str:
    """One line of words for markdown that comes out as it is."""
    escaped = _MARKED.sub(r"\\\g<0>", text.clean(words))
    escaped = _LINK.sub(r"\\:", _AT_START.sub(r"\\", escaped))
    return _EVERYBODY.sub("@\u200b", escaped)


def code(words: str) -> str:
    """One line for a code block, its blanks kept. A backtick could end the block, so none is left."""
    return words.replace("`", "ˋ")


def block(lines: Iterable[str]) -> str:
    """Lines of `code` as one block of fixed width."""
    return f"{_FENCE}\n" + "\n".join(lines) + f"\n{_FENCE}"


def blocks(lines: Sequence[str], limit: int = DESCRIPTION) -> list[str]:
    """Lines of `code` in as few blocks as hold them; each line must be shorter than the limit."""
    return [block(page.split("\n")) for page in packed(lines, limit - size(block([""])))]


def packed(lines: Iterable[str], limit: int) -> list[str]:
    """Lines joined to texts of at most `limit` units each."""
    texts: list[str] = []
    for line in lines:
        if texts and size(texts[-1]) + 1 + size(line) <= limit:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def pieces(words: str, limit: int, marked_up: Callable[[str], str] = literal) -> list[str]:
    """The words as markup, in parts of at most `limit` units; cut at blanks if there are any."""
    left, parts = text.clean(words), []
    while len(left) > limit or size(marked_up(left)) > limit:
        most = _fitting(left, limit, marked_up)
        cut = left.rfind(" ", 1, most + 1)
        cut = cut if cut > 0 else most
        parts.append(marked_up(left[:cut]))
        left = left[cut:].lstrip()
    return [*parts, marked_up(left)] if left else parts


def shortened(words: str, limit: int, marked_up: Callable[[str], str] = literal) -> str:
    """The words as markup of at most `limit` units, with an ellipsis where something is missing."""
    clean = text.clean(words)
    if len(clean) <= limit and size(marked_up(clean)) <= limit:
        return marked_up(clean) or text.NOTHING
    return marked_up(clean[: _fitting(clean, limit - 1, marked_up)]) + "…"


def _fitting(words: str, limit: int, marked_up: Callable[[str], str]) -> int:
    """How many of the characters fit; at least one."""
    low, high = 1, min(len(words), limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(marked_up(words[:middle])) <= limit else (low, middle - 1)
    return low


def plain(words: str, limit: int) -> str:
    """Words where Discord knows no markdown (a button, a footer, an attachment)."""
    return shortened(words, limit, lambda said: said)


def link(url: str | None, label: str) -> str:
    """A link where the address is one of the web, else the label alone."""
    address, shown = _web_address(url), shortened(label, TITLE)
    return f"[{shown}](<{address}>)" if address else shown


def _web_address(url: str | None) -> str | None:
    """The address with all percent-encoded that could end it early in markdown, or None."""
    if not url or len(url) > URL:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.netloc:
        return None
    address = quote(url, safe=":/?#@!$&+,;=%-._")
    return address if len(address) <= URL else None


def facts(pairs: Iterable[tuple[str, str]], *, inline: bool = True) -> list[Field]:
    """Label and value, side by side. Values are markup already, within FIELD_VALUE."""
    return [
        Field(name=shortened(label, FIELD_NAME), value=value or text.NOTHING, inline=inline)
        for label, value in pairs
    ]


# ---- messages -------------------------------------------------------------------------------------------


def messages(said: str, body: Body) -> list[Message]:
    """A sentence and what goes with it, in as few messages as Discord takes; nothing of it is cut."""
    embeds = _embeds(body)
    sentences = pieces(said, CONTENT) or ([] if embeds else [text.NOTHING])
    count = max(len(sentences), len(embeds))
    for number in range(len(sentences), count):
        sentences.append(f"({number + 1} of {count})")
    late = count - len(embeds)  # what an embed shows comes after the whole sentence
    return [
        Message(words, embeds[place - late] if place >= late else None)
        for place, words in enumerate(sentences)
    ]


def _embeds(body: Body) -> list[Embed]:
    small, parts = text.clean(body.small_print), list(body.parts)
    if size(small) > _SMALL_PRINT:
        parts += pieces(small, DESCRIPTION)
        small = ""
    pages = _Pages(body.color, EMBED_TEXT - size(small))
    if body.title:
        pages.title(shortened(body.title, TITLE))
    for part in parts:
        pages.add(part)
    for one in body.fields:
        pages.add_field(one)
    if small:
        pages.last["footer"] = {"text": small}
    return [page for page in pages.all if len(page) > 1]


class _Pages:
    """Embeds that fill up one after the other."""

    def __init__(self, color: int, room: int) -> None:
        self._color, self._room = color, room
        self.all: list[Embed] = [Embed(color=color)]

    @property
    def last(self) -> Embed:
        return self.all[-1]

    def title(self, words: str) -> None:
        self.last["title"] = words

    def add(self, part: str) -> None:
        there = self.last.get("description", "")
        joined = f"{there}\n{part}" if there else part
        if size(joined) > DESCRIPTION or self._used() + size(part) + 1 > self._room:
            self.all.append(Embed(color=self._color))
            joined = part
        self.last["description"] = joined

    def add_field(self, one: Field) -> None:
        weight = size(one["name"]) + size(one["value"])
        if len(self.last.get("fields", ())) == FIELDS or self._used() + weight > self._room:
            self.all.append(Embed(color=self._color))
        self.last.setdefault("fields", []).append(one)

    def _used(self) -> int:
        return text_size(self.last)


def text_size(embed: Embed) -> int:
    """The units of an embed that count towards EMBED_TEXT."""
    footer: dict[str, Any] = embed.get("footer", {})
    words = [embed.get("title", ""), embed.get("description", ""), footer.get("text", "")]
    words += [part for one in embed.get("fields", ()) for part in (one["name"], one["value"])]
    return sum(map(size, words))
