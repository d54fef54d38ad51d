"""What left for a language model: entered in the audit trail before it leaves, and counted by the day."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.clock import database_now
from storage.models import AuditEntry
from storage.trust import audit
from storage.trust.audit_terms import Action, Actor, Fact, Job, Kind, Origin, PlainText, Subject

_DAY = timedelta(days=1)


async def note_question(session: AsyncSession, sent: PlainText, origin: Origin) -> None:
    """Enters a masked question in the trail of the session's account."""
    await audit.record(
        session,
        actor=Actor.job(Job.QUESTIONS),
        action=Action.MODEL_ASKED,
        subject=Subject(Kind.QUESTION),
        origin=origin,
        details={Fact.SENT: sent},
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
