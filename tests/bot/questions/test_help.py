"""Help, explanations and the docs page, all written from the catalog."""

from pathlib import Path

import pytest

from bot.questions import help as helping
from bot.questions.grammar import interpret
from bot.questions.outcome import Understood
from bot.questions.refusals import EXAMPLES
from storage.metrics import catalog
from tests.bot.questions.company import NOW, VOCABULARY

DOCS = Path(__file__).parents[3] / "docs"


def test_docs_page_is_current():
    """docs/questions.md is what the catalog says; `python -m bot.questions.help` writes it."""
    assert (DOCS / "questions.md").read_text(encoding="utf-8") == helping.page()


@pytest.mark.parametrize("example", [*helping.EXAMPLES, *EXAMPLES.values()])
def test_examples_are_understood(example):
    """Every question that help and refusals suggest can be asked."""
    assert isinstance(interpret(example, None, VOCABULARY, NOW), Understood)


def test_every_metric_has_an_example():
    """A metric that can be asked for is shown how."""
    assert set(EXAMPLES) == set(catalog.METRICS)


@pytest.mark.parametrize(
    ("topic", "name"),
    [("churn", "churned_customers"), ("mrr", "mrr"), ("failed payments", "failed_payments"),
     ("trials", "trialing_customers"),
     ("new customers", "new_customers"), ("overdue", "overdue"), ("average revenue per account", "arpa")],
)  # fmt: skip
def test_explains_a_metric(topic, name):
    """`help churn` gives the formula of the metric that is meant."""
    assert catalog.METRICS[name].formula in helping.explain(topic)


@pytest.mark.parametrize("topic", ["", "nothing of ours", "x" * 5_000])
def test_explains_nothing_else(topic):
    """What is no metric is not explained."""
    assert helping.explain(topic) is None


def test_overview_names_the_accounts_plans():
    """With an account, help knows its plans; a long list is cut."""
    assert "Your plans: Scale, Growth, Starter, Studio and Legacy Weekly." in helping.overview(VOCABULARY)
    assert "Your plans" not in helping.overview()
