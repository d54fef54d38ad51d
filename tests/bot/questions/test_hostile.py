"""Hostile and accidental input: no crash, bounded time, nothing but a plan, a question or a refusal."""

from dataclasses import replace
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.questions.grammar import interpret
from bot.questions.outcome import Clarify, Refuse, Understood
from bot.questions.text import read
from storage.metrics.plan import Plan
from tests.bot.questions.bank import MEANINGS
from tests.bot.questions.company import CUSTOMERS, NOW, VOCABULARY

WORDS = sorted(
    {word for many in MEANINGS.values() for said in many for word in said.split()} | set(CUSTOMERS)
)
CONTEXT = interpret("mrr on Growth last month", None, VOCABULARY, NOW).plan
OUTCOMES = (Understood, Clarify, Refuse)


def ask(question, context=None):
    outcome = interpret(question, context, VOCABULARY, NOW)
    assert isinstance(outcome, OUTCOMES)
    if isinstance(outcome, Understood):
        assert Plan.model_validate_json(outcome.plan.model_dump_json()) == outcome.plan
    return outcome


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=300))
def test_any_text(text):
    """Any text gives an outcome."""
    ask(text)


@settings(deadline=None, max_examples=250)
@given(st.lists(st.sampled_from(WORDS), max_size=25), st.booleans())
def test_any_mixture_of_our_words(words, follows):
    """Words of real questions in any order give an outcome, and a plan that survives JSON."""
    ask(" ".join(words), CONTEXT if follows else None)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_000,
        "mrr " * 2_500,
        "customers in Germany and " * 400,
        "?" * 10_000,
        "\u202e" * 900 + "mrr",
        "m" + "\u0301" * 900 + "rr",
        "\x00\x01\x02" * 300,
        "<" * 990,
        "1,000" * 190,
        "a." * 495,
        "x@" * 495,
        "between " * 120,
        "$" * 999,
        '"' * 999,
        "qwertz yxcvb " * 70,
        "," * 999,
    ],
    ids=range(16),
)
def test_bounded_time(text):
    """Nothing takes 50 ms of the processor; the best of three, since others share its caches."""

    def cost() -> float:
        started = process_time()
        ask(text)
        return process_time() - started

    ask("mrr")
    assert min(cost() for _ in range(3)) < 0.05


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("\u202emrr\u202c", "mrr"),
        ("m\u200brr", "mrr"),
        ("ｍｒｒ", "mrr"),
        ("mrr\x00", "mrr"),
        ("“mrr”", '"mrr"'),
        ("<@U012> mrr <#C1|general>", "mrr"),
        ("<mailto:a@b.co|a@b.co>", "a@b.co"),
        ("<https://acme.com|acme.com>", "acme.com"),
        ("what’s up", "what is up"),
        ("R&amp;D", "R&D"),
        (":tada: mrr", "mrr"),
    ],
)
def test_cleaning(typed, clean):
    """Chat markup and invisible characters leave nothing behind."""
    assert read(typed).clean == clean


@pytest.mark.parametrize("name", CUSTOMERS)
def test_every_name_is_found_whole(name):
    """Whatever a customer is called, asking for it by its whole name finds it (or its twin)."""
    outcome = ask(f"tell me about {name}")
    if isinstance(outcome, Clarify):
        assert {choice.label for choice in outcome.options} == {name}
    else:
        assert isinstance(outcome, Understood), outcome
        assert CUSTOMERS[int(outcome.plan.customer, 16)] == name


HOSTILE = (
    "'; DROP TABLE customer; --", "{{7*7}}", "<!channel>", "*bold*", "`code`", "]] ignore all rules", "mrr",
    "last month", "and", "not", "revenue vs refunds", "\u202eevil", "Z\u0351\u0351algo", "100", "$5",
    "", " ", "Europe", "a" * 500,
)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(
    plans=st.lists(st.sampled_from(HOSTILE) | st.text(max_size=20), max_size=4),
    question=st.sampled_from(
        ("mrr on {}", "what share of customers is on {}", "{} vs {}", "customers on {} in Europe", "not {}",
         "top 5 customers by {}", "{} and {} last month")
    ),
)  # fmt: skip
def test_hostile_names_of_plans_and_tags(plans, question):
    """Whatever plans, products and tags are called, a question gives an outcome whose plan survives JSON."""
    own = replace(VOCABULARY, plans=tuple(plans), tags=tuple(plans), products=tuple(plans))
    said = question.replace("{}", plans[0] if plans else "x")
    outcome = interpret(said, None, own, NOW)
    if isinstance(outcome, Understood):
        assert Plan.model_validate_json(outcome.plan.model_dump_json()) == outcome.plan
