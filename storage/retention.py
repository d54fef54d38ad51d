"""Purges: they see to it that nothing is kept for longer than `retention_rules.py` says.

On PostgreSQL the database's own policies hold purges to the same limits
(`migrations/versions/*_0002_trust.py`): not even a purge with a mistake in it takes a row that is not past
its time.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, Integer, Row, Select, column, delete, func, select, tuple_, values
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.clock import database_now
from storage.locks import exclusive
from storage.models import Account, PurgeRun
from storage.models.base import table_of
from storage.retention_rules import RULES, Purge, Rule
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import WORKER, Action, Actor, Fact, Job, Kind, Note, Origin, Subject
from storage.types import Instant

__all__ = ["AT_ONCE", "RULES", "Purge", "Rule", "count_due", "purge"]

AT_ONCE = 2_000
"""Rows of one transaction: a purge holds no lock for longer than these take."""


_LONGEST = 36_500
"""Days: nothing is older, and a moment before the calendar begins cannot be written."""


async def purge(
    db: Database,
    rule: Rule,
    *,
    origin: Origin = WORKER,
    at_once: int = AT_ONCE,
    now: datetime | None = None,
) -> int:
    """Deletes all rows of all accounts that are past their time; returns how many. Raises `locks.Busy`.

    Goes by the database's clock; `now` stands in for it in tests and, on PostgreSQL, cannot reach further.
    Interrupted, the next run goes on. Each batch and its count in the audit trails are one transaction.
    """
    deleted = 0
    async with exclusive(db, f"purge:{rule.purge}"):
        while True:
            batch = await _purge_batch(db, rule, origin, at_once, now)
            deleted += batch
            if batch < at_once:
                break
        async with db.keeper() as session:
            await _note_run(session, rule, deleted, now)
    return deleted


async def count_due(db: Database, rule: Rule, *, now: datetime | None = None) -> int:
    """How many rows a purge would delete now."""
    async with db.keeper() as session:
        due = (await _due(session, rule, now or await database_now(session))).subquery()
        return int(await (await session.connection()).scalar(select(func.count()).select_from(due)) or 0)


async def _purge_batch(db: Database, rule: Rule, origin: Origin, at_once: int, now: datetime | None) -> int:
    async with db.keeper() as session:
        due = (await _due(session, rule, now or await database_now(session))).limit(at_once)
        gone = (await (await session.connection()).execute(_deletion(rule, due))).all()
        await audit.record_all(session, _notes(rule, gone, origin))
        return len(gone)


async def _due(session: AsyncSession, rule: Rule, now: datetime) -> Select[Any]:
    """The keys of the rows that are past their time at `now`, oldest first."""
    table = table_of(rule.model)
    key = tuple(table.primary_key)
    moment = table.c[rule.moment]
    if rule.keep is not None:
        limit = now if rule.ends else now - rule.keep
        return select(*key).where(moment < limit).order_by(moment, *key)
    # Each setting with its limit, computed here: so an index finds the rows, one look an account.
    owner = table_of(Account)
    settings = (await session.scalars(select(owner.c.message_days).distinct())).all()
    limits = values(column("days", Integer), column("limit", Instant), name="limits")
    kept = {days: timedelta(days=min(days, _LONGEST)) for days in settings or [0]}
    limits_of = limits.data([(days, now - keep) for days, keep in kept.items()]).cte("limits")
    of_setting = owner.join(limits_of, limits_of.c.days == owner.c.message_days)
    rows = of_setting.join(table, table.c.account_id == owner.c.account_id)
    return select(*key).select_from(rows).where(moment < limits_of.c.limit)


def _is_of_accounts(rule: Rule) -> bool:
    return "account_id" in table_of(rule.model).c


def _deletion(rule: Rule, due: Select[Any]) -> Executable:
    table = table_of(rule.model)
    told = [table.c["account_id" if _is_of_accounts(rule) else table.primary_key.columns[0].name]]
    if rule.purge is Purge.AUDIT_TRAIL:
        told += [table.c.number, table.c.digest]
    return delete(table).where(tuple_(*table.primary_key).in_(due)).returning(*told)


def _notes(rule: Rule, gone: Sequence[Row[Any]], origin: Origin) -> dict[int, Note]:
    """What the trail of each account concerned says about a batch.

    Where the trail itself was purged, this is the anchor of what is left: up to which entry it was, and that
    entry's digest.
    """
    if not _is_of_accounts(rule):
        return {}
    through: dict[int, tuple[int, bytes]] = {}
    if rule.purge is Purge.AUDIT_TRAIL:
        for row in gone:
            through[row.account_id] = max(through.get(row.account_id, (0, b"")), (row.number, row.digest))
    notes = {}
    for account_id, count in Counter(row.account_id for row in gone).items():
        details: dict[Fact, int | bytes] = {Fact.DELETED: count}
        if account_id in through:
            details[Fact.THROUGH], details[Fact.DIGEST] = through[account_id]
        notes[account_id] = Note(
            Actor.job(Job.PURGE) if origin == WORKER else Actor.operator(),
            Action.PURGE_RAN,
            Subject(Kind.PURGE, rule.purge),
            origin,
            details,
        )
    return notes


async def _note_run(session: AsyncSession, rule: Rule, deleted: int, now: datetime | None) -> None:
    row = {"purge": rule.purge, "ran_at": now or await database_now(session), "deleted": deleted}
    connection = await session.connection()
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table_of(PurgeRun))
    changed = {name: statement.excluded[name] for name in ("ran_at", "deleted")}
    await connection.execute(statement.on_conflict_do_update(index_elements=["purge"], set_=changed), [row])
