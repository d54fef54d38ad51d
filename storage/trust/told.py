"""Thoughts that are about customers who go: they go too, with all that waits to be posted of them.

What was posted already is a Message, and the account's choice says what becomes of it (`mentions.py`).
"""

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Delivery, Letter, Mute, Thought, ThoughtProfile
from storage.models.base import table_of

_UNSENT = ("due", "sending")


async def forget_thoughts(
    session: AsyncSession, account_id: int, about: ColumnElement[bool], source_id: int | None = None
) -> None:
    """Deletes the thoughts whose customers `about` (a condition on ThoughtProfile) describes, and mutes of
    them; with `source_id`, all that this source gave rise to as well."""
    named = select(ThoughtProfile.thought_id).where(ThoughtProfile.account_id == account_id, about)
    gone: list[ColumnElement[bool]] = [Thought.thought_id.in_(named)]
    if source_id is not None:
        gone.append(Thought.source_id == source_id)
    await session.execute(
        delete(Thought)
        .where(Thought.account_id == account_id, or_(*gone))
        .execution_options(synchronize_session=False)
    )
    await _drop_empty_letters(session, account_id)


async def forget_mutes(session: AsyncSession, account_id: int, about: ColumnElement[bool]) -> None:
    """Deletes mutes of customers that `about` (a condition on Mute) describes."""
    await session.execute(
        delete(Mute).where(Mute.account_id == account_id, about).execution_options(synchronize_session=False)
    )


async def _drop_empty_letters(session: AsyncSession, account_id: int) -> None:
    """Letters of thoughts that are not sent yet and have no thought left: nothing is to be posted."""
    letter, delivery = table_of(Letter), table_of(Delivery)
    full = exists().where(
        and_(delivery.c.account_id == letter.c.account_id, delivery.c.letter_id == letter.c.letter_id)
    )
    connection = await session.connection()
    await connection.execute(
        update(letter)
        .where(
            letter.c.account_id == account_id,
            letter.c.state.in_(_UNSENT),
            letter.c.kind.in_(("thoughts", "catch_up")),
            ~full.correlate(letter),
        )
        .values(state="lost", note="customer deleted")
    )
