"""The audit trail: what it takes, how it is numbered and chained, and what nobody can do to it."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from storage.models import Account, AuditEntry, AuditHead, Source
from storage.trust import audit
from storage.trust.audit import (
    COMMAND_LINE,
    Action,
    Actor,
    Channel,
    Fact,
    Kind,
    NotForTheTrail,
    Origin,
    Subject,
)
from storage.trust.audit_proof import Fault, verify
from tests.storage.trust.trails import TO_THE_TRAIL, forge, note, tampering
from tests.world import NOW, World, make_world


async def _trail(world: World) -> list[AuditEntry]:
    async with world.db.tenant(world.account_id, read_only=True) as session:
        return list(await audit.list_entries(session))


async def test_an_entry_says_who_did_what_to_what_from_where_and_when(world: World) -> None:
    """Everything that was given stands in the entry, in words and ids."""
    person = b"\x01" * 16
    async with world.db.tenant(world.account_id) as session:
        await audit.record(
            session,
            actor=Actor.slack_user("U024BE7LH"),
            action=Action.PERSON_EXPORTED,
            subject=Subject(Kind.PERSON, person),
            origin=Origin(Channel.SLACK, b"\x02" * 16),
            details={Fact.ROWS: 12, Fact.LIVE: True, Fact.RECEIPT: None},
        )
    entry = (await _trail(world))[-1]
    assert (entry.actor_kind, entry.actor, entry.action) == ("slack_user", "U024BE7LH", "person:exported")
    assert (entry.subject, entry.origin) == (f"person:{'01' * 16}", f"slack:{'02' * 16}")
    assert entry.details == {"rows": 12, "live": True, "receipt": None}


async def test_an_entry_is_there_exactly_when_its_action_is(world: World) -> None:
    """An action that fails leaves no entry, and the next number is not lost."""
    before = await _trail(world)
    with suppress(LookupError):
        async with world.db.tenant(world.account_id) as session:
            await note(session)
            raise LookupError
    async with world.db.tenant(world.account_id) as session:
        await note(session)
    after = await _trail(world)
    assert [entry.number for entry in after] == list(range(1, len(before) + 2))


async def test_entries_at_the_same_moment_are_numbered_without_gaps(world: World) -> None:
    """Thirty transactions at once give thirty numbers in a row, and a whole chain."""

    async def one() -> None:
        async with world.db.tenant(world.account_id) as session:
            await note(session)

    before = len(await _trail(world))
    await asyncio.gather(*(one() for _ in range(30)))
    numbers = [entry.number for entry in await _trail(world)]
    assert numbers == list(range(1, before + 31))
    assert (await verify(world.db, world.account_id)).is_whole


async def test_times_never_run_backwards(world: World) -> None:
    """A clock that was set back gives an entry the time of the one before it."""
    async with world.db.tenant(world.account_id) as session:
        await note(session, now=NOW + timedelta(days=400))
        await note(session, now=NOW)
    last_two = (await _trail(world))[-2:]
    assert last_two[0].at == last_two[1].at == NOW + timedelta(days=400)


async def test_each_account_has_its_own_trail(world: World) -> None:
    """Numbers count by account, and one account does not see what another did."""
    other = await make_world(world.db, world.vault, "Theirs")
    before = [len(await _trail(one)) for one in (world, other)]
    async with other.db.tenant(other.account_id) as session:
        await note(session)
    assert [len(await _trail(one)) for one in (world, other)] == [before[0], before[1] + 1]


class TestWhatItTakes:
    """Ids, counts, flags, words of our own and keyed references; nothing that could be a person's."""

    @pytest.mark.parametrize(
        "value",
        [
            "jane@acme.com",
            "acme",
            "What did Jane pay?",
            "",
            b"jane@acme.com",
            b"",
            4.5,
            2**60,
            ["jane"],
            StrEnum("Made", {"UP": "Jane Doe"}).UP,
        ],
    )
    def test_text_is_refused_everywhere(self, value: Any) -> None:
        """A string, bytes of another length than a keyed reference, a float or a list get in nowhere."""
        with pytest.raises(NotForTheTrail):
            audit.checked_details({Fact.COUNT: value})
        with pytest.raises(NotForTheTrail):
            str(Subject(Kind.PERSON, value))
        with pytest.raises(NotForTheTrail):
            str(Actor.person(value) if not isinstance(value, int) else Actor.person(2**70))
        with pytest.raises(NotForTheTrail):
            Actor.slack_user(value)
        with pytest.raises(NotForTheTrail):
            str(Origin(Channel.WEB, value))

    @pytest.mark.parametrize("name", ["jane@acme.com", "name", "count"])
    def test_details_are_called_by_the_list(self, name: Any) -> None:
        """A detail has a name of `Fact`: not even the same word as a plain string will do."""
        with pytest.raises(NotForTheTrail):
            audit.checked_details({name: 1})

    @pytest.mark.parametrize("part", ["actor", "action", "subject", "origin"])
    async def test_parts_have_their_types(self, world: World, part: str) -> None:
        """Words in place of an actor, an action, a subject or an origin are refused and leave nothing."""
        parts: dict[str, Any] = {
            "actor": Actor.operator(),
            "action": Action.EXPORT_MADE,
            "subject": Subject(Kind.ACCOUNT),
            "origin": COMMAND_LINE,
            part: "jane@acme.com",
        }
        before = len(await _trail(world))
        with pytest.raises(NotForTheTrail):
            async with world.db.tenant(world.account_id) as session:
                await audit.record(session, **parts)
        assert len(await _trail(world)) == before


class TestProof:
    """What `verify` says about a trail that someone with power over the database has touched."""

    async def test_an_untouched_trail_is_whole(self, world: World) -> None:
        """Nothing was done, nothing is found; an account of which nothing was ever recorded has no fault."""
        await forge(world, entries=5)
        proof = await verify(world.db, world.account_id)
        assert (proof.is_whole, proof.first, proof.last) == (True, 1, proof.entries)
        async with world.db.system() as session:
            account = Account(name="New", created_at=NOW)
            session.add(account)
        assert (await verify(world.db, account.account_id)).is_whole

    @pytest.mark.parametrize("column", ["actor", "action", "subject", "origin", "details", "at", "before"])
    async def test_a_changed_entry_shows(self, world: World, column: str) -> None:
        """Whatever column of an entry is changed, its digest no longer fits."""
        await forge(world, entries=5)
        value = {
            "details": {"count": 2},
            "at": NOW - timedelta(days=1),
            "before": b"\x07" * 32,
        }.get(column, "question:asked")
        await tampering(world, update(AuditEntry).where(AuditEntry.number == 3).values({column: value}))
        faults = (await verify(world.db, world.account_id)).faults
        assert (Fault.CHANGED, 3) in [(found.fault, found.number) for found in faults]

    @pytest.mark.parametrize(
        ("removed", "fault", "seen_at"),
        [
            ([3], Fault.GAP, 4),
            ([2, 3, 4], Fault.GAP, 5),
            ([1], Fault.CUT_AT_START, 2),
            ([1, 2, 3], Fault.CUT_AT_START, 4),
        ],
    )
    async def test_a_removed_entry_shows(
        self, world: World, removed: list[int], fault: Fault, seen_at: int
    ) -> None:
        """An entry that is missing in the middle or at the start is told by the one after it."""
        await forge(world, entries=6)
        await tampering(world, delete(AuditEntry).where(AuditEntry.number.in_(removed)))
        faults = (await verify(world.db, world.account_id)).faults
        assert [(found.fault, found.number) for found in faults] == [(fault, seen_at)]

    async def test_a_cut_end_shows(self, world: World) -> None:
        """The newest entries gone: the trail does not end where it must. Everything gone shows too."""
        await forge(world, entries=6)
        await tampering(world, delete(AuditEntry).where(AuditEntry.number > 4))
        faults = (await verify(world.db, world.account_id)).faults
        assert [(found.fault, found.number) for found in faults] == [(Fault.CUT_AT_END, 4)]
        await tampering(world, delete(AuditEntry))
        assert not (await verify(world.db, world.account_id)).is_whole
        await tampering(world, delete(AuditHead))
        faults = (await verify(world.db, world.account_id)).faults
        assert [found.fault for found in faults] == [Fault.MISSING]

    async def test_a_replaced_entry_shows(self, world: World) -> None:
        """An entry that was changed and given a fitting digest no longer leads to the next one."""
        await forge(world, entries=5)
        entry = next(entry for entry in await _trail(world) if entry.number == 3)
        row = {name: getattr(entry, name) for name in AuditEntry.__table__.c.keys()}  # noqa: SIM118
        row["actor"] = "8"
        changed = {"actor": "8", "digest": audit.digest_of(row)}
        await tampering(world, update(AuditEntry).where(AuditEntry.number == 3).values(changed))
        faults = (await verify(world.db, world.account_id)).faults
        assert [(found.fault, found.number) for found in faults] == [(Fault.UNLINKED, 4)]


class TestAppendOnly:
    """What the database itself refuses, whoever asks."""

    @pytest.mark.parametrize("statement", [update(AuditEntry).values(actor="8"), delete(AuditEntry)])
    async def test_a_tenant_session_can_neither_change_nor_remove(self, world: World, statement: Any) -> None:
        """An account's own session may add and read, no more."""
        await forge(world, entries=3)
        with pytest.raises(DBAPIError):
            async with world.db.tenant(world.account_id) as session:
                await session.execute(statement)
        assert (await verify(world.db, world.account_id)).is_whole

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_entry SET actor = '8'",
            "DELETE FROM audit_entry",
            "DELETE FROM audit_head",
            "UPDATE audit_head SET number = number - 1",
            "UPDATE audit_head SET number = number + 2",
        ],
    )
    async def test_triggers_refuse_the_owner_too(self, world: World, statement: str) -> None:
        """Who owns the tables cannot change them either, short of removing the triggers."""
        await forge(world, entries=3)
        with pytest.raises(DBAPIError, match="append-only"):
            async with world.db.engine.begin() as connection:
                await connection.execute(text(statement))
        assert (await verify(world.db, world.account_id)).is_whole

    @pytest.mark.parametrize("deleting", [False, True])
    async def test_the_keeper_takes_no_young_entry_but_of_a_leaving_account(
        self, world: World, deleting: bool
    ) -> None:
        """A purge's session removes today's entries only of an account that is being deleted."""
        await forge(world, entries=3)
        async with world.db.tenant(world.account_id) as session:
            await session.execute(
                update(Account).where(Account.account_id == world.account_id).values(deleting=deleting)
            )
        try:
            async with world.db.keeper() as session:
                await session.execute(delete(AuditEntry).where(AuditEntry.account_id == world.account_id))
        except DBAPIError:
            assert not world.db.is_postgres  # there the rows are out of its sight, so that nothing is refused
        assert (await _trail(world) == []) is deleting

    async def test_a_deleted_account_takes_its_trail_along(self, world: World) -> None:
        """Deleting the account's row removes the trail and its end, and no other account's."""
        other = await make_world(world.db, world.vault, "Theirs")
        await forge(world, entries=3)
        await forge(other, entries=3)
        async with world.db.tenant(world.account_id) as session:
            await session.execute(delete(Source))
            await session.execute(delete(Account).where(Account.account_id == world.account_id))
        assert await _trail(world) == []
        assert (await _trail(other)) != []


@pytest.mark.needs_postgres
class TestPostgres:
    """What only PostgreSQL has: TRUNCATE, and grants."""

    @pytest.fixture
    def database_url(self, migrated_postgres_url: str) -> str:
        return migrated_postgres_url

    @pytest.mark.parametrize("table", ["audit_entry", "audit_head"])
    async def test_truncation_is_refused(self, world: World, table: str) -> None:
        """PostgreSQL's TRUNCATE, which fires no row's trigger, has one of its own."""
        with pytest.raises(DBAPIError, match="append-only"):
            async with world.db.engine.begin() as connection:
                await connection.execute(text(f"TRUNCATE {table}"))

    async def test_the_application_may_only_add_and_read(self, world: World) -> None:
        """PostgreSQL's grants on the trail: SELECT and INSERT, to the application role and no more."""
        async with world.db.engine.connect() as connection:
            grants = await connection.execute(text(TO_THE_TRAIL))
            found = {(row.grantee, row.privilege_type) for row in grants}
        assert {what for role, what in found if role == "chewbotta_app"} == {"SELECT", "INSERT"}
        assert {what for role, what in found if role == "chewbotta_keeper"} == {"INSERT", "DELETE"}
        assert {role for role, _ in found} <= {"chewbotta_app", "chewbotta_keeper", "postgres"}
