"""Renewals ahead and invoices that are late."""

from typing import Any

import pytest

from tests.thoughts.surroundings import PROFILE, ago, ahead, detected, figures, plain, usd
from thoughts.base import Stage
from thoughts.detectors import overdue, renewal_ahead
from thoughts.figures import Ending, Overdue


def renewal(mrr: float) -> Ending:
    return Ending(key=(1, b"s" * 16), profile_id=PROFILE, at=ahead(days=29), interval="year", mrr=usd(mrr))


def late(days: float, amount: float = 500, **parts: Any) -> Overdue:
    return Overdue(
        bill=(1, b"i" * 16), profile_id=PROFILE, due=ago(days=days), remaining=usd(amount), **parts
    )


@pytest.mark.parametrize(("mrr", "told"), [(83, 0), (84, 1)])
def test_a_renewal_is_told_from_a_thousand_a_year_on(mrr: float, told: int) -> None:
    """A year of 996 dollars renews in silence, one of 1,008 does not."""
    assert len(detected(renewal_ahead.DETECTOR, figures(renewals=(renewal(mrr),)))) == told


def test_a_renewal_says_when_and_how_much() -> None:
    """A renewal names its day and the year's amount, and is told once a day of renewal."""
    thoughts = [detected(renewal_ahead.DETECTOR, figures(renewals=(renewal(100),)))[0] for _ in range(2)]
    assert (
        plain(renewal_ahead.DETECTOR.say(thoughts[0]).news)
        == "CUSTOMER renews 2026-12-22: 1200.00 usd a year."
    )
    assert thoughts[0].key == thoughts[1].key


@pytest.mark.parametrize(
    ("days", "step"), [(0.2, None), (1, "1d"), (13, "1d"), (14, "14d"), (29, "14d"), (30, "30d"), (33, "30d")]
)
def test_an_invoice_is_told_a_day_two_weeks_and_a_month_late(days: float, step: str | None) -> None:
    """Each step is told once, whenever one looks."""
    found = detected(overdue.DETECTOR, figures(overdue=(late(days),)))
    assert [t.occurrence for t in found] == ([f"overdue:{step}"] if step else [])


def test_what_is_charged_is_late_only_after_two_weeks() -> None:
    """A bill without a due date, whose failed attempts were told, is overdue only once they should be over,
    and in the matter of those attempts."""
    assert detected(overdue.DETECTOR, figures(overdue=(late(5, dated=False),))) == []
    (thought,) = detected(overdue.DETECTOR, figures(overdue=(late(15, dated=False),)))
    assert (thought.stage, thought.matter) == (Stage.CONTINUES, f"bill:1:{(b'i' * 16).hex()}")


def test_small_debts_are_no_news() -> None:
    """An invoice below the threshold is left to reminders."""
    assert detected(overdue.DETECTOR, figures(overdue=(late(2, amount=99.99),))) == []


def test_an_overdue_invoice_says_how_much_and_how_long() -> None:
    """The amount left and the days are said, with the customer's past."""
    (thought,) = detected(overdue.DETECTOR, figures(overdue=(late(2),)))
    assert plain(overdue.DETECTOR.say(thought).news) == "CUSTOMER owes 500.00 usd, 2 days overdue."
