"""An answer on a terminal: a calm figure, a table, a drawn chart, a card, or a question back.

Every word that came from outside goes through `text.clean` (no control characters, no escape sequences) and
into a `Text`, which rich never reads as markup. Colours are a help, never the message: the same lines work
with NO_COLOR, through a pipe and in forty columns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from math import isfinite
from typing import assert_never

from rich.console import (
    Console,
    ConsoleOptions,
    ConsoleRenderable,
    Group,
    JustifyMethod,
    RenderResult,
)
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.answer import Answer, Cell, Kind, Option
from bot.render import chart, receipt, sheet, text
from bot.render.terminal_card import card
from storage.metrics.catalog import Unit

FIGURE, KEY, DIM, MARK = "bold", "cyan", "dim", "cyan"
_INDENT = (0, 0, 0, 2)
_NARROW = 56
_CHART_HEIGHT = 8
_MOST_CHARTS = 3
_LEAST_BAR, _MOST_BAR, _BESIDE_BAR = 6, 32, 44


def show(answer: Answer, console: Console, tz: tzinfo = UTC) -> None:
    """Print an answer, set off by blank lines."""
    console.print(Padding(render(answer, tz), (1, 0, 1, 2), expand=False))


def show_why(answer: Answer, console: Console, tz: tzinfo = UTC) -> None:
    """Print why an answer says what it says."""
    lines = Group(*(said(line, DIM) for line in receipt.lines(answer, tz)))
    console.print(Padding(lines, (0, 0, 1, 2), expand=False))


def render(answer: Answer, tz: tzinfo = UTC) -> ConsoleRenderable:
    """What stands for an answer on a terminal; `tz` is the account's, for dates."""
    return Group(*_body(answer, tz), *_freshness(answer, tz))


def said(words: str, style: str = "") -> Text:
    """Words from outside as they may be printed: cleaned line by line, never read as markup."""
    return Text("\n".join(text.clean(line) for line in words.splitlines()), style=style)


def _body(answer: Answer, tz: tzinfo) -> Iterator[ConsoleRenderable]:
    match answer.kind:
        case Kind.NUMBER:
            yield from _number(answer)
        case Kind.COMPARISON:
            yield from _comparison(answer)
        case Kind.TABLE:
            yield from _table(answer, tz)
        case Kind.SERIES:
            yield from _series(answer)
        case Kind.BREAKDOWN:
            yield from _breakdown(answer, tz)
        case Kind.PROFILE:
            yield card(answer.profile, tz) if answer.profile else said(answer.text)
        case Kind.CLARIFY:
            yield from _choices(answer)
        case Kind.REFUSE:
            yield said(answer.text)
            yield from _suggestions(answer.options or ())
        case _:
            assert_never(answer.kind)


def _freshness(answer: Answer, tz: tzinfo) -> Iterator[ConsoleRenderable]:
    if (fresh := text.as_of(answer, tz)) is not None:
        yield said(fresh, DIM)


# ---- figures --------------------------------------------------------------------------------------------


def _number(answer: Answer) -> Iterator[ConsoleRenderable]:
    if answer.values:
        for currency, amount in answer.values.items():
            yield said(_in_currency(amount, answer.unit, currency), FIGURE)
    elif answer.value is not None:
        yield said(text.figure(answer.value, answer.unit, answer.currency), FIGURE)
    yield said(answer.text)


def _comparison(answer: Answer) -> Iterator[ConsoleRenderable]:
    before = answer.previous
    if answer.values and isinstance(before, dict):
        for currency in [*answer.values, *(c for c in before if c not in answer.values)]:
            now = answer.values.get(currency, 0)
            yield _moved(now, before.get(currency, 0), answer.unit, currency)
    elif answer.value is not None and isinstance(before, int | float):
        yield _moved(answer.value, before, answer.unit, answer.currency)
    yield said(answer.text)


def _moved(now: float, before: float, unit: str | None, currency: str | None) -> Text:
    change = text.change(now, before, unit, currency)
    figure = said(_in_currency(now, unit, currency), FIGURE)
    figure.append(f"  {change.arrow} ", style=MARK)
    return figure.append(change.text, style=MARK)


def _in_currency(amount: float, unit: str | None, currency: str | None) -> str:
    return text.values({currency: amount}, unit) if currency else text.figure(amount, unit)


# ---- rows -----------------------------------------------------------------------------------------------


def _table(answer: Answer, tz: tzinfo) -> Iterator[ConsoleRenderable]:
    yield said(answer.text)
    if answer.rows and answer.columns:
        yield _Fitting(sheet.sheet(answer, tz))
    if shown := sheet.shown_of(answer):
        yield said(f"{shown} rows. Ask for “all” to see more.", DIM)


class _Fitting:
    """A table where there is room for one, else a few lines a row."""

    def __init__(self, rows: sheet.Sheet) -> None:
        self.rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width < _NARROW and len(self.rows.columns) > 2:  # noqa: PLR2004 - a key and one more always fit
            for key, *others in self.rows.rows:
                yield said(key, KEY)
                yield Padding(said(" · ".join(others)), _INDENT, expand=False)
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=DIM)
        for column in self.rows.columns:
            justify: JustifyMethod = "right" if column.is_figure else "left"
            table.add_column(said(column.heading), justify=justify, overflow="fold")
        for key, *others in self.rows.rows:
            table.add_row(said(key, KEY), *map(said, others))
        yield Padding(table, (1, 0), expand=False)


def _series(answer: Answer) -> Iterator[ConsoleRenderable]:
    yield said(answer.text)
    groups = _by_currency(answer, UTC)
    for group in groups[:_MOST_CHARTS]:
        if len(groups) > 1:
            yield Padding(said(group.currency.upper(), DIM), (1, 0, 0, 0), expand=False)
        yield _Columns(group, answer.unit)
    if len(groups) > _MOST_CHARTS:
        rest = text.listed([text.clean(group.currency).upper() for group in groups[_MOST_CHARTS:]])
        yield said(f"Also in {rest}: ask for one currency to see its chart.", DIM)


def _breakdown(answer: Answer, tz: tzinfo) -> Iterator[ConsoleRenderable]:
    yield said(answer.text)
    for group in _by_currency(answer, tz):
        yield _Bars(group, answer.unit)
    if shown := sheet.shown_of(answer):
        yield said(f"{shown} groups. Ask for “all” to see more.", DIM)


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows that may share a scale: (label, figure, the figure in words)."""

    currency: str
    rows: tuple[tuple[str, float | None, str], ...]


def _by_currency(answer: Answer, tz: tzinfo) -> list[_Group]:
    """The rows by currency, in order of appearance; all together where currency plays no part."""
    drawn = sheet.sheet(answer, tz)
    columns = answer.columns or ()
    figure = next((i for i, column in enumerate(drawn.columns) if i and column.is_figure), None)
    where = columns.index("currency") if "currency" in columns[1:] else None
    groups: dict[str, list[tuple[str, float | None, str]]] = {}
    rows = zip(answer.rows or (), drawn.raw, drawn.rows, strict=True) if columns else ()
    for whole, raw, words in rows:
        own = whole[where] if where is not None and where < len(whole) else answer.currency
        currency = str(own or "")
        known = _number_in(raw[figure]) if figure is not None else None
        groups.setdefault(currency, []).append((words[0], known, words[figure] if figure else text.NOTHING))
    return [_Group(currency, tuple(rows)) for currency, rows in groups.items()]


def _number_in(cell: Cell) -> float | None:
    """What can be drawn to scale; a yes, an infinity or a figure beyond measure cannot."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    try:
        return cell if isfinite(cell) else None
    except OverflowError:
        return None


class _Columns:
    """A series as columns, as wide as the terminal lets it be."""

    def __init__(self, group: _Group, unit: str | None) -> None:
        self.group, self.unit = group, unit

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        frame = chart.Frame(
            width=options.max_width,
            height=_CHART_HEIGHT,
            say=lambda value: text.figure(value, self.unit, self.group.currency),
            ascii_only=options.ascii_only,
        )
        lines = chart.columns([chart.Point(label, value) for label, value, _ in self.group.rows], frame)
        yield Padding(Text("\n".join(lines), style=MARK, no_wrap=True, overflow="crop"), (1, 0), expand=False)


class _Bars:
    """A breakdown as bars that share a scale, with figures and, where they add up, shares."""

    def __init__(self, group: _Group, unit: str | None) -> None:
        self.rows = group.rows
        figures = [value or 0 for _, value, _ in self.rows]
        self.largest, self.total = max(*figures, 0), sum(figures)
        self.adds_up = unit in {Unit.MONEY, Unit.COUNT} and self.total > 0 and min(figures) >= 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(_LEAST_BAR, min(_MOST_BAR, options.max_width - _BESIDE_BAR))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(style=KEY, overflow="fold", max_width=24)
        table.add_column(style=MARK, no_wrap=True, width=room)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(justify="right", style=DIM)
        for label, value, words in self.rows:
            drawn = sheet.bar((value or 0) / self.largest if self.largest else 0, room)
            share = text.ratio((value or 0) / self.total) if self.adds_up else ""
            plain = "#" * len(drawn) if options.ascii_only else drawn
            table.add_row(said(label), Text(plain), said(words), share)
        yield Padding(table, (1, 0, 0, 0), expand=False)


# ---- questions back -------------------------------------------------------------------------------------


def _choices(answer: Answer) -> Iterator[ConsoleRenderable]:
    yield said(answer.text)
    for number, option in enumerate(answer.options or (), start=1):
        yield Padding(_option(f"{number}. ", option), _INDENT, expand=False)


def _suggestions(options: Iterable[Option]) -> Iterator[ConsoleRenderable]:
    for option in options:
        yield Padding(_option("• ", option), _INDENT, expand=False)


def _option(mark: str, option: Option) -> Text:
    line = Text(mark, style=MARK).append_text(said(option.label))
    return line.append("  ").append_text(said(option.detail, DIM)) if option.detail else line
