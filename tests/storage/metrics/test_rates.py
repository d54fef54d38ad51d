"""What a unit of one currency is in another on a day: exact, of the latest day, through the euro."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.metrics.rates import Quote, RateBook

FRIDAY, SATURDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 23)


def quote(base: str, currency: str, rate: str | None, day: date = FRIDAY) -> Quote:
    return Quote(base, currency, day, None if rate is None else Decimal(rate))


def worth(book: RateBook, currency: str, into: str, day: date = FRIDAY) -> Fraction | None:
    rate = book.rate(currency, into, day)
    return None if rate is None else rate.value


def test_a_cross_rate_goes_through_the_euro_exactly() -> None:
    """1 GBP in USD is the USD for 1 EUR over the GBP for 1 EUR, as a fraction."""
    book = RateBook([quote("eur", "usd", "1.0823"), quote("eur", "gbp", "0.857")])
    assert worth(book, "gbp", "usd") == Fraction(10823, 8570)
    assert worth(book, "eur", "usd") == Fraction(10823, 10000)
    assert worth(book, "usd", "eur") == Fraction(10000, 10823)


def test_minor_units_are_of_minor_units() -> None:
    """Yen have no decimals and dinars three: the rate is from the smallest unit to the smallest unit."""
    book = RateBook([quote("eur", "usd", "1"), quote("eur", "jpy", "160"), quote("eur", "kwd", "0.32")])
    assert worth(book, "jpy", "usd") == Fraction(100, 160)
    assert worth(book, "kwd", "usd") == Fraction(100, 320)


def test_a_weekend_has_the_rate_of_the_friday() -> None:
    """A day without a rate has that of the latest day before it, and says which; none is taken from later."""
    book = RateBook([quote("eur", "usd", "1.1"), quote("eur", "usd", "1.2", MONDAY)])
    for day, said in ((SATURDAY, FRIDAY), (MONDAY, MONDAY), (MONDAY + timedelta(days=90), MONDAY)):
        rate = book.rate("eur", "usd", day)
        assert rate is not None
        assert rate.day == said
    assert book.rate("eur", "usd", FRIDAY - timedelta(days=1)) is None


def test_what_is_quoted_no_more_has_no_rate() -> None:
    """From the day on which a quote ended there is no rate, whatever it was before."""
    book = RateBook([quote("eur", "usd", "1"), quote("eur", "rub", "100"), quote("eur", "rub", None, MONDAY)])
    assert worth(book, "rub", "usd", SATURDAY) == Fraction(1, 100)
    assert worth(book, "rub", "usd", MONDAY) is None


def test_an_own_rate_counts_before_one_through_the_euro_of_the_same_day() -> None:
    """What somebody set for a day is used for it; a published rate of a later day takes over."""
    published = [quote("eur", code, "2", day) for code in ("usd", "gbp") for day in (FRIDAY, MONDAY)]
    book = RateBook([*published, quote("gbp", "usd", "1.5")])
    assert worth(book, "gbp", "usd", SATURDAY) == Fraction(3, 2)
    assert worth(book, "usd", "gbp", SATURDAY) == Fraction(2, 3)
    assert worth(book, "gbp", "usd", MONDAY) == 1


@given(
    usd=st.decimals("0.0001", "9999", places=4),
    gbp=st.decimals("0.0001", "9999", places=4),
    amount=st.integers(0, 10**12),
)
@settings(max_examples=50)
def test_there_and_back_is_the_same_amount(usd: Decimal, gbp: Decimal, amount: int) -> None:
    """Rates are exact: into another currency and back changes nothing."""
    book = RateBook([Quote("eur", "usd", FRIDAY, usd), Quote("eur", "gbp", FRIDAY, gbp)])
    there, back = worth(book, "usd", "gbp"), worth(book, "gbp", "usd")
    assert there is not None
    assert back is not None
    assert amount * there * back == amount
