"""Why this number, and how the database came to it: an answer's plan looked at once more."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import DBAPIError

from bot.answer import Answer, LeftOut
from bot.cache import SLOWEST, CacheUnreachable
from storage import accounts
from storage.metrics.explain import Statement, explained
from storage.metrics.left_out import left_out
from storage.metrics.plan import Plan
from storage.session import Database

_ID = re.compile(r'"[0-9a-f]{32}"')


async def with_receipt(
    db: Database, account_id: int, answer: Answer, *, now: datetime | None = None
) -> Answer:
    """The answer with its whole receipt: also what was left out, counted now.

    Raises CacheUnreachable where the database fails or takes too long.
    """
    if answer.receipt is None or answer.plan is None:
        return answer
    asking = await accounts.asking(db, account_id, now or datetime.now(UTC))
    try:
        async with db.tenant(account_id, read_only=True, timeout=SLOWEST) as session:
            found = await left_out(session, Plan.model_validate(answer.plan), asking)
    except DBAPIError as problem:
        raise CacheUnreachable(f"The database did not answer ({type(problem).__name__}).") from problem
    more = tuple(LeftOut(count=one.count, noun=one.noun, reason=one.reason) for one in found)
    whole = answer.receipt.model_copy(
        update={"left_out": (*answer.receipt.left_out, *more), "complete": True}
    )
    return answer.model_copy(update={"receipt": whole})


async def statements(
    db: Database, account_id: int, answer: Answer, *, analyse: bool = False, now: datetime | None = None
) -> list[Statement]:
    """What the answer's plan makes the database do. Raises CacheUnreachable."""
    if answer.plan is None:
        return []
    asking = await accounts.asking(db, account_id, now or datetime.now(UTC))
    try:
        async with db.tenant(account_id, read_only=True, timeout=SLOWEST) as session:
            return await explained(session, Plan.model_validate(answer.plan), asking, analyse=analyse)
    except DBAPIError as problem:
        raise CacheUnreachable(f"The database did not answer ({type(problem).__name__}).") from problem


def plan_shown(answer: Answer) -> dict[str, Any] | None:
    """The answer's plan without the keyed ids of customers."""
    if answer.plan is None:
        return None
    shown: dict[str, Any] = json.loads(_ID.sub('"<16 bytes>"', json.dumps(answer.plan)))
    return shown
