"""What an answer says of amounts brought into one currency: which they are, at the rates of which days."""

from collections.abc import Iterator

from bot.render import text
from storage.metrics.conversion import together
from storage.metrics.figures import Breakdown, Comparison, Conversion, Figures, Number, Series, Table
from storage.metrics.grains import day_name


def conversion_of(figures: Figures) -> Conversion | None:
    """What all figures of an answer say of their conversion, as one."""
    match figures:
        case Number() | Table():
            return figures.conversion
        case Comparison():
            return together((figures.now.conversion, figures.before.conversion))
        case Series():
            return together(number.conversion for _, number in figures.points)
        case Breakdown():
            return together(number.conversion for _, number in figures.groups)
        case _:
            return None


def sentences(conversion: Conversion | None) -> Iterator[str]:
    """ "EUR and JPY are converted to USD at the rates of 20 November 2026." """
    if conversion is None:
        return
    if conversion.first is not None and conversion.last is not None:
        days = f"the rates of {day_name(conversion.last)}"
        if conversion.first != conversion.last:
            days = f"the rates of the day, {day_name(conversion.first)} to {day_name(conversion.last)}"
        if conversion.currencies:
            verb = "is" if len(conversion.currencies) == 1 else "are"
            codes = _codes(conversion.currencies)
            yield f"{codes} {verb} converted to {conversion.into.upper()} at {days}."
        else:
            yield f"Amounts in different currencies are compared at {days}."
    if conversion.missing:
        stands = "it stands apart" if len(conversion.missing) == 1 else "they stand apart"
        yield f"There is no rate for {_codes(conversion.missing)}: {stands}."


def _codes(codes: tuple[str, ...]) -> str:
    return text.listed([code.upper() for code in codes])
