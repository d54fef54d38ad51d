"""Purges: nothing before its time, nothing after it, whatever state it is in and however late they run."""

import asyncio
import re
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import health, retention
from storage.locks import Busy, exclusive
from storage.models import (
    Account,
    Alert,
    AuditEntry,
    Member,
    Message,
    MessageProfile,
    OfSource,
    PurgeRun,
    Tenant,
    WebhookEvent,
)
from storage.models.base import Base, table_of
from storage.retention import RULES, Purge, Rule, purge
from storage.trust import audit
from storage.trust.audit import Action
from storage.trust.audit_proof import verify
from tests.storage.trust.trails import forge
from tests.world import World, make_world

ROOT = Path(__file__).parents[2]
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
CLOCK = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""The moment of the tests' purges: long past for the database, whose own clock sets the last limit."""

MESSAGE_DAYS = 90
MEMBER = b"m" * 16
Row = dict[str, Any]


def _id() -> bytes:
    return secrets.token_bytes(16)


def _error(moment: datetime) -> Row:
    return {"source_id": 1, "error_id": _id(), "at": moment, "path": "/v1/customers", "attempt": 1}


def _webhook(moment: datetime, state: str = "received") -> Row:
    return {
        "source_id": 1, "event_id": _id(), "received_at": moment, "type": "customer.updated",
        "state": state, "attempts": 0, "sealed": b"sealed",
    }  # fmt: skip


def _message(moment: datetime) -> Row:
    return {"message_id": _id(), "at": moment, "kind": "answer", "platform": "slack", "sealed": b"sealed"}


def _thought(moment: datetime) -> Row:
    return {
        "thought_id": _id(), "kind": "trial_ended", "matter_id": _id(), "stage": "new", "critical": False,
        "late": False, "at": moment, "decided_at": moment, "body": "{}",
    }  # fmt: skip


def _letter(moment: datetime) -> Row:
    return {
        "letter_id": _id(), "alert_id": 1, "kind": "thoughts", "state": "sent", "made_at": moment,
        "due_at": moment, "tries": 1,
    }  # fmt: skip


def _session(end: datetime) -> Row:
    return {
        "token_hash": secrets.token_bytes(32), "member_id": MEMBER, "state": "full", "method": "password",
        "device": "Firefox", "created_at": CLOCK, "seen_at": CLOCK, "confirmed_at": CLOCK, "expires_at": end,
    }  # fmt: skip


def _link(end: datetime) -> Row:
    return {"token_hash": secrets.token_bytes(32), "sealed": b"sealed", "expires_at": end}


def _parent(rule: Rule, account_id: int) -> Base | None:
    """The row that those of a rule belong to."""
    if rule.purge is Purge.LETTERS:
        return Alert(
            account_id=account_id, alert_id=1, platform="slack", team="T1", place="C1", state="on",
            made_by="U1", made_at=CLOCK, sealed=b"sealed",
        )  # fmt: skip
    if rule.purge is Purge.SESSIONS:
        return Member(
            account_id=account_id, member_id=MEMBER, email_key=account_id.to_bytes(16, "big"),
            sealed=b"sealed", role="viewer", created_at=CLOCK,
        )  # fmt: skip
    return None


ROWS: dict[Purge, Callable[[datetime], Row]] = {
    Purge.SOURCE_ERRORS: _error,
    Purge.WEBHOOKS: _webhook,
    Purge.MESSAGES: _message,
    Purge.CONVERSATIONS: lambda end: {"key": _id(), "sealed": b"sealed", "expires_at": end},
    Purge.SEEN_EVENTS: lambda moment: {"key": _id().hex(), "seen_at": moment},
    Purge.SLACK_INSTALLS: lambda end: {"install_id": _id(), "step": "link", "expires_at": end},
    Purge.OUTGOING: lambda end: {
        "item_id": _id(),
        "lane": _id(),
        "number": 1,
        "address": b"sealed",
        "sealed": b"sealed",
        "attempts": 1,
        "due_at": end,
        "until": end,
    },
    Purge.KEPT_BUTTONS: lambda end: {"button_id": _id(), "sealed": b"sealed", "expires_at": end},
    Purge.THOUGHTS: _thought,
    Purge.LETTERS: _letter,
    Purge.SESSIONS: _session,
    Purge.MAIL_LINKS: lambda end: {**_link(end), "purpose": "address", "created_at": CLOCK},
    Purge.SIGNUPS: _link,
    Purge.TRIES: lambda end: {"key": _id(), "count": 1, "expires_at": end},
}
OF_ROWS = [rule for rule in RULES if rule.purge in ROWS]
OF_ACCOUNTS = [rule for rule in OF_ROWS if issubclass(rule.model, Tenant)]
of_each = pytest.mark.parametrize("rule", OF_ROWS, ids=[rule.purge for rule in OF_ROWS])
of_each_account = pytest.mark.parametrize("rule", OF_ACCOUNTS, ids=[rule.purge for rule in OF_ACCOUNTS])


def _rule(name: Purge) -> Rule:
    return next(rule for rule in RULES if rule.purge is name)


def _oldest(rule: Rule, now: datetime) -> datetime:
    """The moment of a row that is exactly as old as it may be."""
    if rule.ends:
        return now
    return now - (rule.keep if rule.keep is not None else timedelta(days=MESSAGE_DAYS))


def _writing(world: World, rule: Rule) -> AbstractAsyncContextManager[AsyncSession]:
    """A session that may write rows of a rule: the account's, or one of no account."""
    return world.db.tenant(world.account_id) if rule in OF_ACCOUNTS else world.db.system()


async def _insert(session: AsyncSession, world: World, rule: Rule, *moments: datetime) -> None:
    if (parent := _parent(rule, world.account_id)) is not None:
        await session.merge(parent)
        await session.flush()
    of_account = {"account_id": world.account_id} if rule in OF_ACCOUNTS else {}
    await session.execute(insert(rule.model), [{**of_account, **ROWS[rule.purge](one)} for one in moments])


async def _put(world: World, rule: Rule, *moments: datetime) -> None:
    async with _writing(world, rule) as session:
        await _insert(session, world, rule, *moments)


async def _moments(world: World, rule: Rule) -> list[datetime]:
    column: Any = getattr(rule.model, rule.moment)
    async with _writing(world, rule) as session:
        return list(await session.scalars(select(column).order_by(column)))


_CUSTOMERS = "its customers, when they are deleted, and with their source"

LASTING = {
    # set by people, until they take it back
    "source": "account",
    "member": "account",
    "slack_workspace": "account",
    "discord_guild": "account",
    "chat_access": "account",
    "currency_rate": "account",
    "alert": "account",
    "mute": "alert",
    "recovery_code": "member",
    # hangs on what is purged
    "message_profile": "message",
    "thought_profile": "thought",
    "delivery": "thought",
    # names nobody, and shows what was done and how well: the trail's end, signed receipts, votes
    "audit_head": "account",
    "receipt": "account",
    "feedback": "account",
    # made of customers' rows
    "movement": _CUSTOMERS,
    "profile": _CUSTOMERS,
    "profile_link": _CUSTOMERS,
    "profile_trial": _CUSTOMERS,
    "customer_mrr": _CUSTOMERS,
    "customer_day": _CUSTOMERS,
}
"""Tables of accounts that no purge goes through, and with what their rows go."""

LASTING_OF_NO_ACCOUNT = {
    "account": "until it is deleted",
    "deleted_account": "its number alone, so that it is never given again",
    "purge_run": "one row a purge",
}


async def _purges_told(world: World) -> list[AuditEntry]:
    async with world.db.tenant(world.account_id, read_only=True) as session:
        entries = await audit.list_entries(session)
    return [entry for entry in entries if entry.action == Action.PURGE_RAN]


@of_each
async def test_a_limit_is_kept_to_the_second(world: World, rule: Rule) -> None:
    """A row exactly as old as allowed stays; one that is a moment or a second older goes."""
    oldest = _oldest(rule, CLOCK)
    await _put(world, rule, oldest + SECOND, oldest, oldest - MICROSECOND, oldest - SECOND)
    assert await purge(world.db, rule, now=CLOCK) == 2
    assert await _moments(world, rule) == [oldest, oldest + SECOND]
    assert await purge(world.db, rule, now=CLOCK + SECOND) == 1
    assert await _moments(world, rule) == [oldest + SECOND]


@of_each
async def test_the_databases_clock_is_what_counts(world: World, rule: Rule) -> None:
    """Without a clock of a test the database's own decides: minutes on either side of the limit."""
    oldest = _oldest(rule, datetime.now(UTC))
    minute = timedelta(minutes=1)
    await _put(world, rule, oldest - minute, oldest + minute)
    assert await retention.count_due(world.db, rule) == 1
    assert await purge(world.db, rule) == 1
    assert await _moments(world, rule) == [oldest + minute]


@of_each
async def test_one_run_makes_up_for_ten_days(world: World, rule: Rule) -> None:
    """A worker that stood still for ten days clears everything with its first run; the next finds nothing."""
    oldest = _oldest(rule, CLOCK)
    await _put(world, rule, *(oldest - timedelta(hours=hour, seconds=1) for hour in range(240)))
    assert await purge(world.db, rule, now=CLOCK, at_once=50) == 240
    assert await _moments(world, rule) == []
    assert await purge(world.db, rule, now=CLOCK) == 0


@of_each_account
async def test_all_accounts_are_purged_and_told_their_own_count(world: World, rule: Rule) -> None:
    """One run deletes over all accounts; each one's trail has its own count, and no entry for nothing."""
    theirs = await make_world(world.db, world.vault, "Theirs")
    idle = await make_world(world.db, world.vault, "Idle")
    gone = _oldest(rule, CLOCK) - SECOND
    await _put(world, rule, gone, gone, gone)
    await _put(theirs, rule, gone)
    assert await purge(world.db, rule, now=CLOCK) == 4
    told = [[entry.details for entry in await _purges_told(one)] for one in (world, theirs, idle)]
    assert told == [[{"deleted": 3}], [{"deleted": 1}], []]
    (entry,) = await _purges_told(theirs)
    assert (entry.actor_kind, entry.actor, entry.subject) == ("job", "purge", f"purge:{rule.purge}")
    assert (await verify(world.db, world.account_id)).is_whole


async def test_a_large_purge_goes_in_batches(world: World) -> None:
    """No transaction deletes more than a batch, and each leaves its count: interrupted, none is lost."""
    rule = _rule(Purge.SEEN_EVENTS)
    gone = _oldest(rule, CLOCK) - SECOND
    await _put(world, rule, *[gone] * 1_050)
    assert await purge(world.db, rule, now=CLOCK, at_once=500) == 1_050
    assert [entry.details["deleted"] for entry in await _purges_told(world)] == [500, 500, 50]


@pytest.mark.parametrize("state", ["received", "failed", "dead", "done", "unheard_of"])
async def test_webhooks_go_in_every_state(world: World, state: str) -> None:
    """Unprocessed, failed and dead-lettered webhooks go like the others."""
    rule = _rule(Purge.WEBHOOKS)
    gone = _oldest(rule, CLOCK) - SECOND
    row = {"account_id": world.account_id, **_webhook(gone, state)}
    async with world.db.tenant(world.account_id) as session:
        await session.execute(insert(WebhookEvent), [row])
    assert await purge(world.db, rule, now=CLOCK) == 1


async def test_nothing_is_purged_where_nothing_is(db: Any) -> None:
    """Before the first account every purge runs, and deletes nothing."""
    assert [await purge(db, rule) for rule in RULES] == [0] * len(RULES)


async def test_messages_can_be_kept_for_ever(world: World) -> None:
    """A setting beyond all calendars keeps everything."""
    async with world.db.tenant(world.account_id) as session:
        await session.execute(
            update(Account).where(Account.account_id == world.account_id).values(message_days=80_000_000)
        )
    rule = _rule(Purge.MESSAGES)
    await _put(world, rule, CLOCK - timedelta(days=30_000))
    assert await purge(world.db, rule) == 0


@pytest.mark.parametrize("days", [0, 1, 90, 3650])
async def test_messages_go_by_their_accounts_setting(world: World, days: int) -> None:
    """Each account's own number of days is kept to the second, 0 keeps none; what they name goes along."""
    theirs = await make_world(world.db, world.vault, "Theirs")
    async with world.db.tenant(world.account_id) as session:
        await session.execute(
            update(Account).where(Account.account_id == world.account_id).values(message_days=days)
        )
    rule, oldest = _rule(Purge.MESSAGES), CLOCK - timedelta(days=days)
    await _put(world, rule, oldest, oldest - SECOND)
    await _put(theirs, rule, CLOCK - timedelta(days=MESSAGE_DAYS))
    async with world.db.tenant(world.account_id) as session:
        named = [
            {"account_id": world.account_id, "message_id": message, "profile_id": _id()}
            for message in await session.scalars(select(Message.message_id))
        ]
        await session.execute(insert(MessageProfile), named)
    assert await purge(world.db, rule, now=CLOCK) == 1
    assert await _moments(world, rule) == [oldest]
    assert len(await world.rows(MessageProfile)) == 1
    assert len(await _moments(theirs, rule)) == 1


class TestAuditTrail:
    """The trail is purged like the rest, and stays provable."""

    RULE = _rule(Purge.AUDIT_TRAIL)

    async def test_entries_go_after_sixty_days_to_the_second(self, db: Any, vault: Any) -> None:
        """An entry exactly sixty days old stays; one a second older goes, and the rest is whole."""
        world = await _with_trail_of(
            db, vault, CLOCK - timedelta(days=60, seconds=1), CLOCK - timedelta(days=60)
        )
        assert await purge(db, self.RULE, now=CLOCK) == 1
        proof = await verify(db, world.account_id)
        assert (proof.is_whole, proof.first) == (True, 2)

    async def test_the_purge_is_the_anchor_of_what_is_left(self, db: Any, vault: Any) -> None:
        """The purge's own entry names the last entry that went, and its digest."""
        old = CLOCK - timedelta(days=61)
        world = await _with_trail_of(db, vault, old, old + SECOND, old + 2 * SECOND, CLOCK)
        third = (await world.rows(AuditEntry))[2]
        await purge(db, self.RULE, now=CLOCK, at_once=2)
        told = [entry.details for entry in await _purges_told(world)]
        assert [(one["deleted"], one["through"]) for one in told] == [(2, 2), (1, 3)]
        assert told[-1]["digest"] == third.digest.hex()
        assert (await verify(db, world.account_id)).is_whole

    async def test_a_trail_of_an_idle_account_stays_provable(self, db: Any, vault: Any) -> None:
        """When all entries are old, all go, the purge itself is what is left, and so on for ever."""
        world = await _with_trail_of(db, vault, *[CLOCK - timedelta(days=70)] * 3)
        assert await purge(db, self.RULE, now=CLOCK) == 3
        proof = await verify(db, world.account_id)
        assert (proof.is_whole, proof.first, proof.last) == (True, 4, 4)
        assert await purge(db, self.RULE, now=CLOCK) == 0

    async def test_recording_goes_on_during_a_purge(self, db: Any, vault: Any) -> None:
        """Entries that are added while batches go neither fail nor break the chain."""
        world = await _with_trail_of(db, vault, *[CLOCK - timedelta(days=70)] * 40)

        async def add() -> None:
            for number in range(41, 61):
                await forge(world, entries=number)

        done, _ = await asyncio.gather(purge(db, self.RULE, now=CLOCK, at_once=5), add())
        assert done == 40
        assert (await verify(db, world.account_id)).is_whole


async def _with_trail_of(db: Any, vault: Any, *moments: datetime) -> World:
    """An account whose trail has entries of these moments and no others."""
    async with db.system() as session:
        account = Account(name="Old", created_at=CLOCK - timedelta(days=100))
        session.add(account)
    world = World(db, vault, account.account_id, 1)
    for number, moment in enumerate(moments, start=1):
        await forge(world, entries=number, at=moment)
    return world


async def test_a_purge_that_runs_elsewhere_is_left_to_it(world: World) -> None:
    """Two workers never purge the same table at once."""
    rule = _rule(Purge.SEEN_EVENTS)
    async with exclusive(world.db, f"purge:{rule.purge}"):
        with pytest.raises(Busy):
            await purge(world.db, rule)


class TestHealth:
    """A purge that stands still is told."""

    async def test_a_purge_is_late_after_twice_its_interval(self, world: World) -> None:
        """Healthy after a run and up to twice the interval, late a second after; the run's count is kept."""
        for rule in RULES:
            await purge(world.db, rule)
        assert await health.is_healthy(world.db)
        rule = _rule(Purge.WEBHOOKS)
        for moved, is_late in (
            (2 * rule.every - timedelta(seconds=30), False),
            (2 * rule.every + SECOND, True),
        ):
            async with world.db.keeper() as session:
                ran_at = datetime.now(UTC) - moved
                await session.execute(
                    update(PurgeRun).where(PurgeRun.purge == rule.purge).values(ran_at=ran_at)
                )
            late = [found.purge for found in await health.purges(world.db) if found.is_late]
            assert late == ([rule.purge] if is_late else [])

    async def test_a_purge_that_never_ran_is_late(self, db: Any) -> None:
        """An installation of this minute is healthy; an hour later each purge must have run once."""
        assert await health.is_healthy(db)
        async with db.system() as session:
            account = Account(name="New", created_at=datetime.now(UTC))
            session.add(account)
        assert await health.is_healthy(db)
        async with db.tenant(account.account_id) as session:
            hour_ago = datetime.now(UTC) - timedelta(hours=1, seconds=1)
            await session.execute(update(Account).values(created_at=hour_ago))
        assert {found.purge for found in await health.purges(db) if found.is_late} == set(Purge)


@pytest.mark.needs_postgres
class TestPolicies:
    """PostgreSQL holds purges to the same limits, whatever they ask."""

    @pytest.fixture
    def database_url(self, migrated_postgres_url: str) -> str:
        return migrated_postgres_url

    @of_each
    async def test_a_purge_cannot_reach_into_time_that_is_left(self, world: World, rule: Rule) -> None:
        """A purge whose clock is a year ahead deletes nothing that the database's clock would keep."""
        now = datetime.now(UTC)
        await _put(world, rule, _oldest(rule, now) + timedelta(minutes=1))
        assert await purge(world.db, rule, now=now + timedelta(days=365)) == 0

    @of_each
    async def test_the_limit_is_exact(self, world: World, rule: Rule) -> None:
        """In one transaction, whose clock stands still, a row exactly at the limit is out of sight."""
        async with _writing(world, rule) as session:
            now = await session.scalar(text("SELECT now()"))
            oldest = _oldest(rule, now)
            await _insert(session, world, rule, oldest, oldest - MICROSECOND)
            await session.execute(text("SET LOCAL ROLE chewbotta_keeper"))
            gone: Any = await session.execute(delete(rule.model))
            assert gone.rowcount == 1

    async def test_the_keeper_sees_no_content(self, world: World) -> None:
        """A purge reads keys and times of rows that are due, nothing sealed and no other table."""
        readable = (
            "SELECT table_name, column_name FROM information_schema.column_privileges"
            " WHERE grantee = 'chewbotta_keeper' AND privilege_type = 'SELECT'"
        )
        async with world.db.engine.connect() as connection:
            found = {(row.table_name, row.column_name) for row in await connection.execute(text(readable))}
        tables = {table for table, _ in found}
        assert tables == {"account", "audit_head", "purge_run", *Purge}
        secret = {"sealed", "name", "credential", "places", "details", "actor", "subject", "failure", "path"}
        assert [place for place in found if place[1] in secret] == []

    async def test_policies_and_table_say_the_same(self, world: World) -> None:
        """The hours of each policy are those of the table."""
        said = "SELECT tablename, qual FROM pg_policies WHERE policyname = 'expired_delete'"
        async with world.db.engine.connect() as connection:
            policies = {row.tablename: row.qual for row in await connection.execute(text(said))}
        for rule in RULES:
            policy = policies.pop(rule.purge)
            if rule.keep is None:
                assert "make_interval(hours => (24 * " in policy
            elif rule.ends:
                assert "interval" not in policy
            else:
                hours = rule.keep // timedelta(hours=1)
                assert re.search(rf"\({rule.moment} < \(now\(\) - '{hours}:00:00'::interval\)\)", policy)
        assert policies == {}


def test_every_table_has_an_end() -> None:
    """A tenant's table is purged, goes with its source, or is one of the few that last as the account."""
    models = {mapper.class_ for mapper in Base.registry.mappers} - {rule.model for rule in RULES}
    lasting = {table_of(model).name for model in models if not issubclass(model, OfSource)}
    of_accounts = {table_of(model).name for model in models if issubclass(model, Tenant)}
    assert lasting & of_accounts == set(LASTING)
    assert lasting - of_accounts == set(LASTING_OF_NO_ACCOUNT)


@pytest.mark.parametrize(
    ("table", "of"), [(table, of) for table, of in LASTING.items() if of in Base.metadata.tables]
)
def test_a_table_that_lasts_goes_with_what_it_belongs_to(table: str, of: str) -> None:
    """What is said to go with another table's rows goes in the database itself."""
    keys = Base.metadata.tables[table].foreign_key_constraints
    assert of in {key.referred_table.name for key in keys if key.ondelete == "CASCADE"}


def test_the_page_says_what_the_table_says() -> None:
    """docs/retention.md names each purge with its limit."""
    page = (ROOT / "docs" / "retention.md").read_text()
    assert [rule.purge for rule in RULES if f"| {rule.what} | {rule.kept_for} |" not in page] == []


def test_models_of_rules_are_distinct() -> None:
    """Each purge has a table of its own, called by its name, and rows here to be tried with."""
    assert set(ROWS) == set(Purge) - {Purge.AUDIT_TRAIL}
    assert len({rule.model for rule in RULES}) == len(RULES) == len(Purge)
    assert [rule.purge for rule in RULES] == [rule.model.__tablename__ for rule in RULES]
