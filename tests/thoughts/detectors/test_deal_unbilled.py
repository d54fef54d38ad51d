"""Where sales and billing disagree."""

from typing import Any

import pytest

from tests.thoughts.surroundings import PROFILE, ago, customer, detected, figures, plain, usd
from thoughts.base import Money
from thoughts.detectors.deal_unbilled import DETECTOR
from thoughts.facts import CustomerFacts
from thoughts.figures import WonDeal


def deal(days: float, amount: Money | None, *, billed: bool = False) -> WonDeal:
    return WonDeal(
        key=(3, b"d" * 16), profile_id=PROFILE, won_at=ago(days=days), amount=amount, billed=billed
    )


@pytest.mark.parametrize(
    ("won", "told"),
    [(deal(7, usd(1_000)), 1), (deal(6, usd(1_000)), 0), (deal(7, usd(999)), 0), (deal(7, None), 0),
     (deal(7, usd(1_000), billed=True), 0)],
)  # fmt: skip
def test_a_big_deal_is_billed_within_a_week(won: WonDeal, told: int) -> None:
    """A deal of a thousand that was won a week ago without any rise of MRR is pointed out."""
    assert len(detected(DETECTOR, figures(won=(won,)))) == told


def test_an_unbilled_deal_says_how_much_and_since_when() -> None:
    """The amount and the days since it was won are said."""
    (thought,) = detected(DETECTOR, figures(won=(deal(9, usd(5_000)),)))
    assert plain(DETECTOR.say(thought).news) == (
        "A deal of 5000.00 usd with CUSTOMER was won 9 days ago, and nothing new is billed."
    )


def started(number: int, **facts: Any) -> CustomerFacts:
    given: dict[str, Any] = {"mrr": {"usd": 60_000}, "deals": 1, "since": ago(days=20), **facts}
    return customer(profile_id=bytes([number]) * 16, **given)


def test_who_pays_much_without_a_deal_is_pointed_out_where_deals_are_the_rule() -> None:
    """A new customer of that size without a deal is told, where three of four of them have one."""
    with_deals = tuple(started(number) for number in range(9))
    without = started(99, deals=0, since=ago(days=1))
    (thought,) = detected(DETECTOR, figures(started=(without, *with_deals)))
    assert (thought.kind, thought.customer) == ("customer_without_deal", without.profile_id)
    assert (
        plain(DETECTOR.say(thought).news)
        == "CUSTOMER pays 600.00 usd a month since 2026-11-22 and has no deal."
    )


@pytest.mark.parametrize("facts", [{"deals": 0}, {"deals": None}])
def test_where_most_come_without_a_deal_nobody_is_pointed_out(facts: dict[str, Any]) -> None:
    """A company that sells by itself, or has no CRM connected, hears nothing of it."""
    others = tuple(started(number, **facts) for number in range(9))
    without = started(99, since=ago(days=1), **facts)
    assert detected(DETECTOR, figures(started=(without, *others))) == []
