"""P19: your data is yours. Nothing of an account is reached from another, by any function or any SQL.

On PostgreSQL, through a login role as in production: it owns nothing, inherits nothing and bypasses nothing.
"""

import inspect
import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from storage import accounts
from storage.keys.vault import Vault
from storage.metrics import catalog
from storage.metrics.plan import Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking, Unanswerable
from storage.models import Base
from storage.session import Database
from storage.trust import messages
from storage.trust.export import export_account
from tests.e2e.machine import machine_in
from tests.postgres import Cluster
from tests.promises import tenants
from tests.promises.canaries import Canaries, find
from tests.promises.stripe_canaries import email_of, name_of
from tests.promises.sweep import Stage, make_stage
from tests.storage.keys.some_keys import some_keys
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import NOW
from tests.world import customer

pytestmark = [pytest.mark.promises("P19"), pytest.mark.needs_postgres]

TALK = "their talk"

# Functions that are not called with foreign ids here, and why that is no gap.
ELSEWHERE = {
    "accounts.all_accounts": "the directory: ids alone, for processes and never for people",
    "accounts.create_account": "makes an account, names none",
    "accounts.sole_account": "the directory: ids alone",
    "discord_guilds.all_guilds": "the directory: ids alone, for routing",
    "discord_guilds.find_guild": "the directory: ids alone, for routing",
    "batches.update_each": "parts of write_records, which is called",
    "clock.database_now": "the time",
    "health.is_healthy": "when purges ran: no tenant's data",
    "health.purges": "when purges ran: no tenant's data",
    "intake.bulk.add_up": "a part of derive, which is called",
    "intake.tallies.tally_customers": "a part of derive, which is called",
    "intake.tallies.tally_mrr": "a part of derive, which is called",
    "metrics.largest.largest": "reached by metrics.run.run",
    "metrics.summaries.rows": "reached by metrics.run.run",
    **{
        f"metrics.summed.{name}": "reached by metrics.run.run"
        for name in ("arpa", "churned_customers", "customers", "new_customers")
    },
    "metrics.summed_mrr.mrr": "reached by metrics.run.run",
    "intake.movement_news.tell_movements": "a part of derive, which is called",
    "intake.news.tell": "a part of write_records and of derive, which are called",
    "intake.bulk.insert_all": "parts of write_records, which is called",
    "intake.bulk.insert_new": "parts of write_records, which is called",
    "intake.bulk.upsert": "parts of write_records, which is called",
    "intake.span_rows.replace_spans": "a part of derive, which is called",
    "intake.subscription_changes.note_customer_discounts": "a part of write_records, which is called",
    "intake.subscription_changes.note_subscription_changes": "a part of write_records, which is called",
    "metrics.billing_lists.invoices": "reached by metrics.run.run, with every entity of the catalog below",
    "metrics.billing_lists.payments": "reached by metrics.run.run",
    "metrics.billing_lists.subscriptions": "reached by metrics.run.run",
    "metrics.billing_lists.refunds": "reached by metrics.run.run",
    "metrics.billing_lists.disputes": "reached by metrics.run.run",
    "metrics.listing.table": "reached by metrics.run.run",
    "metrics.ltv.rows": "reached by metrics.run.run",
    "metrics.movement_rows.movements": "reached by metrics.run.run",
    "metrics.support_lists.conversations": "reached by metrics.run.run",
    "metrics.support_lists.deals": "reached by metrics.run.run",
    "metrics.support_lists.contacts": "reached by metrics.run.run",
    "intake.sides.replace_sides": "a part of write_records, which is called",
    "intake.sides.name_customers": "a part of write_records, which is called",
    "metrics.conversion.convert": "reached by metrics.run.run; reads by rates.load_rates, which is called",
    "metrics.conversion.for_plan": "a part of metrics.run.run; gives back whom it is given",
    "metrics.explain.explained": "runs metrics.run.run, which is called, and gives no row",
    "metrics.lists.customers": "reached by metrics.run.run",
    "metrics.customer_rows.facts_of": "reached by metrics.run.run",
    "metrics.ranked.customers": "reached by metrics.run.run",
    "metrics.rows.rows_of": "reached by metrics.run.run, with every metric of the catalog below",
    "members.links.look": "found by a secret alone, which tests/web tries",
    "members.links.use": "is given what links.look found",
    "members.members.add_member": "makes a member, names none",
    "members.members.by_email": "the directory: ids alone, for signing in",
    "members.members.by_google": "the directory: ids alone, for signing in",
    **{
        f"members.sessions.{name}": "found by a secret alone, or acts for whom that found; tests/web tries it"
        for name in ("end", "end_one", "end_others", "list_devices", "rotate", "start", "visitor")
    },
    **{f"members.signup.{name}": "of no account yet" for name in ("fulfil", "look", "remember")},
    "members.throttle.forgive": "counters by keyed hashes: no tenant's data",
    "members.throttle.take": "counters by keyed hashes: no tenant's data",
    "retention.count_due": "counts what is due in all accounts, for the worker",
    "retention.purge": "deletes by age in all accounts, for the worker",
    "trust.account_deletion.half_deleted": "the directory: ids alone, for the worker",
    "trust.audit.record": "writes to the session's own account, names none",
    "trust.audit.record_all": "writes through the database's own function; tests of P6 show what it takes",
    "trust.model_use.note_question": "writes to the session's own trail, names none",
    "trust.privacy.note_person": "a part of privacy.find and of erasing, which are called",
    "trust.privacy.same_customers": "a part of privacy.find and of erasing, which are called",
    "trust.told.forget_mutes": "a part of trust.deletion.forget_customers, which is called",
    "trust.told.forget_thoughts": "a part of trust.deletion.forget_customers, which is called",
    "trust.tombstones.without_erased": "a part of write_records; gives back what it is given",
    "trust.tombstones.respect_tombstones": "a part of write_records, which is called",
}


@dataclass(frozen=True, slots=True)
class Town:
    """`theirs` is an account with everything in it; others are made beside it, through the login role."""

    theirs: Stage
    ids: tenants.Ids
    ledger: tenants.Ledger

    @property
    def db(self) -> Database:
        return self.theirs.db

    async def stranger(self) -> tenants.Ids:
        """A new account with one source of its own, and ids that name nothing in it."""
        vault = self.theirs.vault
        account_id = await accounts.create_account(self.db, vault, name="Stranger", now=NOW)
        await vault.create_source_keys(account_id, 1)
        return tenants.nobody(await vault.source_keys(account_id, 1), account_id)

    async def their_rows(self) -> dict[str, list[str]]:
        return await self.ledger.rows(self.ids.account_id)


@pytest.fixture
async def town(
    migrated_postgres_url: str,
    vault: Vault,
    server: StripeServer,
    canaries: Canaries,
    keystore_url: str,
    master: bytes,
    cluster: Cluster,
) -> AsyncIterator[Town]:
    """A synced account with a talk, a Message and an audit trail; the process logs in as in production."""
    db = Database.connect(await tenants.login_role(migrated_postgres_url))
    theirs = await make_stage(
        db, vault, server, canaries, keystore_url=keystore_url, master=master, cluster=cluster
    )
    await theirs.sync()
    await theirs.control.sync(customer("Mate", email=email_of(canaries, 1)))
    await theirs.ask(f"MRR of {name_of(canaries, 1)}", TALK)
    found = await tenants.ids_of(theirs.world, email_of(canaries, 1), TALK)
    content = messages.Content(text=name_of(canaries, 1))
    await messages.keep(
        db, vault, theirs.account_id, kind="answer", platform="slack", content=content, posts=[],
        about=found.profiles[:1], now=NOW,
    )  # fmt: skip
    ledger = tenants.Ledger(migrated_postgres_url)
    yield Town(theirs, await tenants.ids_of(theirs.world, found.email, TALK), ledger)
    await ledger.close()
    await db.dispose()


async def test_every_function_answers_a_stranger_as_if_there_were_nothing(
    town: Town, canaries: Canaries
) -> None:
    """Each function of storage/, called from another account, ends as with ids that name nothing."""
    before = await town.their_rows()
    assert sum(map(len, before.values())) > 50
    differing: dict[str, Any] = {}
    called = 0
    for function in tenants.functions():
        if function.name in ELSEWHERE:
            continue
        called += 1
        foreign = await _from_a_stranger(town, function, town.ids)
        missing = await _from_a_stranger(town, function, None)
        if foreign != missing or find(canaries.all, repr(foreign).encode()):
            differing[function.name] = (foreign, missing)
        if (now := await town.their_rows()) != before:
            differing[function.name] = "changed rows of the other account"
            before = now
    assert not differing, "\n".join(f"{name}: {how}" for name, how in differing.items())
    assert called >= 30


async def _from_a_stranger(town: Town, function: tenants.Function, theirs: tenants.Ids | None) -> Any:
    """How the call ends. A function that opens its own session gets the stranger's account and keys, with
    their ids; one that is given a session gets the stranger's session, and their account and keys besides."""
    stranger = await town.stranger()
    has_account = "account_id" in inspect.signature(function.call).parameters
    if function.takes == "db":
        named = replace(theirs or stranger, account_id=stranger.account_id, keys=stranger.keys)
    else:
        keys = await town.theirs.vault.source_keys(town.ids.account_id, town.ids.source_id)
        named = replace(theirs, keys=keys) if theirs else tenants.nobody(some_keys(999, 77))
    given = tenants.arguments(function, named, town.theirs.vault)
    given |= {"account_id": named.account_id} if has_account else {}

    async def call() -> Any:
        if function.takes == "db":
            return await function.call(town.db, **given)
        async with town.db.tenant(stranger.account_id) as session:
            return await function.call(session, **given)

    told = json.dumps(await tenants.outcome(call), default=str)
    told = told.replace(json.dumps(named.conversation), '"as asked"')
    return json.loads(_own_number(stranger.account_id).sub('"own"', told))


def _own_number(account_id: int) -> re.Pattern[str]:
    """Where an answer names the account that asked, which is another each time."""
    return re.compile(
        rf'(?<="account_id": ){account_id}\b|(?<="account": ){account_id}\b|"account:{account_id}"'
    )


def test_every_function_is_tried_here_or_elsewhere() -> None:
    """A new function of storage/ is found, and tried as soon as its parameters have values here."""
    found = {function.name: function for function in tenants.functions()}
    assert set(ELSEWHERE) <= set(found)
    unknown = {name: tenants.unknown_parameters(one) for name, one in found.items() if name not in ELSEWHERE}
    assert {name: parameters for name, parameters in unknown.items() if parameters} == {}


async def test_an_export_holds_the_own_account_alone(town: Town, canaries: Canaries) -> None:
    """The export of a stranger has none of the other account's rows, which that account's own export has."""
    stranger = await town.stranger()
    exports = {}
    for account_id in (stranger.account_id, town.ids.account_id):
        sink = io.BytesIO()
        await export_account(town.db, town.theirs.vault, account_id, sink, now=NOW)
        exports[account_id] = sink.getvalue()
    assert find(canaries.all, exports[stranger.account_id]) == []
    assert find([canaries.kept], exports[town.ids.account_id])
    assert find([canaries.never, canaries.secret], exports[town.ids.account_id]) == []


async def test_every_figure_asked_for_another_account_is_empty(town: Town) -> None:
    """All metrics and lists of the catalog, asked for it in a stranger's session, are as of nobody's."""
    stranger = await town.stranger()
    plans = [
        *(Plan(measure=name) for name in catalog.METRICS),
        *(Plan(entity=name) for name in catalog.ENTITIES),
        *(Plan(customer=profile.hex()) for profile in town.ids.profiles),
    ]
    assert len(plans) >= 20
    for plan in plans:
        foreign, missing, own = [
            await _figures(town.db, stranger.account_id, plan, account)
            for account in (town.ids.account_id, 999, stranger.account_id)
        ]
        assert foreign == missing == own, plan
    theirs = await _figures(town.db, town.ids.account_id, Plan(measure="mrr"), town.ids.account_id)
    assert theirs != await _figures(town.db, stranger.account_id, Plan(measure="mrr"), town.ids.account_id)


async def _figures(db: Database, session_of: int, plan: Plan, account: int) -> Any:
    async def asked() -> Any:
        async with db.tenant(session_of, read_only=True, timeout=5) as session:
            try:
                return await run(session, plan, Asking(account, "usd", "UTC", NOW))
            except Unanswerable as problem:
                return str(problem)

    return await tenants.outcome(asked)


async def test_a_question_about_another_accounts_customer_finds_nobody(
    town: Town, canaries: Canaries
) -> None:
    """Name, e-mail and telephone of another account's customer are answered as names that nobody has."""
    stranger = await town.stranger()
    assistant = town.theirs.assistant()
    other = Canaries()
    for make in (name_of, email_of):
        said = []
        for words in (canaries, other):
            answer = await assistant.ask(f"tell me about {make(words, 1)}", account_id=stranger.account_id)
            said.append(answer.text.replace(make(words, 1), "?").lower().replace(make(words, 1).lower(), "?"))
        assert said[0] == said[1]
    follow_up = await assistant.ask("and last month?", account_id=stranger.account_id, conversation=TALK)
    assert find(canaries.all, follow_up.text.encode()) == []


# ---- raw SQL --------------------------------------------------------------------------------------------


async def _try(db: Database, account_id: int | None, statement: str, **values: Any) -> Any:
    """What a statement gets in a tenant's session, or as the login role itself; "denied" if refused."""
    try:
        if account_id is None:
            async with db.engine.begin() as connection:
                result: Any = await connection.execute(sa.text(statement), values)
                return result.scalar() if result.returns_rows else result.rowcount
        async with db.tenant(account_id) as session:
            result = await session.execute(sa.text(statement), values)
            return result.scalar() if result.returns_rows else result.rowcount
    except DBAPIError as problem:
        return (
            "denied"
            if "permission denied" in str(problem) or "row-level security" in str(problem)
            else problem
        )


async def test_raw_sql_reaches_no_row_of_another_account(town: Town) -> None:
    """SELECT, UPDATE, DELETE and INSERT on every table, naming the other account: 0 rows, or refused."""
    stranger = await town.stranger()
    before = await town.their_rows()
    for table in before:
        theirs = {"theirs": town.ids.account_id}
        where = f"{table} WHERE account_id = :theirs"
        tries = (f"SELECT count(*) FROM {where}", f"DELETE FROM {where}",
                 f"UPDATE {table} SET account_id = account_id WHERE account_id = :theirs",
                 f"UPDATE {table} SET account_id = {stranger.account_id} WHERE account_id = :theirs",
                 f"WITH gone AS (DELETE FROM {where} RETURNING 1) SELECT count(*) FROM gone")  # fmt: skip
        for statement in tries:
            assert await _try(town.db, stranger.account_id, statement, **theirs) in (0, "denied"), statement
        names = (column.name for column in Base.metadata.tables[table].columns)
        columns = ", ".join(f'"{name}"' for name in names if name != "account_id")
        forged = (
            f"INSERT INTO {table} (account_id, {columns}) SELECT :theirs, {columns} FROM {table}"
            f" WHERE account_id = {stranger.account_id}"
        )
        got = await _try(town.db, stranger.account_id, forged, **theirs)
        assert got in (0, "denied"), forged
    assert await town.their_rows() == before


async def test_no_row_moves_to_another_account(town: Town) -> None:
    """An account cannot give a row of its own another account's number."""
    for table, rows in (await town.their_rows()).items():
        if rows:
            moved = f"UPDATE {table} SET account_id = 999"
            got = await _try(town.db, town.ids.account_id, moved)
            assert got == "denied" or isinstance(got, DBAPIError), table
    assert await town.ledger.rows(999) == {table: [] for table in await town.their_rows()}


async def test_the_login_role_alone_sees_nothing(town: Town) -> None:
    """Without taking on a role, whoever logs in may read no table; with one and no account, sees no row."""
    for table in await town.their_rows():
        assert await _try(town.db, None, f"SELECT count(*) FROM {table}") == "denied", table
        async with town.db.engine.begin() as connection:
            await connection.execute(sa.text("SET LOCAL ROLE chewbotta_app"))
            try:
                seen = await connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))
            except DBAPIError:
                seen = 0
        assert seen == 0, table


ROUND_THE_RULES = (
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "ALTER TABLE customer DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE customer NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY tenant ON customer",
    "CREATE POLICY all_rows ON customer USING (true)",
    "ALTER ROLE chewbotta_app BYPASSRLS",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "CREATE TABLE copied AS SELECT * FROM customer",
    "COPY customer TO '/dev/null'",
    "TRUNCATE customer",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
)


async def test_the_rules_cannot_be_put_aside(town: Town) -> None:
    """Neither the login role nor the roles of sessions may switch off, go round or change the rules."""
    stranger = await town.stranger()
    for account in (None, stranger.account_id):
        for statement in ROUND_THE_RULES:
            got = await _try(town.db, account, statement)
            assert got == "denied" or isinstance(got, DBAPIError), (account, statement, got)


async def test_switching_row_security_off_gives_errors_not_rows(town: Town) -> None:
    """Whoever may set `row_security` gets no row by it: every query on a guarded table then fails."""
    stranger = await town.stranger()
    async with town.db.tenant(stranger.account_id) as session:
        await session.execute(sa.text("SET LOCAL row_security = off"))
        with pytest.raises(DBAPIError, match="row-level security"):
            await session.execute(sa.text("SELECT count(*) FROM customer"))
        await session.rollback()


async def test_the_login_role_is_what_it_should_be(town: Town) -> None:
    """It is no superuser, owns nothing, inherits nothing, and bypasses no rule."""
    async with town.db.engine.connect() as connection:
        role = (
            await connection.execute(
                sa.text(
                    "SELECT rolsuper, rolbypassrls, rolinherit, rolcreaterole, rolcreatedb, rolreplication,"
                    " (SELECT count(*) FROM pg_class WHERE relowner = pg_roles.oid)"
                    " FROM pg_roles WHERE rolname = current_user"
                )
            )
        ).one()
    assert tuple(role) == (False, False, False, False, False, False, 0)


async def test_the_commands_work_as_that_role(
    postgres_url: str, tmp_path: Any, server: StripeServer, canaries: Canaries
) -> None:
    """Set up as docs/security.md says, an installation migrates as the owner and works as the login role."""
    machine = machine_in(tmp_path, postgres_url)
    await machine.well("migrate")
    login = await tenants.login_role(postgres_url)
    machine.environment |= {"DATABASE_URL": login, "DATABASE_ADMIN_URL": postgres_url}
    await machine.well("init")
    key = f"sk_test_{canaries.secret}\n"
    await machine.well("source", "add", "stripe", "--base-url", server.url, stdin=key)
    await machine.well("sync")
    (answer,) = await machine.ask("how many customers?")
    assert answer["kind"] == "number"
    await machine.well("doctor")
    await machine.well("source", "remove", "1", "--yes")
