"""Which questions may leave for a language model: as many a day as the operator allows each account."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from storage.session import Database
from storage.trust import model_use
from storage.trust.audit_terms import WORKER, Channel, Origin, PlainText

_ASKED_FROM: ContextVar[Origin] = ContextVar("asked_from", default=WORKER)


@contextmanager
def asked_from(channel: Channel) -> Iterator[None]:
    """What is asked inside was asked there: the trail of what left for a model says so."""
    before = _ASKED_FROM.set(Origin(channel))
    try:
        yield
    finally:
        _ASKED_FROM.reset(before)


class _BudgetSpent(Exception):
    """The account's questions of today have all been asked."""


class AuditedLedger:
    """`model.Ledger` over the audit trail: what was entered there is what was spent."""

    def __init__(self, db: Database, questions_a_day: int) -> None:
        self._db, self._questions_a_day = db, questions_a_day

    async def allow(self, account_id: int, masked: str, *, told: int = 0) -> bool:
        """Whether one more question may leave in these 24 hours; if so it stands in the trail already."""
        try:
            await self._enter(account_id, PlainText(masked), told)
        except _BudgetSpent:
            return False
        return True

    async def _enter(self, account_id: int, sent: PlainText, told: int) -> None:
        """Entered first and then counted: the trail's lock lets an account's questions pass one by one."""
        async with self._db.tenant(account_id) as session:
            await model_use.note_question(session, sent, _ASKED_FROM.get(), values_told=told)
            if await model_use.asked_today(session) > self._questions_a_day:
                raise _BudgetSpent
