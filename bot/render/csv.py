"""An answer's rows as a CSV file that a spreadsheet opens without running anything in it."""

import csv
import io
from math import isfinite

from bot.answer import Answer, Cell
from bot.render import text
from storage.metrics.amounts import exponent
from storage.metrics.catalog import Unit

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_MARK = "\N{BYTE ORDER MARK}"
"""Without it, Excel takes UTF-8 for something else."""


def csv_of(answer: Answer) -> bytes:
    """All rows that the answer has, headings first; amounts in whole units of their currency.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    names = answer.columns or ()
    units = [text.unit_of(name, answer.unit) for name in names]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_safe(text.heading(name)) for name in names])
    for row in answer.rows or ():
        currency = _currency(names, row) or answer.currency
        writer.writerow(
            [_cell(row[i] if i < len(row) else None, units[i], currency) for i in range(len(names))]
        )
    return (_MARK + out.getvalue()).encode("utf-8", "replace")


def name_of(answer: Answer) -> str:
    """A name for the file, of letters, digits and dashes alone."""
    words = "".join(c if c.isalnum() and c.isascii() else " " for c in answer.question.lower()).split()
    return f"{'-'.join(words)[:60].strip('-') or 'answer'}.csv"


def _currency(names: tuple[str, ...], row: tuple[Cell, ...]) -> str | None:
    found = [row[i] for i, name in enumerate(names) if name == "currency" and i < len(row)]
    return str(found[0]) if found and found[0] else None


def _cell(value: Cell, unit: str | None, currency: str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _amount(value, currency) if unit == Unit.MONEY else str(value)
    return _safe(value)


def _amount(value: float, currency: str | None) -> str:
    digits = exponent(currency.upper()) if currency else 0
    if not digits or not isfinite(value):
        return str(value)
    return f"{value / 10**digits:.{digits}f}"


def _safe(words: str) -> str:
    """One cell of plain text, whatever stands in it."""
    kept = words.replace("\0", "")
    return f"'{kept}" if kept.lstrip(" ").startswith(_FORMULAS) else kept
