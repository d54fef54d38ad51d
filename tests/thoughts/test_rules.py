"""When a rule fires, as pure functions: figures over time, and what customers did."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.thoughts.surroundings import NOW, plain, usd
from thoughts.registry import say
from thoughts.rules import (
    Fired,
    Happens,
    Level,
    Moves,
    Rule,
    Seen,
    fired,
    firings,
    happened,
    happenings,
    read_rule,
    write_rule,
)

MRR = '{"measure":"mrr"}'
DROP = Moves(up=False, grain="day", share=0.03)


def points(*values: float) -> list[tuple[str, float]]:
    return [(f"2026-11-{number + 1:02}", value) for number, value in enumerate(values)]


def keys(trigger: Any, measure: str, *values: float) -> list[str]:
    return [one.key[-2:] for one in firings(trigger, measure, points(*values))]


@pytest.mark.parametrize(
    ("values", "hits"),
    [
        ((100, 97, 97), []),
        ((100, 96.9, 96.9), ["02"]),
        ((100, 100, 96), ["03"]),
        ((0, 0), []),
        ((100, 103), []),
    ],
)
def test_a_stock_falls_by_a_share_of_what_it_was(values: tuple[float, ...], hits: list[str]) -> None:
    """More than 3% from one day to the next fires, also today; exactly 3%, a rise and nothing do not."""
    assert keys(DROP, "mrr", *values) == hits


def test_a_running_flow_has_not_fallen() -> None:
    """Sign-ups of a day that is not over are fewer by nature: only whole days are compared."""
    assert keys(DROP, "signups", 10, 10, 1) == []
    assert keys(DROP, "signups", 10, 1, 0) == ["02"]


def test_a_flow_over_its_level_fires_each_time_and_at_once() -> None:
    """Eleven failed payments today are more than ten, though the day is not over; so were yesterday's."""
    assert keys(Level(over=True, value=10, grain="day"), "failed_payments", 3, 11, 10, 12) == ["02", "04"]
    assert keys(Level(over=False, value=5, grain="day"), "signups", 9, 4, 0) == ["02"]


def test_a_stock_fires_when_it_crosses_its_level() -> None:
    """MRR that stays below 50 does not fire again until it has been above."""
    assert keys(Level(over=False, value=50, grain="day"), "mrr", 60, 49, 40, 51, 48) == ["02", "05"]


def seen(day: float, who: bytes = b"a", amount: float | None = None) -> Seen:
    money = None if amount is None else usd(amount)
    return Seen(who * 16, NOW + timedelta(days=day), str(day).encode().ljust(16), money)


def hits(trigger: Happens, *found: Seen) -> list[float]:
    return [(one.at - NOW) / timedelta(days=1) for one in happenings(trigger, found)]


def test_the_second_within_a_week_fires() -> None:
    """A second ticket fires, a third in the same week does not, nor a second after a week."""
    twice = Happens(event="ticket_opened", nth=2, days=7)
    assert hits(twice, seen(0), seen(3), seen(5), seen(30), seen(37)) == [3]
    assert hits(twice, seen(0, b"a"), seen(1, b"b")) == []


def test_an_amount_is_of_its_currency() -> None:
    """Payments below the amount, of another currency or without one do not count."""
    large = Happens(event="paid", over=usd(100))
    euro = Seen(b"a" * 16, NOW, b"e" * 16, msgspec.structs.replace(usd(900), currency="eur"))
    assert hits(large, seen(0, amount=99.99), seen(1, amount=100), seen(2), euro) == [1]


@given(st.lists(st.floats(0, 40, allow_nan=False), max_size=20), st.integers(1, 4))
def test_whatever_the_order_the_same_fires(days: list[float], nth: int) -> None:
    """What happened may be told in any order: it fires for the same things, in their order."""
    trigger = Happens(event="ticket_opened", nth=nth, days=7)
    found = [seen(day) for day in set(days)]
    assert hits(trigger, *found) == hits(trigger, *reversed(found)) == sorted(hits(trigger, *found))


def test_a_rule_is_kept_and_read_again() -> None:
    """A rule is the same after it was kept, with the same id; another has another."""
    rule = Rule(trigger=DROP, plan=MRR, currency="usd")
    other = Rule(trigger=Moves(up=True, grain="day", share=0.03), plan=MRR, currency="usd")
    assert read_rule(write_rule(rule)) == rule
    assert read_rule(write_rule(rule)).id == rule.id != other.id


@pytest.mark.parametrize(
    "kept",
    [b"{}", b'{"trigger":{"type":"happens","event":"dances"}}', b'{"trigger":{"type":"level","over":true}}',
     b'{"trigger":{"type":"moves","up":true,"grain":"fortnight","share":1},"plan":"{}"}'],
)  # fmt: skip
def test_what_is_no_rule_is_refused(kept: bytes) -> None:
    """A kept rule that makes no sense cannot be read."""
    with pytest.raises((msgspec.ValidationError, ValueError)):
        read_rule(kept)


def test_a_rule_says_what_happened() -> None:
    """The thought of a rule names the customer and what they did; of a figure what it is and was."""
    rule = Rule(trigger=Happens(event="ticket_opened", nth=2, days=7))
    assert isinstance(rule.trigger, Happens)
    thought = happened(rule, rule.trigger, seen(0))
    assert plain(say(thought).news) == "CUSTOMER opened a ticket, 2 times within 7 days."
    drop = fired(Rule(trigger=DROP, plan=MRR, currency="usd"), "mrr", Fired("2026-11-23", 9_500, 10_000), NOW)
    assert plain(say(drop).news) == "MRR is 95.00 usd."
    assert plain(say(drop).why) == "It was 100.00 usd before (-5.0%)."
