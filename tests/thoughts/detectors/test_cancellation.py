"""Cancellations that are scheduled, and taken back."""

from typing import Any

import pytest

from tests.thoughts.surroundings import about, ahead, change, detected, plain, usd
from thoughts.base import Stage
from thoughts.detectors.cancellation import DETECTOR
from thoughts.facts import SubscriptionFacts

KEY = (1, b"s" * 16)
GOES_ON: dict[str, Any] = {
    "status": "active", "cancel_at_period_end": False, "cancel_at": None, "current_period_end": ahead(days=9),
}  # fmt: skip
ENDS = {**GOES_ON, "cancel_at_period_end": True}
AROUND = about(subscriptions={KEY: SubscriptionFacts(product_id=b"g" * 16, mrr=usd(100))})


def test_a_scheduled_cancellation_says_when_and_what_is_lost() -> None:
    """A subscription that is to end names its plan, day and MRR, and the customer's past."""
    (thought,) = detected(DETECTOR, change("subscription", ENDS, GOES_ON, id=KEY[1]), AROUND)
    words = DETECTOR.say(thought)
    assert plain(words.news) == "CUSTOMER is going to cancel PLAN, which ends 2026-12-02: 100.00 usd a month."
    assert plain(words.why) == "A customer since 2025-11-23. 1200.00 usd paid in all. No open tickets."


def test_taking_it_back_closes_the_matter() -> None:
    """A subscription that goes on after all says so under its cancellation."""
    (planned,) = detected(DETECTOR, change("subscription", ENDS, GOES_ON, id=KEY[1]), AROUND)
    (kept,) = detected(DETECTOR, change("subscription", GOES_ON, ENDS, id=KEY[1]), AROUND)
    assert (kept.kind, kept.stage, kept.matter) == ("cancellation_taken_back", Stage.CLOSES, planned.matter)
    assert plain(DETECTOR.say(kept).news) == "CUSTOMER stays after all, on PLAN."


@pytest.mark.parametrize(
    ("new", "old"),
    [(ENDS, {**ENDS, "current_period_end": ahead(days=1)}), ({**ENDS, "status": "canceled"}, GOES_ON),
     ({**ENDS, "status": "trialing"}, GOES_ON), (ENDS, None)],
)  # fmt: skip
def test_what_is_no_decision_of_a_paying_customer_is_no_news(
    new: dict[str, Any], old: dict[str, Any] | None
) -> None:
    """One that was to end already, has ended, is on trial or is seen for the first time gives no thought."""
    assert detected(DETECTOR, change("subscription", new, old), AROUND) == []
