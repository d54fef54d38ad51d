"""The conversation loop that every platform shares: a question in, an Answer out.

Words become a plan (pure), the plan becomes figures (the cache), figures become an answer (pure). What the
last plan of a conversation was is kept for follow-ups, for a day.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from bot.answer import Answer, Kind, Option
from bot.questions import help as helping
from bot.questions import nearest
from bot.questions.answer import Run
from bot.questions.answer import answer as worded
from bot.questions.grammar import interpret
from bot.questions.outcome import Choice, Clarify, Outcome, Refuse, Understood
from bot.questions.profile import Identity
from bot.questions.tables import row_ids
from bot.questions.vocabulary import Vocabulary
from storage.metrics.comparing import values_of
from storage.metrics.figures import Figures, profiles_in
from storage.metrics.plan import Plan
from storage.metrics.scope import Unanswerable

_DAY = timedelta(hours=24)
_FORGET = frozenset(
    ["forget that", "forget it", "forget this", "forget", "start over", "reset", "new topic", "clear"]
)


class Cache(Protocol):
    """What one account's data answers with. Errors of the database are `storage.errors.OperatorError`."""

    async def vocabulary(self, account_id: int) -> Vocabulary: ...

    async def run(self, account_id: int, plan: Plan, now: datetime) -> Figures:
        """Raises `storage.metrics.scope.Unanswerable` for what the cache does not hold."""

    async def names(self, account_id: int, profile_ids: Iterable[bytes]) -> Mapping[bytes, Identity]: ...

    async def as_of(self, account_id: int) -> Mapping[str, datetime]:
        """Per source, when it was last synced completely."""


class Context(BaseModel):
    """What a conversation is about: the last plan, and the choices that were offered (question → plan)."""

    model_config = ConfigDict(frozen=True)

    plan: Plan | None = None
    offered: dict[str, Plan] = {}


class Contexts(Protocol):
    """Where contexts are kept between questions, for 24 hours."""

    async def load(self, account_id: int, conversation: str) -> Context | None: ...

    async def save(self, account_id: int, conversation: str, context: Context) -> None: ...

    async def forget(self, account_id: int, conversation: str) -> None: ...


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ContextsInMemory:
    """Contexts of one process: the latest `size` of them, each for 24 hours."""

    def __init__(self, size: int = 10_000, now: Callable[[], datetime] = _utc_now) -> None:
        self._size, self._now = size, now
        self._kept: OrderedDict[tuple[int, str], tuple[datetime, Context]] = OrderedDict()

    async def load(self, account_id: int, conversation: str) -> Context | None:
        kept = self._kept.get((account_id, conversation))
        if kept is None or self._now() - kept[0] >= _DAY:
            self._kept.pop((account_id, conversation), None)
            return None
        return kept[1]

    async def save(self, account_id: int, conversation: str, context: Context) -> None:
        self._kept[account_id, conversation] = (self._now(), context)
        self._kept.move_to_end((account_id, conversation))
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    async def forget(self, account_id: int, conversation: str) -> None:
        self._kept.pop((account_id, conversation), None)


class Model(Protocol):
    """A second interpreter; `bot.questions.model.ModelInterpreter` is the real one."""

    async def interpret(
        self,
        question: str,
        vocabulary: Vocabulary,
        account_id: int,
        now: datetime,
        before: Plan | None = None,
    ) -> Understood | None:
        """None where it has no plan to trust; it never raises for what a model did."""


class Assistant:
    """Answers questions about an account's customers.

    `model` is asked about what the grammar is not sure of; without one the grammar's word is the last.
    """

    def __init__(
        self,
        cache: Cache,
        contexts: Contexts | None = None,
        now: Callable[[], datetime] = _utc_now,
        model: Model | None = None,
    ) -> None:
        self._cache, self._now, self._model = cache, now, model
        self._contexts = ContextsInMemory(now=now) if contexts is None else contexts

    def help(self) -> str:
        """What can be asked, in plain lines."""
        return helping.overview()

    async def ask(
        self, question: str, *, account_id: int, conversation: str | None = None, follow_up: bool = True
    ) -> Answer:
        """The answer to a question; raises OperatorError where the data cannot be reached.

        With a `conversation`, what was asked before in it is kept, and used unless `follow_up` is False.
        """
        started = perf_counter()
        answer = await self._answer(question, account_id, conversation, follow_up)
        return answer.model_copy(update={"took_ms": round((perf_counter() - started) * 1000, 3)})

    async def run(
        self, plan: Plan, *, question: str, account_id: int, conversation: str | None = None
    ) -> Answer:
        """The answer to a plan of our own making, such as a button's; raises OperatorError as `ask` does."""
        vocabulary = await self._cache.vocabulary(account_id)
        return await self._run(question, Understood(plan=plan), vocabulary, account_id, conversation)

    async def _answer(
        self, question: str, account_id: int, conversation: str | None, follow_up: bool
    ) -> Answer:
        command = " ".join(question.casefold().split()).rstrip("?!. ")
        if command in _FORGET:
            if conversation is not None:
                await self._contexts.forget(account_id, conversation)
            return Answer(
                question=question, kind=Kind.CLARIFY, text="Forgotten. Ask me something new.", options=()
            )
        vocabulary = await self._cache.vocabulary(account_id)
        topic = helping.topic_of(command)
        if topic is not None:
            return _help(question, topic, vocabulary)
        before = await self._before(account_id, conversation) if follow_up else Context()
        outcome = await self._understand(question, before, vocabulary, account_id)
        if isinstance(outcome, Understood):
            return await self._run(question, outcome, vocabulary, account_id, conversation)
        if isinstance(outcome, Clarify) and conversation is not None:
            offered = {_key(_asks(choice)): choice.plan for choice in outcome.options if choice.plan}
            await self._contexts.save(account_id, conversation, Context(plan=before.plan, offered=offered))
        return _asked_back(question, outcome) if isinstance(outcome, Clarify) else _refused(question, outcome)

    async def _before(self, account_id: int, conversation: str | None) -> Context:
        if conversation is None:
            return Context()
        return await self._contexts.load(account_id, conversation) or Context()

    async def _understand(
        self, question: str, before: Context, vocabulary: Vocabulary, account_id: int
    ) -> Outcome:
        chosen = before.offered.get(_key(question))
        if chosen is not None:
            return Understood(plan=chosen)
        now = self._now()
        outcome = interpret(question, before.plan, vocabulary, now)
        if self._model is None or not (isinstance(outcome, Refuse) and outcome.unsure):
            return outcome
        return await self._model.interpret(question, vocabulary, account_id, now, before.plan) or outcome

    async def _run(
        self,
        question: str,
        understood: Understood,
        vocabulary: Vocabulary,
        account_id: int,
        conversation: str | None,
    ) -> Answer:
        plan = understood.plan
        try:
            figures = await self._cache.run(account_id, plan, self._now())
        except Unanswerable as reason:
            return _refused(question, Refuse(reason=f"{_sentence(str(reason))}"))
        named = {*profiles_in(figures), *(bytes.fromhex(hex_id) for hex_id in _customers_in(plan))}
        people = await self._cache.names(account_id, named) if named else {}
        if conversation is not None:
            await self._contexts.save(account_id, conversation, Context(plan=plan))
        answer = worded(
            Run(
                question=question,
                plan=plan,
                figures=figures,
                currency=vocabulary.currency,
                zone=vocabulary.zone,
                people=people,
                assumptions=understood.assumptions,
                as_of=await self._cache.as_of(account_id),
            )
        )
        if answer.kind is Kind.TABLE and not answer.total_rows:
            answer, named = await self._with_the_next(answer, plan, vocabulary, account_id, named)
        known = {"about": tuple(sorted(named)), "row_ids": row_ids(figures)}
        return answer.model_copy(update={**known, "interpreter": understood.interpreter})

    async def _with_the_next(
        self, answer: Answer, plan: Plan, vocabulary: Vocabulary, account_id: int, named: set[bytes]
    ) -> tuple[Answer, set[bytes]]:
        """An empty list of what is to come says when the next one comes; and whom it names then."""
        beyond = nearest.plan_of_next(plan, self._now())
        if beyond is None:
            return answer, named
        try:
            figures = await self._cache.run(account_id, beyond, self._now())
        except Unanswerable:
            return answer, named
        found_of = profiles_in(figures)
        people = await self._cache.names(account_id, found_of) if found_of else {}
        run = Run(
            question=answer.question,
            plan=beyond,
            figures=figures,
            currency=vocabulary.currency,
            zone=vocabulary.zone,
            people=people,
        )
        found = worded(run)
        if not found.rows or found.columns is None:
            return answer, named
        said = nearest.sentence(beyond, found.columns, found.rows[0], vocabulary.zone)
        return answer.model_copy(update={"text": f"{answer.text} {said}"}), {*named, *found_of}


def _key(question: str) -> str:
    return " ".join(question.casefold().split())


def _asks(choice: Choice) -> str:
    return choice.question or choice.label


def _customers_in(plan: Plan) -> set[str]:
    """The customers that a plan names, as hex ids."""
    named = {str(one) for c in plan.conditions() if c.field == "customer" for one in values_of(c)}
    return named | ({plan.customer} if plan.customer else set())


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _help(question: str, topic: str, vocabulary: Vocabulary) -> Answer:
    said = (helping.explain(topic) if topic else None) or helping.overview(vocabulary)
    options = tuple(Option(label=example, question=example) for example in helping.examples(topic))
    return Answer(question=question, kind=Kind.CLARIFY, text=said, options=options)


def _asked_back(question: str, outcome: Clarify) -> Answer:
    options = tuple(
        Option(
            label=choice.label,
            detail=choice.detail,
            question=_asks(choice),
            plan=choice.plan.model_dump(mode="json", exclude_none=True) if choice.plan else None,
        )
        for choice in outcome.options
    )
    named = {hex_id for choice in outcome.options if choice.plan for hex_id in _customers_in(choice.plan)}
    about = tuple(sorted(bytes.fromhex(hex_id) for hex_id in named))
    return Answer(question=question, kind=Kind.CLARIFY, text=outcome.question, options=options, about=about)


def _refused(question: str, outcome: Refuse) -> Answer:
    said = outcome.reason
    if outcome.suggestions:
        said += " You could ask: " + " ".join(f"“{suggestion}”" for suggestion in outcome.suggestions)
    return Answer(question=question, kind=Kind.REFUSE, text=said)
