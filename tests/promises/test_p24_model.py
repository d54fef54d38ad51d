"""P24: a language model that is asked gets 0 canaries, and what it says runs only as a plan."""

import random
from datetime import UTC, datetime
from itertools import product

import pytest
from pydantic import SecretStr

from bot.questions.masking import mask
from bot.questions.model import ModelInterpreter
from bot.questions.vocabulary import Vocabulary
from storage.metrics.plan import Plan
from storage.names import Named, NameIndex
from storage.plain_words import is_plain
from tests.promises.canaries import new_number, new_word
from tests.vendors.openai import OpenAIServer, condition, plan

pytestmark = pytest.mark.promises("P24")

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KNOWN = [new_word() for _ in range(20)]
UNKNOWN = [new_word() for _ in range(20)]
VOCABULARY = Vocabulary(
    plans=(new_word(),),
    countries=("DE",),
    owners=((new_word(), "aa"),),
    names=NameIndex(
        Named(bytes([at]) * 16, (word, f"{word} GmbH"), (f"{word.lower()}.example",))
        for at, word in enumerate(KNOWN)
    ),
)
SAID = (
    "what is the skinny on {}", "how much dough does {} bring", "did {} bail last month", "{}",
    "gimme folks like {} over $500", "is {}'s card kaput", "MRR of {} vs last year", "call {} back",
    "{} owes us what", "who at {} is the boss",
)  # fmt: skip


class Open:
    """A ledger that allows everything."""

    async def allow(self, account_id: int, masked: str, *, told: int = 0) -> bool:
        return True


def _misspelt(word: str) -> str:
    at = random.Random(word).randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


WRITTEN = (
    str,
    str.lower,
    str.upper,
    _misspelt,
    lambda word: word[:-2],
    " ".join,
    "-".join,
    lambda word: word.translate(str.maketrans("bcdfgklmtx", "всdfgкlмтх")),
    "\u200b".join,
    lambda word: f"{word.lower()}@{word.lower()}.example",
    lambda word: f"<mailto:{word}@x.example|{word}>",
    lambda word: word.replace("t", "7").replace("g", "9"),
    lambda word: f"{word[:8]} {word[8:]}",
)


def _questions() -> list[str]:
    names = [written(word) for word, written in product((*KNOWN, *UNKNOWN), WRITTEN)]
    numbers = [new_number() for _ in range(40)]
    spaced = [" ".join(number[i : i + 2] for i in range(0, 12, 2)) for number in numbers]
    said = [text.format(name) for text, name in product(SAID, (*names, *numbers, *spaced))]
    return random.Random(24).sample(said, 2_000)


def test_2000_questions_leave_no_canary() -> None:
    """Names and numbers as typed, misspelt, taken apart, in other letters: nothing of them is left."""
    for question in _questions():
        sent = mask(question, VOCABULARY, NOW).text
        assert all(is_plain(word) for word in sent.split()), question
        together = "".join(sent.split()).casefold()
        assert not [w for w in (*KNOWN, *UNKNOWN) if w[:6].casefold() in together], question
        assert not any(number.isdecimal() and len(number) > 4 for number in sent.split()), question


async def test_every_byte_that_leaves_is_free_of_them() -> None:
    """What the server wrote down, headers too: each body is the same but for the masked question."""
    async with OpenAIServer() as server:
        key = SecretStr(f"sk-{new_word()}")
        model = ModelInterpreter(api_key=key, base_url=server.url, model="test", ledger=Open())
        server.says = plan(measure="mrr", customer="[CUSTOMER_1]")
        read = [
            await model.interpret(f"how much dough does {written(word)} bring", VOCABULARY, 1, NOW)
            for word, written in product(KNOWN, (str, str.lower, str.upper))
        ]
        assert all(found is not None for found in read)
        assert len(server.received) == len(read) == 60
        assert set(server.questions()) == {"how much dough does [CUSTOMER_1] bring"}
        everything = b"".join(server.received).lower()
    for word in (*KNOWN, *UNKNOWN, *VOCABULARY.plans, VOCABULARY.owners[0][0]):
        assert word.lower().encode() not in everything


def _hostile() -> list[object]:
    """200 answers of a model that is breached: foreign names, other tables, code, too much, too little."""
    strange = [
        "account_id", "sealed", "customer.sealed", "*", "1=1", "'; drop table customer; --", "{{7*7}}",
        "../../etc/passwd", "[CUSTOMER_2]", "[PLAN_1]", "__class__", "\x00", "ⅯⅭ", "a" * 10_000, "-1",
    ]  # fmt: skip
    base = plan(measure="mrr", customer="[CUSTOMER_1]")
    answers: list[object] = []
    for word in strange:
        answers += [base | {name: word} for name in ("measure", "entity", "customer", "grain", "compare")]
        answers += [base | {name: [word]} for name in ("by", "filters")]
        answers += [base | {"order_by": word}, base | {"period": word}, base | {word or "x": 1}]
        answers += [base | {"filters": [condition("plan", word)]}]
        answers += [base | {"filters": [condition(word, "[CUSTOMER_1]")]}]
        answers += [word, [word]]
    return answers[:200]


async def test_200_hostile_plans_run_nothing_outside_the_schema() -> None:
    """Each is turned down, or is a plan of the catalog about the customer that was asked about."""
    async with OpenAIServer() as server:
        model = ModelInterpreter(api_key=SecretStr("sk-x"), base_url=server.url, model="test", ledger=Open())
        hostile = _hostile()
        assert len(hostile) == 200
        for said in hostile:
            server.says = said
            found = await model.interpret(f"how much dough does {KNOWN[0]} bring", VOCABULARY, 1, NOW)
            assert found is None, said


def test_a_plan_has_no_room_for_anything_else() -> None:
    """No field of a plan takes SQL, a table or an account; unknown fields are an error."""
    assert Plan.model_config["extra"] == "forbid"
    assert not {"account_id", "sql", "table", "where"} & set(Plan.model_fields)
