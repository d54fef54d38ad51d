"""New customers, upgrades, downgrades, churn and those who are back: movements as people hear of them."""

from datetime import date
from typing import Any

import pytest

from storage.intake.news import Change
from tests.thoughts.surroundings import PROFILE, TODAY, about, ago, change, customer, detected, plain, usd
from thoughts.base import Stage
from thoughts.detectors.mrr_moved import DETECTOR

SINCE_TODAY = {"customers": {PROFILE: customer(since=ago(hours=1))}}


def movement(of: str, amount: int, old: dict[str, Any] | None = None, **parts: Any) -> Change:
    """A movement of the customer, an hour ago; `old`: what it was earlier in the day."""
    new = {
        "type": of,
        "amount": amount,
        "currency": "usd",
        "day": TODAY,
        "source_id": 1,
        "product_id": b"g" * 16,
    }
    return change("movement", {**new, **parts}, old, profile_id=PROFILE)


@pytest.mark.parametrize(
    ("of", "amount", "kind"),
    [
        ("new", 10_000, "new_customer"),
        ("reactivation", 10_000, "reactivated"),
        ("expansion", 6_000, "upgrade"),
        ("contraction", -6_000, "downgrade"),
    ],
)
def test_each_type_of_movement_is_its_own_kind(of: str, amount: int, kind: str) -> None:
    """A movement is told as what it means to the team, with its amount as what it is worth."""
    (thought,) = detected(DETECTOR, movement(of, amount), about(**SINCE_TODAY))
    assert (thought.kind, thought.worth, thought.stage) == (kind, usd(abs(amount) / 100), Stage.OPENS)


def test_a_churn_says_what_is_lost_with_it() -> None:
    """A churn names the plan and the MRR, since when, what was paid in all and what is still open."""
    gone = customer(mrr={}, open_tickets=2)
    (thought,) = detected(DETECTOR, movement("churn", -10_000), about(customers={PROFILE: gone}))
    words = DETECTOR.say(thought)
    assert plain(words.news) == "CUSTOMER churned on PLAN: 100.00 usd a month lost."
    assert plain(words.why) == "A customer since 2025-11-23. 1200.00 usd paid in all. 2 open tickets."


@pytest.mark.parametrize(("lost", "critical"), [(19_900, False), (20_000, True)])
def test_a_churn_of_two_percent_of_mrr_is_critical(lost: int, critical: bool) -> None:
    """What moves a fiftieth of MRR passes any budget; a cent less does not."""
    (thought,) = detected(DETECTOR, movement("churn", -lost), about(customers={PROFILE: customer(mrr={})}))
    assert thought.critical is critical


def test_who_still_pays_in_another_currency_has_not_churned() -> None:
    """The end of one currency is a downgrade of a customer who goes on in another."""
    still = about(customers={PROFILE: customer(mrr={"eur": 5_000})})
    assert [t.kind for t in detected(DETECTOR, movement("churn", -10_000), still)] == ["downgrade"]


def test_a_second_currency_makes_no_new_customer() -> None:
    """Who has paid for a year and begins in another currency upgrades."""
    assert [t.kind for t in detected(DETECTOR, movement("new", 10_000), about())] == ["upgrade"]


@pytest.mark.parametrize(("amount", "told"), [(4_999, 0), (5_000, 1)])
def test_small_upgrades_are_no_news(amount: int, told: int) -> None:
    """An upgrade is told from its threshold on, to the cent."""
    assert len(detected(DETECTOR, movement("expansion", amount), about())) == told


def test_more_of_the_same_day_amends_what_was_said() -> None:
    """A movement that grows within its day fills in the thought of that day and opens no other."""
    first, later = (
        detected(DETECTOR, movement("expansion", amount, old), about())[0]
        for amount, old in ((6_000, None), (9_000, {"amount": 6_000}))
    )
    assert (later.matter, later.stage) == (first.matter, Stage.AMENDS)
    assert later.key != first.key


@pytest.mark.parametrize("day", [ago(days=4), ago(hours=-1)])
def test_neither_the_past_nor_the_future_is_news(day: Any) -> None:
    """A movement of last week, or one that a discount will bring, gives no thought."""
    dated = change("movement", dict(movement("expansion", 9_000).new), at=day, profile_id=PROFILE)
    assert detected(DETECTOR, dated, about()) == []


def test_an_anonymous_customer_is_nobody_to_tell_of() -> None:
    """A movement of a profile of which no facts are left gives no thought."""
    assert detected(DETECTOR, movement("churn", -10_000), about(customers={})) == []


def test_a_new_customer_is_said_with_the_plan() -> None:
    """A new customer is told with plan and MRR."""
    (thought,) = detected(DETECTOR, movement("new", 10_000), about(**SINCE_TODAY))
    assert plain(DETECTOR.say(thought).news) == "CUSTOMER is a new customer on PLAN: 100.00 usd a month."
    assert thought.facts["day"].on == date(2026, 11, 23)
