"""Rules in people's own words: what is understood, what is asked back, what is refused."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.questions.outcome import Clarify, Refuse
from bot.questions.rule_said import rule_said, tried_said
from bot.questions.rule_words import EXAMPLES, Read, is_rule, read_rule_words
from tests.bot.questions.company import NOW, VOCABULARY, customer

UTC = ZoneInfo("UTC")

UNDERSTOOD = [
    ("tell me when an annual customer over €5k opens a second ticket in a week",
     "When a customer billed yearly, paying more than €5,000.00 a month has a second ticket within 7 days."),
    ("Alert #sales when MRR drops more than 3% in a day",
     "When MRR in USD falls by more than 3% from one day to the next."),
    ("tell me when there are more than 10 failed payments in a day",
     "When failed payments is over 10, looked at by the day."),
    ("let me know if a customer churns", "When any customer has a churn."),
    ("ping me whenever someone on Growth upgrades by over $500",
     "When a customer on Growth has an upgrade of at least $500.00."),
    ("notify us once mrr falls below $50k", "When MRR in USD is under $50,000.00, looked at by the day."),
    ("tell me when signups drop by 30% in a week",
     "When sign-ups falls by more than 30% from one week to the next."),
    ("tell me when Acme Labs opens a ticket", "When a customer of Acme Labs has a ticket."),
    ("tell me when churn rate exceeds 5% in a month",
     "When customer churn rate is over 5%, looked at by the month."),
    ("tell me when open tickets go over 40", "When open conversations is over 40, looked at by the day."),
    ("tell me when a customer's payment fails twice in 30 days",
     "When any customer has a second failed payment within 30 days."),
    ("tell me when customers on Growth drop below 10",
     "When customers on Growth is under 10, looked at by the day."),
    ("alert me when a customer in Germany pays over 2,000 eur",
     "When a customer in Germany has a payment of at least €2,000.00."),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), UNDERSTOOD)
def test_a_rule_is_read_and_read_back(words: str, said: str) -> None:
    """What is understood is said back in words that show whom, what, how much and in which time."""
    read = read_rule_words(words, VOCABULARY, NOW)
    assert isinstance(read, Read), read
    assert rule_said(read.rule, {customer("Acme Labs"): "Acme Labs"}, UTC) == said


def test_a_rule_names_where_it_goes() -> None:
    """A channel in the sentence is where it is to be posted; "me" is here."""
    for words, where in (("alert #sales when mrr drops 3% in a day", "#sales"),
                         ("post in <#C1|ops> when a customer churns", "<#C1|ops>"),
                         ("tell me when a customer churns", None)):  # fmt: skip
        read = read_rule_words(words, VOCABULARY, NOW)
        assert isinstance(read, Read)
        assert read.where == where


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("tell me when a blorb customer opens a ticket", "“blorb”"),
        ("tell me when a customer opens a ticket frobnicating", "“frobnicating”"),
        ("tell me when somebody dances", "do not understand"),
        ("tell me when open tickets rise by 20% in a day", "no past is kept"),
        ("tell me when response time goes over 5", "watch times"),
        ("alert me if failed payments exceed $1,000 in a day", "no amount of money"),
        ("tell me when mrr is over 5%", "Say how much"),
        ("tell me when " + "a customer churns " * 30, "longer than"),
        ("tell me when a customer opens a second ticket in 200 days", "90 days at most"),
        ("what is our mrr", "do not understand"),
    ],
)
def test_what_is_not_understood_is_refused_word_by_word(words: str, part: str) -> None:
    """No rule is guessed: the refusal says which words, or what cannot be watched."""
    read = read_rule_words(words, VOCABULARY, NOW)
    assert isinstance(read, Refuse), read
    assert part in read.reason


@pytest.mark.parametrize(
    "words",
    ["tell me when a customer opens a ticket in a week", "tell me when a customer opens a third ticket",
     "tell me when mrr drops", "tell me when Northwind opens a ticket"],
)  # fmt: skip
def test_what_may_mean_several_things_is_asked_back(words: str) -> None:
    """How often, within which time, by how much, which of two customers of a name."""
    assert isinstance(read_rule_words(words, VOCABULARY, NOW), Clarify)


@pytest.mark.parametrize("words", EXAMPLES)
def test_the_examples_are_rules(words: str) -> None:
    """What people are shown as an example is understood."""
    assert is_rule(words)
    assert isinstance(read_rule_words(words, VOCABULARY, NOW), Read)


def test_a_question_is_no_rule() -> None:
    """What asks for an answer now does not ask to be told later."""
    assert not any(map(is_rule, ("what is our MRR?", "tell me our MRR", "who churned?", "alert")))


@given(st.text(max_size=80))
def test_no_words_break_it(words: str) -> None:
    """Whatever is typed behind "tell me when", it is read, asked back or refused."""
    assert isinstance(read_rule_words(f"tell me when {words}", VOCABULARY, NOW), Read | Clarify | Refuse)


def test_what_a_try_found_is_said_with_when_and_whom() -> None:
    """The last five are named, more are counted; no past and no firing are said as such."""
    hits = [(f"2026-11-{day:02}", b"a" * 16) for day in range(1, 8)]
    assert tried_said(hits, {b"a" * 16: "Acme"}).startswith(
        "In the last 30 days it would have fired 7 times: Acme on 3 Nov 2026, "
    )
    assert tried_said(hits, {}).endswith(" and 2 before.")
    assert tried_said([("2026-W47", None)], {}) == "In the last 30 days it would have fired once: W47 2026."
    assert tried_said([], {}) == "In the last 30 days it would not have fired."
    assert "No past is kept" in tried_said(None, {})
