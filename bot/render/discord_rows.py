"""Rows in Discord: a table of fixed width that fits, a few lines a row where it cannot, bars of text.

Nothing is left out silently: a cell that is cut ends in an ellipsis, and figures are never cut.
"""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from bot.render import discord_kit as kit
from bot.render.sheet import Column, Sheet, bar

WIDTH = 56
"""Characters of fixed width that an embed shows in a line on a desktop."""

_GAP = "  "
_LEAST = 12
_MOST = 120
_BAR = 16
_LABEL = 24
_CHARACTERS_A_CELL = 4


def table(sheet: Sheet) -> list[str]:
    """Blocks with all rows: aligned columns where WIDTH has room for them, else one line a cell."""
    if not sheet.columns or not sheet.rows:
        return []
    widths = _widths(sheet)
    if widths is None:
        return kit.blocks([line for row in sheet.rows for line in _stacked(sheet.columns, row)])
    head = _aligned(sheet.columns, tuple(column.heading for column in sheet.columns), widths)
    ruler = _GAP.join("─" * width for width in widths)
    lines = [_aligned(sheet.columns, row, widths) for row in sheet.rows]
    room = kit.DESCRIPTION - kit.size(kit.block([head, ruler, ""]))
    return [kit.block([head, ruler, *page.split("\n")]) for page in kit.packed(lines, room)]


def bars(sheet: Sheet) -> list[str]:
    """A bar a row where the rows are a label and one figure, else the table."""
    if len(sheet.columns) != len(("label", "figure")) or not sheet.rows:
        return table(sheet)
    if not sheet.columns[1].is_figure:
        return table(sheet)
    labels = [_cut(row[0], _LABEL) for row in sheet.rows]
    label_width = max(map(cell_len, labels))
    figure_width = max(cell_len(row[1]) for row in sheet.rows)
    if label_width + figure_width + _BAR + 2 * len(_GAP) > WIDTH:
        return table(sheet)
    largest = _largest_of_each_currency(sheet)
    lines = [
        _GAP.join(
            (_left(label, label_width), _left(_bar(sheet, i, largest), _BAR), _right(row[1], figure_width))
        )
        for i, (label, row) in enumerate(zip(labels, sheet.rows, strict=True))
    ]
    return kit.blocks([kit.code(line) for line in lines])


def _widths(sheet: Sheet) -> list[int] | None:
    """How wide each column is drawn; None where even cut cells need more than WIDTH."""
    rows = [tuple(column.heading for column in sheet.columns), *sheet.rows]
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - WIDTH
    while over > 0:
        elastic = [i for i, c in enumerate(sheet.columns) if not c.is_figure and widths[i] > _LEAST]
        if not elastic:
            return None
        widest = max(elastic, key=lambda i: widths[i])
        step = min(over, widths[widest] - _LEAST)
        beside = max((widths[i] for i in elastic if i != widest), default=_LEAST)
        step = max(1, min(step, widths[widest] - beside))
        widths[widest] -= step
        over -= step
    return widths


def _aligned(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        _right(cell, width) if column.is_figure else _left(_cut(cell, width), width)
        for cell, width, column in zip(row, widths, columns, strict=True)
    ]
    return kit.code(_GAP.join(cells).rstrip())


def _stacked(columns: Sequence[Column], row: Sequence[str]) -> list[str]:
    key, *others = row
    lines = [_cut(key, _MOST)]
    lines += [
        f"  {_cut(column.heading, _LABEL)}: {_cut(cell, _MOST)}"
        for column, cell in zip(columns[1:], others, strict=True)
    ]
    return [kit.code(line) for line in lines]


def _cut(words: str, width: int) -> str:
    """At most so many cells, and characters: some characters take no cell."""
    if cell_len(words) <= width and len(words) <= _CHARACTERS_A_CELL * width:
        return words
    return set_cell_size(words[: _CHARACTERS_A_CELL * width], width - 1).rstrip() + "…"


def _left(words: str, width: int) -> str:
    return words + " " * (width - cell_len(words))


def _right(words: str, width: int) -> str:
    return " " * (width - cell_len(words)) + words


def _bar(sheet: Sheet, i: int, largest: dict[str | None, float]) -> str:
    value = sheet.raw[i][1]
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        return ""
    return bar(value / (largest[sheet.currencies[i]] or 1), _BAR)


def _largest_of_each_currency(sheet: Sheet) -> dict[str | None, float]:
    """Amounts of different currencies are never measured against each other."""
    largest: dict[str | None, float] = {}
    for row, currency in zip(sheet.raw, sheet.currencies, strict=True):
        value = row[1] if isinstance(row[1], int | float) else 0
        largest[currency] = max(largest.get(currency, 0), value)
    return largest
