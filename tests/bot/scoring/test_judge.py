"""The judge of the development questions: strict about figures, lenient about what is left open."""

from typing import Any

import pytest

from bot.scoring.judge import Verdict, judge

NOTHING: dict[str, Any] = dict.fromkeys(
    ("value", "unit", "currency", "values", "previous", "columns", "rows", "total_rows", "profile", "options")
)
MONEY = {"kind": "number", "unit": "money", "values": {"usd": 100, "eur": 7}}
TOP = {
    "kind": "table", "ordered": True, "limit": 2, "total_rows": 5,
    "rows": [{"customer": ["A"], "mrr": 9}, {"customer": ["B", "B Ltd"], "mrr": 8}],
}  # fmt: skip
SERIES = {"kind": "series", "unit": "count", "points": [["2026-09", 0], ["2026-10", 3]]}


def said(kind: str, **fields: Any) -> dict[str, Any]:
    return NOTHING | {"kind": kind, "text": ""} | fields


def table(*rows: tuple[str, int], total: int = 5) -> dict[str, Any]:
    return said("table", columns=["customer", "mrr"], rows=[list(row) for row in rows], total_rows=total)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (said("number", unit="money", values={"usd": 100, "eur": 7, "jpy": 0}), MONEY),
        (table(("A", 9), ("B Ltd", 8)), TOP),
        (said("series", unit="count", columns=["month", "n"], rows=[["2026-10", 3]]), SERIES),
        (said("number", unit="ratio", value=0.0339), {"kind": "number", "unit": "ratio", "value": 0.034}),
        (said("refuse"), {"kind": "refuse"}),
    ],
)
def test_right_answers_are_correct(answer: dict[str, Any], right: dict[str, Any]) -> None:
    """A zero may be left out or named, any name of a profile will do, ratios have their slack."""
    assert judge(answer, right) is Verdict.CORRECT


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (said("number", unit="money", values={"usd": 100, "eur": 8}), MONEY),
        (said("number", unit="money", currency="usd", value=100), MONEY),
        (said("number", unit="count", value=107), MONEY),
        (table(("A", 9), ("B", 8), total=6), TOP),
        (table(("B", 8), ("A", 9)), TOP),
        (table(("A", 9), ("C", 8)), TOP),
        (table(("A", 9)), TOP),
        (said("series", unit="count", columns=["month", "n"], rows=[["2026-09", 1], ["2026-10", 3]]), SERIES),
        (said("number", unit="ratio", value=0.033), {"kind": "number", "unit": "ratio", "value": 0.034}),
        (said("number", unit="count", value=1), {"kind": "refuse"}),
    ],
)
def test_false_answers_are_wrong(answer: dict[str, Any], right: dict[str, Any]) -> None:
    """A minor unit, a currency, a row, an order or a name that is not right makes an answer wrong."""
    assert judge(answer, right) is Verdict.WRONG


def test_to_refuse_or_ask_back_is_not_wrong() -> None:
    """It is told apart from what is false, and from each other."""
    assert judge(said("refuse"), MONEY) is Verdict.REFUSED
    assert judge(said("clarify", options=[]), MONEY) is Verdict.ASKED_BACK
