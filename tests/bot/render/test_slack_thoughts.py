"""Thoughts as Slack messages: by its types and limits, nobody's markup in them, all of it in the text too."""

import pytest

from bot.render.slack_thoughts import chosen, thought_message, without_chart
from tests.bot.letters import LETTERS
from tests.bot.slack_schema import TYPES_ARE_HERE, assert_by_schema, assert_within_limits
from thoughts.outbox import id_of


@pytest.mark.parametrize("name", LETTERS)
def test_every_letter_is_what_slack_takes(name: str) -> None:
    """Blocks by Slack's types, within its limits, with and without a chart."""
    message = thought_message(LETTERS[name])
    for one in (dict(message), dict(without_chart(message))):
        assert_within_limits(one)
        if TYPES_ARE_HERE:
            assert_by_schema(dict(without_chart(message)))


@pytest.mark.parametrize("name", ["one", "wave", "catch-up", "digest"])
def test_the_text_alone_says_it(name: str) -> None:
    """Who reads only the notification knows who and how much."""
    told = thought_message(LETTERS[name])["text"]
    assert "Kestrel" in told or "Brightwater" in told
    assert "$" in told


def test_names_are_no_markup() -> None:
    """What a customer is called links nowhere, mentions nobody and is not bold."""
    said = str(thought_message(LETTERS["wave"]))
    assert "<Labs>" not in said
    assert "*Kestrel*" not in said
    assert "&lt;Labs&gt;" in said


def test_the_menu_names_the_subscription_and_the_thought() -> None:
    """Whatever is chosen can be found again; what is none of ours is nothing."""
    letter = LETTERS["one"]
    menu = thought_message(letter)["blocks"][0]["accessory"]
    found = [chosen(option["value"]) for option in menu["options"]]
    thought = id_of(letter.items[0].thought)
    assert found == [(verb, 1, thought) for verb in ("snooze", "less", "kind", "customer")]
    assert [chosen(value) for value in ("", "a:b", "x:y:z", "snooze:1:no-hex")] == [None] * 4
