"""Tenancy: a session sees and writes the rows of its own account, whatever it is asked."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from storage.models import Account, Base, Source, Tenant
from storage.session import Database, WrongAccount

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TENANT_TABLES = [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Tenant)]


def _source(account_id: int, source_id: int = 1) -> dict[str, object]:
    return {
        "account_id": account_id,
        "source_id": source_id,
        "kind": "stripe",
        "label": "Stripe",
        "state": "active",
        "credential": b"sealed",
        "created_at": NOW,
        "left_out": {},
    }


@pytest.fixture
async def two_accounts(db: Database) -> tuple[int, int]:
    """Two accounts with a source each."""
    async with db.system() as session:
        ours, theirs = Account(name="Ours", created_at=NOW), Account(name="Theirs", created_at=NOW)
        session.add_all([ours, theirs])
        await session.flush()
    for account in (ours, theirs):
        async with db.tenant(account.account_id) as session:
            await session.execute(insert(Source), [_source(account.account_id)])
    return ours.account_id, theirs.account_id


async def test_a_session_sees_its_own_rows(db: Database, two_accounts: tuple[int, int]) -> None:
    """Selecting without any filter returns the session's account and nothing else."""
    ours, _ = two_accounts
    async with db.tenant(ours) as session:
        rows = (await session.scalars(select(Source))).all()
    assert [row.account_id for row in rows] == [ours]


async def test_asking_for_another_account_returns_nothing(
    db: Database, two_accounts: tuple[int, int]
) -> None:
    """A query that names another account finds no row, as a column, an alias or a count."""
    ours, theirs = two_accounts
    async with db.tenant(ours) as session:
        assert (await session.scalars(select(Source).where(Source.account_id == theirs))).all() == []
        assert await session.get(Source, (theirs, 1)) is None
        assert await session.scalar(select(func.count(Source.source_id))) == 1


async def test_another_accounts_rows_cannot_be_changed(db: Database, two_accounts: tuple[int, int]) -> None:
    """An update that names another account changes nothing there."""
    ours, theirs = two_accounts
    async with db.tenant(ours) as session:
        await session.execute(update(Source).where(Source.account_id == theirs).values(label="taken"))
    async with db.tenant(theirs) as session:
        assert await session.scalar(select(Source.label)) == "Stripe"


async def test_an_account_sees_and_changes_itself_alone(db: Database, two_accounts: tuple[int, int]) -> None:
    """Even a statement that forgets to say which account is meant reads and changes the session's own."""
    ours, theirs = two_accounts
    async with db.tenant(ours) as session:
        assert list(await session.scalars(select(Account.account_id))) == [ours]
        await session.execute(update(Account).values(name="Renamed"))
    async with db.tenant(theirs) as session:
        assert list(await session.scalars(select(Account.name))) == ["Theirs"]


@pytest.mark.parametrize("way", ["object", "rows"])
async def test_a_row_of_another_account_cannot_be_written(
    db: Database, two_accounts: tuple[int, int], way: str
) -> None:
    """Neither adding an object nor inserting rows gets another account's key past the session."""
    ours, theirs = two_accounts

    async def write() -> None:
        async with db.tenant(ours) as session:
            if way == "object":
                session.add(Source(**_source(theirs, 9)))
            else:
                await session.execute(insert(Source), [_source(theirs, 9)])

    with pytest.raises((WrongAccount, DBAPIError)):
        await write()
    async with db.tenant(theirs) as session:
        assert await session.scalar(select(func.count(Source.source_id))) == 1


async def test_a_read_only_session_cannot_write(db: Database, two_accounts: tuple[int, int]) -> None:
    """The database itself refuses a write in a read-only session, and the next session may write again."""
    ours, _ = two_accounts
    with pytest.raises(DBAPIError):
        async with db.tenant(ours, read_only=True) as session:
            await session.execute(insert(Source), [_source(ours, 2)])
    async with db.tenant(ours) as session:
        await session.execute(insert(Source), [_source(ours, 2)])


async def test_an_error_leaves_nothing_behind(db: Database, two_accounts: tuple[int, int]) -> None:
    """A session that ends in an error has written nothing."""
    ours, _ = two_accounts

    async def write_and_fail() -> None:
        async with db.tenant(ours) as session:
            await session.execute(insert(Source), [_source(ours, 2)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await write_and_fail()
    async with db.tenant(ours) as session:
        assert await session.scalar(select(func.count(Source.source_id))) == 1


@pytest.mark.needs_postgres
class TestRowLevelSecurity:
    """PostgreSQL alone, with raw SQL: the database guards the rows even if our code did not."""

    @pytest.fixture
    def database_url(self, migrated_postgres_url: str) -> str:
        return migrated_postgres_url

    async def test_raw_sql_for_another_account_returns_nothing(
        self, db: Database, two_accounts: tuple[int, int]
    ) -> None:
        """SQL text that names the other account finds no row and changes none."""
        ours, theirs = two_accounts
        async with db.tenant(ours) as session:
            found = await session.execute(text("SELECT * FROM source WHERE account_id = :id"), {"id": theirs})
            assert found.all() == []
            changed = await session.execute(
                text("UPDATE source SET label = 'x' WHERE account_id = :id"), {"id": theirs}
            )
            assert changed.rowcount == 0

    async def test_a_session_without_an_account_sees_no_row(
        self, db: Database, two_accounts: tuple[int, int]
    ) -> None:
        """The application role with no account set sees nothing in any tenant table."""
        async with db.engine.begin() as connection:
            await connection.execute(text("SET LOCAL ROLE chewbotta_app"))
            for table in TENANT_TABLES:
                seen = await connection.scalar(select(func.count()).select_from(table))
                assert seen == 0, table.__tablename__

    async def test_every_tenant_table_is_guarded(self, db: Database) -> None:
        """Each table with an account_id has row-level security enabled and forced, and a policy."""
        async with db.engine.connect() as connection:
            guarded = await connection.execute(
                text(
                    "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
                    " AND oid IN (SELECT polrelid FROM pg_policy WHERE polname = 'tenant')"
                )
            )
            names = set(guarded.scalars())
        tenants = {name for name, table in Base.metadata.tables.items() if "account_id" in table.c}
        assert names == tenants - {"deleted_account"}  # no more than numbers of accounts that are gone

    async def test_the_application_role_owns_and_bypasses_nothing(self, db: Database) -> None:
        """The roles that sessions take on are no superusers, bypass no policy and own no table."""
        async with db.engine.connect() as connection:
            roles = await connection.execute(
                text(
                    "SELECT rolsuper OR rolbypassrls OR rolcanlogin FROM pg_roles"
                    " WHERE rolname LIKE 'chewbotta_%'"
                )
            )
            assert list(roles.scalars()) == [False] * 3
            owned = await connection.execute(
                text("SELECT count(*) FROM pg_tables WHERE tableowner LIKE 'chewbotta_%'")
            )
            assert owned.scalar_one() == 0

    async def test_a_long_statement_is_ended(self, db: Database, two_accounts: tuple[int, int]) -> None:
        """A statement that runs over the session's timeout is cancelled by the database."""
        with pytest.raises(DBAPIError, match="statement timeout"):
            async with db.tenant(two_accounts[0], read_only=True, timeout=0.05) as session:
                await session.execute(text("SELECT pg_sleep(5)"))


class TestSqlite:
    """SQLite alone: what the ORM's filter cannot hold to an account is refused."""

    @pytest.fixture
    def database_url(self, migrated_sqlite: object, tmp_path: object) -> str:
        from pathlib import Path

        assert isinstance(migrated_sqlite, Path)
        assert isinstance(tmp_path, Path)
        (tmp_path / "db.sqlite3").write_bytes(migrated_sqlite.read_bytes())
        return f"sqlite+aiosqlite:///{tmp_path}/db.sqlite3"

    async def test_raw_sql_is_refused(self, db: Database, two_accounts: tuple[int, int]) -> None:
        """A tenant's session runs no SQL text."""
        with pytest.raises(WrongAccount):
            async with db.tenant(two_accounts[0]) as session:
                await session.execute(text("SELECT * FROM source"))

    async def test_a_long_statement_is_ended(self, db: Database, two_accounts: tuple[int, int]) -> None:
        """A statement that runs over the session's timeout is interrupted."""
        numbers = select(func.count()).select_from(
            text(
                "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000)"
                " SELECT i FROM n)"
            )
        )
        with pytest.raises(DBAPIError, match="interrupt"):
            async with db.tenant(two_accounts[0], read_only=True, timeout=0.05) as session:
                await session.execute(numbers)
