"""Which questions may leave for a language model: as many a day as the operator allows each account."""

from storage.session import Database
from storage.trust import model_use
from storage.trust.audit_terms import WORKER, PlainText


class _BudgetSpent(Exception):
    """The account's questions of today have all been asked."""


class AuditedLedger:
    """`model.Ledger` over the audit trail: what was entered there is what was spent."""

    def __init__(self, db: Database, questions_a_day: int) -> None:
        self._db, self._questions_a_day = db, questions_a_day

    async def allow(self, account_id: int, masked: str) -> bool:
        """Whether one more question may leave in these 24 hours; if so it stands in the trail already."""
        try:
            await self._enter(account_id, PlainText(masked))
        except _BudgetSpent:
            return False
        return True

    async def _enter(self, account_id: int, sent: PlainText) -> None:
        """Entered first and then counted: the trail's lock lets an account's questions pass one by one."""
        async with self._db.tenant(account_id) as session:
            await model_use.note_question(session, sent, WORKER)
            if await model_use.asked_today(session) > self._questions_a_day:
                raise _BudgetSpent
