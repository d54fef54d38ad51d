"""The language model as a second interpreter, against a server that may say anything."""

import asyncio
from dataclasses import replace

import pytest
from pydantic import SecretStr

from bot.account_words import read_vocabulary
from bot.assistant import Assistant
from bot.model_ledger import AuditedLedger, asked_from
from bot.questions import model as models_of_language
from bot.questions.grammar import interpret
from bot.questions.model import ModelInterpreter
from storage.doer import Doer
from storage.models import AuditEntry
from storage.trust import model_use
from storage.trust.audit_terms import Channel, NotForTheTrail, PlainText
from tests.bot.questions.company import NOW, VOCABULARY, brief
from tests.bot.test_assistant import Memory
from tests.vendors.openai import OpenAIServer, condition, plan


class Purse:
    """A ledger in memory: allows `left` more questions."""

    def __init__(self, left=1000):
        self.left = left
        self.noted = []

    async def allow(self, account_id, masked, *, told=0):
        if self.left <= 0:
            return False
        self.left -= 1
        self.noted.append(masked)
        return True


@pytest.fixture
async def server():
    async with OpenAIServer() as running:
        yield running


@pytest.fixture
def purse():
    return Purse()


@pytest.fixture
def interpreter(server, purse):
    return ModelInterpreter(
        api_key=SecretStr("sk-test-1234"), base_url=server.url, model="test", ledger=purse
    )


async def read(interpreter, question):
    found = await interpreter.interpret(question, VOCABULARY, 1, NOW)
    return None if found is None else brief(found.plan)


GOOD = [
    ("what is the skinny on MRR", plan(measure="mrr"), "mrr"),
    (
        "who bailed last month",
        plan(measure="churned_customers", period="last_month"),
        "churned_customers @last_month",
    ),
    (
        "how much dough does Initech bring",
        plan(measure="mrr", customer="[CUSTOMER_1]"),
        "mrr of Initech",
    ),
    (
        "gimme folks on Growth over $500 in Germany",
        plan(
            entity="customer",
            filters=[
                condition("plan", "[PLAN_1]"),
                condition("mrr", "[AMOUNT_1]", "over"),
                condition("country", "[COUNTRY_1]", negated=True),
            ],
        ),
        "list customer [plan=Growth, mrr>50000 usd, not(country=DE)]",
    ),
]


@pytest.mark.parametrize(("question", "said", "meant"), GOOD)
async def test_a_plan_is_given_its_names_and_amounts_back(interpreter, server, question, said, meant):
    """Placeholders in the model's plan become what they stand for, here and not there."""
    server.says = said
    assert await read(interpreter, question) == meant


BAD = [
    plan(understood=False, measure="mrr"),
    plan(measure="mrr"),  # leaves out the customer
    plan(measure="salaries", customer="[CUSTOMER_1]"),
    plan(measure="mrr", customer="[CUSTOMER_2]"),
    plan(measure="mrr", customer="Initech"),
    plan(measure="mrr", entity="customer", customer="[CUSTOMER_1]"),
    plan(measure="mrr", customer="[CUSTOMER_1]", limit=100000),
    plan(measure="revenue", customer="[CUSTOMER_1]"),  # a flow of no time
    plan(measure="mrr", customer="[CUSTOMER_1]", period="the dawn of time"),
    plan(measure="mrr", filters=[condition("plan", "[CUSTOMER_1]")]),
    plan(measure="mrr", customer="[CUSTOMER_1]", filters=[condition("plan", "Growth")]),
    plan(measure="mrr", customer="[CUSTOMER_1]", filters=[condition("mrr", "1; drop table x", "over")]),
    plan(measure="mrr", customer="[CUSTOMER_1]", by=["country", "plan", "interval"]),
    plan(measure="mrr", customer="[CUSTOMER_1]", order_by="sealed"),
    plan(measure="mrr", customer="[CUSTOMER_1]") | {"sql": "select 1"},
    {"measure": "mrr"},
    [],
    "I think it is about $1,000.",
    "",
    '{"understood": tr',
    "x" * 100_000,
]


@pytest.mark.parametrize("said", BAD, ids=range(len(BAD)))
async def test_what_is_no_plan_of_the_question_is_not_run(interpreter, server, said):
    """Unknown names, foreign placeholders, something left out, prose, garbage: the grammar's word stands."""
    server.says = said
    assert await read(interpreter, "how much dough does Initech bring") is None


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_a_service_that_refuses_is_silent(interpreter, server, status):
    """Errors and spent quotas are no answer, and are asked once."""
    server.status, server.says = status, plan(measure="mrr")
    assert await read(interpreter, "what is the skinny on MRR") is None
    assert len(server.received) == 1


async def test_a_slow_service_is_not_waited_for(interpreter, server, monkeypatch):
    """After the limit the grammar's answer stands."""
    await read(interpreter, "what is the skinny on MRR")  # the library is loaded
    monkeypatch.setattr(models_of_language, "TIMEOUT", 0.2)
    server.delay, server.says = 5, plan(measure="mrr")
    started = asyncio.get_running_loop().time()
    assert await read(interpreter, "what is the skinny on MRR") is None
    assert asyncio.get_running_loop().time() - started < 2


async def test_what_cannot_be_hidden_and_given_back_is_not_sent(interpreter, server, purse):
    """A word or an address that nobody here knows: nothing leaves, nothing is spent."""
    for question in ("how is zzyzx doing", "what of jane@secret.example", "x" * 2000):
        assert await read(interpreter, question) is None
    assert server.received == []
    assert purse.noted == []


async def test_nothing_leaves_when_the_day_is_spent(interpreter, server, purse):
    """The budget is asked before every question."""
    purse.left = 1
    server.says = plan(measure="mrr")
    assert await read(interpreter, "what is the skinny on MRR") == "mrr"
    assert await read(interpreter, "what is the skinny on MRR") is None
    assert len(server.received) == 1


async def test_no_trace_goes_elsewhere(interpreter, server, monkeypatch):
    """An environment that has LangChain report to LangSmith does not get a byte."""
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", "ls-test")
    server.says = plan(measure="mrr")
    assert await read(interpreter, "what is the skinny on MRR") == "mrr"
    await asyncio.sleep(0)
    assert [request.split(b"\n")[0] for request in server.received] == [b"POST /v1/chat/completions"]


async def test_the_model_is_asked_only_where_the_grammar_is_unsure(interpreter, server, purse):
    """What is understood, outside or asked back needs no model; what is not, says who read it."""
    assistant = Assistant(Memory(), now=lambda: NOW, model=interpreter)
    server.says = plan(measure="mrr")
    for question in ("what is our MRR", "what is the weather", "how is Northwind doing", "forecast our MRR"):
        assert (await assistant.ask(question, account_id=1)).interpreter == "grammar"
    assert server.received == []
    answer = await assistant.ask("what is the skinny on MRR", account_id=1)
    assert (answer.kind, answer.interpreter) == ("number", "model")
    assert "language model" in answer.text


FOLLOW_UPS = [
    ("mrr of Initech on Growth", "and the skinny on Scale",
     "mrr of [CUSTOMER_1] plan [PLAN_2] + and the skinny on [PLAN_1]",
     plan(measure="mrr", customer="[CUSTOMER_1]", filters=[condition("plan", "[PLAN_1]")]),
     "mrr of Initech [plan=Scale]"),
    ("revenue in Germany last month", "the skinny by plan",
     "revenue country [COUNTRY_1] period same + the skinny by plan",
     plan(measure="revenue", filters=[condition("country", "[COUNTRY_1]")], by=["plan"], period="same"),
     "revenue [country=DE] by plan @last_month"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "then", "sent", "said", "meant"), FOLLOW_UPS)
async def test_a_follow_up_leaves_with_the_plan_before_it(
    interpreter, server, first, then, sent, said, meant
):
    """What was asked before goes along in the catalog's words, masked as the question is."""
    server.says = said
    before = interpret(first, None, VOCABULARY, NOW).plan
    found = await interpreter.interpret(then, VOCABULARY, 1, NOW, before)
    assert server.questions() == [sent]
    assert brief(found.plan) == meant


async def test_a_plan_without_plain_words_stays_here(interpreter, server):
    """Amounts, dates and names of colleagues in the plan before are not told: the question goes alone."""
    server.says = plan(measure="mrr")
    before = interpret("customers over $500 that signed up last month", None, VOCABULARY, NOW).plan
    await interpreter.interpret("the skinny on MRR", VOCABULARY, 1, NOW, before)
    assert server.questions() == ["the skinny on mrr"]


async def test_values_are_told_only_where_the_account_allows_it(interpreter, server, purse):
    """Off, a plan's name stays here; on, it is said beside the question, and how many were told is noted."""
    server.says = plan(entity="customer", filters=[condition("plan", "[PLAN_1]")])
    for allowed in (False, True):
        vocabulary = replace(VOCABULARY, tells_values=allowed)
        assert await interpreter.interpret("gimme the skinny on Growth", vocabulary, 1, NOW) is not None
    plain, told = server.questions()
    assert plain == "gimme the skinny on [PLAN_1]"
    assert told == "gimme the skinny on [PLAN_1]\n[PLAN_1] is called Growth"


async def test_the_choice_is_the_accounts_own_and_audited(db, vault, world):
    """Values stay here until it is chosen; the choice and where it was made stand in the trail."""
    assert not await model_use.tells_values(db, world.account_id)
    await model_use.let_tell_values(db, world.account_id, True, Doer.operator())
    assert await model_use.tells_values(db, world.account_id)
    assert (await read_vocabulary(db, vault, world.account_id)).tells_values
    chosen = [e for e in await world.rows(AuditEntry) if e.action == "account:changed"]
    assert [(e.origin, e.details) for e in chosen] == [
        ("command_line", {"setting": "model_values", "to": True})
    ]


async def test_the_trail_says_where_a_question_was_asked(db, vault, world):
    """From Slack, the command line, or what runs by itself."""
    ledger = AuditedLedger(db, 9)
    for channel in (Channel.SLACK, Channel.COMMAND_LINE, Channel.DISCORD):
        with asked_from(channel):
            assert await ledger.allow(world.account_id, "how is [CUSTOMER_1] doing")
    assert await ledger.allow(world.account_id, "how is [PLAN_1] doing", told=1)
    left = [e for e in await world.rows(AuditEntry) if e.action == "model:asked"]
    assert [e.origin for e in left] == ["slack", "command_line", "discord", "worker"]
    assert left[-1].details == {"sent": "how is [PLAN_1] doing", "count": 1}


async def test_what_left_stands_in_the_audit_trail(db, vault, world):
    """Each question that leaves is entered first, as it leaves, and counted on the account's day."""
    ledger = AuditedLedger(db, 2)
    assert [await ledger.allow(1, "how is [CUSTOMER_1] doing") for _ in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    entries = [e for e in await world.rows(AuditEntry) if e.action == "model:asked"]
    assert [entry.details for entry in entries] == [{"sent": "how is [CUSTOMER_1] doing"}] * 2


def test_the_trail_takes_plain_words_alone():
    """Whatever a caller does, no name gets into the trail as something that was sent."""
    for words in ("how is acme doing", "MRR", "jane@acme.example", "", "a\nb", "[customer_1]", "555 1234"):
        with pytest.raises(NotForTheTrail):
            PlainText(words)
