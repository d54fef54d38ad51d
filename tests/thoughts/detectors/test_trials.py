"""Trials that end soon, and what becomes of them."""

from typing import Any

import pytest

from tests.thoughts.surroundings import (
    PROFILE,
    RECORD,
    about,
    ahead,
    change,
    customer,
    detected,
    figures,
    plain,
    usd,
)
from thoughts.base import Stage
from thoughts.detectors import trial_ended, trial_ending
from thoughts.facts import SubscriptionFacts
from thoughts.figures import Ending

KEY = (1, b"s" * 16)


def trial(**parts: Any) -> Ending:
    given: dict[str, Any] = {
        "key": KEY, "profile_id": PROFILE, "at": ahead(days=3), "mrr": usd(250), "seats": 25,
        "product_id": b"g" * 16, "customer_id": RECORD,
    }  # fmt: skip
    return Ending(**{**given, **parts})


def test_a_trial_is_announced_with_what_it_would_bring() -> None:
    """Three days before its end a trial says its plan, price, seats and open tickets."""
    around = figures(trials=(trial(),), customers={PROFILE: customer(open_tickets=2)})
    (thought,) = detected(trial_ending.DETECTOR, around)
    words = trial_ending.DETECTOR.say(thought)
    assert plain(words.news) == "The trial of CUSTOMER ends in 3 days (PLAN, 250.00 usd a month)."
    assert plain(words.why) == "25 seats. 2 open tickets."


@pytest.mark.parametrize(
    ("days", "announced"),
    [(8, None), (7, "7d"), (6, "7d"), (4, "7d"), (3, "3d"), (2, "3d"), (1, "1d"), (0, "1d")],
)
def test_a_trial_is_announced_seven_three_and_one_day_ahead(days: int, announced: str | None) -> None:
    """Each day is announced once: what nobody looked at on its day is told on the next."""
    found = detected(trial_ending.DETECTOR, figures(trials=(trial(at=ahead(days=days)),)))
    assert [thought.occurrence.rsplit(":", 1)[1] for thought in found] == ([announced] if announced else [])


def test_without_support_no_tickets_are_spoken_of() -> None:
    """Where no support source is connected a trial does not claim that no ticket is open."""
    around = figures(trials=(trial(seats=None),), customers={PROFILE: customer(open_tickets=None)})
    assert trial_ending.DETECTOR.say(detected(trial_ending.DETECTOR, around)[0]).why == ()


@pytest.mark.parametrize(
    ("status", "kind"),
    [("active", "trial_converted"), ("past_due", "trial_converted"), ("canceled", "trial_expired"),
     ("paused", "trial_expired")],
)  # fmt: skip
def test_the_end_of_a_trial_closes_what_announced_it(status: str, kind: str) -> None:
    """A subscription that leaves its trial is told as converted or expired, in the matter of the trial."""
    around = about(subscriptions={KEY: SubscriptionFacts(product_id=b"g" * 16, mrr=usd(250))})
    ended = change("subscription", {"status": status}, {"status": "trialing"}, id=KEY[1])
    (thought,) = detected(trial_ended.DETECTOR, ended, around)
    (announced,) = detected(trial_ending.DETECTOR, figures(trials=(trial(),)))
    assert (thought.kind, thought.stage, thought.matter) == (kind, Stage.CLOSES, announced.matter)
    assert thought.worth == usd(250)


def test_what_becomes_of_a_trial_is_said_in_a_sentence() -> None:
    """A conversion names plan and price, an expiry what it would have brought."""
    around = about(subscriptions={KEY: SubscriptionFacts(product_id=b"g" * 16, mrr=usd(250))})
    said = []
    for status in ("active", "canceled"):
        ended = change("subscription", {"status": status}, {"status": "trialing"}, id=KEY[1])
        words = trial_ended.DETECTOR.say(detected(trial_ended.DETECTOR, ended, around)[0])
        said.append(plain((*words.news, " ", *words.why)).strip())
    assert said == [
        "CUSTOMER went from trial to PLAN for 250.00 usd a month.",
        "CUSTOMER's trial ended without a subscription. It would have brought 250.00 usd a month.",
    ]


def test_a_subscription_that_never_was_a_trial_ends_no_trial() -> None:
    """A subscription that was incomplete before gives no thought of trials."""
    begun = change("subscription", {"status": "active"}, {"status": "incomplete"})
    assert detected(trial_ended.DETECTOR, begun, about()) == []
