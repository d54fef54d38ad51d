"""Messages as HTML that looks like Slack: for blocks that local-slack's page does not draw. Pure.

Only what the renderers use is drawn, and what is not known is drawn as its name, so that nothing is missed.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.gallery.charts import drawn as chart

Block = Mapping[str, Any]

_LINK = re.compile(r"&lt;(https?://[^|&]+)\|([^&]*?)&gt;")
_CHANNEL = re.compile(r"&lt;#(\w+)&gt;")
_PERSON = re.compile(r"&lt;@(\w+)&gt;")
_STYLES = ((re.compile(r"\*([^*\n]+)\*"), r"<b>\1</b>"), (re.compile(r"`([^`\n]+)`"), r"<code>\1</code>"))


def message(blocks: Sequence[Block], pictures: Mapping[str, str] | None = None) -> str:
    """The blocks of one message; `pictures` are data addresses of files by id."""
    return "".join(_block(block, pictures or {}) for block in blocks)


def mrkdwn(text: str) -> str:
    """Slack's markup as HTML."""
    said = html.escape(html.unescape(text), quote=False)
    said = _LINK.sub(r'<a href="#">\2</a>', said)
    said = _PERSON.sub('<a href="#">@Ada</a>', said)
    said = _CHANNEL.sub('<a href="#">#revenue</a>', said)
    for pattern, styled in _STYLES:
        said = pattern.sub(styled, said)
    return said.replace("\n", "<br>")


def _text(element: Block) -> str:
    said = str(element["text"])
    return mrkdwn(said) if element["type"] == "mrkdwn" else html.escape(said).replace("\n", "<br>")


def _block(block: Block, pictures: Mapping[str, str]) -> str:
    if block["type"] == "image":
        source = pictures.get(block["slack_file"]["id"], "")
        return f'<img class="picture" src="{source}">'
    draw = _DRAWN.get(block["type"])
    return draw(block) if draw else f'<p class="unknown">{html.escape(block["type"])}</p>'


def _section(block: Block) -> str:
    said = f'<div class="text">{_text(block["text"])}</div>' if "text" in block else ""
    fields = "".join(f'<div class="text">{_text(field)}</div>' for field in block.get("fields", ()))
    beside = _element(block["accessory"]) if "accessory" in block else ""
    return f'<div class="section">{said}{beside}</div>' + (
        f'<div class="fields">{fields}</div>' if fields else ""
    )


def _context(block: Block) -> str:
    return f'<div class="context">{" ".join(_text(element) for element in block["elements"])}</div>'


def _actions(block: Block) -> str:
    return f'<div class="actions">{"".join(map(_element, block["elements"]))}</div>'


def _element(element: Block) -> str:
    match element["type"]:
        case "button":
            style = element.get("style", "")
            return f'<span class="button {style}">{_text(element["text"])}</span>'
        case "overflow":
            return '<span class="button overflow">⋯</span>'
        case "feedback_buttons":
            return f'<span class="thumb">{_THUMB}</span><span class="thumb down">{_THUMB}</span>'
        case "static_select" | "channels_select" | "conversations_select":
            return f'<span class="button">{_text(element["placeholder"])} ▾</span>'
        case other:
            return f'<span class="unknown">{html.escape(other)}</span>'


_THUMB = (
    '<svg viewBox="0 0 20 20" width="17" height="17" fill="none" stroke="currentColor" stroke-width="1.5" '
    'stroke-linejoin="round"><path d="M6.5 9 9.6 2.9c1.5 0 2.3 1.1 1.9 2.5L11 7.6h4.3c1.2 0 2 1 1.8 2.1'
    'l-1 5.2c-.2 1-1 1.6-2 1.6H6.5zM2.9 9h3.6v7.5H2.9z"/></svg>'
)


def _data_table(block: Block) -> str:
    head, *rows = block["rows"]
    size = block.get("page_size", 5)
    titles = "".join(f"<th>{html.escape(cell['text'])}<i>↕</i></th>" for cell in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows[:size])
    shown = f"1–{min(size, len(rows))} of {len(rows)}"
    foot = f'<div class="pages">{shown}<span>‹</span><span>›</span></div>' if len(rows) > size else ""
    return f'<div class="table"><table><tr>{titles}</tr>{body}</table>{foot}</div>'


def _table(block: Block) -> str:
    head, *rows = block["rows"]
    titles = "".join(f"<th>{html.escape(cell['text'])}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<div class="table"><table><tr>{titles}</tr>{body}</table></div>'


def _cell(cell: Block) -> str:
    figure = ' class="figure"' if cell["type"] == "raw_number" else ""
    return f"<td{figure}>{html.escape(cell['text'])}</td>"


def _rich_text(block: Block) -> str:
    said = "".join(element["text"] for part in block["elements"] for element in part["elements"])
    return f"<pre>{html.escape(said)}</pre>"


_DRAWN: Mapping[str, Callable[[Block], str]] = {
    "section": _section,
    "header": lambda block: f"<h3>{_text(block['text'])}</h3>",
    "divider": lambda _: "<hr>",
    "context": _context,
    "actions": _actions,
    "context_actions": lambda block: f'<div class="thumbs">{"".join(map(_element, block["elements"]))}</div>',
    "data_table": _data_table,
    "table": _table,
    "rich_text": _rich_text,
    "data_visualization": chart,
}
