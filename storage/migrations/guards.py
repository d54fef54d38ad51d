"""What migrations share: the column type of a moment, and row-level security.

On SQLite there is no row-level security: the session filters there.

`guard` gives the application role rows of the current account only; `guard_directory` adds what a session
of no account may see, and `let_expire` what purges may see and delete. FORCE holds the owner to the same
rules. What is appended only is guarded by triggers too, on either database (`append_only.py`).
"""

import sqlalchemy as sa
from alembic import op

APP_ROLE = "chewbotta_app"
SYSTEM_ROLE = "chewbotta_system"
KEEPER_ROLE = "chewbotta_keeper"
CURRENT_ACCOUNT = "nullif(current_setting('chewbotta.account_id', true), '')::integer"


def instant() -> sa.DateTime:
    """timestamptz on PostgreSQL, microseconds since 1970 on SQLite."""
    return sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def on_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def create_roles(*roles: str) -> None:
    """Makes roles that sessions take on; the migrating role becomes a member, so that it can switch."""
    if not on_postgres():
        return
    for role in roles or (APP_ROLE, SYSTEM_ROLE):
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
    shut(*tables)
    for table in tables:
        op.execute(
            f"CREATE POLICY tenant ON {table} TO {APP_ROLE}"
            f" USING (account_id = {CURRENT_ACCOUNT}) WITH CHECK (account_id = {CURRENT_ACCOUNT})"
        )
        op.execute(f"GRANT {grants} ON {table} TO {APP_ROLE}")


def shut(*tables: str) -> None:
    """Lets nobody see a row of `tables`, which are of no account, but by the policies that follow."""
    if not on_postgres():
        return
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def guard_directory(table: str, grants: str, role: str = SYSTEM_ROLE) -> None:
    """Lets a session of no account see all rows of `table`: for scheduling and routing."""
    if not on_postgres():
        return
    op.execute(f"CREATE POLICY {_directory(role)} ON {table} TO {role} USING (true) WITH CHECK (true)")
    op.execute(f"GRANT {grants} ON {table} TO {role}")


def stop_directory(table: str, role: str) -> None:
    """Undoes `guard_directory`."""
    if on_postgres():
        op.execute(f"DROP POLICY {_directory(role)} ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM {role}")


def _directory(role: str) -> str:
    return "directory" if role == SYSTEM_ROLE else f"directory_of_{role.removeprefix('chewbotta_')}"


def let_expire(table: str, columns: str, expired: str) -> None:
    """Lets the keeper see `columns` of the rows of `table` that are `expired`, and delete them; no others."""
    if not on_postgres():
        return
    for command in ("SELECT", "DELETE"):
        policy = f"expired_{command.lower()}"
        op.execute(f"CREATE POLICY {policy} ON {table} FOR {command} TO {KEEPER_ROLE} USING ({expired})")
    op.execute(f"GRANT SELECT ({columns}), DELETE ON {table} TO {KEEPER_ROLE}")


def stop_expiring(table: str) -> None:
    """Undoes `let_expire`."""
    if not on_postgres():
        return
    for command in ("select", "delete"):
        op.execute(f"DROP POLICY expired_{command} ON {table}")
    op.execute(f"REVOKE ALL ON {table} FROM {KEEPER_ROLE}")


def let_note(table: str, grants: str, role: str, allowed: str) -> None:
    """Lets `role` write rows of any account of which `allowed` holds: a purge notes what it did."""
    if not on_postgres():
        return
    clauses = {"SELECT": ("USING",), "INSERT": ("WITH CHECK",), "UPDATE": ("USING", "WITH CHECK")}
    for command in grants.split(", "):
        conditions = " ".join(f"{clause} ({allowed})" for clause in clauses[command])
        op.execute(f"CREATE POLICY notes_{command.lower()} ON {table} FOR {command} TO {role} {conditions}")
    op.execute(f"GRANT {grants} ON {table} TO {role}")


def allow_numbering(sequence: str) -> None:
    """Lets a session of no account draw numbers from `sequence`."""
    if on_postgres():
        op.execute(f"GRANT USAGE ON SEQUENCE {sequence} TO {SYSTEM_ROLE}")


def open_to_system(table: str, grants: str) -> None:
    """Lets a session of no account use a table that holds no tenant's data."""
    open_to(table, grants, SYSTEM_ROLE)


def open_to(table: str, grants: str, role: str) -> None:
    """Lets `role` use a table that holds no tenant's data."""
    if on_postgres():
        op.execute(f"GRANT {grants} ON {table} TO {role}")
