"""P6: the audit trail is kept for 60 days, tells every action, names nobody, and cannot be changed."""

import asyncio
import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

import chewbotta
from storage.models import Account, AuditEntry, AuditHead, Source, SourceError
from storage.retention import RULES, Purge, purge
from storage.session import Database
from storage.settings import load_settings
from storage.setup import initialise
from storage.trust import audit, error_log
from storage.trust.audit import WORKER, Action, Actor, ActorKind, Channel, Fact, Job, Kind, Origin, Subject
from storage.trust.audit_proof import verify
from storage.trust.source_removal import remove_source
from tests.promises.canaries import find
from tests.promises.sweep import Stage
from tests.storage.trust.trails import tampering
from tests.world import World, make_world

pytestmark = pytest.mark.promises("P6")

RULE = next(rule for rule in RULES if rule.purge is Purge.AUDIT_TRAIL)
LIMIT = timedelta(days=60)
SOURCE: dict[str, Any] = {
    "account_id": 1, "source_id": 1, "kind": "stripe", "label": "Stripe", "credential": b"sealed",
    "created_at": datetime.now(UTC),
}  # fmt: skip


async def _trail(world: World) -> list[AuditEntry]:
    async with world.db.tenant(world.account_id, read_only=True) as session:
        return list(await audit.list_entries(session))


async def _record(world: World, *, now: datetime | None = None) -> None:
    async with world.db.tenant(world.account_id) as session:
        await audit.record(
            session,
            actor=Actor.job(Job.SYNC),
            action=Action.RECONCILIATION_HELD,
            subject=Subject(Kind.SOURCE, world.source_id),
            origin=WORKER,
            now=now,
        )


async def test_what_is_done_is_told_without_a_name(stage: Stage) -> None:
    """Sources added and removed, syncs begun anew, purges: who, what, when, which; and nobody's data."""
    await stage.sync()
    await stage.sync(full=True)
    await stage.ask("what is our mrr?")
    await error_log.record_error(
        stage.db, stage.account_id, stage.source_id, at=datetime.now(UTC) - timedelta(days=31),
        path="/v1/customers", status=500, code="api_error", request_id=None, attempt=1,
    )  # fmt: skip
    for rule in RULES:
        await purge(stage.db, rule)
    await remove_source(stage.db, stage.vault, stage.account_id, stage.source_id)
    trail = await _trail(stage.world)
    ours, others = f"source:{stage.source_id}", f"source:{stage.control.source_id}"
    assert [(entry.action, entry.subject) for entry in trail if entry.subject != others] == [
        ("source:added", ours),
        ("sync:started_over", ours),
        ("purge:ran", "purge:source_error"),
        ("source:removed", ours),
    ]
    assert {entry.account_id for entry in trail} == {stage.account_id}
    assert all(entry.actor and entry.origin and entry.at for entry in trail)
    names = list(AuditEntry.__table__.c.keys())
    told = repr([{name: getattr(entry, name) for name in names} for entry in trail])
    assert find(stage.canaries.all, told.encode()) == []


def test_every_kind_of_action_can_be_told() -> None:
    """There is a word for each: sign-in, second factor, source, key, export, deletion, role, billing."""
    subjects = {action.partition(":")[0] for action in Action}
    wanted = {
        "sign_in", "second_factor", "source", "key", "export", "person", "account", "subscription", "role",
        "billing", "purge", "sync", "question",
    }  # fmt: skip
    assert wanted <= subjects
    assert {str(kind) for kind in ActorKind} >= {"person", "slack_user", "job", "api", "operator"}


async def test_no_canary_can_be_put_in(stage: Stage) -> None:
    """However a caller tries: a name, an address or a question is refused in every part of an entry."""
    word = f"billing@{stage.canaries.kept}.example"
    parts: dict[str, Any] = {
        "actor": Actor.person(7),
        "action": Action.QUESTION_ASKED,
        "subject": Subject(Kind.QUESTION, b"\x01" * 16),
        "origin": Origin(Channel.SLACK),
    }
    tries: list[dict[str, Any]] = [{part: word} for part in parts]
    tries += [
        {"subject": Subject(Kind.PERSON, word)},
        {"details": {Fact.REASON: word}},
        {"details": {word: 1}},
    ]
    for given in tries:
        with pytest.raises(audit.NotForTheTrail):
            async with stage.db.tenant(stage.account_id) as session:
                await audit.record(session, **parts | given)
    assert {entry.action for entry in await _trail(stage.world)} == {"source:added"}


async def test_entries_go_after_sixty_days(world: World) -> None:
    """By the database's clock none older than 60 days is left, also after ten days without a worker."""
    other = await make_world(world.db, world.vault, "Old")
    now = datetime.now(UTC)
    ages = [LIMIT + timedelta(days=10), LIMIT + timedelta(seconds=5), LIMIT - timedelta(minutes=1)]
    await _age(other, now - ages[0])
    for age in ages[1:]:
        await _record(other, now=now - age)
    assert await purge(world.db, RULE) == 2
    left = await _trail(other)
    assert [entry.action for entry in left] == ["reconciliation:held", "purge:ran"]
    assert all(now - entry.at < LIMIT for entry in left)
    assert (await verify(world.db, other.account_id)).is_whole


async def _age(world: World, at: datetime) -> None:
    """Makes the trail as old as `at`, as if it had been written then."""
    (entry,) = await _trail(world)
    row = {name: getattr(entry, name) for name in AuditEntry.__table__.c.keys()} | {"at": at}  # noqa: SIM118
    digest = audit.digest_of(row)
    await tampering(
        world,
        update(AuditEntry).where(AuditEntry.account_id == world.account_id).values(at=at, digest=digest),
    )
    heads = AuditHead
    await tampering(
        world, update(heads).where(heads.account_id == world.account_id).values(at=at, digest=digest)
    )


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET actor = '8'", "DELETE FROM audit_entry"])
async def test_the_application_can_neither_change_nor_delete(world: World, statement: str) -> None:
    """Not with raw SQL either: PostgreSQL refuses the role, SQLite's triggers refuse everyone."""
    async with world.db.engine.begin() as connection:
        if world.db.is_postgres:
            await connection.execute(
                text(
                    "SELECT set_config('role', 'chewbotta_app', true),"
                    " set_config('chewbotta.account_id', '1', true)"
                )
            )
        with pytest.raises(DBAPIError, match=r"permission denied|append-only"):
            await connection.execute(text(statement))
    assert (await verify(world.db, world.account_id)).is_whole


class TestCommands:
    """What an operator sees of it."""

    @pytest.fixture(autouse=True)
    async def _installed(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.chdir(tmp_path)
        await initialise(load_settings(), name="Acme")

    async def _note(self, at: datetime | None = None) -> None:
        db = Database.connect(load_settings().database_url.get_secret_value())
        await _record(World(db, None, 1, 1), now=at)
        await db.dispose()

    async def test_the_trail_is_shown(self) -> None:
        """`audit` shows each entry in a line, `--json` for programs, `--since` from then on."""
        await self._note()
        shown = await _run("audit")
        assert shown.exit_code == 0
        assert [line.split()[0] for line in shown.stdout.splitlines()] == ["1", "2"]
        assert "account:created" in shown.stdout
        entries = json.loads((await _run("audit", "--json")).stdout)
        assert [entry["action"] for entry in entries] == ["account:created", "reconciliation:held"]
        assert len(json.loads((await _run("audit", "--json", "--since", "1d")).stdout)) == 2
        assert (await _run("audit", "--since", "2999-01-01")).stdout == "Nothing is recorded.\n"
        assert (await _run("audit", "--since", "yesterday")).exit_code == 1

    async def test_a_removed_line_shows(self) -> None:
        """`audit --verify` ends with 0 on a whole trail, and with 1 and the place on one that is not."""
        await self._note()
        assert (await _run("audit", "--verify")).exit_code == 0
        db = Database.connect(load_settings().database_url.get_secret_value())
        await tampering(World(db, None, 1, 1), text("DELETE FROM audit_entry WHERE number = 2"))
        await db.dispose()
        shown = await _run("audit", "--verify")
        assert (shown.exit_code, "entry 1" in shown.stderr) == (1, True)
        proof = json.loads((await _run("audit", "--verify", "--json")).stdout)
        assert proof["faults"] == [{"entry": 1, "fault": "cut_at_end"}]

    async def test_purges_can_be_run_and_looked_at(self) -> None:
        """`purge --dry-run` counts and deletes nothing, `purge` deletes; the operator stands in the trail."""
        await self._error(datetime.now(UTC) - timedelta(days=31))
        await self._error(datetime.now(UTC))
        due = json.loads((await _run("purge", "--dry-run", "--json")).stdout)
        assert due["source_error"] == 1
        assert set(due) == {str(rule.purge) for rule in RULES}
        assert "source_error" in (await _run("purge")).stdout
        assert json.loads((await _run("purge", "--dry-run", "--json")).stdout)["source_error"] == 0
        entry = json.loads((await _run("audit", "--json")).stdout)[-1]
        assert (entry["actor_kind"], entry["action"]) == ("operator", "purge:ran")
        assert len(json.loads((await _run("errors", "--json")).stdout)) == 1
        assert "/v1/customers" in (await _run("errors")).stdout

    async def _error(self, at: datetime) -> None:
        db = Database.connect(load_settings().database_url.get_secret_value())
        row = {
            "source_id": 1, "error_id": secrets.token_bytes(16), "at": at, "path": "/v1/customers",
            "status": 500, "attempt": 1,
        }  # fmt: skip
        async with db.tenant(1) as session:
            await session.merge(Source(**SOURCE))
            await session.flush()
            session.add(SourceError(account_id=1, **row))
        await db.dispose()

    async def test_doctor_tells_of_a_purge_that_stands_still(self) -> None:
        """Two intervals without a run: `doctor` says which and what to do, and ends with 1."""
        db = Database.connect(load_settings().database_url.get_secret_value())
        async with db.tenant(1) as session:
            made = datetime.now(UTC) - timedelta(hours=2)
            await session.execute(update(Account).values(created_at=made))
        await db.dispose()
        shown = await _run("doctor", "--json")
        (finding,) = [one for one in json.loads(shown.stdout) if one["name"] == "Purges"]
        assert (shown.exit_code, finding["ok"]) == (1, False)
        assert "chewbotta worker" in finding["advice"]
        await _run("purge")
        (finding,) = [
            one for one in json.loads((await _run("doctor", "--json")).stdout) if one["name"] == "Purges"
        ]
        assert finding["ok"] is True


async def _run(*words: str) -> Result:
    """A command, in a thread: it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, chewbotta.app, list(words))
