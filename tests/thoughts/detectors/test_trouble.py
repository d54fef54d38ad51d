"""Customers in trouble: what no single source sees."""

from typing import Any

import pytest

from tests.thoughts.surroundings import NOW, PROFILE, ago, ahead, customer, detected, figures, plain
from thoughts.detectors.trouble import DETECTOR
from thoughts.figures import BadRating

RATED = (BadRating(key=(2, b"t" * 16), profile_id=PROFILE, at=ago(days=2)),)


@pytest.mark.parametrize(
    ("tickets", "facts", "told"),
    [
        (3, {"renews": ahead(days=44)}, 1),
        (3, {"renews": ahead(days=46)}, 0),
        (2, {"renews": ahead(days=44)}, 0),
        (3, {"mrr": {"usd": 30_000}}, 1),
        (3, {"mrr": {"usd": 29_999}}, 0),
        (3, {"mrr": {"eur": 15_000}}, 1),
        (3, {"mrr": {"jpy": 15_000}}, 0),
        (None, {"mrr": {"usd": 90_000}}, 0),
    ],
)
def test_trouble_is_many_tickets_of_who_matters(
    tickets: int | None, facts: dict[str, Any], told: int
) -> None:
    """Three open tickets of a customer who renews within 45 days or pays three times the average."""
    around = figures(customers={PROFILE: customer(open_tickets=tickets, **facts)})
    assert len(detected(DETECTOR, around)) == told


def test_a_bad_rating_is_trouble_too() -> None:
    """A bad rating near a renewal is told with what is open and when they renew."""
    around = figures(ratings=RATED, customers={PROFILE: customer(open_tickets=1, renews=ahead(days=10))})
    (thought,) = detected(DETECTOR, around)
    words = DETECTOR.say(thought)
    assert plain(words.news) == "CUSTOMER may be in trouble: a bad rating 2026-11-21. 1 open ticket."
    assert plain(words.why) == "Their MRR is 100.00 usd. They renew 2026-12-03."


def test_trouble_is_told_once_a_month() -> None:
    """However long it lasts, the same trouble has the same key all month."""
    around = {"ratings": RATED, "customers": {PROFILE: customer(renews=ahead(days=40))}}
    (first,) = detected(DETECTOR, figures(**around))
    (again,) = detected(DETECTOR, figures(now=ahead(days=3), **around))
    (later,) = detected(DETECTOR, figures(now=ahead(days=10), **around))
    assert first.key == again.key != later.key
    assert first.at == NOW
