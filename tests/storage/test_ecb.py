"""The European Central Bank's file: read exactly, or refused with the line that is wrong."""

from datetime import date
from decimal import Decimal

import pytest

from storage.ecb import LARGEST_FILE, RatesFileError, read_rates
from storage.metrics.rates import Quote

PUBLISHED = b"""Date,USD,JPY,CYP,RUB,
2026-11-20,1.0823,163.48,N/A,N/A,
2026-11-19,1.0841,163.2,N/A,N/A,
2022-03-01,1.1162,128.39,N/A,117.201,
2007-12-31,1.4721,164.93,0.58527,35.986,
"""


def test_the_published_file_is_read_to_the_last_digit() -> None:
    """Every number of the file is a quote of 1 euro on its day, oldest first."""
    quotes = read_rates(PUBLISHED)
    assert quotes[0] == Quote("eur", "usd", date(2007, 12, 31), Decimal("1.4721"))
    assert quotes[-2:] == [
        Quote("eur", "usd", date(2026, 11, 20), Decimal("1.0823")),
        Quote("eur", "jpy", date(2026, 11, 20), Decimal("163.48")),
    ]


def test_what_is_quoted_no_more_ends_on_its_first_day_without_a_rate() -> None:
    """The first N/A after a rate is kept, as the end of it; those that follow say nothing new."""
    gone = [quote for quote in read_rates(PUBLISHED) if quote.rate is None]
    assert gone == [
        Quote("eur", "cyp", date(2022, 3, 1), None),
        Quote("eur", "rub", date(2026, 11, 19), None),
    ]


def test_the_file_of_one_day_is_read_too() -> None:
    """eurofxref.csv: blanks after commas, the date in words."""
    quotes = read_rates(b"\xef\xbb\xbfDate, USD, GBP, \r\n20 November 2026, 1.0823, 0.8570, \r\n")
    assert quotes == [
        Quote("eur", "usd", date(2026, 11, 20), Decimal("1.0823")),
        Quote("eur", "gbp", date(2026, 11, 20), Decimal("0.8570")),
    ]


HOSTILE = [
    (b"", 1, "begins with"),
    (b"Date,USD,\n", 2, "no rates"),
    (b"\n\nName,USD\n", 3, "begins with"),
    (b"Date,\n2026-11-20,\n", 1, "capital letters"),
    (b"Date,usd\n", 1, "capital letters"),
    (b"Date,USD,USD\n", 1, "two columns"),
    (b"Date,USD,EUR\n", 1, "euro has one"),
    (b"Date,USD\n2026-02-30,1\n", 2, "no date"),
    (b"Date,USD\n20261120,1\n", 2, "no date"),
    (b"Date,USD\n2026-11-20,1\n2026-11-20,1\n", 3, "twice"),
    (b"Date,USD,JPY\n2026-11-20,1\n", 2, "1 rates for 2"),
    (b"Date,USD\n2026-11-20,1,2\n", 2, "2 rates for 1"),
    *(
        (b"Date,USD\n2026-11-20," + rate + b"\n", 2, "neither a number")
        for rate in (b"-1", b"1e3", b"NaN", b"Infinity", b"=1+1", b"0x1", b"1_0", b"1.", b"n/a")
    ),
    (b"Date,USD\n2026-11-20,0.0\n", 2, "is 0"),
    (b"Date,USD\n2026-11-20," + b"9" * 41 + b"\n", 2, "longer"),
    ("Date,USD\n2026-11-20,١\n".encode(), 2, "no such file"),
    (b"Date,USD\n\xff\xfe\n", 2, "no such file"),
    (b'Date,USD\n"2026-11-20,1\n', 2, "no date"),
]


@pytest.mark.parametrize(("content", "line", "why"), HOSTILE)
def test_a_wrong_file_is_refused_by_line(content: bytes, line: int, why: str) -> None:
    """What is not the published form raises one line that names the line of the file."""
    with pytest.raises(RatesFileError, match=why) as refused:
        read_rates(content)
    assert str(refused.value).startswith(f"Line {line}: ")
    assert "\n" not in str(refused.value)


def test_an_archive_and_a_file_without_end_are_refused() -> None:
    """A zip says what to do with it; what is larger than any such file is not read."""
    with pytest.raises(RatesFileError, match="unpack"):
        read_rates(b"PK\x03\x04")
    with pytest.raises(RatesFileError, match="larger"):
        read_rates(b"Date,USD\n" + b"x" * LARGEST_FILE)
