"""Rules in people's own words as subscriptions."""

import pytest

from bot.alert_words import NotUnderstood, in_words, read_wants
from bot.render import text
from tests.bot.questions.company import NOW, VOCABULARY
from thoughts.rules import read_rule
from thoughts.wants import read_wants as read_kept
from thoughts.wants import write_wants

SAID = "tell me when an annual customer over €5k opens a second ticket in a week"


def test_a_rule_is_a_subscription_with_its_own_kind() -> None:
    """What asks to be told of something is kept as a rule, with the options of any other subscription."""
    wants = read_wants(f"{SAID}, quiet 22 to 7", VOCABULARY, NOW)
    rule = read_rule(wants.rule)
    assert (wants.kinds, wants.quiet, wants.hears(rule.kind)) == ((rule.kind,), (22, 7), True)
    assert read_kept(write_wants(wants)) == wants
    assert in_words(wants, text.money).startswith(SAID)


@pytest.mark.parametrize(
    ("said", "part"),
    [("tell me when a blorb customer churns", "“blorb”"), ("tell me when mrr drops", "By how much?")],
)
def test_a_rule_that_is_not_understood_is_not_made(said: str, part: str) -> None:
    """No subscription is made of what has to be asked back."""
    with pytest.raises(NotUnderstood, match=part.replace("?", r"\?")):
        read_wants(said, VOCABULARY, NOW)
