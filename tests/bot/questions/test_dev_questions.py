"""The development questions of the reference folder: the kind of answer that each is wanted to give."""

import json

import pytest

from bot.questions.grammar import interpret
from bot.questions.outcome import Clarify, Refuse, Understood
from bot.questions.vocabulary import Vocabulary
from storage.metrics.plan import Plan
from storage.names import Named, NameIndex
from tests.bot.questions.company import NOW


def kind_of(plan: Plan) -> str:
    if plan.entity:
        return "table"
    if plan.measure is None:
        return "profile"
    if plan.compare:
        return "comparison"
    return "series" if plan.grain else "breakdown" if plan.by else "number"


@pytest.fixture(scope="module")
def questions(shared):
    lines = (shared / "questions" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    fill = {"{m1}": "October", "{m3}": "August", "{email:The May Company}": "finance@themayco.com"}
    asked = [json.loads(line) for line in lines]
    for question in asked:
        for hole, words in fill.items():
            question["question"] = question["question"].replace(hole, words)
    return asked


@pytest.fixture(scope="module")
def vocabulary():
    names = [
        "Acme Labs",
        "Initech",
        "Hooli",
        "Northwind",
        "Northwind",
        "Blue Ocean Ventures",
        "Blue Ocean Foods",
    ]
    entries = [Named(bytes([i]) * 16, (name,)) for i, name in enumerate(names)]
    entries.append(
        Named(bytes([99]) * 16, ("The May Company",), ("themayco.com",), ("finance@themayco.com",))
    )
    return Vocabulary(
        plans=("Scale", "Growth", "Starter"),
        currencies=("usd", "eur", "jpy"),
        names=NameIndex(entries),
        sources=("stripe", "hubspot", "intercom", "zendesk"),
        owners=(("Maya Lopez", "a1"),),
    )


def test_every_question_gives_its_kind_of_answer(questions, vocabulary):
    """Each of them gives the kind of answer that is wanted."""
    wrong = {}
    plans = {}
    for asked in questions:
        outcome = interpret(asked["question"], plans.get(asked.get("follow_up_of")), vocabulary, NOW)
        if isinstance(outcome, Understood):
            plans[asked["id"]] = outcome.plan
            got = kind_of(outcome.plan)
        else:
            got = {Clarify: "clarify", Refuse: "refuse"}[type(outcome)]
        wanted = {"fact": {"profile"}, "any_of": {"number", "breakdown"}}.get(asked["kind"], {asked["kind"]})
        if got not in wanted:
            wrong[asked["question"]] = got
    assert wrong == {}
