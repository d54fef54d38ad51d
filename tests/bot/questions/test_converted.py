"""What an answer says of converted amounts."""

from datetime import date

import pytest

from bot.questions.converted import conversion_of, sentences
from storage.metrics.catalog import Unit
from storage.metrics.figures import Breakdown, Comparison, Conversion, Number, Series, Table

FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
EUROS = Conversion(into="usd", currencies=("eur",), first=FRIDAY, last=FRIDAY)

SAID = [
    (None, ""),
    (EUROS, "EUR is converted to USD at the rates of 20 November 2026."),
    (
        Conversion(into="usd", currencies=("eur", "gbp", "jpy"), first=FRIDAY, last=MONDAY, missing=("xaf",)),
        "EUR, GBP and JPY are converted to USD "
        "at the rates of the day, 20 November 2026 to 23 November 2026. "
        "There is no rate for XAF: it stands apart.",
    ),
    (
        Conversion(into="usd", missing=("eur", "xaf")),
        "There is no rate for EUR and XAF: they stand apart.",
    ),
    (
        Conversion(into="usd", first=FRIDAY, last=FRIDAY),
        "Amounts in different currencies are compared at the rates of 20 November 2026.",
    ),
]


@pytest.mark.parametrize(("conversion", "said"), SAID)
def test_an_answer_says_what_was_converted_and_when(conversion: Conversion | None, said: str) -> None:
    """Currencies, the days of the rates, and what had none, in plain words."""
    assert " ".join(sentences(conversion)) == said


def test_every_kind_of_figure_says_it() -> None:
    """Wherever one of an answer's figures was converted, the answer knows."""
    money = Number(unit=Unit.MONEY, values={"usd": 1}, conversion=EUROS)
    plain = Number(unit=Unit.MONEY, values={"usd": 1})
    for figures in (
        money,
        Comparison(now=plain, before=money),
        Series(unit=Unit.MONEY, points=(("2026-10", plain), ("2026-11", money))),
        Breakdown(unit=Unit.MONEY, groups=((("Growth",), money),)),
        Table(columns=(), rows=(), total_rows=0, conversion=EUROS),
    ):
        assert conversion_of(figures) == EUROS
    assert conversion_of(Comparison(now=plain, before=plain)) is None
