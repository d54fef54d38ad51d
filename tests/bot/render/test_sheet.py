import pytest

from bot.answer import Answer, Cell, Kind
from bot.render.sheet import bar, sheet, shown_of


def _answer(columns: tuple[str, ...], *rows: tuple[Cell, ...], **more: object) -> Answer:
    return Answer(question="q", kind=Kind.TABLE, text="t", columns=columns, rows=rows, **more)


def test_a_currency_column_is_folded_into_its_amounts() -> None:
    """Amounts are shown in the currency of their row, which needs no column of its own then."""
    drawn = sheet(
        _answer(("customer", "amount", "remaining", "currency"), ("Acme", 100, 50, "usd"), ("B", 9, 0, "jpy"))
    )
    assert [c.heading for c in drawn.columns] == ["Customer", "Amount", "Amount remaining"]
    assert drawn.rows == (("Acme", "$1.00", "$0.50"), ("B", "¥9", "¥0"))
    assert drawn.currencies == ("usd", "jpy")


def test_a_breakdown_by_currency_keeps_its_key() -> None:
    """Where the currency is the key it stays, and its amounts are in it."""
    drawn = sheet(_answer(("currency", "mrr"), ("usd", 100), ("jpy", 9)))
    assert drawn.rows == (("USD", "$1.00"), ("JPY", "¥9"))


def test_rows_of_one_currency_use_that_of_the_answer() -> None:
    """Without a currency column, amounts are in the answer's currency."""
    assert sheet(_answer(("customer", "mrr"), ("Acme", 100), currency="eur")).rows == (("Acme", "€1.00"),)


def test_the_measure_of_an_answer_has_its_unit() -> None:
    """A measure's column is read in the answer's unit, also where a field has the same name."""
    drawn = sheet(_answer(("country", "overdue"), ("DE", 100), unit="money", currency="eur"))
    assert drawn.rows == (("Germany", "€1.00"),)
    assert [c.is_figure for c in drawn.columns] == [False, True]


def test_periods_of_a_series_are_named() -> None:
    """The keys of a series are periods; those of a table are left alone."""
    series = _answer(("month", "customers"), ("2026-10", 3)).model_copy(update={"kind": Kind.SERIES})
    assert sheet(series).rows == (("Oct 2026", "3"),)
    assert sheet(_answer(("customer", "customers"), ("2026-10", 3))).rows == (("2026-10", "3"),)


def test_short_rows_are_filled_up() -> None:
    """A row with fewer cells than columns has dashes for the rest."""
    assert sheet(_answer(("customer", "plan"), ("Acme",))).rows == (("Acme", "—"),)


@pytest.mark.parametrize(("total", "said"), [(232, "1 of 232"), (1, None), (None, None)])
def test_missing_rows_are_counted(total: int | None, said: str | None) -> None:
    """How many rows of how many are shown is said exactly when some are missing."""
    assert shown_of(_answer(("customer",), ("Acme",), total_rows=total)) == said


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0, ""), (-1, ""), (0.0001, "▏"), (0.5, "█████"), (0.55, "█████▌"), (1, "█" * 10), (2, "█" * 10)],
)
def test_bars(share: float, drawn: str) -> None:
    """A bar is as long as its share, never empty above 0 and never longer than its room."""
    assert bar(share, 10) == drawn
