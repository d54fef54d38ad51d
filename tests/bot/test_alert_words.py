"""What people type to subscribe is understood, read back, or asked about: never guessed."""

from typing import Any

import pytest

from bot.alert_words import NotUnderstood, in_words, read_wants
from bot.render import text
from tests.bot.questions.company import VOCABULARY
from tests.world import NOW
from thoughts.base import Money
from thoughts.matching import read_filter
from thoughts.wants import Rhythm, Wants, When


def read(said: str) -> Wants:
    return read_wants(said, VOCABULARY, NOW)


@pytest.mark.parametrize(
    ("said", "kinds", "over"),
    [
        ("failed payments", ("payment_failed",), None),
        ("failed payments over $500", ("payment_failed",), Money(50_000, "usd")),
        ("failed payments over €1.5k", ("payment_failed",), Money(150_000, "eur")),
        ("failed payments over 2,000 jpy", ("payment_failed",), Money(2_000, "jpy")),
        ("failed payments and disputes", ("payment_failed", "dispute"), None),
        ("everything", (), None),
    ],
)
def test_kinds_and_amounts(said: str, kinds: tuple[str, ...], over: Money | None) -> None:
    """The thoughts by the names that people call them, and what must be at stake."""
    wants = read(said)
    assert (wants.kinds, wants.over, wants.filter) == (kinds, over, None)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("failed payments of customers in Germany", "country"),
        ("failed payments for annual customers", "interval"),
        ("failed payments from customers with MRR over $500", "mrr"),
    ],
)
def test_what_is_left_is_a_filter_on_customers(said: str, field: str) -> None:
    """It is read as a question is, and kept as a plan's filter."""
    kept = read(said).filter
    assert kept is not None
    assert getattr(read_filter(kept), "field", None) == field


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("failed payments, quiet 22 to 7", {"quiet": (22, 7)}),
        ("failed payments quiet hours from 20:00 until 8:00", {"quiet": (20, 8)}),
        ("failed payments in a weekly digest", {"when": When.DIGEST, "digest": Rhythm.WEEKLY}),
        ("everything with a daily digest", {"when": When.NOW, "digest": Rhythm.DAILY}),
        ("failed payments, mention owner", {"mention": "owner"}),
        ("failed payments and mention <@U0ADA|ada>", {"mention": "U0ADA"}),
        ("failed payments, at most 5 a week", {"budget": 5}),
    ],
)
def test_options(said: str, expected: dict[str, Any]) -> None:
    """When, how often, whom to call."""
    wants = read(said)
    assert {name: getattr(wants, name) for name in expected} == expected


@pytest.mark.parametrize(
    "said", ["blue moons", "failed payments of purple elephants", "failed payments, quiet 7 to 7", ""]
)
def test_what_is_not_understood_is_said(said: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(NotUnderstood):
        read(said)


@pytest.mark.parametrize(
    "said",
    [
        "failed payments over $500, only annual customers in Germany, quiet from 22:00 to 07:00",
        "failed payments, disputes, in a weekly digest",
        "the usual thoughts, with a daily digest, mention owner, at most 5 a week",
    ],
)
def test_what_was_understood_can_be_typed_again(said: str) -> None:
    """Read back in words, and read again, it is the same."""
    wants = read(said)
    again = read(in_words(wants, text.money))
    names = [name for name in Wants.__struct_fields__ if name not in ("words", "filter_words")]
    assert [getattr(again, name) for name in names] == [getattr(wants, name) for name in names]
