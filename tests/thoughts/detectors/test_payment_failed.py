"""Failed payments, their next attempts, and that the money came after all."""

from datetime import datetime

import pytest

from tests.thoughts.surroundings import NOW, PROFILE, about, ago, ahead, change, detected, plain
from thoughts.base import Moment, Stage
from thoughts.detectors.payment_failed import DETECTOR
from thoughts.facts import Attempt, Bill

KEY = (1, b"i" * 16)
FAILED = {"attempt_of": KEY[1], "status": "failed", "currency": "usd", "amount": 4_900, "created_at": NOW,
          "failure": "card_declined"}  # fmt: skip
INVOICE = {"status": "open", "currency": "usd", "amount_due": 4_900, "next_attempt_at": None}


def bill(*statuses: str, next_attempt_at: datetime | None = None) -> Bill:
    """A bill with attempts a day apart; the last is the payment of `change`."""
    ids = [bytes([n]) * 16 for n in range(len(statuses) - 1)] + [b"r" * 16]
    attempts = tuple(
        Attempt(id=one, at=ago(days=len(ids) - n), status=status)
        for n, (one, status) in enumerate(zip(ids, statuses, strict=True))
    )
    return Bill(key=KEY, attempts=attempts, next_attempt_at=next_attempt_at)


def test_a_first_failure_opens_the_matter_of_its_bill() -> None:
    """A failed payment says how much, which attempt, why, when the next is, and what the customer pays."""
    around = about(bills={KEY: bill("failed", next_attempt_at=ahead(days=3))})
    (thought,) = detected(DETECTOR, change("payment", FAILED), around)
    assert (thought.kind, thought.stage, thought.customer) == ("payment_failed", Stage.OPENS, PROFILE)
    words = DETECTOR.say(thought)
    assert plain(words.news) == "A payment of 49.00 usd by CUSTOMER failed (card_declined)."
    assert plain(words.why) == "Attempt 1; the next one is 2026-11-26. Their MRR is 100.00 usd."


def test_a_second_failure_is_news_of_the_same_matter() -> None:
    """The next failed attempt at a bill continues what the first began, with its number."""
    first = detected(DETECTOR, change("payment", FAILED), about(bills={KEY: bill("failed")}))[0]
    second = detected(DETECTOR, change("payment", FAILED), about(bills={KEY: bill("failed", "failed")}))[0]
    assert (second.stage, second.matter) == (Stage.CONTINUES, first.matter)
    assert plain(DETECTOR.say(second).why).startswith("Attempt 2; no other is planned.")


@pytest.mark.parametrize("kind", ["payment", "invoice"])
def test_money_that_comes_after_all_closes_the_matter(kind: str) -> None:
    """A bill that had failed and is paid says so in the same matter, told by its payment or its invoice."""
    around = about(bills={KEY: bill("failed", "succeeded")})
    if kind == "payment":
        paid = change("payment", {**FAILED, "status": "succeeded", "failure": None})
    else:
        paid = change("invoice", {**INVOICE, "status": "paid"}, {"status": "open"}, id=KEY[1])
    (thought,) = detected(DETECTOR, paid, around)
    failure = detected(DETECTOR, change("payment", FAILED), about(bills={KEY: bill("failed")}))[0]
    assert (thought.kind, thought.stage) == ("payment_recovered", Stage.CLOSES)
    assert (thought.matter, thought.occurrence) == (failure.matter, "paid")


def test_a_bill_that_is_paid_at_once_is_no_news() -> None:
    """A payment that succeeds without a failure before it gives no thought."""
    paid = change("payment", {**FAILED, "status": "succeeded", "failure": None})
    assert detected(DETECTOR, paid, about(bills={KEY: bill("succeeded")})) == []


def test_a_date_for_the_next_attempt_amends_what_was_said() -> None:
    """An invoice that learns of its next attempt after the failure only fills it in."""
    new = {**INVOICE, "next_attempt_at": ahead(days=2)}
    found = change("invoice", new, {"next_attempt_at": None}, id=KEY[1])
    (thought,) = detected(DETECTOR, found, about(bills={KEY: bill("failed")}))
    assert (thought.stage, thought.facts["next_attempt"]) == (Stage.AMENDS, Moment(ahead(days=2)))


def test_an_old_failure_is_no_news() -> None:
    """What failed longer ago than three days is history."""
    old = change("payment", FAILED, at=ago(days=4))
    assert detected(DETECTOR, old, about(bills={KEY: bill("failed")})) == []


def test_a_payment_of_nobody_says_so() -> None:
    """A failure that names no customer is still told, without one."""
    (thought,) = detected(DETECTOR, change("payment", FAILED, customer_id=None), about())
    assert thought.customer is None
    assert plain(DETECTOR.say(thought).news) == "A payment of 49.00 usd by somebody failed (card_declined)."
