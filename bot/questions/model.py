"""The second interpreter: a language model, for questions that the grammar is not sure of.

It gets the catalog and the masked question (`masking.py`), never a row or an answer, and says a plan
(`model_plan.py`) that is checked here. Before anything leaves, it is entered in the account's audit trail and
counted on its daily budget. Whatever goes wrong, the grammar's own answer stands.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from bot.questions.masking import Masked, mask
from bot.questions.model_plan import ModelPlan, Unusable, plan_of
from bot.questions.model_prompt import instructions, written
from bot.questions.outcome import Understood
from bot.questions.text import QuestionTooLong
from bot.questions.vocabulary import Vocabulary
from storage.metrics.plan import Plan

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable
    from pydantic import SecretStr

TIMEOUT = 8.0
"""Seconds to wait for a model: people wait beside it."""

_AT_ONCE = 8
_MOST_TOKENS = 600
_CONFIDENCE = 0.7

_log = structlog.get_logger(__name__)


class Ledger(Protocol):
    """The account's say on what leaves."""

    async def allow(self, account_id: int, masked: str, *, told: int = 0) -> bool:
        """Whether one more question may leave today, with so many names of values; if so it is recorded."""


class ModelInterpreter:
    """Asks an OpenAI-compatible server for a plan."""

    def __init__(self, *, api_key: SecretStr, base_url: str, model: str, ledger: Ledger) -> None:
        self._api_key, self._base_url, self._model = api_key, base_url, model
        self._ledger = ledger
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._chat: Runnable[Any, Any] | None = None

    async def interpret(
        self,
        question: str,
        vocabulary: Vocabulary,
        account_id: int,
        now: datetime,
        before: Plan | None = None,
    ) -> Understood | None:
        """The plan that the model sees in the question, which may follow on the plan `before`; None where
        there is none to trust."""
        try:
            masked = mask(question, vocabulary, now, before)
        except QuestionTooLong:
            return None
        if not masked.is_whole or not await self._ledger.allow(
            account_id, masked.sent, told=len(masked.values)
        ):
            return None
        said = await self._said(masked)
        if said is None:
            return None
        try:
            plan = plan_of(said, masked, vocabulary, now, before)
        except Unusable:
            _log.info("model.plan_unusable")
            return None
        mentions = {
            match.profile_id: match.name
            for part in masked.hidden.values()
            for match in part.matches
            if match.name
        }
        return Understood(
            plan=plan,
            confidence=_CONFIDENCE,
            interpreter="model",
            assumptions=("A language model read this question; check that it is what you asked.",),
            mentions=mentions,
        )

    async def _said(self, masked: Masked) -> ModelPlan | None:
        """The model's words as its schema has them. Never raises: a model that fails is silent."""
        try:
            chat = self._chat or await self._connect()
            async with asyncio.timeout(TIMEOUT), self._turns:
                answer = await _untraced(chat, [("system", instructions()), ("human", written(masked))])
        except Exception as problem:  # noqa: BLE001 - a service that may do anything
            _log.warning("model.failed", error=type(problem).__name__)
            return None
        parsed = answer.get("parsed") if isinstance(answer, dict) else None
        return parsed if isinstance(parsed, ModelPlan) else None

    async def _connect(self) -> Runnable[Any, Any]:
        """Made on first use: the library takes seconds to load, which happens beside the event loop."""
        self._chat = await asyncio.to_thread(self._made)
        return self._chat

    def _made(self) -> Runnable[Any, Any]:
        from langchain_openai import ChatOpenAI

        chat = ChatOpenAI(
            model=self._model,
            api_key=self._api_key,
            base_url=self._base_url,
            timeout=TIMEOUT,
            max_retries=0,
            temperature=0,
            max_completion_tokens=_MOST_TOKENS,
            store=False,
            use_responses_api=False,
            cache=False,
            callbacks=[],
        )
        # A forced call: more servers know it than `response_format`, and the schema is checked here anyway.
        return chat.with_structured_output(ModelPlan, method="function_calling", include_raw=True)


async def _untraced(chat: Runnable[Any, Any], messages: list[tuple[str, str]]) -> Any:
    """LangChain reports to LangSmith where an environment says so; nothing of ours goes there."""
    from langsmith import tracing_context

    with tracing_context(enabled=False):
        return await chat.ainvoke(messages)
