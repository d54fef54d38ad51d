import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from babel.numbers import parse_decimal
from hypothesis import given
from hypothesis import strategies as st

from bot.answer import Answer, Kind
from bot.render import text

BERLIN = timezone(timedelta(hours=1), "CET")
NOON = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (1234000, "usd", "$12,340.00"),
        (-5, "eur", "-€0.05"),
        (0, "gbp", "£0.00"),
        (222767, "jpy", "¥222,767"),
        (1234567, "kwd", "KWD\u00a01,234.567"),
        (12345, "huf", "HUF\u00a0123.45"),
        (100, "xyz", "XYZ\u00a01.00"),
        (100, None, "1.00"),
        (9_223_372_036_854_775_807, "usd", "$92,233,720,368,547,758.07"),
        (10**40, "usd", "USD 1.000E+38"),
    ],
)
def test_money(amount: int, currency: str | None, said: str) -> None:
    """Minor units are read by ISO 4217: none for yen, three digits for dinars, two for forints."""
    assert text.money(amount, currency) == said


@given(st.integers(-(10**18), 10**18))
def test_money_is_exact(amount: int) -> None:
    """What is said is the amount to the last minor unit."""
    said = text.money(amount, "usd").replace("$", "")
    assert parse_decimal(said, locale="en_US") == Decimal(amount).scaleb(-2)


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.034, "3.4%"), (1, "100%"), (0, "0%"), (0.0004, "0.04%"), (12.5, "1,250%"), (-0.1, "-10%")],
)
def test_ratio(share: float, said: str) -> None:
    """A share is a percentage with one decimal, two where it is tiny."""
    assert text.ratio(share) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (45.2, "45 s"),
        (60, "1 min"),
        (8100, "2 h 15 min"),
        (3605, "1 h"),
        (86_400, "1 day"),
        (200_000, "2 days 7 h"),
        (-90, "-1 min 30 s"),
    ],
)
def test_duration(seconds: float, said: str) -> None:
    """A duration is said in its two largest steps."""
    assert text.duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "money", "—"),
        (float("nan"), "count", "—"),
        (1234, "count", "1,234"),
        (2.5, None, "2.5"),
        (90, "duration", "1 min 30 s"),
    ],
)
def test_figure(value: float | None, unit: str | None, said: str) -> None:
    """A figure is said in its unit; what is no number is a dash."""
    assert text.figure(value, unit) == said


def test_values_of_several_currencies() -> None:
    """One amount a currency, none added to another."""
    assert text.values({"usd": 7828784, "eur": 286177, "jpy": 222767}) == "$78,287.84, €2,861.77 and ¥222,767"
    assert text.values({"usd": 0.5}, "ratio") == "50% (USD)"
    assert text.values({}) == "—"


@pytest.mark.parametrize(
    ("now", "before", "unit", "said", "sign"),
    [
        (11000, 10000, "money", "+$10.00 (+10%)", 1),
        (3, 5, "count", "-2 (-40%)", -1),
        (5, 0, "count", "+5", 1),
        (5, 5, "count", "no change", 0),
        (0.05, 0.04, "ratio", "+1 point", 1),
        (float("inf"), 1, "count", "—", 0),
    ],
)
def test_change(now: float, before: float, unit: str, said: str, sign: int) -> None:
    """A change is the difference in the unit, and a percentage only where there was something before."""
    found = text.change(now, before, unit, "usd")
    assert (found.text, found.sign) == (said, sign)


def test_dates_are_those_of_the_account() -> None:
    """A moment is named by the day and hour it has in the account's time zone; a plain date stays itself."""
    assert text.day(NOON) == "23 Nov 2026"
    assert text.day(NOON, BERLIN) == "24 Nov 2026"
    assert text.day(date(2026, 11, 23), BERLIN) == "23 Nov 2026"
    assert text.when(NOON, BERLIN) == "24 Nov 2026, 00:30 CET"


def test_as_of_names_each_source() -> None:
    """How fresh the data is, is said for every source that was asked."""
    answer = Answer(question="q", kind=Kind.NUMBER, text="t", as_of={"stripe": NOON, "hubspot": NOON})
    assert text.as_of(answer) == (
        "Stripe as of 23 Nov 2026, 23:30 UTC · HubSpot as of 23 Nov 2026, 23:30 UTC"
    )
    assert text.as_of(Answer(question="q", kind=Kind.REFUSE, text="t")) is None


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("2026", "2026"),
        ("2026-10", "Oct 2026"),
        ("2026-10-31", "31 Oct 2026"),
        ("2026-W41", "W41 2026"),
        ("2026-Q3", "Q3 2026"),
        ("2026-13", "2026-13"),
        ("Growth", "Growth"),
    ],
)
def test_period_keys(key: str, said: str) -> None:
    """The key of a series is said as a person would; anything else is left alone."""
    assert text.period_key(key) == said


@pytest.mark.parametrize(
    ("value", "column", "said"),
    [
        (None, "plan", "—"),
        ("", "plan", "—"),
        (True, "overdue", "yes"),
        ("past_due", "status", "past due"),
        ("snake_case", "customer", "snake_case"),
        ("usd", "currency", "USD"),
        ("hubspot", "source", "HubSpot"),
        (5000, "mrr", "$50.00"),
        (5000, "seats", "5,000"),
        ("2026-11-23T23:30:00+00:00", "renews", "23 Nov 2026"),
        ("2026-11-23", "renews", "23 Nov 2026"),
        ("soon", "renews", "soon"),
    ],
)
def test_cells(value: object, column: str, said: str) -> None:
    """A raw cell is said by what its column holds."""
    assert text.cell(value, column, "usd") == said


@given(st.text())
def test_clean_leaves_nothing_that_moves_a_cursor(words: str) -> None:
    """Cleaned text is one line without control, format or surrogate characters; twice is once."""
    cleaned = text.clean(words)
    assert not [c for c in cleaned if unicodedata.category(c)[0] == "C" and c != "\u200d"]
    assert "\n" not in cleaned
    assert text.clean(cleaned) == cleaned


def test_clean_keeps_names_whole() -> None:
    """Names in any script, accents and joined emoji stay as they are."""
    for name in ("Niño & Peñarol", "株式会社ミツバ", "شركة", "👩‍💻 Labs", "O'Malley"):
        assert text.clean(name) == name


def test_listed() -> None:
    """Lists read as a person says them."""
    assert [text.listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
