"""A bank asked of an account that is connected: every question goes all the way to an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any

from bot.answer import Answer, Kind
from bot.assistant import Assistant
from bot.cache import AccountCache
from bot.scoring.bank import CLARIFY, REFUSE, Asked, BadBank
from bot.scoring.judge import judge
from bot.scoring.lines import line
from bot.scoring.scorecard import Scored, verdict_of
from storage import accounts
from storage.command_line import opened
from storage.metrics.plan import Plan
from storage.settings import Settings


def read_answers(file: Path) -> dict[str, dict[str, Any]]:
    """{id: {"question", "answer"}} of a file of right answers for one account. Raises BadBank."""
    try:
        return {one["id"]: one for one in loads(file.read_text(encoding="utf-8"))["questions"]}
    except (OSError, JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadBank(f"{file} holds no answers: {type(error).__name__}.") from error


class Bench:
    """Asks one account and judges what it says."""

    def __init__(self, assistant: Assistant, cache: AccountCache, account_id: int) -> None:
        self._assistant, self._cache, self._account_id = assistant, cache, account_id

    async def ask_all(self, bank: Sequence[Asked], answers: Mapping[str, Mapping[str, Any]]) -> list[Scored]:
        """Every question in order; `answers` are the right ones by id, else a plan's line decides."""
        return [await self._ask(asked, answers.get(asked.id)) for asked in bank]

    async def _ask(self, asked: Asked, right: Mapping[str, Any] | None) -> Scored:
        question = right["question"] if right is not None else asked.question
        answer = await self._assistant.ask(
            question,
            account_id=self._account_id,
            conversation="eval",
            follow_up=asked.follow_up_of is not None,
        )
        if right is None:
            gave = await self._written(answer)
            return Scored(asked, verdict_of(gave, asked.expect), gave)
        return Scored(asked, judge(answer.model_dump(mode="json"), right["answer"]), answer.text)

    async def _written(self, answer: Answer) -> str:
        if answer.kind is Kind.CLARIFY:
            return f"{CLARIFY} {'; '.join(sorted(option.label for option in answer.options or ()))}"
        if answer.kind is Kind.REFUSE or answer.plan is None:
            return REFUSE
        named = await self._cache.names(self._account_id, answer.about)
        plan = Plan.model_validate(answer.plan)
        return line(plan, {profile_id.hex(): who.name for profile_id, who in named.items()})


@asynccontextmanager
async def open_bench(settings: Settings) -> AsyncIterator[Bench]:
    """Over this installation's account; raises OperatorError where something is missing."""
    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        cache = AccountCache(place.db, place.vault)
        yield Bench(Assistant(cache), cache, account_id)
