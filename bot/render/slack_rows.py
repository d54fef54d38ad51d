"""Rows in Slack: a table block where there is one, lines of fixed width elsewhere, and a bar chart of text.

Nothing is left out silently: a cell that is cut ends in an ellipsis, and what does not fit at all is named
in a note.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from bot.answer import Cell
from bot.render import slack_blocks as kit
from bot.render import text
from bot.render.sheet import Column, Sheet, bar
from bot.render.slack_blocks import Block, Layout

_CELL = 120
_PLAIN_CELL = 26
_PLAIN_COLUMNS = 8
_GAP = "  "
_TABLE_ROOM = kit.TABLE_TEXT - 1_000  # what a cell weighs in Slack's own count is not documented
_CHART_ROWS = 60
_ROWS_ON_A_PAGE = 10
_LARGEST = 2**53
_LABEL = 24
_BAR = 20


@dataclass(frozen=True, slots=True)
class Drawn:
    """Blocks, and the notes that belong below them."""

    blocks: list[Block]
    notes: list[str]


def table(sheet: Sheet, layout: Layout, caption: str = "") -> Drawn:
    """All rows, in as many table blocks as it takes; columns beyond what fits are named in a note."""
    room = _PLAIN_COLUMNS if layout is Layout.PLAIN else kit.TABLE_COLUMNS
    columns, beyond = sheet.columns[:room], sheet.columns[room:]
    rows = [row[:room] for row in sheet.rows]
    notes = [f"Not shown: {text.listed([c.heading for c in beyond])}"] if beyond else []
    if not columns or not rows:
        return Drawn([], notes)
    match layout:
        case Layout.NATIVE:
            drawn = _data_tables(columns, rows, [row[:room] for row in sheet.raw], caption)
        case Layout.CLASSIC:
            drawn = _tables(columns, rows)
        case Layout.PLAIN:
            drawn = _fixed_width(columns, rows)
    return Drawn(drawn, notes)


def chart(sheet: Sheet, layout: Layout) -> Drawn | None:
    """A bar of text a row, where the rows are a key and one figure; None where they are not, or too many."""
    if len(sheet.columns) != len(("key", "figure")) or not 0 < len(sheet.rows) <= _CHART_ROWS:
        return None
    if not sheet.columns[1].is_figure or any(len(row[0]) > _LABEL for row in sheet.rows):
        return None
    largest = _largest_of_each_currency(sheet)
    width = max(len(row[0]) for row in sheet.rows)
    bars = [_bar(sheet, i, largest) for i in range(len(sheet.rows))]
    drawn = [f"{row[0]:<{width}} {b:<{_BAR}}" for row, b in zip(sheet.rows, bars, strict=True)]
    figures = [row[1] for row in sheet.rows]
    if layout is Layout.PLAIN:
        marked_up = [f"{kit.code(d)} {kit.literal(f)}" for d, f in zip(drawn, figures, strict=True)]
        return Drawn(kit.lines(marked_up), [])
    figure_width = max(map(len, figures))
    said = [f"{d} {f:>{figure_width}}" for d, f in zip(drawn, figures, strict=True)]
    return Drawn([_preformatted(lines) for lines in kit.packed(said, kit.SECTION_TEXT)], [])


def _preformatted(words: str) -> Block:
    element = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": words}]}
    return {"type": "rich_text", "elements": [element]}


def _bar(sheet: Sheet, i: int, largest: dict[str | None, float]) -> str:
    value = sheet.raw[i][1]
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        return ""
    return bar(value / (largest[sheet.currencies[i]] or 1), _BAR)


def _largest_of_each_currency(sheet: Sheet) -> dict[str | None, float]:
    """Amounts of different currencies are never measured against each other."""
    largest: dict[str | None, float] = {}
    for row, currency in zip(sheet.raw, sheet.currencies, strict=True):
        value = row[1] if isinstance(row[1], int | float) else 0
        largest[currency] = max(largest.get(currency, 0), value)
    return largest


def _tables(columns: Sequence[Column], rows: Sequence[tuple[str, ...]]) -> list[Block]:
    head = [_raw(column.heading) for column in columns]
    settings = [{"align": "right"} if column.is_figure else {"is_wrapped": True} for column in columns]
    cells = iter([[_raw(cell) for cell in row] for row in rows])
    blocks: list[Block] = []
    body: list[list[Block]] = []
    weight = kit.text_size(head)
    for row in cells:
        if body and (len(body) == kit.TABLE_ROWS - 1 or weight + kit.text_size(row) > _TABLE_ROOM):
            blocks.append({"type": "table", "column_settings": settings, "rows": [head, *body]})
            body, weight = [], kit.text_size(head)
        body.append(row)
        weight += kit.text_size(row)
    return [*blocks, {"type": "table", "column_settings": settings, "rows": [head, *body]}]


def _data_tables(
    columns: Sequence[Column],
    rows: Sequence[tuple[str, ...]],
    raw: Sequence[tuple[Cell, ...]],
    caption: str,
) -> list[Block]:
    """Tables that people can sort and page through; figures sort by what they are, not as words."""
    head = [_raw(column.heading) for column in columns]
    said = text.shorten(text.clean(caption), _CELL) or "Rows"
    blocks: list[Block] = []
    body: list[list[Block]] = []
    weight = kit.text_size(head)

    def finished() -> Block:
        size = min(len(body), _ROWS_ON_A_PAGE)
        return {"type": "data_table", "caption": said, "page_size": size, "rows": [head, *body]}

    for shown, values in zip(rows, raw, strict=True):
        row = [_sorted(words, value) for words, value in zip(shown, values, strict=True)]
        if body and (len(body) == kit.DATA_TABLE_ROWS or weight + kit.text_size(row) > _TABLE_ROOM):
            blocks.append(finished())
            body, weight = [], kit.text_size(head)
        body.append(row)
        weight += kit.text_size(row)
    return [*blocks, finished()]


def _sorted(words: str, value: Cell) -> Block:
    """A cell that sorts as a number where it is one that JSON and Slack can hold."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return {**_raw(words), "type": "raw_number", "value": value}
    return _raw(words)


def _raw(words: str) -> Block:
    return {"type": "raw_text", "text": text.shorten(words, _CELL) or text.NOTHING}


def _fixed_width(columns: Sequence[Column], rows: Sequence[tuple[str, ...]]) -> list[Block]:
    head = tuple(column.heading for column in columns)
    short = [tuple(text.shorten(cell, _PLAIN_CELL) for cell in row) for row in (head, *rows)]
    widths = [max(map(len, cells)) for cells in zip(*short, strict=True)]

    def aligned(row: tuple[str, ...]) -> str:
        parts = [
            f"{cell:>{width}}" if column.is_figure else f"{cell:<{width}}"
            for cell, width, column in zip(row, widths, columns, strict=True)
        ]
        return kit.code(_GAP.join(parts))

    return kit.lines([f"*{aligned(short[0])}*", *(aligned(row) for row in islice(short, 1, None))])
