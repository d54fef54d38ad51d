"""Rows as a file that a spreadsheet opens and does not run."""

import csv
import io

from hypothesis import given, settings

from bot.answer import Answer
from bot.render.csv import csv_of, name_of
from tests.bot import answers as example

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


@settings(max_examples=80)
@given(answer=example.answers())
def test_no_cell_is_a_formula(answer: Answer) -> None:
    """Whatever a name, a heading or a cell says, no text cell begins like a formula; figures stay figures."""
    rows = list(csv.reader(io.StringIO(csv_of(answer).decode("utf-8-sig"), newline="")))
    for row in rows:
        for cell in row:
            if cell.lstrip(" ").startswith(_FORMULAS):
                float(cell)


def test_amounts_are_whole_units_of_their_currency() -> None:
    """4974.00 dollars, 39990 yen; what is not known is empty."""
    rows = list(csv.reader(io.StringIO(csv_of(example.TABLE).decode("utf-8-sig"))))
    assert rows[0][:4] == ["Customer", "Plan", "MRR", "Currency"]
    assert rows[1][2:4] == ["4974.00", "usd"]
    assert rows[3][1:4] == ["", "39990", "jpy"]


def test_the_name_of_the_file_is_plain() -> None:
    """No path and no sign of a shell gets into a file's name."""
    odd = example.TABLE.model_copy(update={"question": "../../etc; MRR <by> plan? é"})
    assert name_of(odd) == "etc-mrr-by-plan.csv"
    assert name_of(odd.model_copy(update={"question": "?"})) == "answer.csv"
