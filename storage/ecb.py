"""The European Central Bank's euro reference rates, as it publishes them: eurofxref-hist.csv.

One column a currency, one row a working day, newest first, `N/A` where a currency was not quoted, a comma
at the end of each line. The file of the latest day alone (eurofxref.csv) has blanks after its commas and
its date in words. https://www.ecb.europa.eu/stats/eurofxref/
"""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from storage.errors import OperatorError
from storage.metrics.rates import EURO, Quote

LARGEST_FILE = 32_000_000
"""Bytes; the whole history since 1999 is about 2 million."""

_CODE = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?", re.ASCII)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NOT_QUOTED = "N/A"
_LONGEST_CELL = 40


class RatesFileError(OperatorError):
    """The file is not what the European Central Bank publishes; the text names the line."""


def read_rates(content: bytes) -> list[Quote]:
    """All quotes of a file, oldest first. Of days on which a currency is not quoted only the first is kept:
    it ends what was quoted before. Raises RatesFileError, and then nothing of the file is to be used."""
    lines = _lines(content)
    number, header = next(lines, (1, []))
    codes = _codes(number, header)
    days: dict[date, list[Decimal | None]] = {}
    for number, cells in lines:
        day = _day(number, cells[0])
        if day in days:
            raise _wrong(number, f"{day} is there twice")
        days[day] = _rates(number, cells[1:], codes)
    if not days:
        raise _wrong(number + 1, "there are no rates below the header")
    return list(_quotes(codes, sorted(days.items())))


def _lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The number and the cells of every line that is not empty, without the comma at its end."""
    if content.startswith(b"PK"):
        raise RatesFileError("This is a zip archive: unpack it, and import the CSV file in it.")
    if len(content) > LARGEST_FILE:
        raise RatesFileError(
            "The file is larger than those of the European Central Bank: nothing was imported."
        )
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        try:
            text = line.decode("ascii").strip()
        except UnicodeDecodeError:
            raise _wrong(number, "there are signs that no such file has") from None
        if text:
            cells = [cell.strip() for cell in next(csv.reader([text.removesuffix(",")]))]
            if any(len(cell) > _LONGEST_CELL for cell in cells):
                raise _wrong(number, "a cell is longer than any date or rate")
            yield number, cells


def _codes(number: int, header: Sequence[str]) -> list[str]:
    if not header or header[0] != "Date":
        raise _wrong(number, 'a file of the European Central Bank begins with "Date,USD,JPY,..."')
    codes = list(header[1:])
    if not codes or not all(_CODE.fullmatch(code) for code in codes):
        raise _wrong(number, "the columns after Date are currencies of three capital letters")
    if len(set(codes)) < len(codes) or EURO.upper() in codes:
        raise _wrong(number, "a currency has two columns, or the euro has one")
    return [code.lower() for code in codes]


def _day(number: int, cell: str) -> date:
    try:
        if _ISO.fullmatch(cell):
            return date.fromisoformat(cell)
        return datetime.strptime(cell, "%d %B %Y").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise _wrong(number, "the first cell is no date such as 2026-11-20") from None


def _rates(number: int, cells: Sequence[str], codes: Sequence[str]) -> list[Decimal | None]:
    if len(cells) != len(codes):
        raise _wrong(number, f"there are {len(cells)} rates for {len(codes)} currencies")
    found: list[Decimal | None] = []
    for cell, code in zip(cells, codes, strict=True):
        rate = Decimal(cell) if _RATE.fullmatch(cell) else None
        if rate is None and cell != _NOT_QUOTED:
            raise _wrong(number, f"the rate of {code.upper()} is neither a number nor N/A")
        if rate == 0:
            raise _wrong(number, f"the rate of {code.upper()} is 0")
        found.append(rate)
    return found


def _quotes(codes: Sequence[str], days: Sequence[tuple[date, list[Decimal | None]]]) -> Iterator[Quote]:
    quoted = dict.fromkeys(codes, True)
    for day, rates in days:
        for code, rate in zip(codes, rates, strict=True):
            if rate is not None or quoted[code]:
                yield Quote(EURO, code, day, rate)
            quoted[code] = rate is not None


def _wrong(number: int, what: str) -> RatesFileError:
    return RatesFileError(f"Line {number}: {what}. Nothing was imported.")
