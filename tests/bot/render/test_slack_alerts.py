"""The list of subscriptions, its form, and why it is quiet: as Slack takes them, and read back."""

from datetime import UTC, datetime
from typing import Any

from bot.render import slack_alerts as view
from tests.bot.slack_schema import assert_within_limits
from thoughts.base import Money
from thoughts.controls import Held
from thoughts.registry import KINDS
from thoughts.subscriptions import State, Subscription, Where
from thoughts.wants import Wants

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def one(place: str = "C1", state: State = State.ON, **wants: Any) -> Subscription:
    return Subscription(3, Where("slack", "T1", place), state, "U1ADA", NOW, None, Wants(**wants))


def test_the_list_says_what_was_understood() -> None:
    """Each with its number, place, words and buttons; what stands still says so; words are no markup."""
    found = [one(kinds=("payment_failed",), over=Money(50_000, "usd"), filter_words="*bold* <!here>")]
    (message,) = view.listing([*found, one("U1ADA", State.BROKEN)])
    assert_within_limits(dict(message))
    said = str(message["blocks"])
    assert "failed payments over $500.00" in said
    assert "<!here>" not in said
    assert "invite me, then resume" in said
    assert "remove:3" in said


def test_the_form_is_read_as_words_are() -> None:
    """What is chosen and typed becomes the words of the command; an edited one keeps its number."""
    form = view.form("C1", list(KINDS.values()), one(kinds=("payment_failed",), quiet=(22, 7)))
    inputs = {block["block_id"]: block["element"] for block in form["blocks"]}
    assert inputs["rest"]["initial_value"] == "quiet from 22:00 to 07:00"
    state = {
        "where": {"where": {"selected_conversation": "C2"}},
        "kinds": {"kinds": {"selected_options": inputs["kinds"]["initial_options"]}},
        "rest": {"rest": {"value": "over $5"}},
    }
    filled = view.read_form({"state": {"values": state}, "private_metadata": form["private_metadata"]})
    assert filled == view.Filled("C2", "failed payments over $5", 3)
    empty = {**state, "kinds": {"kinds": {}}, "rest": {"rest": {"value": None}}}
    assert view.read_form({"state": {"values": empty}, "private_metadata": ""}).words == "everything"


def test_why_it_is_quiet_has_a_reason_for_each() -> None:
    """How many of which kind, and why; nothing is also an answer."""
    held = [Held("budget", "payment_failed", 4)]
    assert "4 x failed payments: the week's budget" in str(view.quiet([one()], held)["blocks"])
    assert "nothing worth your time" in view.quiet([one()], [])["text"]
    assert "subscribe" in view.quiet([], [])["text"]


def test_quiet_ends_at_an_hour_of_the_accounts_zone() -> None:
    """Until when it is quiet is said as the clocks of the subscription's zone show it."""
    until = datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert "09:00" in view.snoozed(until, "Europe/Berlin")
