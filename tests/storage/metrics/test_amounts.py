"""Amounts as people type them, and the digits of currencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.metrics.amounts import Amount, AmountError, currency_named, exponent, parse_amount, to_major


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("$1k", 100_000, "usd"),
        ("500 €", 50_000, "eur"),
        ("1.5m jpy", 1_500_000, "jpy"),
        ("£2,000.50", 200_050, "gbp"),
        ("1.234,56 €", 123_456, "eur"),
        ("1.500 €", 150_000, "eur"),
        ("1.500 kwd", 1_500, "kwd"),
        ("1,5k eur", 150_000, "eur"),
        ("10keur", 1_000_000, "eur"),
        ("usd 5k", 500_000, "usd"),
        ("US$ 5", 500, "usd"),
        ("5 000 €", 500_000, "eur"),
        ("12'000 CHF", 1_200_000, "chf"),
        ("2 million dollars", 200_000_000, "usd"),
        ("¥100", 100, "jpy"),
        ("$0.1", 10, "usd"),
    ],
)
def test_amounts_with_a_currency(text: str, minor: int, currency: str) -> None:
    """Signs, codes, words, scales and the marks of any country are understood."""
    assert parse_amount(text, "usd") == Amount(minor, currency, stated=True)


def test_without_a_currency_it_is_the_accounts() -> None:
    """A bare number is of the account's currency, with its digits, and says that it was assumed."""
    assert parse_amount("1,000", "eur") == Amount(100_000, "eur", stated=False)
    assert parse_amount("1,000", "jpy") == Amount(1_000, "jpy", stated=False)


def test_a_shared_sign_means_the_accounts_currency() -> None:
    """$ is the account's dollar where it has one, else the US dollar."""
    assert [currency_named("$", default) for default in ("usd", "aud", "eur")] == ["usd", "aud", "usd"]


@pytest.mark.parametrize(
    "text",
    [
        "", "five", "$", "5 bananas", "$5 eur", "1.2.3", "1,2,3", "5 00 €", "¥10.5", "$1.2345", "1e5", "-5",
        "99999999999999999999", "1." , "$5 and more", "9" * 5000, "nan", "inf", "$1 $2",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str) -> None:
    """Doubtful marks, two currencies, fractions of a minor unit and other words are refused, not guessed."""
    with pytest.raises(AmountError):
        parse_amount(text, "usd")


@given(st.text(max_size=60))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    """Nothing else happens, and an amount is never negative or beyond 64 bits."""
    try:
        amount = parse_amount(text, "usd")
    except AmountError:
        return
    assert 0 <= amount.minor < 2**63


@given(st.integers(0, 10**12), st.sampled_from(["usd", "eur", "jpy", "kwd", "krw", "bhd"]))
def test_an_amount_written_out_is_read_back(minor: int, currency: str) -> None:
    """Whatever its digits, an amount with grouped thousands and a code is understood."""
    written = f"{to_major(minor, currency):,.{exponent(currency)}f} {currency}"
    assert parse_amount(written, "usd") == Amount(minor, currency, stated=True)


def test_digits_of_currencies() -> None:
    """Yen have no minor unit, dinars have three digits, most have two."""
    assert [exponent(code) for code in ("JPY", "kwd", "usd", "???")] == [0, 3, 2, 2]
