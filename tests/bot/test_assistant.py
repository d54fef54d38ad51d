"""The conversation loop: questions, follow-ups, choices, help, forgetting, and what goes wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.answer import Kind
from bot.assistant import Assistant, Context, ContextsInMemory
from bot.questions.profile import Identity
from storage.errors import OperatorError
from storage.metrics.catalog import METRICS, Unit
from storage.metrics.figures import Breakdown, Comparison, Number, ProfileFigures, ProfileRef, Series, Table
from storage.metrics.plan import Plan
from storage.metrics.scope import Unanswerable
from tests.bot.questions.company import CUSTOMERS, NOW, VOCABULARY, brief, customer


class Memory:
    """A cache of one account that has a figure for every plan."""

    def __init__(self):
        self.plans = []
        self.opened = set()

    async def vocabulary(self, account_id):
        if account_id != 1:
            raise OperatorError("there is no such account")
        return VOCABULARY

    async def run(self, account_id, plan, now):
        self.plans.append(plan)
        if plan.entity:
            first = ProfileRef(bytes.fromhex(customer("Initech")))
            return Table(columns=("customer", "mrr"), rows=((first, 5),), total_rows=1)
        if plan.measure is None:
            return ProfileFigures(profile=ProfileRef(bytes.fromhex(plan.customer)), status="active")
        return self._figure(plan)

    def _figure(self, plan):
        unit = METRICS[plan.measure].unit
        number = Number(unit=unit, values={"usd": 1}) if unit is Unit.MONEY else Number(unit=unit, value=1)
        if plan.compare:
            return Comparison(now=number, before=number)
        if plan.grain:
            return Series(unit=unit, points=(("2026-10", number),))
        return Breakdown(unit=unit, groups=((("x",), number),)) if plan.by else number

    async def names(self, account_id, profile_ids):
        self.opened |= set(profile_ids)
        return {
            profile_id: Identity(CUSTOMERS[int.from_bytes(profile_id, "big")]) for profile_id in profile_ids
        }

    async def as_of(self, account_id):
        return {"stripe": NOW}


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def assistant(memory, clock):
    return Assistant(memory, now=clock)


async def test_answers_with_everything_that_the_contract_wants(assistant):
    """A question gives an answer with its text, figure, plan, freshness and time taken."""
    answer = await assistant.ask("What is our MRR?", account_id=1)
    assert (answer.kind, answer.value, answer.currency) == (Kind.NUMBER, 1, "usd")
    assert answer.text == "MRR is $0.01."
    assert answer.as_of == {"stripe": NOW}
    assert answer.plan == {"version": 1, "measure": "mrr", "by": []}
    assert answer.interpreter == "grammar"
    assert answer.took_ms > 0


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("mrr", Kind.NUMBER),
        ("mrr vs last month", Kind.COMPARISON),
        ("top 5 customers", Kind.TABLE),
        ("mrr by month", Kind.SERIES),
        ("mrr by plan", Kind.BREAKDOWN),
        ("tell me about Initech", Kind.PROFILE),
        ("northwind", Kind.CLARIFY),
        ("weather", Kind.REFUSE),
    ],
)
async def test_every_kind(assistant, question, kind):
    """Each kind of answer comes out of the loop."""
    assert (await assistant.ask(question, account_id=1)).kind is kind


async def test_follow_up_in_one_conversation(assistant, memory):
    """What was asked before in a conversation is kept; other conversations know nothing of it."""
    await assistant.ask("mrr on Growth", account_id=1, conversation="a")
    await assistant.ask("and Starter?", account_id=1, conversation="a")
    assert brief(memory.plans[-1]) == "mrr [plan=Starter]"
    other = await assistant.ask("and last month?", account_id=1, conversation="b")
    alone = await assistant.ask("and last month?", account_id=1)
    assert (other.kind, alone.kind) == (Kind.REFUSE, Kind.REFUSE)


async def test_follow_up_can_be_ruled_out(assistant):
    """With follow_up False a question stands alone, and is followed from then on."""
    await assistant.ask("mrr on Growth", account_id=1, conversation="a")
    afresh = await assistant.ask("and last month?", account_id=1, conversation="a", follow_up=False)
    assert afresh.kind is Kind.REFUSE


async def test_context_is_gone_after_a_day(assistant, clock):
    """A conversation is forgotten after 24 hours."""
    await assistant.ask("mrr on Growth", account_id=1, conversation="a")
    clock.now += timedelta(hours=24)
    assert (await assistant.ask("and last month?", account_id=1, conversation="a")).kind is Kind.REFUSE


@pytest.mark.parametrize("words", ["forget that", "Forget that!", " start  over "])
async def test_forget_that(assistant, words):
    """ "Forget that" forgets."""
    await assistant.ask("mrr on Growth", account_id=1, conversation="a")
    answer = await assistant.ask(words, account_id=1, conversation="a")
    assert answer.text.startswith("Forgotten")
    assert (await assistant.ask("and last month?", account_id=1, conversation="a")).kind is Kind.REFUSE


async def test_choice_is_taken_up(assistant, memory):
    """After a question back, an option's own question gives the plan of that option."""
    asked = await assistant.ask("mrr of Northwind", account_id=1, conversation="a")
    assert [option.label for option in asked.options] == ["Northwind", "Northwind"]
    assert len({option.question for option in asked.options}) == 2
    for option in asked.options:
        answer = await assistant.ask(option.question, account_id=1, conversation="a")
        assert answer.kind is Kind.NUMBER
        assert memory.plans[-1] == Plan.model_validate(option.plan)
        await assistant.ask("mrr of Northwind", account_id=1, conversation="a")


async def test_names_are_opened_only_where_shown(assistant, memory):
    """A total opens no name; a list opens those of its rows, a question about a customer that one."""
    await assistant.ask("mrr by plan", account_id=1)
    assert memory.opened == set()
    await assistant.ask("mrr of Acme Labs", account_id=1)
    assert memory.opened == {bytes.fromhex(customer("Acme Labs"))}


async def test_help(assistant):
    """`help` says what can be asked and offers questions that can be asked."""
    answer = await assistant.ask("Help", account_id=1)
    assert answer.kind is Kind.CLARIFY
    assert "Your plans: Scale" in answer.text
    for option in answer.options:
        assert (await assistant.ask(option.question, account_id=1)).kind not in (Kind.REFUSE, Kind.CLARIFY)
    assert assistant.help().startswith("Ask me")


async def test_help_on_a_metric(assistant):
    """`help churn` explains the metric with its formula."""
    answer = await assistant.ask("help churn", account_id=1)
    assert METRICS["churned_customers"].formula in answer.text


async def test_refusal_suggests(assistant):
    """A refusal says why and what can be asked instead."""
    answer = await assistant.ask("what's our gross margin?", account_id=1)
    assert answer.kind is Kind.REFUSE
    assert "profit and cost" in answer.text
    assert "You could ask: “How much revenue did we collect last month?”" in answer.text


async def test_what_the_cache_cannot_answer_is_refused(memory):
    """The cache's own reason becomes the refusal."""

    async def run(account_id, plan, now):
        raise Unanswerable("customers cannot be put in order of country")

    memory.run = run
    answer = await Assistant(memory).ask("mrr", account_id=1)
    assert (answer.kind, answer.text) == (Kind.REFUSE, "Customers cannot be put in order of country.")


class NothingSoon(Memory):
    """Nobody's trial ends within a period; one ends later."""

    async def run(self, account_id, plan, now):
        self.plans.append(plan)
        first = ProfileRef(bytes.fromhex(customer("Initech")))
        rows = () if plan.period else ((first, datetime(2026, 12, 4, 9, tzinfo=UTC)),)
        return Table(columns=("customer", "trial_ends"), rows=rows, total_rows=len(rows))


async def test_an_empty_list_of_what_is_to_come_names_the_next(clock):
    """No trial ends in the next week: the answer says whose is the next, and is about that customer."""
    answer = await Assistant(NothingSoon(), now=clock).ask("trials ending in the next 7 days", account_id=1)
    assert answer.total_rows == 0
    assert answer.text.endswith("The next one is that of Initech: it ends on 4 Dec 2026.")
    assert answer.about == (bytes.fromhex(customer("Initech")),)


async def test_unreachable_data_is_an_error_for_the_caller(assistant):
    """What whoever runs this must put right is raised, not answered."""
    with pytest.raises(OperatorError):
        await assistant.ask("mrr", account_id=2)


async def test_contexts_are_bounded(clock):
    """The oldest conversation goes when there are too many; what survives JSON is the same plan."""
    contexts = ContextsInMemory(size=2, now=clock)
    for key in "abc":
        await contexts.save(1, key, Context(plan=Plan(measure="mrr")))
    assert await contexts.load(1, "a") is None
    kept = await contexts.load(1, "c")
    assert Context.model_validate_json(kept.model_dump_json()) == kept
    assert await contexts.load(2, "c") is None
