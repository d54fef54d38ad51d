"""What migrations share: the column type of a moment, and row-level security.

On SQLite there is no row-level security: the session filters there.

`guard` gives the application role rows of the current account only; `guard_directory` adds what a session
of no account may see. FORCE holds the owner to the same rules.
"""

import sqlalchemy as sa
from alembic import op

APP_ROLE = "chewbotta_app"
SYSTEM_ROLE = "chewbotta_system"
CURRENT_ACCOUNT = "nullif(current_setting('chewbotta.account_id', true), '')::integer"


def instant() -> sa.DateTime:
    """timestamptz on PostgreSQL, microseconds since 1970 on SQLite."""
    return sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def on_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def create_roles() -> None:
    """The two roles that sessions take on; the migrating role becomes a member so that it can switch to them."""
    if not on_postgres():
        return
    for role in (APP_ROLE, SYSTEM_ROLE):
        op.execute(
            f"""DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                    CREATE ROLE {role} NOLOGIN;
                END IF;
                IF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
                    EXECUTE format('GRANT {role} TO %I', current_user);
                END IF;
            END $$"""
        )
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")


def guard(*tables: str, grants: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Lets the application role see and write the current account's rows of `tables`, and no others."""
    if not on_postgres():
        return
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} TO {APP_ROLE}"
            f" USING (account_id = {CURRENT_ACCOUNT}) WITH CHECK (account_id = {CURRENT_ACCOUNT})"
        )
        op.execute(f"GRANT {grants} ON {table} TO {APP_ROLE}")


def guard_directory(table: str, grants: str) -> None:
    """Lets a session of no account see all rows of `table`: for scheduling and routing."""
    if not on_postgres():
        return
    op.execute(f"CREATE POLICY directory ON {table} TO {SYSTEM_ROLE} USING (true) WITH CHECK (true)")
    op.execute(f"GRANT {grants} ON {table} TO {SYSTEM_ROLE}")


def allow_numbering(sequence: str) -> None:
    """Lets a session of no account draw numbers from `sequence`."""
    if on_postgres():
        op.execute(f"GRANT USAGE ON SEQUENCE {sequence} TO {SYSTEM_ROLE}")


def open_to_system(table: str, grants: str) -> None:
    """Lets a session of no account use a table that holds no tenant's data."""
    if on_postgres():
        op.execute(f"GRANT {grants} ON {table} TO {SYSTEM_ROLE}")
