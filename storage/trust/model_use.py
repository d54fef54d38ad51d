"""What left for a language model: entered in the audit trail before it leaves, and counted by the day."""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.clock import database_now
from storage.doer import Doer
from storage.models import Account, AuditEntry
from storage.session import Database
from storage.trust import audit
from storage.trust.audit_terms import Action, Actor, Fact, Job, Kind, Origin, PlainText, Subject

_DAY = timedelta(days=1)


class Setting(StrEnum):
    """What is chosen for an account."""

    MODEL_VALUES = "model_values"


async def tells_values(db: Database, account_id: int) -> bool:
    """Whether a model may be told what plans, products, stages and tags of a question are called."""
    async with db.tenant(account_id, read_only=True) as session:
        found = await session.scalar(select(Account.tells_values).where(Account.account_id == account_id))
    return bool(found)


async def let_tell_values(db: Database, account_id: int, told: bool, by: Doer) -> None:
    """Chooses it, and enters the choice in the audit trail."""
    async with db.tenant(account_id) as session:
        chosen = update(Account).where(Account.account_id == account_id).values(tells_values=told)
        await session.execute(chosen)
        await audit.record(
            session,
            actor=by.actor,
            action=Action.ACCOUNT_CHANGED,
            subject=Subject(Kind.ACCOUNT, account_id),
            origin=by.origin,
            details={Fact.SETTING: Setting.MODEL_VALUES, Fact.TO: told},
        )


async def note_question(
    session: AsyncSession, sent: PlainText, origin: Origin, *, values_told: int = 0
) -> None:
    """Enters a masked question in the trail of the session's account, with how many values were told."""
    await audit.record(
        session,
        actor=Actor.job(Job.QUESTIONS),
        action=Action.MODEL_ASKED,
        subject=Subject(Kind.QUESTION),
        origin=origin,
        details={Fact.SENT: sent} | ({Fact.COUNT: values_told} if values_told else {}),
    )


async def asked_today(session: AsyncSession) -> int:
    """How many questions of the session's account left in the last 24 hours, by the database's clock."""
    since = await database_now(session) - _DAY
    counted = await session.scalar(
        select(func.count())
        .select_from(AuditEntry)
        .where(
            AuditEntry.account_id == session.info["account_id"],
            AuditEntry.action == str(Action.MODEL_ASKED),
            AuditEntry.at > since,
        )
    )
    return counted or 0
