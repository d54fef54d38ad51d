"""An answer's rows made ready to draw: titles, formatted cells, alignment, bars. Shared by all renderers."""

from dataclasses import dataclass
from datetime import UTC, tzinfo

from bot.answer import Answer, Cell, Kind
from bot.render import text
from storage.metrics.catalog import Unit

_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    heading: str
    is_figure: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """An answer's rows, ready to draw: every cell is text, currencies stand in their amounts.

    `raw` are the same rows as plain values (a drawing scales its bars by them), `currencies` the currency
    of each row's first amount.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    raw: tuple[tuple[Cell, ...], ...]
    currencies: tuple[str | None, ...] = ()


def sheet(answer: Answer, tz: tzinfo = UTC) -> Sheet:
    """The rows of a table, series or breakdown. A currency column is folded into its amounts."""
    names = answer.columns or ()
    rows = answer.rows or ()
    unit = {name: text.unit_of(name, answer.unit) for name in names}
    figures = [unit[name] is not None or _all_numbers(rows, i) for i, name in enumerate(names)]
    money_of = {i: _currency_column(names, i) for i, name in enumerate(names) if unit[name] == Unit.MONEY}
    folded = {i for i in money_of.values() if i}
    kept = [i for i in range(len(names)) if i not in folded]
    is_series = answer.kind is Kind.SERIES

    def currency(row: tuple[Cell, ...], where: int | None) -> str | None:
        own = row[where] if where is not None and where < len(row) else None
        return str(own) if own else answer.currency

    def shown(row: tuple[Cell, ...], i: int) -> str:
        value = row[i] if i < len(row) else None
        if i == 0 and is_series and isinstance(value, str):
            return text.period_key(text.clean(value))
        return text.cell(value, names[i], currency(row, money_of.get(i)), unit=answer.unit, tz=tz)

    return Sheet(
        columns=tuple(Column(names[i], text.heading(names[i]), figures[i]) for i in kept),
        rows=tuple(tuple(shown(row, i) for i in kept) for row in rows),
        raw=tuple(tuple(row[i] if i < len(row) else None for i in kept) for row in rows),
        currencies=tuple(currency(row, next(iter(money_of.values()), None)) for row in rows),
    )


def shown_of(answer: Answer) -> str | None:
    """ "10 of 232" where rows are missing, else None: nothing is ever left out silently."""
    there = len(answer.rows or ())
    total = answer.total_rows if answer.total_rows is not None else there
    return f"{there:,} of {total:,}" if total > there else None


def bar(share: float, width: int) -> str:
    """A bar of `share` (0 to 1) of `width` characters, drawn to an eighth of one; never empty above 0."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    whole, part = divmod(eighths, 8)
    return "█" * whole + _EIGHTHS[part]


def _currency_column(names: tuple[str, ...], amount: int) -> int | None:
    """Which column holds an amount's currency: the nearest one after it, else any before it."""
    after = [i for i, name in enumerate(names) if name == "currency" and i > amount]
    before = [i for i, name in enumerate(names) if name == "currency" and i < amount]
    return after[0] if after else before[-1] if before else None


def _all_numbers(rows: tuple[tuple[Cell, ...], ...], i: int) -> bool:
    cells = [row[i] for row in rows if i < len(row) and row[i] is not None]
    return bool(cells) and all(isinstance(c, int | float) and not isinstance(c, bool) for c in cells)
