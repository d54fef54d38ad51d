"""Triggers of the audit trail: added to and read, whoever asks; only purges take away, and only what is old.

They hold for the owner of the tables too. An account that is gone takes its trail with it.
"""

from alembic import op

from storage.migrations.guards import KEEPER_ROLE, on_postgres

_REFUSAL = "the audit trail is append-only"
_MICROSECONDS_A_DAY = 86_400_000_000
_SQLITE_NOW = "(CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000)"


def keep_appended(*, days: int) -> None:
    """Guards `audit_entry`, whose rows older than `days` may go, and `audit_head`, which only counts up."""
    if on_postgres():
        _on_postgres(days)
    else:
        _on_sqlite(days)


def drop_functions() -> None:
    """After their tables, which take the triggers with them."""
    if on_postgres():
        op.execute("DROP FUNCTION audit_entry_guard(), audit_head_guard()")


def _on_postgres(days: int) -> None:
    gone = "NOT EXISTS (SELECT FROM account WHERE account_id = OLD.account_id)"
    leaving = "EXISTS (SELECT FROM account WHERE account_id = OLD.account_id AND deleting)"
    by_keeper = f"current_user = '{KEEPER_ROLE}'"
    _postgres_guard(
        "audit_entry",
        f"TG_OP = 'DELETE' AND ({gone}"
        f" OR {by_keeper} AND (OLD.at < now() - interval '{24 * days} hours' OR {leaving}))",
    )
    _postgres_guard("audit_head", f"TG_OP = 'DELETE' AND ({gone} OR {by_keeper} AND {leaving})")


def _postgres_guard(table: str, may_go: str) -> None:
    counts_up = (
        "IF TG_OP = 'UPDATE' AND NEW.number = OLD.number + 1 AND NEW.at >= OLD.at THEN RETURN NEW; END IF;"
        if table == "audit_head"
        else ""
    )
    op.execute(
        f"""CREATE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql
            SET search_path = public, pg_temp AS $$ BEGIN
                IF TG_LEVEL = 'ROW' THEN
                    IF {may_go} THEN RETURN OLD; END IF;
                    {counts_up}
                END IF;
                RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'insufficient_privilege';
            END $$"""
    )
    op.execute(
        f"CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_guard()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_guard()"
    )


def _on_sqlite(days: int) -> None:
    stays = "EXISTS (SELECT 1 FROM account WHERE account_id = OLD.account_id AND NOT deleting)"
    young = f"OLD.at >= {_SQLITE_NOW} - {days * _MICROSECONDS_A_DAY}"
    _sqlite_guard("audit_entry", "UPDATE", "TRUE")
    _sqlite_guard("audit_entry", "DELETE", f"{young} AND {stays}")
    _sqlite_guard("audit_head", "UPDATE", "NEW.number != OLD.number + 1 OR NEW.at < OLD.at")
    _sqlite_guard("audit_head", "DELETE", stays)


def _sqlite_guard(table: str, command: str, refused: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_{command.lower()} BEFORE {command} ON {table} WHEN {refused}"
        f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )
