"""What Slack takes, as constants, and the few blocks that every answer is built from.

Text from data is hostile: it reaches Slack as `plain_text` or `raw_text`, which Slack shows as it stands, or
through `literal`, which leaves nothing in it that Slack's markup would act on (mentions, links, styles).
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, TypedDict
from urllib.parse import quote, urlsplit

from bot.render import text

BLOCKS_IN_MESSAGE = 50
SECTION_TEXT = 3_000
HEADER_TEXT = 150
FIELDS_IN_SECTION = 10
FIELD_TEXT = 2_000
CONTEXT_ELEMENTS = 10
BUTTONS_IN_ROW = 25
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
URL = 2_000  # Slack takes 3,000; a link must also fit into a section
ALT_TEXT = 2_000
CHARTS_IN_MESSAGE = 2
CHART_TITLE = 50
CHART_LABEL = 20
CHART_POINTS = 20
CHART_SEGMENTS = 6
TABLE_ROWS = 100
DATA_TABLE_ROWS = 100  # below the heading
TABLE_COLUMNS = 20
TABLE_TEXT = 10_000
# Slack names no figure for a whole message, but refuses very large ones; this is well below what it takes.
MESSAGE_TEXT = 12_000
FALLBACK_TEXT = 3_000

_MOST_IN_BOLD = 50
_WORST_ESCAPE = len("&amp;")
_NAMES = frozenset({"type", "align", "action_id", "value"})
_MARKUP = str.maketrans({"*": "∗", "_": "＿", "~": "∼", "`": "ˋ"})

Block = dict[str, Any]


class Message(TypedDict):
    """The body of chat.postMessage or of a response_url: `text` is for notifications and screen readers."""

    text: str
    blocks: list[Block]


class Layout(StrEnum):
    """native: the newest blocks (sortable tables, charts, thumbs). classic: table and rich_text blocks, and
    pictures. plain: only blocks that every Slack has ever had."""

    NATIVE = "native"
    CLASSIC = "classic"
    PLAIN = "plain"


# ---- text -----------------------------------------------------------------------------------------------


def escape(words: str) -> str:
    """The three characters that Slack gives a meaning to everywhere."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def literal(words: str) -> str:
    """Words for mrkdwn that come out as they are: look-alikes stand in for the signs of styles."""
    return escape(text.clean(words).translate(_MARKUP))


def code(words: str) -> str:
    """One line in fixed width, its blanks kept. Slack ends code at a backtick, so none may be inside."""
    return f"`{escape(words.replace('`', 'ˋ')).replace(' ', chr(0xA0))}`"


def link(url: str | None, label: str) -> str:
    """A link where the address is one of the web, else the label alone."""
    address = web_address(url)
    shown = literal(text.shorten(text.clean(label), HEADER_TEXT))
    return f"<{address}|{shown}>" if address else shown


def web_address(url: str | None) -> str | None:
    """The address with everything percent-encoded that could end it early in Slack's markup, or None."""
    if not url or len(url) > URL:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return None
    address = quote(url, safe=":/?#[]@!$'()*+,;=%~-._")
    return address if len(address) <= URL else None


def pieces(words: str, limit: int) -> list[str]:
    """The words, cleaned, in parts that stay within `limit` once escaped; cut at blanks if there are any."""
    left, parts = text.clean(words), []
    while len(escape(left)) > limit:
        size = limit // _WORST_ESCAPE
        cut = left.rfind(" ", 1, size) if " " in left[1:size] else size
        parts.append(left[:cut])
        left = left[cut:].lstrip()
    return [*parts, left] if left or not parts else parts


# ---- blocks ---------------------------------------------------------------------------------------------


def plain_text(words: str, limit: int) -> Block:
    return {
        "type": "plain_text",
        "text": text.shorten(text.clean(words), limit) or text.NOTHING,
        "emoji": False,
    }


def mrkdwn(marked_up: str) -> Block:
    """Markup of our own making; `verbatim` keeps Slack from turning more of it into links."""
    return {"type": "mrkdwn", "text": marked_up or text.NOTHING, "verbatim": True}


def header(words: str) -> Block:
    return {"type": "header", "text": plain_text(words, HEADER_TEXT)}


def paragraphs(words: str, emphasise: Iterable[str] = ()) -> list[Block]:
    """A sentence of any length, with the figures in it that are named in bold."""
    parts = pieces(words, SECTION_TEXT - 2 * _MOST_IN_BOLD)
    figures = [literal(figure) for figure in emphasise][:_MOST_IN_BOLD]
    return [section(_in_bold(literal(part), figures)) for part in parts]


def section(marked_up: str) -> Block:
    return {"type": "section", "text": mrkdwn(marked_up)}


def lines(marked_up: Sequence[str]) -> list[Block]:
    """Lines, each below the limit of a section, in as few sections as hold them."""
    return [section(block) for block in packed(marked_up, SECTION_TEXT)]


def packed(parts: Iterable[str], limit: int) -> list[str]:
    """Lines joined to texts of at most `limit` characters each."""
    texts: list[str] = []
    for line in parts:
        if texts and len(texts[-1]) + 1 + len(line) <= limit:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def fields(pairs: Sequence[tuple[str, str]]) -> list[Block]:
    """Label and value in two columns. Values are markup already (`literal` or `link`)."""
    texts = [mrkdwn(f"*{literal(label)}*\n{value}") for label, value in pairs]
    return [
        {"type": "section", "fields": texts[at : at + FIELDS_IN_SECTION]}
        for at in range(0, len(texts), FIELDS_IN_SECTION)
    ]


def context(notes: Iterable[str | None]) -> list[Block]:
    """Small print, one note after the other."""
    said = [part for note in notes if note for part in pieces(note, FIELD_TEXT)]
    elements = [plain_text(note, FIELD_TEXT) for note in said]
    return [
        {"type": "context", "elements": elements[at : at + CONTEXT_ELEMENTS]}
        for at in range(0, len(elements), CONTEXT_ELEMENTS)
    ]


def button(label: str, action_id: str, value: str) -> Block:
    shown = plain_text(label, BUTTON_TEXT)
    return {"type": "button", "text": shown, "action_id": action_id, "value": value}


def thumbs(good: str, bad: str, action_id: str) -> Block:
    """Thumbs up and down, as Slack draws them itself."""
    up = {"text": plain_text("Good answer", BUTTON_TEXT), "value": good}
    down = {"text": plain_text("Bad answer", BUTTON_TEXT), "value": bad}
    told = (
        {"accessibility_label": "Say that this answer was right"},
        {"accessibility_label": "Say that it was not"},
    )
    element = {
        "type": "feedback_buttons",
        "action_id": action_id,
        "positive_button": up | told[0],
        "negative_button": down | told[1],
    }
    return {"type": "context_actions", "elements": [element]}


def image(file_id: str, alt: str) -> Block:
    """A picture that was uploaded to Slack."""
    said = text.shorten(text.clean(alt), ALT_TEXT) or text.NOTHING
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": said}


def buttons(elements: Sequence[Block]) -> list[Block]:
    return [
        {"type": "actions", "elements": list(elements[at : at + BUTTONS_IN_ROW])}
        for at in range(0, len(elements), BUTTONS_IN_ROW)
    ]


# ---- messages -------------------------------------------------------------------------------------------


def messages(blocks: Sequence[Block], fallback: str) -> list[Message]:
    """The blocks in as few messages as Slack takes: 50 blocks, one table and a bounded text in each."""
    pages: list[list[Block]] = [[]]
    room = MESSAGE_TEXT
    for block in blocks:
        size = text_size(block)
        most = _MOST_IN_MESSAGE.get(block["type"], BLOCKS_IN_MESSAGE)
        alike = sum(other["type"] == block["type"] for other in pages[-1])
        if pages[-1] and (len(pages[-1]) == BLOCKS_IN_MESSAGE or alike >= most or size > room):
            pages.append([])
            room = MESSAGE_TEXT
        pages[-1].append(block)
        room -= size
    first = pieces(fallback, FALLBACK_TEXT)
    said = (literal(first[0]) or text.NOTHING) + (" …" if len(first) > 1 else "")
    return [
        Message(text=said if page == 0 else f"{said} ({page + 1} of {len(pages)})", blocks=content)
        for page, content in enumerate(pages)
    ]


_MOST_IN_MESSAGE = {"table": 1, "data_table": 1, "data_visualization": CHARTS_IN_MESSAGE}


def text_size(part: Any) -> int:
    """How many characters of text a block carries; its types and names do not count."""
    if isinstance(part, str):
        return len(part)
    if isinstance(part, dict):
        return sum(text_size(inner) for name, inner in part.items() if name not in _NAMES)
    if isinstance(part, list):
        return sum(text_size(inner) for inner in part)
    return 0


def _in_bold(marked_up: str, figures: Sequence[str]) -> str:
    """Each figure in bold once, where it stands as a whole: not the 5 of 2025."""
    for figure in figures:
        whole = rf"(?<![\w.,*]){re.escape(figure)}(?![\w*]|[.,]\d)"
        marked_up = re.sub(whole, lambda found: f"*{found[0]}*", marked_up, count=1)
    return marked_up
