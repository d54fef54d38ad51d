"""What can be asked, written from the catalog: help, the explanation of a metric, docs/questions.md."""

from __future__ import annotations

import re
from pathlib import Path

from bot.questions import later, lexicon, refusals, text
from bot.questions.vocabulary import Vocabulary
from bot.questions.words import K
from storage.metrics import catalog
from storage.metrics.catalog import Metric, Span

_SHOWN_PLANS = 6
EXAMPLES = (
    "What is our MRR?",
    "MRR by plan",
    "How many customers churned last month?",
    "Which trials end in the next 7 days?",
    "Top 5 customers by MRR",
    "Revenue last month vs the month before",
    "Which customers have failed payments?",
    "New customers per month this year",
)
FOLLOW_UPS = (
    "and last month?",
    "only annual",
    "by country",
    "who are they?",
    "top 20",
    "what about Germany?",
)
_PERIODS = (
    "today, yesterday, this or last week, month, quarter, year",
    "last 30 days, past 6 months, next 7 days, 90d",
    "October, March 2026, Q3, 2025, 31 October, 2026-10-31, last Tuesday",
    "since May, between 3 March and 5 April, year to date, at the end of last month",
    "vs last month, compared to the month before, month over month, year over year",
)


def overview(vocabulary: Vocabulary | None = None) -> str:
    """What can be asked, in plain lines; with this account's own plans where they are known."""
    lines = [
        "Ask me about your customers in your own words, for example:",
        *(f"- {example}" for example in EXAMPLES),
        f"Then go on: {', '.join(f'“{words}”' for words in FOLLOW_UPS)}.",
        "Or name a customer: “tell me about Acme”, “MRR of acme.com”.",
        f"I know {_listed([metric.label for metric in catalog.METRICS.values()])}.",
    ]
    if vocabulary is not None and vocabulary.plans:
        more = len(vocabulary.plans) - _SHOWN_PLANS
        plans = [*vocabulary.plans[:_SHOWN_PLANS], *([f"{more} more"] if more > 0 else [])]
        lines.append(f"Your plans: {_listed(plans)}.")
    if vocabulary is not None and vocabulary.sources:
        lines.append(f"Connected: {_listed([name.capitalize() for name in vocabulary.sources])}.")
    lines.append("“help churn” explains a figure; “forget that” starts afresh.")
    return "\n".join(lines)


_ASKS_FOR_HELP = re.compile(
    r"(?:help(?: me| us| with)?|explain|define|(?:the )?definition of"
    r"|what (?:is|s) the (?:meaning|definition) of"
    r"|how (?:do|does|is|are) (?:you |we |it )?(?:calculate|compute|define|measure|work out)(?:d|ed)?"
    r"|what can (?:you|i) (?:do|ask)(?: you)?)(?: (?P<topic>.+))?"
)
_ASKS_WHAT_IT_MEANS = re.compile(
    r"what (?:does|do) (?P<topic>.+) mean"
    r"|how (?:is|are) (?P<figure>.+) (?:calculated|computed|defined|measured)"
)


def topic_of(command: str) -> str | None:
    """What help is asked about: "" for all of it, None where the words (lower case) ask for no help."""
    asked = _ASKS_FOR_HELP.fullmatch(command) or _ASKS_WHAT_IT_MEANS.fullmatch(command)
    return None if asked is None else next((topic for topic in asked.groups() if topic), "")


def explain(topic: str) -> str | None:
    """What a metric means and how it is worked out, for "help churn"; None where no metric is meant."""
    metric = metric_meant(topic)
    if metric is None:
        return None
    kind = "at a moment" if metric.span is Span.STOCK else "over a period"
    dimensions = _listed([catalog.FIELDS[name].label for name in metric.dimensions])
    return "\n".join(
        [
            f"{metric.label}: {metric.formula}.",
            f"It is a figure {kind}; it can be split by {dimensions}.",
            f"Also called: {_listed(list(metric.synonyms[:5]))}.",
            f"Try: {refusals.EXAMPLES.get(metric.name, metric.label)}",
        ]
    )


def examples(topic: str) -> tuple[str, ...]:
    """Questions to try: of the metric that the topic names, else the usual ones."""
    metric = metric_meant(topic) if topic else None
    return EXAMPLES[:4] if metric is None else (refusals.EXAMPLES.get(metric.name, metric.label),)


def metric_meant(topic: str) -> Metric | None:
    """The metric that some words name."""
    if len(topic) > text.MAX_CHARACTERS:
        return None
    tokens = text.read(topic).tokens
    words = lexicon.common()
    for start in range(len(tokens)):
        for _, tags in sorted(words.matches(tokens, start), key=lambda found: -found[0]):
            atoms = next((tag.value for tag in tags if tag.kind is K.ATOM), ())
            for metric in catalog.METRICS.values():
                composed = lexicon.COMPOSED.get(metric.name, (metric.name,))
                if isinstance(atoms, tuple) and set(composed) == set(atoms):
                    return metric
    return None


def page() -> str:
    """docs/questions.md."""
    parts = [
        "# What can be asked",
        "",
        "This page is written from `storage/metrics/catalog/` by `python -m bot.questions.help`.",
        "",
        "## Examples",
        "",
        *(f"- {example}" for example in EXAMPLES),
        "",
        f"Follow-ups: {', '.join(f'“{words}”' for words in FOLLOW_UPS)}.",
        "",
        "## Figures",
        "",
        "| figure | what it is | split by | also called |",
        "|---|---|---|---|",
        *(_metric_row(metric) for metric in catalog.METRICS.values()),
        "",
        "## Lists",
        "",
        "| list | columns |",
        "|---|---|",
        *(f"| {entity.plural} | {', '.join(entity.columns)} |" for entity in catalog.ENTITIES.values()),
        "",
        "## Filters",
        "",
        *(f"- {info.label}" for info in catalog.FIELDS.values()),
        "",
        "## Periods",
        "",
        *(f"- {words}" for words in _PERIODS),
        "",
        "## Understood, but not answered yet",
        "",
        *(f"- {known.label}" for known in later.known().values()),
    ]
    return "\n".join(parts) + "\n"


def _metric_row(metric: Metric) -> str:
    dimensions = ", ".join(catalog.FIELDS[name].label for name in metric.dimensions)
    return f"| {metric.label} | {metric.formula} | {dimensions} | {', '.join(metric.synonyms)} |"


def _listed(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def main() -> None:
    """Writes docs/questions.md: `python -m bot.questions.help`."""
    file = Path(__file__).resolve().parents[2] / "docs" / "questions.md"
    file.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
