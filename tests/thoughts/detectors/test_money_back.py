"""Large refunds and disputes."""

import pytest

from tests.thoughts.surroundings import NOW, PROFILE, RECORD, about, change, customer, detected, plain
from thoughts.base import Stage
from thoughts.detectors import dispute, large_refund

PAYMENT = b"y" * 16
AROUND = about(customer_of={(1, PAYMENT): RECORD})


def refund(amount: int, status: str = "succeeded", currency: str = "usd") -> dict[str, object]:
    return {
        "payment_id": PAYMENT,
        "status": status,
        "currency": currency,
        "amount": amount,
        "created_at": NOW,
    }


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [(50_000, "usd", 1), (30_000, "usd", 1), (29_999, "usd", 0), (25_000, "eur", 1), (24_999, "eur", 0)],
)
def test_a_refund_is_large_by_itself_or_for_its_customer(amount: int, currency: str, told: int) -> None:
    """From 500 dollars on, or three months of what the customer pays; without a rate, euros count by what
    customers usually pay in them, here twice as much as their number."""
    found = detected(large_refund.DETECTOR, change("refund", refund(amount, currency=currency)), AROUND)
    assert len(found) == told


def test_small_change_is_never_large() -> None:
    """Three months of a customer who pays little are no large refund."""
    around = about(customers={PROFILE: customer(mrr={"usd": 500})}, customer_of={(1, PAYMENT): RECORD})
    assert detected(large_refund.DETECTOR, change("refund", refund(9_999)), around) == []


def test_a_refund_is_told_once() -> None:
    """A refund that was pending and succeeds has been told already; one that failed is none."""
    assert len(detected(large_refund.DETECTOR, change("refund", refund(60_000, "pending")), AROUND)) == 1
    done = change("refund", refund(60_000), {"status": "pending"})
    assert detected(large_refund.DETECTOR, done, AROUND) == []
    assert detected(large_refund.DETECTOR, change("refund", refund(60_000, "failed")), AROUND) == []


def test_a_refund_names_who_got_it() -> None:
    """The refund's customer is found by its payment."""
    (thought,) = detected(large_refund.DETECTOR, change("refund", refund(60_000)), AROUND)
    assert thought.customer == PROFILE
    assert plain(large_refund.DETECTOR.say(thought).news) == "600.00 usd went back to CUSTOMER."


def test_a_dispute_is_critical() -> None:
    """A dispute passes any budget: it has a deadline."""
    opened = change("dispute", refund(4_900, "needs_response"))
    (thought,) = detected(dispute.DETECTOR, opened, AROUND)
    assert (thought.critical, thought.stage, thought.customer) == (True, Stage.OPENS, PROFILE)
    assert plain(dispute.DETECTOR.say(thought).news) == "CUSTOMER disputed a payment of 49.00 usd."


def test_the_end_of_a_dispute_closes_it() -> None:
    """A dispute that is won or lost says so under what opened it, and is critical no more."""
    (opened,) = detected(dispute.DETECTOR, change("dispute", refund(4_900, "needs_response")), AROUND)
    lost = change("dispute", refund(4_900, "lost"), {"status": "under_review"})
    (thought,) = detected(dispute.DETECTOR, lost, AROUND)
    assert (thought.critical, thought.stage, thought.matter) == (False, Stage.CLOSES, opened.matter)
    assert plain(dispute.DETECTOR.say(thought).news) == "The dispute over 49.00 usd was lost."


def test_a_dispute_under_review_is_no_further_news() -> None:
    """A dispute that only changes hands gives no second thought."""
    moved = change("dispute", refund(4_900, "under_review"), {"status": "needs_response"})
    assert detected(dispute.DETECTOR, moved, AROUND) == []
