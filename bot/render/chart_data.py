"""What there is to chart in an answer: figures along one axis, apart for each currency. Pure."""

from dataclasses import dataclass
from datetime import UTC, tzinfo

from bot.answer import Answer, Kind
from bot.render import text
from bot.render.sheet import Sheet, sheet
from storage.metrics.amounts import exponent
from storage.metrics.catalog import Unit

MOST_POINTS = 60
_KEY_AND_FIGURE = 2
_HOUR = 3600
_BEYOND_SEEING = 1e18
_LEAST_POINTS = 2


@dataclass(frozen=True, slots=True)
class Chart:
    """`values` are in what people say: whole currency units, percent, hours; None is a gap.

    `over_time`: the categories follow each other, so that a line may join them.
    """

    title: str
    categories: tuple[str, ...]
    values: tuple[float | None, ...]
    figures: tuple[str, ...]
    unit: str | None
    currency: str | None
    over_time: bool


def charts(answer: Answer, tz: tzinfo = UTC) -> list[Chart]:
    """One chart a currency; none where the rows are not a key and a figure, or one point stands alone.

    A chart that leaves a currency out would be taken for the whole.
    """
    if answer.kind not in (Kind.SERIES, Kind.BREAKDOWN):
        return []
    rows = sheet(answer, tz)
    if len(rows.columns) != _KEY_AND_FIGURE or not rows.columns[1].is_figure:
        return []
    currencies = list(dict.fromkeys(rows.currencies))
    found = [_chart(answer, rows, currency, alone=len(currencies) == 1) for currency in currencies]
    return found if all(_LEAST_POINTS <= len(chart.categories) <= MOST_POINTS for chart in found) else []


def _chart(answer: Answer, rows: Sheet, currency: str | None, *, alone: bool) -> Chart:
    of = [i for i, own in enumerate(rows.currencies) if own == currency]
    unit = text.unit_of(rows.columns[1].name, answer.unit)
    heading = rows.columns[1].heading
    title = heading if alone or not currency else f"{heading} ({text.clean(currency).upper()})"
    return Chart(
        title=title,
        categories=tuple(rows.rows[i][0] for i in of),
        values=tuple(_said(rows.raw[i][1], unit, currency) for i in of),
        figures=tuple(rows.rows[i][1] for i in of),
        unit=unit,
        currency=currency,
        over_time=answer.kind is Kind.SERIES,
    )


def _said(value: object, unit: str | None, currency: str | None) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < _BEYOND_SEEING:
        return None
    match unit:
        case Unit.MONEY:
            return float(value / 10 ** exponent((currency or "").upper()))
        case Unit.RATIO:
            return float(value * 100)
        case Unit.DURATION:
            return float(value / _HOUR)
        case _:
            return float(value)
