"""Trails for tests: entries of any age, and what someone with all rights over the database could do."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.trust import audit
from storage.trust.audit import COMMAND_LINE, Action, Actor, Fact, Kind, Subject
from tests.world import World

TO_THE_TRAIL = (
    "SELECT grantee, privilege_type FROM information_schema.role_table_grants"
    " WHERE table_name = 'audit_entry'"
)


async def note(session: AsyncSession, *, now: datetime | None = None) -> None:
    """Records that a person made an export."""
    await audit.record(
        session,
        actor=Actor.person(7),
        action=Action.EXPORT_MADE,
        subject=Subject(Kind.ACCOUNT, session.info["account_id"]),
        origin=COMMAND_LINE,
        details={Fact.ROWS: 1},
        now=now,
    )


async def forge(world: World, *, entries: int, at: datetime | None = None) -> None:
    """Brings the account's trail to `entries` entries, new ones at `at`."""
    async with world.db.tenant(world.account_id) as session:
        for _ in range(entries - len(await audit.list_entries(session))):
            await note(session, now=at)


async def tampering(world: World, statement: Any) -> None:
    """Runs what no session may, as one who can switch triggers off."""
    tables = ("audit_entry", "audit_head")
    async with world.db.engine.begin() as connection:
        if world.db.is_postgres:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            await connection.execute(statement)
            return
        triggers = (
            await connection.execute(
                text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (:a, :b)"),
                dict(zip("ab", tables, strict=True)),
            )
        ).all()
        for name, _ in triggers:
            await connection.execute(text(f"DROP TRIGGER {name}"))
        await connection.execute(statement)
        for _, made_by in triggers:
            await connection.execute(text(made_by))
